"""TIMIT (Garofolo et al., 1993): read sentences of 630 speakers at 16 kHz, licensed by the LDC.

It cannot be handed on: name the folder that holds TRAIN/ and TEST/, in either case of letters, as
`TRAIN/DR1/FCJF0/SX127.WAV`. Both the SPHERE files of the disc and WAV copies of them are read.

As usual the two sentences SA1 and SA2 that everybody reads are left out, the 24 speakers of the
core test set are "test", and "validation" is every seventh of the other speakers in TEST/. All
speakers of TRAIN/ train, so no speaker is in two splits: the measure is the equal error rate of
speaker verification (`rwae.evaluation.scores.verification`), not a classifier's answer. A
sentence is cut into clips of 0.64 s; see `rwae.data.speech`.
"""

from __future__ import annotations

from pathlib import Path

import torch

from rwae.data import speech
from rwae.data.clips import Clips
from rwae.data.sound import read_sound
from rwae.errors import DataError
from rwae.factors import Factor

SPLITS = ("train", "validation", "test")
_CORE = (  # by dialect region, two men and a woman of each
    "mdab0 mwbt0 felc0 mtas1 mwew0 fpas0 mjmp0 mlnt0 fpkt0 mlll0 mtls0 fjlm0 "
    "mbpm0 mklt0 fnlp0 mcmj0 mjdh0 fmgd0 mgrt0 mnjm0 fdhc0 mjln0 mpam0 fmld0"
)
CORE = frozenset(_CORE.split())
EVERY = 7  # of the other test speakers, for validation: 21 of 144


def _sentences(folder: Path) -> list[tuple[str, str, str, Path]]:
    """Part, speaker, sentence and file of each recording, in this order of sorting."""
    found = []
    for path in folder.rglob("*"):
        parts = [part.lower() for part in path.parts]
        if len(parts) < 4 or not parts[-1].endswith(".wav") or parts[-4] not in ("train", "test"):
            continue
        sentence = parts[-1].split(".")[0]
        if not sentence.startswith("sa"):
            found.append((parts[-4], parts[-2], sentence, path))
    # Copies of the disc may hold both SX127.WAV and SX127.WAV.wav: one of them is enough.
    return sorted({entry[:3]: entry for entry in sorted(found)}.values())


def speakers_of(split: str, speakers: dict[str, set[str]]) -> set[str]:
    """The speakers of a split, of those in the folders "train" and "test"."""
    if split == "train":
        return speakers["train"] - speakers["test"]
    if split == "test":
        return speakers["test"] & CORE
    return set(sorted(speakers["test"] - CORE)[::EVERY])


def load(folder: Path, split: str) -> Clips:
    """Reads the sentences of a split's speakers.

    The factors are the speaker (static) and the sentence (dynamic); together they name the
    recording that a clip was cut from.

    Args:
        folder: of the corpus, at any depth above TRAIN/ and TEST/.
        split: "train", "validation" or "test".

    Raises:
        DataError: if no recording is there, one is broken, or the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"TIMIT has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    sentences = _sentences(folder)
    names = sorted({speaker for _, speaker, _, _ in sentences})
    texts = sorted({sentence for _, _, sentence, _ in sentences})
    parts = {p: {s for part, s, _, _ in sentences if part == p} for p in ("train", "test")}
    chosen = speakers_of(split, parts)
    frames, labels = [], []
    for _, speaker, sentence, path in sentences:
        if speaker in chosen:
            frames.append(speech.clips(*read_sound(path.read_bytes(), str(path))))
            label = names.index(speaker), texts.index(sentence)
            labels += [label] * len(frames[-1])
    if not frames:
        raise DataError(
            f"The folder {folder} holds no recording of the split {split} such as "
            "TRAIN/DR1/FCJF0/SX127.WAV: name the folder of the licensed TIMIT corpus."
        )
    factors = Factor("speaker", tuple(names), True), Factor("sentence", tuple(texts), False)
    return Clips(speech.grey(frames), torch.tensor(labels), factors)
