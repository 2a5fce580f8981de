"""How well a model tells who from how it moves: a judge, the scores, two baselines, a table."""

from rwae.evaluation.judge import Judge
from rwae.evaluation.run import score_model

__all__ = ["Judge", "score_model"]
