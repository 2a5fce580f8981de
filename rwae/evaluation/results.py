"""The tables over all models, built from the saved scores alone.

The scores of a shipped model stand beside its weights in `checkpoints/NAME/scores.json`, those of
runs whose weights are not shipped in `checkpoints/results/NAME.json`. The tables are written into
docs/RESULTS.md, a smaller one into README.md, and those of one model into its card, each between
two comments.
"""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rwae.codes import Factor
from rwae.errors import CheckpointError, ConfigError
from rwae.evaluation.tables import ABSENT, PROSE_WIDTH, at_ceiling, model_tables, pipe_table
from rwae.files.card import CARD_FILE
from rwae.files.checkpoint import SCORES_FILE, atomic
from rwae.files.metrics import (
    CHANCE,
    CODE_COLUMNS,
    DIGIT_COLUMNS,
    DIGITS_SWAP,
    DYNAMIC_LABELS,
    FRAME_ERROR,
    INFORMATION_DYNAMIC,
    INFORMATION_STATIC,
    PROBES,
    README_COLUMNS,
    RECONSTRUCTION,
    RENDERED_COLUMNS,
    STATIC_LABELS,
    SWAP,
    SWAP_ERROR,
    SWAP_RATIO,
    UNSEEN,
    Column,
    Interval,
    Metric,
)
from rwae.files.scores import ScoreFile, Scores, read_score_file, require_one_judge

RESULTS_FOLDER = "results"  # folder of the scores whose weights are not shipped
TABLE_COMMAND = "python -m rwae.evaluation --table --write"
TABLE_MARKERS = (f"<!-- {TABLE_COMMAND} -->", "<!-- end of the results -->")
CARD_MARKERS = ("<!-- scores -->", "<!-- end of the scores -->")

# The rows in their order; other models follow by name.
MODEL_TITLES = {
    "sprites": "R-WAE, MMD (shipped)",
    "sprites-2000": "R-WAE, MMD, as long as the rivals",
    "sprites-gan": "R-WAE, GAN on z_c",
    "sprites-scaled-mmd": "R-WAE, scaled MMD on z_t",
    "sprites-weak": "R-WAE, weakly supervised, then 1,500 steps of the prior alone",
    "sprites-plain": "R-WAE, no second-moment MMD, HSIC, hflip or photometric augmentation",
    "sprites-bare": "R-WAE, the paper's objective alone",
    "sprites-paper": "R-WAE, as near to the paper as is known",
    "sprites-dsvae": "DSVAE",
    "sprites-dsvae-augmented": "DSVAE, with our HSIC, hflip and photometric augmentation",
    "sprites-beta-dsvae": "beta-DSVAE, beta = 8",
    "moving_mnist": "R-WAE of objects (structured)",
    "moving_mnist-whole": "R-WAE, without objects",
    "weizmann": "R-WAE, MMD (shipped)",
    "weizmann-weak": "R-WAE, weakly supervised by recordings",
}
# Scored, but not converged: its 1,000 steps are about 1 % of the batches of its authors.
LEFT_OUT = ("sprites-mocogan",)
# What does the work on Sprites: by run, the objective, whether the encoders see the views (hflip
# and photometric augmentation), and whether the independence term (HSIC) is in the loss.
PAPER, DSVAE, BETA_DSVAE = "the paper's objective", "DSVAE", "beta-DSVAE, beta = 8"
FACTORIAL = {
    "sprites-bare": (PAPER, False, False),
    "sprites-bare-hsic": (PAPER, False, True),
    "sprites-bare-views": (PAPER, True, False),
    "sprites-bare-views-hsic": (PAPER, True, True),
    "sprites-dsvae": (DSVAE, False, False),
    "sprites-dsvae-hsic": (DSVAE, False, True),
    "sprites-dsvae-views": (DSVAE, True, False),
    "sprites-dsvae-augmented": (DSVAE, True, True),
    "sprites-beta-dsvae": (BETA_DSVAE, False, False),
    "sprites-beta-dsvae-hsic": (BETA_DSVAE, False, True),
    "sprites-beta-dsvae-views": (BETA_DSVAE, True, False),
    "sprites-beta-dsvae-views-hsic": (BETA_DSVAE, True, True),
}
# At these a program can only be good if it changes who and keeps the motion.
WHOLE_SWAPS = (SWAP_ERROR, SWAP.joint, UNSEEN.joint, DIGITS_SWAP.digit, DIGITS_SWAP.pair)
FACTORIAL_COLUMNS = (SWAP_ERROR, SWAP_RATIO, SWAP.joint, RECONSTRUCTION.joint, FRAME_ERROR)
# The rows of the README's table.
README_MODELS = (
    "sprites",
    "sprites-2000",
    "sprites-gan",
    "sprites-weak",
    "sprites-bare",
    "sprites-dsvae",
    "sprites-dsvae-augmented",
    "sprites-beta-dsvae",
    "moving_mnist",
    "moving_mnist-whole",
    "weizmann",
    "weizmann-weak",
)
DATASET_TITLES = {"sprites": "Sprites", "moving_mnist": "SM-MNIST", "weizmann": "Weizmann"}
DEVIATION = (
    "A number over several training seeds is the mean ± the sample standard deviation over these "
    "seeds. The clips, pairs and draws are the same for all seeds, so the ± does not cover them."
)
BEATEN = (
    "A swap that is beaten in bold is no better than that of one of the programs below, which "
    "learn nothing. At all other tasks a copy of a real clip is about as good as the judge "
    "allows, so that their columns alone show no disentanglement."
)
LEGEND = (
    "The squared error of a swap is that to the clip which it should show, the character of one "
    "clip in the action of another; Weizmann holds no such clip. Its ratio to the error of the "
    "reconstruction says nothing by itself, as a program that always shows one character has "
    "about 1. An interval over recordings is the 95 % bootstrap interval of the first seed, "
    "with the combinations of person and action drawn anew. Windows and mirror images that were "
    "cut from one recording count as one recording. A clip without a ghost shows, by a judge "
    "that sees ghosts, one pose of one person in a frame and no loose piece; by such a judge no "
    "ghost is right, and the reconstruction of a copy says how many real clips are called "
    "right. IS is the inception score of the action. A motion sweep keeps a drawn static code "
    "and draws several motions. Its first column is the share of pairs of these clips in which "
    "the judge names every static factor alike, the second is the share among the pairs in "
    "which it is sure, and the third is the share of such pairs. Probes are small nonlinear "
    "classifiers that read draws of the posteriors, with the noise of training, or their means, "
    "without it; of the static factors, the most readable one is shown. Information is in nats, "
    "and at most the logarithm of the number of clips; a number within 2 % of it has the sign "
    "≥, as it is only a bound."
)


def read_results(checkpoints: Path) -> list[ScoreFile]:
    """Reads the scores of every model, in the order of MODEL_TITLES, then of their names.

    Raises:
        CheckpointError: if a file is broken.
    """
    shipped = [(path, path.parent.name) for path in checkpoints.glob(f"*/{SCORES_FILE}")]
    others = [(path, path.stem) for path in (checkpoints / RESULTS_FOLDER).glob("*.json")]
    order = {name: number for number, name in enumerate(MODEL_TITLES)}
    found = [read_score_file(path, name) for path, name in (*shipped, *others)]
    return sorted(found, key=lambda file: (order.get(file.name, len(order)), file.name))


def results_text(files: Sequence[ScoreFile]) -> str:
    """All tables as Markdown: for each data set what is rendered, then what is in the codes.

    Raises:
        CheckpointError: if rows of a table were scored in different ways.
    """
    tables: list[str] = []
    for head, here in _by_dataset([file for file in files if file.name not in LEFT_OUT]):
        digits = any(file.known(DIGITS_SWAP.pair) for file in here)
        columns = DIGIT_COLUMNS if digits else RENDERED_COLUMNS
        rows = [file for file in here if file.name not in FACTORIAL or file.name in MODEL_TITLES]
        judged = f"{head}{_judge_text(here[0])}"
        tables += _results_table(judged, rows, columns, here[0].baselines, bold=True)
        tables += _factorial_table([file for file in here if file.name in FACTORIAL])
        scores = here[0].runs[0].scores
        tables += _results_table(
            f"{head}: what is in the codes", rows, CODE_COLUMNS, references(scores)
        )
    legend = textwrap.fill(f"{DEVIATION} {BEATEN} {LEGEND}", PROSE_WIDTH)
    return "\n\n".join([*tables, legend])


def readme_text(files: Sequence[ScoreFile]) -> str:
    """One table: the models that matter most, beside the programs that learn nothing.

    Raises:
        CheckpointError: if rows of a data set were scored in different ways.
    """
    headings = [f"{o[0].heading} {o[0].arrow}".strip() for o in README_COLUMNS]
    rows = [["", *headings, "seeds / steps"]]
    for head, here in _by_dataset([file for file in files if file.name in README_MODELS]):
        columns = [
            next((m for m in options if here[0].known(m)), options[0])
            for options in README_COLUMNS
        ]
        _require_one_way(here, columns)
        other = [
            metric.heading
            for metric, options in zip(columns, README_COLUMNS, strict=True)
            if metric is not options[0]
        ]
        note = f" ({'; '.join(other)})" if other else ""
        rows.append([f"**{head}**{note}", *[""] * (len(columns) + 1)])
        for file in here:
            cells = [_model_cell(file, metric, here[0].baselines) for metric in columns]
            steps = f"{file.steps:,}" if file.steps else ABSENT
            title = MODEL_TITLES.get(file.name, file.name)
            rows.append([title, *cells, f"{len(file.runs)} / {steps}"])
        for name, scores in here[0].baselines.items():
            rows.append([name, *(_cell(m, scores, here[0].factors) for m in columns), ""])
    return f"{pipe_table(rows)}\n\n{textwrap.fill(f'{DEVIATION} {BEATEN}', PROSE_WIDTH)}"


def references(scores: Scores) -> dict[str, Scores]:
    """What to compare the codes' numbers with, as the scores of two more programs."""
    found = {}
    chance = scores.values.get(CHANCE)
    if chance is not None:
        found["chance"] = Scores(dict.fromkeys(PROBES.values(), chance))
    static, dynamic = scores.number(STATIC_LABELS), scores.number(DYNAMIC_LABELS)
    if static is not None and dynamic is not None:
        found["codes that name their labels and no more"] = Scores(
            {INFORMATION_STATIC.nats: static, INFORMATION_DYNAMIC.nats: dynamic}
        )
    return found


def _by_dataset(files: Sequence[ScoreFile]) -> Iterator[tuple[str, list[ScoreFile]]]:
    """The files of each data set, below a heading that says how many clips there are."""
    order = {name: number for number, name in enumerate(DATASET_TITLES)}
    names = {file.dataset for file in files}
    for name in sorted(names, key=lambda name: (order.get(name, len(order)), name)):
        here = [file for file in files if file.dataset == name]
        head = f"{DATASET_TITLES.get(name, name)}, {here[0].clips:,} clips"
        if here[0].recordings is not None and here[0].recordings != here[0].clips:
            head += f" of {here[0].recordings:,} recordings"
        yield head, here


def _judge_text(file: ScoreFile) -> str:
    """The judges of a file, for a heading; empty if there are none."""
    judges = sorted({str(judge) for judge in file.judges.values()})
    return f"; judge: {', '.join(judges)}" if judges else ""


def _factorial_table(files: Sequence[ScoreFile]) -> Iterator[str]:
    """Objective x views x independence, a row for each run there is; none for fewer than two."""
    if len(files) < 2:
        return
    _require_one_way(files, FACTORIAL_COLUMNS)
    heads = [f"{m.heading} {m.arrow}".strip() for m in FACTORIAL_COLUMNS]
    rows = [["objective, Sprites", "views", "independence term", *heads, "seeds / steps"]]
    order = list(FACTORIAL)
    for file in sorted(files, key=lambda file: order.index(file.name)):
        objective, *parts = FACTORIAL[file.name]
        cells = [file.text(metric) or ABSENT for metric in FACTORIAL_COLUMNS]
        given = ["yes" if part else "no" for part in parts]
        rows.append([objective, *given, *cells, f"{len(file.runs)} / {file.steps or 0:,}"])
    yield pipe_table(rows)


def _require_one_way(files: Sequence[ScoreFile], columns: Sequence[Column]) -> None:
    """Raises CheckpointError unless all files are of the same clips, pairs, draws and judge."""
    for file in files:
        for part in ("split", "seed", "clips"):
            ours, theirs = getattr(files[0], part), getattr(file, part)
            if ours != theirs:
                raise CheckpointError(
                    f"The scores of {file.name} have the {part} {theirs!r}, and those of "
                    f"{files[0].name} have {ours!r}: score both in the same way."
                )
    require_one_judge(files, [column for column in columns if isinstance(column, Metric)])


def _results_table(
    head: str,
    files: Sequence[ScoreFile],
    columns: Sequence[Column],
    beside: Mapping[str, Scores],
    bold: bool = False,
) -> Iterator[str]:
    """A Markdown table, or none if nothing in it is known; unknown columns are left out.

    Args:
        head: of the first column.
        files: a row for each.
        columns: in their order.
        beside: rows below those of the models.
        bold: whether a swap that one of these rows beats is called beaten, in bold.
    """
    known = [metric for metric in columns if any(file.text(metric) for file in files)]
    if not known:
        return
    _require_one_way(files, known)
    rows = [[head, "steps", "seeds", *(f"{m.heading} {m.arrow}".strip() for m in known)]]
    for file in files:
        cells = [_model_cell(file, column, beside if bold else {}) for column in known]
        if any(cell != ABSENT for cell in cells):
            steps = f"{file.steps:,}" if file.steps else ABSENT
            title = MODEL_TITLES.get(file.name, file.name)
            rows.append([title, steps, str(len(file.runs)), *cells])
    for name, scores in beside.items():
        rows.append([name, "", "", *(_cell(m, scores, files[0].factors) for m in known)])
    yield pipe_table(rows)


def _model_cell(file: ScoreFile, column: Column, programs: Mapping[str, Scores]) -> str:
    """The number of a model; that of a swap says if one of the programs does as well or better."""
    text = file.text(column) or ABSENT
    if isinstance(column, Interval) or text == ABSENT:
        return text
    mean = statistics.fmean(file.known(column))
    if column in (INFORMATION_STATIC.nats, INFORMATION_DYNAMIC.nats):
        return at_ceiling(file.runs[0].scores, mean) + text
    return f"**{text}, beaten**" if is_beaten(column, mean, programs, file.factors) else text


def is_beaten(
    metric: Metric, value: float, programs: Mapping[str, Scores], factors: Sequence[Factor]
) -> bool:
    """Whether a program does as well as a model, or better, at a whole swap."""
    if metric not in WHOLE_SWAPS:
        return False
    sign = 1 if metric.better == "more" else -1
    found = [scores.summary(metric, factors) for scores in programs.values()]
    return any(sign * number >= sign * value for number in found if number is not None)


def _cell(column: Column, scores: Scores, factors: Sequence[Factor]) -> str:
    if isinstance(column, Interval):
        return scores.interval_text(column) or ABSENT
    number = scores.summary(column, factors)
    return ABSENT if number is None else column.unit.text(number)


# The blocks of files in which the tables stand.


@dataclass(frozen=True)
class Block:
    """A part of a Markdown file that a command writes.

    Attributes:
        path: of the file.
        markers: the comments before and after it.
        text: that belongs there.
    """

    path: Path
    markers: tuple[str, str]
    text: str

    def split(self) -> tuple[str, str, str]:
        """The file up to the first marker, the block as it is, and from the second marker on.

        Raises:
            ConfigError: if the file or the markers are not there, each once and in order.
        """
        begin, end = self.markers
        text = self.path.read_text("utf-8") if self.path.is_file() else ""
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise ConfigError(
                f"The file {self.path} needs the line {begin} once, and after it {end} once: put "
                "both where the tables belong."
            )
        before, rest = text.split(begin)
        block, after = rest.split(end)
        return before + begin, block, end + after

    def is_current(self) -> bool:
        """Whether the file has this text; errors as from `split`."""
        return self.split()[1].strip() == self.text.strip()

    def write(self) -> None:
        """Puts the text into the file; errors as from `split`."""
        before, _, after = self.split()
        with atomic(self.path) as temporary:
            temporary.write_text(f"{before}\n\n{self.text.strip()}\n\n{after}", "utf-8")


def all_blocks(root: Path, checkpoints: Path) -> list[Block]:
    """The tables of the README, of docs/RESULTS.md and of the cards.

    Args:
        root: folder of the README and of docs/.
        checkpoints: folder of the models.

    Raises:
        CheckpointError: if a score file is broken, or two do not fit together.
    """
    files = read_results(checkpoints)
    blocks = [
        Block(root / "README.md", TABLE_MARKERS, readme_text(files)),
        Block(root / "docs" / "RESULTS.md", TABLE_MARKERS, results_text(files)),
    ]
    for file in files:
        card = checkpoints / file.name / CARD_FILE
        if card.is_file():
            blocks.append(card_block(card, file))
    return blocks


def card_block(card: Path, file: ScoreFile) -> Block:
    """The tables of one model in its card."""
    return Block(card, CARD_MARKERS, model_tables(file, markdown=True))
