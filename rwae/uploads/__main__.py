"""Learns a character from clips, and lets it move as in another clip.

    python -m rwae.uploads learn front.gif left.gif right.gif --out hero.safetensors
    python -m rwae.uploads draw hero.safetensors --motion slash.gif --out hero.gif

The clips show one character: one clip for each direction, or a sprite sheet, which may lack
actions. The file holds the numbers of the decoder that changed and the codes of the clips, and no
picture. It opens with the same model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from rwae.errors import CheckpointError, ClipError, RWAEError
from rwae.files import checkpoint, installation, video
from rwae.models.base import CodeModel
from rwae.models.registry import load
from rwae.uploads.adapt import Progress, adapt
from rwae.uploads.gathering import Gathered, gather
from rwae.uploads.learned import open_learned, pack_learned_copy
from rwae.uploads.prepare import Prepared, prepare

DEFAULT_SOURCE = installation.checkpoints() / "sprites"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.uploads",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    learn = commands.add_parser("learn", help="learn a character from clips")
    learn.add_argument("clips", nargs="+", type=Path, help="videos, GIFs or image strips")
    learn.add_argument("--out", type=Path, required=True, help="file.safetensors to write")
    draw = commands.add_parser("draw", help="draw a learned character")
    draw.add_argument("character", type=Path, help="file that `learn` or the page has saved")
    draw.add_argument("--motion", type=Path, help="clip that it moves like; its own by default")
    draw.add_argument("--out", type=Path, required=True, help="clip to write: .gif, .webm, .mp4")
    for command in (learn, draw):
        command.add_argument("--model", default=DEFAULT_SOURCE, help="folder or Hub id")
    options = parser.parse_args(arguments)
    try:
        if options.command == "learn":
            _learn(options.clips, options.model, options.out)
        else:
            _draw(options.character, options.motion, options.model, options.out)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The file {options.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _learn(clips: list[Path], source: str | Path, out: Path) -> None:
    if out.suffix != ".safetensors":
        raise CheckpointError(f"The file {out} needs a name that ends with .safetensors.")
    model = load(source)
    gathered = [_gather(path, model) for path in clips]
    x = torch.cat([one.x for one in gathered])
    drafts = torch.cat([one.drafts for one in gathered])
    learned = adapt(model, x, drafts=drafts, progress=_report)
    before, after = float(learned.before.error.mean()), float(learned.after.error.mean())
    with checkpoint.atomic(out) as path:
        path.write_bytes(pack_learned_copy(model, learned.model, learned.codes, Path(source).name))
    print(f"{out}: squared error of a frame {before:.1f} before, {after:.1f} after.")


def _report(progress: Progress) -> bool:
    print(f"step {progress.step}: error {progress.error:.1f}", file=sys.stderr)
    return True


def _draw(character: Path, motion: Path | None, source: str | Path, out: Path) -> None:
    model = load(source)
    copy, codes = open_learned(character, model)
    codes = codes[:1]
    if motion is not None:
        codes = model.encode(_read(motion, model)[None]).with_static(codes.static)
    video.write_clip(out, copy.decode(codes)[0])


def _read(path: Path, model: CodeModel) -> Tensor:
    """A clip as the model expects it."""
    try:
        prepared = prepare(video.read_footage(path), model)
    except ClipError as error:
        raise ClipError(f"{path}: {error}") from error
    _tell_steps(path, prepared)
    return prepared.x


def _gather(path: Path, model: CodeModel) -> Gathered:
    """All that a file shows of a character."""
    try:
        gathered = gather(video.read_footage(path), model)
    except ClipError as error:
        raise ClipError(f"{path}: {error}") from error
    _tell_steps(path, gathered.prepared)
    if count := len(gathered.drafts):
        text = f"{count} rows that the sheet lacks are learned as the sheet decoder draws them."
        print(f"{path}: {text}", file=sys.stderr)
    return gathered


def _tell_steps(path: Path, prepared: Prepared) -> None:
    for step in prepared.steps:
        print(f"{path}: {step.text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
