"""Every data set by its name: how it is read, whose it is, and how its judge is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rwae.data import figures, folder, moving_mnist, sprites, weizmann
from rwae.data.clips import ClipSource

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class DataSet:
    """A data set.

    Attributes:
        load: reads a split from a folder.
        licence: whose the clips are, as the end of a sentence.
        splits: the splits there are; the first three are those of every data set.
        needs_folder: whether the clips lie in a folder, and are not drawn.
        download: the name under which `python -m rwae.data.download` fetches it, if it does.
        own: whether the folder is the user's own, so that no judge or model of it is shipped.
        judge_splits: what a judge learns from, and what its card is measured on; None if the
            evaluation measures this data set in another way.
        judge_epochs: passes of a judge over the first of them.
        judge_apart: whether static and dynamic factors are judged by networks of their own; see
            `rwae.classifiers.ApartJudge`.
    """

    load: Callable[[Path, str], ClipSource]
    licence: str
    splits: tuple[str, ...] = SPLITS
    needs_folder: bool = True
    download: str | None = None
    own: bool = False
    judge_splits: tuple[str, str] | None = ("train", "test")
    judge_epochs: int = 20
    judge_apart: bool = False


DATA_SETS = {
    "sprites": DataSet(
        sprites.load,
        "the Liberated Pixel Cup sheets that the clips are composed of are under "
        "CC-BY-SA 3.0 / GPL 3.0",
        download="sprites",
        judge_epochs=4,
    ),
    "figures": DataSet(
        lambda _, split: figures.load(split),
        "the clips are drawn by this project",
        needs_folder=False,
    ),
    "moving_mnist": DataSet(
        moving_mnist.load,
        "MNIST, whose digits move, is under CC-BY-SA 3.0",
        download="mnist",
        judge_splits=None,
    ),
    "weizmann": DataSet(
        weizmann.load,
        "the recordings show real people and are for research; ask their authors before handing "
        "them on",
        splits=weizmann.SPLITS,
        download="weizmann",
        judge_splits=("judge", "judge_test"),
        judge_epochs=6,
        judge_apart=True,
    ),
    "folder": DataSet(folder.load, "the clips are the user's own", own=True),
}
