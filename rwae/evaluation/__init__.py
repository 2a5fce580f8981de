"""How well a model tells who from how it moves: a judge, the scores, two baselines, a table."""

from rwae.evaluation.run import score_model
from rwae.judge import Judge

__all__ = ["Judge", "score_model"]
