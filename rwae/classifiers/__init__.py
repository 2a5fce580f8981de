"""The judge of a data set: a classifier that names who a clip shows and how it moves.

networks: the two kinds of judge, and their files; shipped: which judge belongs to a model.
"""

from rwae.classifiers.networks import (
    CHUNK,
    TRAINED_BY,
    ApartJudge,
    Judge,
    join,
    make_judge,
    read_folded,
)
from rwae.classifiers.shipped import JUDGES, judge_of, trained_on

__all__ = [
    "CHUNK",
    "JUDGES",
    "TRAINED_BY",
    "ApartJudge",
    "Judge",
    "join",
    "judge_of",
    "make_judge",
    "read_folded",
    "trained_on",
]
