"""The card of a judge: what it learned from, and how often it is right on clips it never saw."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from rwae import data
from rwae.files.card import CARD_FILE
from rwae.files.checkpoint import atomic

WIDTH = 100  # columns of the prose


def write_card(
    folder: Path,
    dataset: str,
    kind: str,
    learned: str,
    training: str,
    measured: str,
    scores: Mapping[str, str],
    seed: int = 0,
) -> None:
    """Writes the README.md of a judge.

    Args:
        folder: of the judge.
        dataset: its name.
        kind: what the judge is, as a sentence.
        learned: the real clips that it learned from.
        training: the seed and the length of the training.
        measured: the real clips that the scores are about.
        scores: by what was asked, how often the judge is right, or how far off.
        seed: of the training; a second judge has another, and a folder of its own.
    """
    known = data.describe(dataset)
    source = f" --data data/{known.download or dataset}" if known.needs_folder else ""
    apart = f" --seed {seed} --out {folder.as_posix()}" if seed else ""
    purpose = (
        f"{kind} The evaluation asks this judge whether a model's clips show what they should. "
        "No model's clip was part of its training, and it is no part of any model."
    )
    lines = "\n".join(f"| {name} | {value} |" for name, value in scores.items())
    text = f"""# Judge of {dataset}

{textwrap.fill(purpose, WIDTH)}

- Data: {learned} of {dataset}.
- Command: `python -m rwae.evaluation.judges --dataset {dataset}{source}{apart}`
- {training}.
- Licence: {known.licence}.

| on {measured} | right |
|---|---:|
{lines}
"""
    with atomic(folder / CARD_FILE) as path:
        path.write_text(text, "utf-8")
