"""The results of all trained models as the tables of the README, built from saved scores alone.

A model is a folder of `checkpoints/`. Its shipped weights are scored in `scores.json`, the same
training from other seeds in `scores/seed1.json` and the like, whose weights are not shipped.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rwae.errors import ConfigError
from rwae.evaluation.tables.blocks import between
from rwae.evaluation.tables.columns import CODES, DIGITS, RENDERED, Column, Scores
from rwae.files.checkpoint import SCORES_FILE, SEED_SCORES
from rwae.files.jsonfile import read_object

BEGIN = "<!-- python -m rwae.evaluation --table --write -->"
END = "<!-- end of the results -->"

TITLES = {
    "sprites": "R-WAE, MMD (shipped)",
    "sprites-2000": "R-WAE, MMD, as long as the rivals",
    "sprites-gan": "R-WAE, GAN on z_c",
    "sprites-scaled-mmd": "R-WAE, scaled MMD on z_t",
    "sprites-weak": "R-WAE, weakly supervised",
    "sprites-plain": "R-WAE, no second kernel, HSIC, mirror or light",
    "sprites-bare": "R-WAE, the paper's objective alone",
    "sprites-dsvae": "DSVAE",
    "sprites-beta-dsvae": "beta-DSVAE, beta = 8",
    "sprites-mocogan": "MoCoGAN",
    "moving_mnist": "R-WAE of objects (structured)",
    "moving_mnist-whole": "R-WAE, without objects",
    "weizmann": "R-WAE, MMD (shipped)",
    "weizmann-weak": "R-WAE, weakly supervised",
    "weizmann-unpainted": "R-WAE, no painter, no weight for the unusual",
}
DATA_SETS = {
    "sprites": "Sprites",
    "moving_mnist": "SM-MNIST",
    "weizmann": "Weizmann",
}
LEGEND = """\
A number over several training seeds is the mean ± the sample standard deviation. IS is the
inception score of the action. Along a motion sweep a drawn static code is kept while the motion is
drawn again; the share is that of pairs of clips in which the judge names all of who alike, and the
next column counts the pairs alone in which it is sure, and the one after says how many these are.
Probes are small nonlinear classifiers that read draws of the posteriors, with the noise of
training, or their means, which lack it; of the attributes, the most readable counts. Information
is in nats, and at most the logarithm of the number of clips."""
KINDS = {"rendered": RENDERED, "codes": CODES, "digits": DIGITS}


@dataclass(frozen=True)
class Row:
    """What is known of one model.

    Attributes:
        title: of the row.
        dataset: that it was scored on.
        steps: how long it was trained; None if that is not known.
        seeds: what the model scored with each training seed.
        baselines: by name, what programs scored that disentangle nothing.
    """

    title: str
    dataset: str
    steps: int | None
    seeds: tuple[Scores, ...]
    baselines: Mapping[str, Scores]


def read_rows(checkpoints: Path) -> list[Row]:
    """Reads the scores of every model, in the order of TITLES, then of their names.

    Raises:
        ConfigError: if a file is no result of this command, or does not fit the other seeds.
    """
    order = list(TITLES)

    def place(folder: Path) -> tuple[int, str]:
        known = folder.name in order
        return (order.index(folder.name) if known else len(order)), folder.name

    folders = [path.parent for path in checkpoints.glob(f"*/{SCORES_FILE}")]
    return [_row(folder) for folder in sorted(folders, key=place)]


def _row(folder: Path) -> Row:
    files = [folder / SCORES_FILE, *sorted(folder.glob(SEED_SCORES.format("*")))]
    found = [_read(path) for path in files]
    for path, result in zip(files, found, strict=True):
        for key in ("dataset", "split", "seed"):
            if result[key] != found[0][key]:
                raise ConfigError(
                    f"The file {path} has the {key} {result[key]!r}, but {files[0]} has "
                    f"{found[0][key]!r}: score both in the same way."
                )
    seeds = [result.get("training", {}).get("seed") for result in found]
    steps = {result.get("training", {}).get("steps") for result in found}
    if len(steps) > 1:
        raise ConfigError(
            f"The files {', '.join(map(str, files))} are of runs of {sorted(map(str, steps))} "
            "steps: a mean over seeds needs runs of one length."
        )
    if len(set(seeds)) < len(seeds):
        raise ConfigError(
            f"The files {', '.join(map(str, files))} name the training seeds {seeds}: a mean over "
            "seeds needs different ones. Remove the file that is there twice."
        )
    scores = [result["model"] for result in found]
    baselines = found[0].get("baselines", {})
    if "copy" in scores[0]:
        baselines = {"copy the input": scores[0]["copy"]}
    title = TITLES.get(folder.name, folder.name)
    return Row(title, found[0]["dataset"], steps.pop(), tuple(scores), baselines)


def _read(path: Path) -> dict[str, Any]:
    try:
        result = read_object(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The file {path} cannot be read as scores ({error}).") from error
    if missing := {"dataset", "split", "seed", "model"} - set(result):
        raise ConfigError(
            f"The file {path} lacks {', '.join(sorted(missing))}: write it again with "
            "python -m rwae.evaluation."
        )
    return result


def results(checkpoints: Path) -> str:
    """All tables as Markdown: for each data set what is rendered, then what the codes know.

    Raises:
        ConfigError: see `read_rows`.
    """
    rows = read_rows(checkpoints)
    names = sorted({row.dataset for row in rows}, key=lambda n: ([*DATA_SETS, n].index(n), n))
    tables = []
    for name in names:
        here = [row for row in rows if row.dataset == name]
        kinds = ["digits", "codes"] if name == "moving_mnist" else ["rendered", "codes"]
        for kind in kinds:
            head = f"{DATA_SETS.get(name, name)}, {here[0].seeds[0]['clips']:,} clips"
            head += ": what is in the codes" if kind == "codes" else ""
            beside = references(here[0].seeds[0]) if kind == "codes" else here[0].baselines
            tables += _table(head, here, KINDS[kind], beside)
    return "\n\n".join([*tables, LEGEND])


def references(scores: Scores) -> dict[str, Scores]:
    """What to compare the codes' numbers with, laid out as the scores of two more models."""
    found: dict[str, Scores] = {}
    if "probes" in scores:
        chance = {"nonlinear": scores["probes"]["chance"]}
        views = {"static": chance, "dynamic": chance}
        found["chance"] = {"probes": {"draw": views, "mean": views}}
    if "information" in scores:
        who, how = scores["information"]["who"], scores["information"]["how"]
        told = {"static": {"nats": who}, "dynamic": {"nats": how}}
        found["codes that name their labels and no more"] = {"information": told}
    return {name: {"sweep": scores["sweep"], **extra} for name, extra in found.items()}


def _table(
    head: str, rows: Sequence[Row], columns: Sequence[Column], beside: Mapping[str, Scores]
) -> Iterator[str]:
    """A Markdown table, or none if nothing in it is known; unknown columns are left out."""
    lines = [(row.title, f"{row.steps:,}" if row.steps else "-", row.seeds) for row in rows]
    lines += [(name, "", (scores,)) for name, scores in beside.items()]
    cells = [[_cell(column, seeds) for column in columns] for *_, seeds in lines]
    shown = [n for n in range(len(columns)) if any(row[n] for row in cells[: len(rows)])]
    if not shown:
        return
    text = [
        " | ".join([head, "steps", "seeds", *(columns[n].title for n in shown)]),
        "---|---:|---:" + "|---:" * len(shown),
    ]
    for (title, steps, seeds), row in zip(lines, cells, strict=True):
        if any(row):
            count = str(len(seeds)) if title not in beside else ""
            text.append(" | ".join([title, steps, count, *(row[n] or "-" for n in shown)]))
    yield "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in text)


def _cell(column: Column, seeds: Sequence[Scores]) -> str:
    """Mean and sample standard deviation over the seeds; empty if it is not known of each."""
    values = [column.read(scores) for scores in seeds]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return ""
    deviation = statistics.stdev(known) if len(known) > 1 else None
    return column.cell(statistics.fmean(known), deviation)


def is_current(readme: Path, checkpoints: Path) -> bool:
    """Whether the tables of a README are those that the saved scores give."""
    return between(readme, BEGIN, END)[1].strip() == results(checkpoints)
