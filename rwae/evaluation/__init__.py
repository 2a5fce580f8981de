"""Measures how well a model separates who a clip shows from how it moves.

run: all scores of one model; tasks, sweep, nearest, actions, digits: metrics of rendered clips;
probes, information: metrics of the codes; baselines: programs that disentangle nothing; tables,
results: the scores as text; judges: trains the classifiers that judge; naming: finds directions of
the static code that change one attribute.

`rwae.files.metrics` lists every metric.
"""

from rwae.evaluation.run import score_model

__all__ = ["score_model"]
