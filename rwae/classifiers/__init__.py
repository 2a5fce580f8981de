"""The judges: classifiers that name what a clip shows, for the evaluation and the Compare tab.

judge: names every factor of a clip; ghosts: says whether a frame could have been filmed; digits:
finds the digits of SM-MNIST; shipped: which judge belongs to a model.
"""

from rwae.classifiers.digits import DigitsFound, DigitsJudge
from rwae.classifiers.judge import (
    CLIPS_AT_ONCE,
    FILMED,
    TRAINED_BY,
    ApartJudge,
    JointJudge,
    Judge,
    join_answers,
    make_judge,
)
from rwae.classifiers.shipped import JUDGES, has_judge, judge_of, trained_on

__all__ = [
    "CLIPS_AT_ONCE",
    "FILMED",
    "JUDGES",
    "TRAINED_BY",
    "ApartJudge",
    "DigitsFound",
    "DigitsJudge",
    "JointJudge",
    "Judge",
    "has_judge",
    "join_answers",
    "judge_of",
    "make_judge",
    "trained_on",
]
