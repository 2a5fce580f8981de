"""Training: settings and presets, objectives, and the loop that saves and resumes.

From a batch to a checkpoint: `run.train` draws a batch, an `Objective` turns it into named terms,
`TrainState.update` applies their gradient, and `Recorder` writes the folder of the run.
"""
