"""Every data set by its name: its reader, its licence, and the training of its judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rwae.data import figures, folder, lpc, moving_mnist, sprites, weizmann
from rwae.data.clips import SPLITS, ClipSource


@dataclass(frozen=True)
class DataSet:
    """A data set.

    Attributes:
        load: reads a split from a folder.
        licence: of the clips, as the end of a sentence.
        splits: their names; the first three are those of every data set.
        needs_folder: whether the clips are read from a folder, and not drawn.
        download: the name under which `python -m rwae.data.download` fetches it, if it does.
        own: whether the clips are the user's own, so that no judge or model of them is shipped.
        overview: says in a line what was found in the user's own folder, and what was left out.
        judge_splits: the splits that a judge learns from and is tested on; None if the evaluation
            measures this data set in another way.
        judge_epochs: passes of a judge over the first of them.
        judge_apart: whether static and dynamic factors have separate networks; see
            `rwae.classifiers.ApartJudge`.
        judge_stranger: the split of a person whom nothing is trained on, of a data set whose judge
            sees ghosts; it sets the limit from which on a clip is one. See
            `rwae.classifiers.ghosts`.
    """

    load: Callable[[Path, str], ClipSource]
    licence: str
    splits: tuple[str, ...] = SPLITS
    needs_folder: bool = True
    download: str | None = None
    own: bool = False
    overview: Callable[[Path], str] | None = None
    judge_splits: tuple[str, str] | None = ("train", "test")
    judge_epochs: int = 20
    judge_apart: bool = False
    judge_stranger: str | None = None

    def folder_option(self, name: str) -> str:
        """The option of a command for its folder, such as " --data data/mnist", or nothing.

        Args:
            name: of the data set, which a folder that is not downloaded has.
        """
        return f" --data data/{self.download or name}" if self.needs_folder else ""


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
        "the recordings show real people and are for research; ask their authors before you "
        "distribute them",
        splits=weizmann.WEIZMANN_SPLITS,
        download="weizmann",
        judge_epochs=8,
        judge_apart=True,
        judge_stranger="newcomer",
    ),
    "lpc": DataSet(
        lpc.load,
        "the Liberated Pixel Cup sheets that the clips are composed of are under "
        "CC-BY-SA 3.0 / GPL 3.0",
        splits=lpc.LPC_SPLITS,
        download="lpc",
        judge_splits=None,
    ),
    "folder": DataSet(
        folder.load, "the clips are the user's own", own=True, overview=folder.overview
    ),
}
