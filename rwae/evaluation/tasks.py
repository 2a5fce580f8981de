"""The tasks: clips are rendered from chosen codes, and a judge says what they show.

Nothing here knows a data set: which factors a code should carry follows from `Factor.static`. A
judge's answers come as one tensor (N, K) for each factor, in the order of the label columns; a
judge that sees ghosts adds one for `FILMED`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.classifiers import CLIPS_AT_ONCE, Judge, join_answers
from rwae.codes import Codes, Factor
from rwae.data.clips import ClipSource
from rwae.errors import DataError, RWAEError
from rwae.files.metrics import SWAP, UNSEEN, Keeps, Task
from rwae.files.scores import Scores
from rwae.models.base import CodeModel

PAIRING_ROUNDS = 100  # tries to find a pairing
BOOTSTRAP_DRAWS = 2000


class AnswersError(RWAEError):
    """The answers of a judge are not probabilities."""


@dataclass(frozen=True)
class LabelledCodes:
    """The codes of clips whose labels are known.

    Attributes:
        codes: of N clips, on the CPU.
        labels: class numbers, with shape (N, F).
    """

    codes: Codes
    labels: Tensor


# Which clips, and what they should show.


def spaced(available: int, wanted: int) -> Tensor:
    """Numbers of at most `wanted` clips, evenly spaced over those available."""
    return torch.linspace(0, available - 1, min(wanted, available)).long()


def static_columns(factors: Sequence[Factor]) -> Tensor:
    """Which label columns are of static factors: booleans with shape (F,)."""
    return torch.tensor([factor.static for factor in factors])


def swap_labels(static: Tensor, dynamic: Tensor, factors: Sequence[Factor]) -> Tensor:
    """The labels that a swap should show: static columns of one clip, dynamic of the other."""
    return torch.where(static_columns(factors), static, dynamic)


def swap_partners(labels: Tensor, factors: Sequence[Factor], generator: torch.Generator) -> Tensor:
    """Pairs every clip A with a clip B of another character and another motion.

    "Another" means that at least one static and at least one dynamic factor differ. The result
    is a permutation: every clip gives its static code once and its dynamic codes once.

    Args:
        labels: class numbers, with shape (N, F).
        factors: what the columns mean.
        generator: source of the randomness.

    Returns:
        The numbers of the clips B, with shape (N,).

    Raises:
        DataError: if no such pairing was found: too few characters or motions.
    """
    static = static_columns(factors)

    def clash(a: Tensor, b: Tensor) -> Tensor:
        same = labels[a] == labels[b]
        return (same | ~static).all(-1) | (same | static).all(-1)

    clips = torch.arange(len(labels))
    partner = torch.randperm(len(labels), generator=generator)
    for _ in range(PAIRING_ROUNDS):
        wrong = clips[clash(clips, partner)]
        for first in wrong.tolist():
            # Exchange partners with a random clip, if that leaves both with a valid one.
            second = int(torch.randint(len(labels), (1,), generator=generator))
            both = torch.tensor([first, second])
            if not clash(both, partner[both.flip(0)]).any():
                partner[both] = partner[both.flip(0)]
        if not len(wrong):
            return partner
    raise DataError(
        f"The {len(labels)} clips cannot be paired so that both character and motion differ: "
        "evaluate on more clips."
    )


# Codes and renderings, a few clips at a time.


def encode_clips(model: CodeModel, clips: ClipSource, chosen: Tensor) -> Codes:
    """The codes of some clips, as the model infers them."""
    parts = chosen.split(CLIPS_AT_ONCE)
    return Codes.cat([model.encode(clips.batch(part).to(model.device)) for part in parts])


def rendered(model: CodeModel, codes: Codes) -> Iterator[tuple[Tensor, Tensor]]:
    """What codes render, a few at a time: their numbers, and the clips."""
    for chosen in torch.arange(len(codes)).split(CLIPS_AT_ONCE):
        yield chosen, model.decode(codes[chosen])


def judge_rendered(model: CodeModel, judge: Judge, codes: Codes) -> list[Tensor]:
    """The judge's answers to what codes render: p(value | clip), (N, K) for each factor."""
    return join_answers(judge.probabilities(x) for _, x in rendered(model, codes))


def judge_clips(judge: Judge, clips: ClipSource) -> list[Tensor]:
    """The judge's answers to real clips: p(value | clip), (N, K) for each factor."""
    chunks = torch.arange(len(clips)).split(CLIPS_AT_ONCE)
    return join_answers(judge.probabilities(clips.batch(chosen)) for chosen in chunks)


# Scores of a judge's answers.


def entropy(probabilities: Tensor) -> Tensor:
    """-sum_k p_k log p_k in nats: (..., K) -> (...); 0 log 0 counts as 0."""
    terms: Tensor = torch.special.xlogy(probabilities, probabilities)
    return -terms.sum(-1)


@dataclass(frozen=True)
class AnswerStatistics:
    """How sure the judge is of each clip, and how much its answers vary over all clips.

    Attributes:
        confidence: the mean of the largest probability, in [1/K, 1].
        inception_score: in [1, K].
        conditional_entropy: H(y|x), the mean entropy of an answer, in nats: low is sure.
        marginal_entropy: H(y), the entropy of the mean answer, in nats: high is varied.
    """

    confidence: float
    inception_score: float
    conditional_entropy: float
    marginal_entropy: float


def answer_statistics(probabilities: Tensor) -> AnswerStatistics:
    """Summarises a judge's answers about one factor.

    The inception score exp(mean KL(p(y|x), p(y))), with p(y) the mean over the clips, equals
    exp(H(y) - H(y|x)). It is at most the number of classes K, and reaches it when every clip
    is judged with certainty and all classes come equally often. (Salimans et al., 2016.) It is
    computed by the first formula and checked against the second.

    A few draws cannot show all classes equally often: the entropy of N counts is (K - 1) / (2 N)
    nats too low in the mean (Miller, 1955), so N draws of nine equally likely actions, each named
    with certainty, score 8.93 for N = 512 and 8.99 for N = 2,664.

    Args:
        probabilities: p(y|x), with shape (N, K), in double precision.

    Raises:
        AnswersError: if an answer holds something else than numbers that sum to one.
    """
    marginal = probabilities.mean(0)
    cross = torch.special.xlogy(probabilities, marginal).sum(-1)
    score = float((-entropy(probabilities) - cross).mean().exp())
    conditional, total = float(entropy(probabilities).mean()), float(entropy(marginal))
    sums = probabilities.sum(-1)
    if not (
        math.isclose(score, math.exp(total - conditional), rel_tol=1e-6)
        and torch.allclose(sums, torch.ones_like(sums), atol=1e-6)
    ):
        raise AnswersError(
            f"The inception score is {score} and exp(H(y) - H(y|x)) is "
            f"{math.exp(total - conditional)}, but they need to be equal: the judge's answers are "
            "no probabilities. Use the judge that is shipped, or train it again."
        )
    return AnswerStatistics(float(probabilities.amax(-1).mean()), score, conditional, total)


def is_kept(keeps: Keeps, factor: Factor) -> bool:
    """Whether "all", "static", "dynamic" or "none" of the factors includes this one."""
    return keeps in ("all", "static" if factor.static else "dynamic")


def recording_groups(clips: ClipSource) -> Tensor | None:
    """The combination of labels of each clip, (N,), where several clips come from one recording.

    A recording shows one combination, so a group holds one recording with its mirror image. None
    where each clip is a recording of its own.
    """
    if clips.recordings == len(clips):
        return None
    groups: Tensor = clips.labels.unique(dim=0, return_inverse=True)[1]
    return groups


def bootstrap_interval(right: Tensor, groups: Sequence[Tensor]) -> tuple[float, float]:
    """The 95 % interval of a share when recordings are drawn anew, with replacement.

    A clip that was made of two recordings has the product of both weights (Owen, 2007, "The
    pigeonhole bootstrap"), so a swap counts only if both of its recordings were drawn.

    Args:
        right: whether each clip is right, booleans with shape (N,).
        groups: the recordings of each clip, one tensor (N,) for each of its sources.
    """
    count = int(torch.stack(list(groups)).max()) + 1
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(count, (BOOTSTRAP_DRAWS, count), generator=generator)
    weights = torch.zeros(BOOTSTRAP_DRAWS, count, dtype=torch.double)
    weights.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=torch.double))
    clips = torch.stack([weights[:, group] for group in groups]).prod(0)
    total = clips.sum(1)
    shares = (clips @ right.double())[total > 0] / total[total > 0]
    low, high = shares.quantile(torch.tensor([0.025, 0.975], dtype=torch.double)).tolist()
    return low, high


def split_answers(
    probabilities: Sequence[Tensor], factors: Sequence[Factor]
) -> tuple[Sequence[Tensor], Tensor | None]:
    """A judge's answers to the factors, and that to `FILMED`, (N, 2), if the judge sees ghosts."""
    more = probabilities[len(factors) :]
    return probabilities[: len(factors)], more[0] if more else None


def score_task(
    task: Task,
    probabilities: Sequence[Tensor],
    wanted: Tensor,
    factors: Sequence[Factor],
    groups: Sequence[Tensor] = (),
) -> Scores:
    """The scores of one kind of rendered clip.

    Args:
        task: which kind; it says which factors the clips should keep.
        probabilities: the judge's answers, one tensor (N, K) for each factor; of a judge that sees
            ghosts one more, and then no ghost is right.
        wanted: the classes that the clips should show, with shape (N, F); the columns of factors
            that need not be kept are not read.
        factors: what the columns mean.
        groups: the recordings of each clip, for `bootstrap_interval`; none for no interval.
    """
    named, filmed = split_answers(probabilities, factors)
    right = torch.ones(len(named[0]), dtype=torch.bool)
    scores = Scores()
    if filmed is not None:
        right = filmed.argmax(-1) == 0
        scores = Scores({task.filmed: float(right.double().mean())})
    accuracy = {}
    statistics = {}
    for column, (factor, answer) in enumerate(zip(factors, named, strict=True)):
        statistics[factor.name] = answer_statistics(answer)
        if is_kept(task.keeps, factor):
            hit = answer.argmax(-1) == wanted[:, column]
            accuracy[factor.name] = float(hit.double().mean())
            right &= hit
    if accuracy:
        scores |= Scores({task.joint: float(right.double().mean()), task.accuracy: accuracy})
        if groups:
            low, high = bootstrap_interval(right, groups)
            scores |= Scores({task.interval.low: low, task.interval.high: high})
    return scores | Scores(
        {
            task.confidence: {n: s.confidence for n, s in statistics.items()},
            task.inception_score: {n: s.inception_score for n, s in statistics.items()},
            task.conditional_entropy: {n: s.conditional_entropy for n, s in statistics.items()},
            task.marginal_entropy: {n: s.marginal_entropy for n, s in statistics.items()},
        }
    )


def score_answers(
    answers: Mapping[Task, Sequence[Tensor]],
    labels: Tensor,
    partner: Tensor,
    factors: Sequence[Factor],
    groups: Tensor | None = None,
) -> Scores:
    """The scores of several tasks.

    Args:
        answers: by task, the judge's answers in the order of the clips.
        labels: class numbers of the clips, with shape (N, F).
        partner: the clip whose motion each clip gets in a swap, with shape (N,).
        factors: what the columns mean.
        groups: as of `recording_groups`.
    """
    scores = Scores()
    for task, given in answers.items():
        swap = task is SWAP
        wanted = swap_labels(labels, labels[partner], factors) if swap else labels
        sources = () if groups is None else (groups, groups[partner]) if swap else (groups,)
        scores |= score_task(task, given, wanted, factors, sources)
    return scores


# Swaps into combinations of who and how it moves that no training clip shows.


def score_unseen_swaps(
    model: CodeModel,
    judge: Judge,
    clips: ClipSource,
    training: ClipSource,
    generator: torch.Generator,
) -> Scores:
    """Scores the combinations of the test clips, made of the codes of training clips.

    In a data set of few people and few actions, a swap of two clips mostly gives a combination
    that was filmed and trained. Here both codes are those of training clips and only their
    combination is new, so a model that learned its clips by heart cannot draw it.

    Args:
        model: one that can encode.
        judge: it names static and dynamic factors.
        clips: of combinations that were not trained.
        training: the training clips.
        generator: chooses among the training clips.

    Returns:
        No scores where the data set has no such combinations.
    """
    donors = find_donors(clips.labels, training.labels, clips.factors, generator)
    if donors is None:
        return Scores()
    chosen, position = torch.cat(donors).unique(return_inverse=True)
    codes = encode_clips(model, training, chosen)
    who, how = position.chunk(2)
    answers = judge_rendered(model, judge, codes[how].with_static(codes.static[who]))
    groups = recording_groups(clips)
    sources = () if groups is None else (groups,)
    return score_task(UNSEEN, answers, clips.labels, clips.factors, sources)


def find_donors(
    wanted: Tensor, training: Tensor, factors: Sequence[Factor], generator: torch.Generator
) -> tuple[Tensor, Tensor] | None:
    """For each combination a training clip of the same who, and another of the same motion.

    Args:
        wanted: labels of the combinations, with shape (N, F).
        training: labels of the training clips, with shape (M, F).
        factors: what the columns mean.
        generator: chooses among the clips that fit.

    Returns:
        The numbers of both clips, each with shape (N,), or None if a combination is among the
        training clips, or one of its two halves is not.
    """
    static = static_columns(factors)
    same = wanted[:, None] == training
    who, how = same[..., static].all(-1), same[..., ~static].all(-1)
    if (who & how).any() or not (who.any(1) & how.any(1)).all():
        return None
    first, second = (
        torch.multinomial(fits.double(), 1, generator=generator)[:, 0] for fits in (who, how)
    )
    return first, second
