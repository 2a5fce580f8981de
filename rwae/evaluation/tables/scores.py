"""The scores as a table: for a terminal, or for a README."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rwae.codes import Factor
from rwae.evaluation.scores.tasks import TASKS, keeps

Scores = Mapping[str, Any]
Read = Callable[[Scores], str]

TITLES = {
    "reconstruction": "Reconstruction",
    "swap": "Swap: static code of one clip, dynamic codes of another",
    "unseen": "Swap of training clips into combinations that were never trained",
    "prior_static": "Static code from the prior, dynamic codes of a clip",
    "prior_motion": "Static code of a clip, dynamic codes from the prior",
    "unconditional": "Both codes from the prior",
    "sweep": "One drawn static code, many motions",
    "actions": "Inferred actions (weak supervision)",
}
KEPT = TASKS | {"unseen": "all"}
ABSENT = "-"


def table(columns: Mapping[str, Scores], factors: Sequence[Factor], markdown: bool = False) -> str:
    """Formats scores as text: a group of rows for each task, a column for each model.

    Args:
        columns: by heading, scores as `run.score_model` returns them.
        factors: of the data set.
        markdown: a pipe table instead of aligned columns.
    """
    lines = [["", *columns]]
    for task, title in TITLES.items():
        rows = []
        for label, read in _rows(task, factors):
            cells = [read(scores.get(task, {})) for scores in columns.values()]
            if any(cell != ABSENT for cell in cells):
                rows.append(["  " + label, *cells])
        if rows:
            lines += [[title, *[""] * len(columns)], *rows]
    return layout(lines, markdown)


def layout(lines: Sequence[Sequence[str]], markdown: bool) -> str:
    """Lines of cells as text; a label that is not indented is a title, the first line the head."""
    return _pipes(lines) if markdown else _aligned(lines)


def _rows(task: str, factors: Sequence[Factor]) -> list[tuple[str, Read]]:
    """The rows of a task: a label, and how to read the cell from that task's scores."""
    if task == "sweep":
        return _sweep_rows(factors)
    if task == "actions":
        return _action_rows(factors)
    rows: list[tuple[str, Read]] = []
    if task == "reconstruction":
        rows += [
            ("squared error, mean over pixels", _cell("{:.5f}", "squared_error")),
            ("squared error, sum over a frame", _cell("{:.2f}", "squared_error_per_frame")),
        ]
    if sum(keeps(KEPT[task], factor) for factor in factors) > 1:
        rows.append(("all of these right", _cell("{:.2%}", "joint")))
    for factor in factors:
        rows += _factor_rows(task, factor)
    if task == "unconditional":
        rows += [
            ("squared error to the nearest training clip", _cell("{:.5f}", "nearest", "drawn")),
            ("the same, of real unseen clips", _cell("{:.5f}", "nearest", "real")),
        ]
    return rows


def _factor_rows(task: str, factor: Factor) -> list[tuple[str, Read]]:
    """Accuracy of a factor that is kept; confidence and variety of one that is drawn."""

    def cell(form: str, key: str) -> Read:
        return _cell(form, "factors", factor.name, key)

    right = (f"{factor.name} right", cell("{:.2%}", "accuracy"))
    sure = (f"{factor.name}, confidence", cell("{:.2%}", "confidence"))
    score = (
        f"{factor.name}, IS of at most {len(factor.values)}",
        cell("{:.3f}", "inception_score"),
    )
    doubt = (f"{factor.name}, H(y|x)", cell("{:.4f}", "conditional_entropy"))
    variety = (f"{factor.name}, H(y)", cell("{:.3f}", "marginal_entropy"))
    if keeps(KEPT[task], factor):
        return [right, score, doubt, variety] if task == "prior_static" else [right]
    return [sure, variety] if factor.static else [sure, score, doubt, variety]


def _sweep_rows(factors: Sequence[Factor]) -> list[tuple[str, Read]]:
    return [
        ("all of who agrees, of two drawn motions", _cell("{:.2%}", "drawn", "identity")),
        *(
            (f"{factor.name} agrees", _cell("{:.2%}", "drawn", "factors", factor.name))
            for factor in factors
            if factor.static
        ),
        ("the same, where the judge is sure", _cell("{:.2%}", "drawn", "sure_identity")),
        ("share of pairs where it is sure", _cell("{:.2%}", "drawn", "sure")),
        ("all of who agrees, of two blends", _cell("{:.2%}", "blended", "identity")),
    ]


def _action_rows(factors: Sequence[Factor]) -> list[tuple[str, Read]]:
    rows = []
    for factor in factors:
        if not factor.static:
            name, here = factor.name, ("factors", factor.name)
            shown = _cell("{:.2%}", "drawn", name, "agreement")
            mutual = _cell("{:.3f}", *here, "normalised_mutual_information")
            rows += [
                (f"{name}, purity", _cell("{:.2%}", *here, "purity")),
                (f"{name}, normalised mutual information", mutual),
                (f"{name} as asked for, of draws", shown),
            ]
    return rows


def _cell(form: str, *path: str) -> Read:
    """Reads the number at the end of a path of keys; a dash if a key is not there."""

    def read(scores: Scores) -> str:
        value: Any = scores
        for key in path:
            if key not in value:
                return ABSENT
            value = value[key]
        return form.format(value)

    return read


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """Labels to the left, numbers to the right, a blank line before each title."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = []
    for label, *cells in lines:
        gap = "\n" if label and not label.startswith(" ") else ""
        numbers = (cell.rjust(width + 3) for cell, width in zip(cells, widths[1:], strict=True))
        text.append(gap + (label.ljust(widths[0]) + "".join(numbers)).rstrip())
    return "\n".join(text).lstrip("\n")


def _pipes(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose titles are bold."""
    rows = []
    for line in lines:
        label = line[0].strip().replace("|", "\\|")
        title = bool(label) and not line[0].startswith(" ")
        rows.append("| " + " | ".join([f"**{label}**" if title else label, *line[1:]]) + " |")
    rows.insert(1, "|---|" + "---:|" * (len(lines[0]) - 1))
    return "\n".join(rows)
