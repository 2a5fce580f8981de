"""The metrics: what is measured of a model, where each number stands, how it is written and shown.

Nothing else in the project names a place in a score file: `rwae.evaluation` measures these
metrics, `rwae.files.scores` reads and writes them, and the tables of the README and of
docs/RESULTS.md, the About tab and the Compare tab show them.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LARGEST_NUMBER = 1e12  # of any number

Better = Literal["more", "less", "neither"]
About = Literal["static", "dynamic", "both"]
Keeps = Literal["all", "static", "dynamic", "none"]
Summary = Literal["first dynamic factor", "most readable static factor"]


# Groups and metrics.


@dataclass(frozen=True)
class Unit:
    """What a number counts, and how it is written.

    Attributes:
        name: of the unit.
        decimals: that are written.
        low: the smallest value.
        high: the largest value.
        percent: whether it is a share, written as a percentage.
    """

    name: str
    decimals: int = 2
    low: float = 0.0
    high: float = LARGEST_NUMBER
    percent: bool = False

    def text(self, value: float, deviation: float | None = None) -> str:
        """A value as text, with a standard deviation if there is one."""
        scale = 100 if self.percent else 1
        text = f"{scale * value:.{self.decimals}f}"
        if deviation is not None:
            text += f" ± {scale * deviation:.{self.decimals}f}"
        return f"{text}%" if self.percent else text


SHARE = Unit("share", 2, high=1.0, percent=True)
ACCURACY = Unit("share", 1, high=1.0, percent=True)  # of a probe
INCEPTION = Unit("inception score", 3)
ENTROPY = Unit("nats", 4)
NATS = Unit("nats", 2, low=-LARGEST_NUMBER)  # an estimate of nearly nothing may be negative
NMI = Unit("normalised mutual information", 3, high=1.0)
MEAN_SQUARE = Unit("squared error, mean over pixels and channels", 5)
FRAME_SQUARE = Unit("squared error, summed over a frame", 2)
RATIO = Unit("ratio", 3)
PIXELS = Unit("pixels", 2)
COUNT = Unit("count", 0)


@dataclass(frozen=True)
class Group:
    """Metrics that are measured together.

    Attributes:
        key: of the group, in the file.
        title: what is rendered or read.
        short: the same in a few words, before the title of a metric.
        judged: whether a judge gave the numbers.
    """

    key: str
    title: str
    short: str = ""
    judged: bool = True


@dataclass(frozen=True)
class Metric:
    """A number that is measured of a model, or one number for each factor of the clips.

    In the file it stands at `scores.GROUP.KEY` of a run, and at `GROUP.KEY` of a baseline.

    Attributes:
        group: to which it belongs.
        key: in its group.
        title: in its group.
        question: that it answers.
        unit: of the number, with its range and its form as text.
        better: which direction is better.
        about: which code it is about.
        per_factor: whether it is one number for each factor, by the factor's name.
        summary: which of these a table over several models shows.
    """

    group: Group
    key: str
    title: str
    question: str
    unit: Unit
    better: Better = "neither"
    about: About = "both"
    per_factor: bool = False
    summary: Summary | None = None

    @property
    def heading(self) -> str:
        """The title for the head of a column, which stands outside of the group."""
        return ": ".join(filter(None, (self.group.short, self.title)))

    @property
    def arrow(self) -> str:
        """The better direction as a sign."""
        return {"more": "↑", "less": "↓", "neither": ""}[self.better]


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of a share, for a column of its own.

    Attributes:
        low: its lower end.
        high: its upper end.
    """

    low: Metric
    high: Metric

    @property
    def heading(self) -> str:
        """The title for the head of a column."""
        return ": ".join(filter(None, (self.low.group.short, "95 % over recordings")))

    arrow = ""


def _of_action(metric: Metric) -> Metric:
    """The metric for each factor, of which a table shows that of the action."""
    return dataclasses.replace(metric, per_factor=True, summary="first dynamic factor")


_RECONSTRUCTION = Group("reconstruction", "Reconstruction", "reconstruction")
_SWAP = Group("swap", "Swap: static code of one clip, dynamic codes of another", "swap")
_PRIOR_STATIC = Group(
    "prior_static", "Static code from the prior, dynamic codes of a clip", "static code drawn"
)
_PRIOR_DYNAMIC = Group(
    "prior_dynamic", "Static code of a clip, dynamic codes from the prior", "dynamic codes drawn"
)


# Rendered clips, by a judge that names every factor.


@dataclass(frozen=True)
class Task:
    """The metrics of one kind of rendered clip.

    Attributes:
        group: what is rendered.
        keeps: the factors that the rendered clip should keep.
        joint: share of clips in which all kept factors are right, and which are no ghosts; not
            measured if none is kept.
        filmed: share of clips that are no ghosts, by a judge that sees them.
        interval: of that share, by a bootstrap over recordings.
        accuracy: share of clips in which a kept factor is right.
        confidence: mean probability of the judge's answer, of a factor.
        inception_score: exp(H(y) - H(y|x)) of a factor.
        conditional_entropy: H(y|x), the mean entropy of the judge's answer to one clip.
        marginal_entropy: H(y), the entropy of the judge's mean answer.
    """

    group: Group
    keeps: Keeps
    joint: Metric
    interval: Interval
    filmed: Metric
    accuracy: Metric
    confidence: Metric
    inception_score: Metric
    conditional_entropy: Metric
    marginal_entropy: Metric


def _task(group: Group, keeps: Keeps, question: str) -> Task:
    about: About = keeps if keeps in ("static", "dynamic") else "both"
    kept = {"all": "all right", "static": "who kept", "dynamic": "action kept", "none": "none"}
    right = "In how many clips is a factor right?"
    varied = "How varied and clear are the actions?"
    unsure = "How unsure is the judge of a clip?"
    ghost = "How many clips show one pose of one person in a frame, and no loose piece?"

    def end(key: str, title: str) -> Metric:
        asks = "How far could it lie off with other recordings?"
        return Metric(group, key, title, asks, SHARE, "neither", about)

    def of_factor(key: str, title: str, asks: str, unit: Unit, better: Better) -> Metric:
        return _of_action(Metric(group, key, title, asks, unit, better, about))

    return Task(
        group,
        keeps,
        joint=Metric(group, "joint", kept[keeps], question, SHARE, "more", about),
        interval=Interval(
            end("joint_low", "95 % interval over recordings, from"),
            end("joint_high", "95 % interval over recordings, to"),
        ),
        filmed=Metric(group, "filmed", "no ghost", ghost, SHARE, "more"),
        accuracy=of_factor("accuracy", "right", right, SHARE, "more"),
        confidence=of_factor("confidence", "confidence", "How sure is the judge?", SHARE, "more"),
        inception_score=dataclasses.replace(
            of_factor("inception_score", "IS", varied, INCEPTION, "more"), about="dynamic"
        ),
        conditional_entropy=of_factor("conditional_entropy", "H(y|x)", unsure, ENTROPY, "less"),
        marginal_entropy=of_factor(
            "marginal_entropy", "H(y)", "How varied are the clips?", ENTROPY, "more"
        ),
    )


RECONSTRUCTION = _task(_RECONSTRUCTION, "all", "Is everything right after encoding and decoding?")
SWAP = _task(_SWAP, "all", "Is all of one clip's who and another's motion there?")
UNSEEN = _task(
    Group(
        "unseen",
        "Swap of training clips into combinations that were never trained",
        "swap into unseen combinations",
    ),
    "all",
    "Is all there if no training clip shows this who with this motion?",
)
PRIOR_STATIC = _task(_PRIOR_STATIC, "dynamic", "Is the motion kept when who is drawn?")
PRIOR_DYNAMIC = _task(_PRIOR_DYNAMIC, "static", "Is all of who kept when the motion is drawn?")
UNCONDITIONAL = _task(
    Group("unconditional", "Both codes from the prior", "both drawn"),
    "none",
    "How varied and clear are clips when all is drawn?",
)
TASKS = (RECONSTRUCTION, SWAP, UNSEEN, PRIOR_STATIC, PRIOR_DYNAMIC, UNCONDITIONAL)


# Rendered clips of SM-MNIST, by a judge that finds both digits.


@dataclass(frozen=True)
class DigitTask:
    """The metrics of one kind of rendered clip of SM-MNIST.

    Attributes:
        group: what is rendered.
        pair: share of clips that show both wanted digits.
        digit: share of the wanted digits that are shown.
        steady: share of frames in which a digit is read as over the whole clip.
        position_error: mean distance of a digit from its place.
    """

    group: Group
    pair: Metric
    digit: Metric
    steady: Metric
    position_error: Metric


def _digit_task(group: Group, about: About, question: str) -> DigitTask:
    digit, place = "How many digits are right?", "How far are digits from where they should be?"
    steady = "In how many frames is a digit read as over the whole clip?"
    return DigitTask(
        group,
        pair=Metric(group, "pair", "both digits right", question, SHARE, "more", about),
        digit=Metric(group, "digit", "digits right", digit, SHARE, "more", about),
        steady=Metric(group, "steady", "digits steady", steady, SHARE, "more", "static"),
        position_error=Metric(
            group, "position_error", "off place, pixels", place, PIXELS, "less", "dynamic"
        ),
    )


DIGITS_REAL = _digit_task(
    Group("real", "Real clips", "real clips"), "both", "Does the judge find both digits?"
)
DIGITS_RECONSTRUCTION = _digit_task(
    _RECONSTRUCTION, "both", "Are both digits right after encoding and decoding?"
)
DIGITS_SWAP = _digit_task(
    _SWAP, "both", "Are both digits of one clip there, at the places of another?"
)
DIGITS_PRIOR_STATIC = _digit_task(
    _PRIOR_STATIC, "dynamic", "Are the places kept when the digits are drawn?"
)
DIGITS_PRIOR_DYNAMIC = _digit_task(
    _PRIOR_DYNAMIC, "static", "Are both digits kept when the motion is drawn?"
)
DIGIT_TASKS = (
    DIGITS_REAL,
    DIGITS_RECONSTRUCTION,
    DIGITS_SWAP,
    DIGITS_PRIOR_STATIC,
    DIGITS_PRIOR_DYNAMIC,
)


# Sweeps: one static code with several sequences of dynamic codes.


@dataclass(frozen=True)
class Sweep:
    """The metrics of clips that share a drawn static code, pair by pair.

    Attributes:
        identity: share of pairs in which the judge names all static factors alike.
        agreement: the same of one static factor.
        sure: share of pairs in which the judge is sure of every static factor.
        sure_identity: identity among those pairs.
        motion_entropy: H(y) of a dynamic factor over all clips; near zero if the motions hardly
            differ, so that keeping the identity says nothing.
    """

    identity: Metric
    agreement: Metric
    sure: Metric
    sure_identity: Metric
    motion_entropy: Metric


def _sweep(group: Group, question: str) -> Sweep:
    agrees = "In how many pairs is a factor the same?"
    sure = "In how many pairs of the sweep is the judge sure?"
    alike = "The same, of those pairs in which the judge is sure."
    pairs = "pairs with a sure judge"
    varied = "How varied are the motions?"
    return Sweep(
        identity=Metric(group, "identity", "who kept", question, SHARE, "more", "static"),
        agreement=_of_action(
            Metric(group, "agreement", "agrees", agrees, SHARE, "more", "static")
        ),
        sure=Metric(group, "sure", pairs, sure, SHARE, "neither", "static"),
        sure_identity=Metric(
            group, "sure_identity", "who kept, judge sure", alike, SHARE, "more", "static"
        ),
        motion_entropy=_of_action(
            Metric(group, "motion_entropy", "H(y)", varied, ENTROPY, "more", "dynamic")
        ),
    )


SWEEP = _sweep(
    Group("sweep", "One drawn static code, several drawn motions", "motion sweep"),
    "Do two motions of one drawn who show the same who?",
)
BLEND = _sweep(
    Group("blend", "One drawn static code, blends of two drawn motions", "motion blend"),
    "Do two blends of motions of one drawn who show the same who?",
)


# Distances in pixels, without a judge.

_ERROR = Group("error", "Error of the reconstruction", "reconstruction", judged=False)
SQUARED_ERROR = Metric(
    _ERROR,
    "squared_error",
    "squared error, mean over pixels",
    "How far is a reconstructed colour from that of the clip?",
    MEAN_SQUARE,
    "less",
)
FRAME_ERROR = Metric(
    _ERROR,
    "squared_error_per_frame",
    "squared error of a frame",
    "Summed over a reconstructed frame, colours from 0 to 1.",
    FRAME_SQUARE,
    "less",
)
_TRUTH = Group("swap_truth", "Swap against the clip that it should show", "swap", judged=False)
SWAP_ERROR = Metric(
    _TRUTH,
    "squared_error_per_frame",
    "squared error of a frame",
    "How far is a swap from the true clip of one who with another's motion?",
    FRAME_SQUARE,
    "less",
)
# A program that always shows one character has the ratio 1, so a low one says nothing by itself.
SWAP_RATIO = Metric(
    _TRUTH,
    "ratio",
    "error / that of the reconstruction",
    "How much larger is the error of a swap than that of a reconstruction?",
    RATIO,
)


def _nearest(key: str, title: str) -> Metric:
    group = Group("nearest", "Squared error to the nearest training clip", "nearest", judged=False)
    question = "Are drawn clips as far from the training clips as real new ones?"
    return Metric(group, key, title, question, MEAN_SQUARE)


NEAREST_DRAWN = _nearest("drawn", "of drawn clips, mean")
NEAREST_DRAWN_LEAST = _nearest("drawn_least", "of drawn clips, least")
NEAREST_REAL = _nearest("real", "of real unseen clips, mean")
NEAREST_REAL_LEAST = _nearest("real_least", "of real unseen clips, least")


# Weak supervision: the actions that a model infers, against the true ones.


def _cluster(key: str, title: str, question: str, unit: Unit, better: Better) -> Metric:
    group = Group("clusters", "Inferred actions (weak supervision)", "inferred actions", False)
    return Metric(group, key, title, question, unit, better, "dynamic")


INFERRED_ACTIONS = _cluster(
    "actions", "number", "How many actions has the model?", COUNT, "neither"
)
INFERRED_ACTIONS_USED = _cluster("used", "used", "How many does some clip show?", COUNT, "more")
INFERRED_ACTION_CONFIDENCE = _cluster(
    "confidence", "confidence", "How sure is the model of a clip's action?", SHARE, "neither"
)
PURITY = _of_action(
    _cluster("purity", "purity", "Does an inferred action hold one class?", SHARE, "more")
)
CLUSTER_NMI = _of_action(
    _cluster(
        "normalised_mutual_information",
        "NMI",
        "Are the inferred actions the true ones under other names?",
        NMI,
        "more",
    )
)
DRAWN_ACTION = _of_action(
    Metric(
        Group("drawn_action", "Clips drawn for an inferred action", "drawn action"),
        "agreement",
        "shown as asked for",
        "Does a drawn clip show the action that was asked for?",
        SHARE,
        "more",
        "dynamic",
    )
)
CLUSTERS = (
    INFERRED_ACTIONS,
    INFERRED_ACTIONS_USED,
    INFERRED_ACTION_CONFIDENCE,
    PURITY,
    CLUSTER_NMI,
    DRAWN_ACTION,
)


# What can be read from the codes, without a judge.

# Draws of the posteriors or their means; which code; by which classifier.
ProbedCodes = Literal["draw", "mean"]
ProbedView = Literal["static", "dynamic", "frame"]
ProbeKind = Literal["linear", "nonlinear"]
PROBED_CODES: tuple[ProbedCodes, ...] = ("draw", "mean")
PROBED_VIEWS: tuple[ProbedView, ...] = ("static", "dynamic", "frame")
PROBE_KINDS: tuple[ProbeKind, ...] = ("linear", "nonlinear")
CODE_SYMBOLS: dict[ProbedView, str] = {"static": "z_c", "dynamic": "z_1:T", "frame": "one z_t"}
_PROBES = Group("probes", "Probes: accuracy on held-out clips", judged=False)


def _probe(codes: ProbedCodes, view: ProbedView, kind: ProbeKind) -> Metric:
    """The metric of one probe; a table shows what has leaked into the wrong code."""
    code = f"the mean of {CODE_SYMBOLS[view]}" if codes == "mean" else CODE_SYMBOLS[view]
    how = ", linearly" if kind == "linear" else ""
    static = view == "static"
    return Metric(
        _PROBES,
        f"{codes}_{view}_{kind}",
        f"{'action' if static else 'who'} read from {code}{how}",
        f"How often does a classifier that reads {code} name a factor?",
        ACCURACY,
        "less",
        "static" if static else "dynamic",
        per_factor=True,
        summary="first dynamic factor" if static else "most readable static factor",
    )


PROBES = {
    (codes, view, kind): _probe(codes, view, kind)
    for codes, view, kind in itertools.product(PROBED_CODES, PROBED_VIEWS, PROBE_KINDS)
}
CHANCE = Metric(
    _PROBES,
    "chance",
    "commonest class",
    "How often is the commonest class of the training clips right?",
    ACCURACY,
    per_factor=True,
)


@dataclass(frozen=True)
class Estimate:
    """A mutual information, estimated from drawn codes.

    Attributes:
        nats: the estimate.
        standard_error: of its mean over the codes.
    """

    nats: Metric
    standard_error: Metric


def _information(key: str, title: str, about: About = "both", unit: Unit = NATS) -> Metric:
    group = Group("information", "Mutual information in nats", judged=False)
    return Metric(group, key, title, "How much do the codes tell of the clip?", unit, about=about)


def _estimate(key: str, title: str, about: About) -> Estimate:
    error = _information(f"{key}_standard_error", f"{title}, standard error", about)
    return Estimate(_information(key, title, about), error)


INFORMATION_DRAWN = _information("drawn", "codes drawn", unit=COUNT)
INFORMATION_CEILING = _information("ceiling", "log N, above which no estimate can lie")
INFORMATION_STATIC = _estimate("static", "I(x; z_c)", "static")
INFORMATION_DYNAMIC = _estimate("dynamic", "I(x; z_1:T)", "dynamic")
INFORMATION_BOTH = _estimate("both", "I(x; z_c, z_1:T)", "both")
INFORMATION_SHARED = _estimate("shared", "I(x; z_c) + I(x; z_1:T) - I(x; both)", "both")
STATIC_LABELS = _information("static_labels", "entropy of the static labels", "static")
DYNAMIC_LABELS = _information("dynamic_labels", "entropy of the dynamic labels", "dynamic")
INFORMATION = (
    INFORMATION_DRAWN,
    INFORMATION_CEILING,
    STATIC_LABELS,
    DYNAMIC_LABELS,
    INFORMATION_STATIC,
    INFORMATION_DYNAMIC,
    INFORMATION_BOTH,
    INFORMATION_SHARED,
)


def _metrics(part: object) -> Iterator[Metric]:
    """All metrics in nested tuples and dataclasses."""
    if isinstance(part, Metric):
        yield part
    elif isinstance(part, tuple):
        for inner in part:
            yield from _metrics(inner)
    elif isinstance(part, Task | DigitTask | Sweep | Estimate | Interval):
        yield from _metrics(tuple(vars(part).values()))


_NEAREST = (NEAREST_DRAWN, NEAREST_DRAWN_LEAST, NEAREST_REAL, NEAREST_REAL_LEAST)
_ERRORS = (SQUARED_ERROR, FRAME_ERROR, SWAP_ERROR, SWAP_RATIO)
_RENDERED = (TASKS, DIGIT_TASKS, SWEEP, BLEND, _ERRORS, _NEAREST, CLUSTERS)
_READ = (CHANCE, *PROBES.values(), INFORMATION)
METRICS = {(metric.group.key, metric.key): metric for metric in _metrics((*_RENDERED, *_READ))}


# Where the metrics are shown, in this order.

Column = Metric | Interval
RENDERED_COLUMNS: tuple[Column, ...] = (  # of docs/RESULTS.md
    SWAP_ERROR,
    SWAP_RATIO,
    SWAP.joint,
    SWAP.interval,
    UNSEEN.joint,
    UNSEEN.interval,
    SWAP.filmed,
    RECONSTRUCTION.joint,
    PRIOR_STATIC.joint,
    PRIOR_STATIC.inception_score,
    PRIOR_DYNAMIC.joint,
    UNCONDITIONAL.inception_score,
    SWEEP.identity,
    SWEEP.sure_identity,
    SWEEP.sure,
    FRAME_ERROR,
)
DIGIT_COLUMNS: tuple[Column, ...] = (  # of docs/RESULTS.md, for SM-MNIST
    SWAP_ERROR,
    SWAP_RATIO,
    DIGITS_SWAP.digit,
    DIGITS_SWAP.pair,
    DIGITS_SWAP.position_error,
    DIGITS_RECONSTRUCTION.pair,
    DIGITS_PRIOR_DYNAMIC.digit,
    DIGITS_PRIOR_DYNAMIC.pair,
    DIGITS_PRIOR_STATIC.position_error,
    FRAME_ERROR,
)
CODE_COLUMNS: tuple[Column, ...] = (  # of docs/RESULTS.md
    PROBES["draw", "static", "nonlinear"],
    PROBES["mean", "static", "nonlinear"],
    PROBES["draw", "dynamic", "nonlinear"],
    PROBES["mean", "dynamic", "nonlinear"],
    INFORMATION_STATIC.nats,
    INFORMATION_DYNAMIC.nats,
    CLUSTER_NMI,
    DRAWN_ACTION,
)
# Of the README: in each column the first metric that the data set has.
README_COLUMNS = (
    (SWAP_ERROR,),
    (SWAP_RATIO,),
    (SWAP.joint, DIGITS_SWAP.pair),
    (PRIOR_DYNAMIC.joint, DIGITS_PRIOR_DYNAMIC.pair),
    (FRAME_ERROR,),
)
# Of the About tab, under the names that the page gives them.
PAGE_TITLES = {
    SWAP.joint: "Swap",
    DIGITS_SWAP.pair: "Swap, both digits",
    PRIOR_DYNAMIC.joint: "New motion",
    DIGITS_PRIOR_DYNAMIC.pair: "New motion, both digits",
    PRIOR_STATIC.joint: "New who",
    SWEEP.identity: "Motion sweep",
    SWEEP.sure_identity: "Motion sweep, judge sure",
    SWEEP.sure: "Judge sure",
    DRAWN_ACTION: "Action asked for",
    RECONSTRUCTION.joint: "Reconstruction",
    DIGITS_RECONSTRUCTION.pair: "Reconstruction, both digits",
    UNCONDITIONAL.inception_score: "Inception score",
    FRAME_ERROR: "Squared error",
    DIGITS_SWAP.position_error: "Off place, pixels",
}
# Of the Compare tab, above each model, by the keys that the page uses.
HEADLINES = {
    "swap": (SWAP.joint, "swaps all right"),
    "sweep": (SWEEP.identity, "who kept along sweeps"),
}
