"""Measures how well a model separates who a clip shows from how it moves.

run: all scores of one model; tasks, sweep, nearest, actions, digits: metrics of rendered clips;
truth: swaps against the clips that they should show; programs: what programs score that learn
nothing; probes, information: metrics of the codes; tables, results: the scores as text; judges:
trains the classifiers that judge; naming: finds directions of the static code that change one
attribute.

`rwae.files.metrics` lists every metric.
"""

from rwae.evaluation.run import score_model

__all__ = ["score_model"]
