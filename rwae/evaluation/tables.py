"""The scores of one model as text: for a terminal, or as Markdown for its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rwae.codes import Factor
from rwae.evaluation.tasks import is_kept
from rwae.files.metrics import (
    BLEND,
    CHANCE,
    CLUSTER_NMI,
    CODE_SYMBOLS,
    DIGIT_TASKS,
    DRAWN_ACTION,
    DYNAMIC_LABELS,
    FRAME_ERROR,
    INFERRED_ACTION_CONFIDENCE,
    INFERRED_ACTIONS,
    INFERRED_ACTIONS_USED,
    INFORMATION_CEILING,
    INFORMATION_DYNAMIC,
    INFORMATION_SHARED,
    INFORMATION_STATIC,
    NEAREST_DRAWN,
    NEAREST_REAL,
    PRIOR_STATIC,
    PROBE_KINDS,
    PROBED_CODES,
    PROBED_VIEWS,
    PROBES,
    PURITY,
    SQUARED_ERROR,
    STATIC_LABELS,
    SWAP_ERROR,
    SWAP_RATIO,
    SWEEP,
    TASKS,
    Estimate,
    Group,
    Metric,
    Sweep,
    Task,
)
from rwae.files.scores import ScoreFile, Scores

ABSENT = "-"
PROSE_WIDTH = 100  # columns of the prose beside tables
THIS_MODEL = "this model"
PROBED_TITLES = {"draw": "Read from draws of the posteriors", "mean": "Read from posterior means"}

Row = tuple[str, Metric, str | None]  # a label, a metric, and the factor if it has several numbers


def model_tables(file: ScoreFile, markdown: bool = False) -> str:
    """The scores of a model's first run beside those of the baselines.

    Args:
        file: the scores.
        markdown: pipe tables instead of aligned columns.
    """
    scores = file.runs[0].scores
    tables = [
        _task_table({THIS_MODEL: scores, **file.baselines}, file.factors),
        _probe_table(scores, file.factors),
        _information_table(scores),
    ]
    return "\n\n".join(_layout(lines, markdown) for lines in tables if lines)


def _task_table(columns: Mapping[str, Scores], factors: Sequence[Factor]) -> list[list[str]]:
    """Titles of groups, and below each a row for every metric that is known."""
    groups: dict[Group, list[list[str]]] = {}
    for label, metric, factor in _rows(factors):
        numbers = [scores.number(metric, factor) for scores in columns.values()]
        if any(number is not None for number in numbers):
            cells = [ABSENT if n is None else metric.unit.text(n) for n in numbers]
            groups.setdefault(metric.group, []).append([f"  {label}", *cells])
    lines = [["", *columns]]
    for group, rows in groups.items():
        lines += [[group.title, *[""] * len(columns)], *rows]
    return lines


def _rows(factors: Sequence[Factor]) -> Iterator[Row]:
    """All rows there can be, group by group."""
    static = [factor for factor in factors if factor.static]
    dynamic = [factor for factor in factors if not factor.static]
    for metric in (SQUARED_ERROR, FRAME_ERROR, SWAP_ERROR, SWAP_RATIO):
        yield metric.title, metric, None
    for task in TASKS:
        yield from _task_rows(task, factors)
    for digits in DIGIT_TASKS:
        for metric in (digits.pair, digits.digit, digits.position_error):
            yield metric.title, metric, None
    for metric in (NEAREST_DRAWN, NEAREST_REAL):
        yield metric.title, metric, None
    yield from _sweep_rows(SWEEP, static)
    yield from _sweep_rows(BLEND, [])
    for metric in (INFERRED_ACTIONS, INFERRED_ACTIONS_USED, INFERRED_ACTION_CONFIDENCE):
        yield metric.title, metric, None
    for metric in (PURITY, CLUSTER_NMI, DRAWN_ACTION):
        for factor in dynamic:
            yield f"{factor.name}, {metric.title}", metric, factor.name


def _task_rows(task: Task, factors: Sequence[Factor]) -> Iterator[Row]:
    """Accuracy of a factor that is kept; confidence and variety of one that is drawn."""
    if sum(is_kept(task.keeps, factor) for factor in factors) > 1:
        yield "all of these right", task.joint, None
        for end in (task.interval.low, task.interval.high):
            yield end.title, end, None
    yield task.filmed.title, task.filmed, None
    for factor in factors:
        name = factor.name
        score = (
            f"{name}, {task.inception_score.title} of at most {len(factor.values)}",
            task.inception_score,
            name,
        )
        doubt = (f"{name}, {task.conditional_entropy.title}", task.conditional_entropy, name)
        variety = (f"{name}, {task.marginal_entropy.title}", task.marginal_entropy, name)
        if is_kept(task.keeps, factor):
            yield f"{name} {task.accuracy.title}", task.accuracy, name
            if task is PRIOR_STATIC:
                yield from (score, doubt, variety)
            continue
        yield f"{name}, {task.confidence.title}", task.confidence, name
        if not factor.static:
            yield from (score, doubt)
        yield variety


def _sweep_rows(metrics: Sweep, static: Sequence[Factor]) -> Iterator[Row]:
    yield metrics.identity.title, metrics.identity, None
    for factor in static:
        yield f"{factor.name} {metrics.agreement.title}", metrics.agreement, factor.name
    yield metrics.sure_identity.title, metrics.sure_identity, None
    yield metrics.sure.title, metrics.sure, None


def _probe_table(scores: Scores, factors: Sequence[Factor]) -> list[list[str]]:
    """Every factor read from every code; empty if no probe was fitted."""
    if CHANCE not in scores:
        return []
    columns = [(view, kind) for view in PROBED_VIEWS for kind in PROBE_KINDS]
    head = [f"{CODE_SYMBOLS[view]}, {kind}" for view, kind in columns]
    lines = [[CHANCE.group.title, CHANCE.title, *head]]
    for codes in PROBED_CODES:
        metrics = [CHANCE, *(PROBES[codes, view, kind] for view, kind in columns)]
        if metrics[-1] not in scores:
            continue
        lines.append([PROBED_TITLES[codes], *[""] * len(metrics)])
        for factor in factors:
            numbers = [scores.number(metric, factor.name) for metric in metrics]
            cells = [
                ABSENT if number is None else metric.unit.text(number)
                for metric, number in zip(metrics, numbers, strict=True)
            ]
            lines.append([f"  {factor.name}", *cells])
    return lines


def _information_table(scores: Scores) -> list[list[str]]:
    """The estimates beside the entropies of the labels; empty if there are none."""
    ceiling = scores.number(INFORMATION_CEILING)
    if ceiling is None:
        return []
    group, unit = INFORMATION_CEILING.group, INFORMATION_CEILING.unit
    rows: tuple[tuple[Estimate, Metric | None], ...] = (
        (INFORMATION_STATIC, STATIC_LABELS),
        (INFORMATION_DYNAMIC, DYNAMIC_LABELS),
        (INFORMATION_SHARED, None),
    )
    lines = [[f"{group.title}, at most {unit.text(ceiling)}", "estimate", "standard error"]]
    lines[0].append("labels alone")
    for estimate, labels in rows:
        numbers = [scores.number(estimate.nats), scores.number(estimate.standard_error)]
        numbers.append(0.0 if labels is None else scores.number(labels))
        cells = [ABSENT if number is None else unit.text(number) for number in numbers]
        if numbers[0] is not None:
            cells[0] = at_ceiling(scores, numbers[0]) + cells[0]
        lines.append([f"  {estimate.nats.title}", *cells])
    return lines


def at_ceiling(scores: Scores, information: float) -> str:
    """The sign before an estimate within 2 % of log N, where it is only a lower bound."""
    ceiling = scores.number(INFORMATION_CEILING)
    return "≥ " if ceiling is not None and information > 0.98 * ceiling else ""


def _layout(lines: Sequence[Sequence[str]], markdown: bool) -> str:
    """Lines of cells as text; a label that is not indented is a title, the first line the head."""
    return pipe_table(list(_with_bold_titles(lines))) if markdown else _aligned(lines)


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """Labels to the left, numbers to the right, a blank line before each title."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = []
    for label, *cells in lines:
        gap = "\n" if label and not label.startswith(" ") else ""
        numbers = (cell.rjust(width + 3) for cell, width in zip(cells, widths[1:], strict=True))
        text.append(gap + (label.ljust(widths[0]) + "".join(numbers)).rstrip())
    return "\n".join(text).lstrip("\n")


def _with_bold_titles(lines: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """The lines for a Markdown table, in which titles are bold."""
    for first, *cells in lines:
        label = first.strip().replace("|", "\\|")
        title = bool(label) and not first.startswith(" ")
        yield [f"**{label}**" if title else label, *cells]


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: labels in the first column, numbers in the others."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---|" + "---:|" * (len(rows[0]) - 1), *body])
