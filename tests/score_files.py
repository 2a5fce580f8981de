"""Small score files of a made-up data set of squares that move one of two ways."""

from __future__ import annotations

from rwae.codes import Factor
from rwae.files.metrics import PRIOR_STATIC, SWAP, SWEEP, UNCONDITIONAL
from rwae.files.scores import JudgeId, ScoredRun, ScoreFile, Scores, Training

FACTORS = (
    Factor("colour", ("red", "green", "blue"), True),
    Factor("way", ("across", "down"), False),
)
JUDGE = JudgeId("squares", "ab" * 32)
OTHER_JUDGE = JudgeId("squares", "cd" * 32)


def scores_of(swap: float) -> Scores:
    """A model's scores, of which a share `swap` of the swaps are right."""
    return Scores(
        {
            SWAP.joint: swap,
            PRIOR_STATIC.joint: 1.0,
            UNCONDITIONAL.inception_score: {"way": 1.5},
            SWEEP.identity: 0.25,
        }
    )


def score_file(
    *swaps: float,
    name: str = "small",
    judge: JudgeId = JUDGE,
    steps: int = 30,
    first_seed: int = 0,
) -> ScoreFile:
    """Scores of a model whose trainings have these shares of right swaps."""
    runs = tuple(
        ScoredRun(Training(seed=first_seed + n, steps=steps, command="train it"), scores_of(swap))
        for n, swap in enumerate(swaps)
    )
    groups = {metric.group.key for run in runs for metric in run.scores.values}
    return ScoreFile(
        dataset="squares",
        split="test",
        seed=0,
        clips=12,
        recordings=4,
        factors=FACTORS,
        judges=dict.fromkeys(sorted(groups), judge),
        runs=runs,
        baselines={"copy the input": Scores({SWAP.joint: 0.0, PRIOR_STATIC.joint: 1.0})},
        name=name,
    )
