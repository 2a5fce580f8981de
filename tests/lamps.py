"""A world small enough to fit in seconds: a lamp is red or blue, and stands left or right.

The colour says who and the side how it moves. One model keeps them apart, the other takes the
colour from the dynamic codes, so that it leaks; a judge tells both factors.
"""

import dataclasses
import functools
import json
import shutil
from pathlib import Path

import torch
from conftest import ROOT, TINY
from torch import Tensor
from torch.nn import functional as F

from rwae import Codes
from rwae.classifiers import Judge
from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.evaluation.judges.training import fit_factor_judge
from rwae.files import checkpoint
from rwae.models import registry
from rwae.models.base import CodeModel

NAME = "lamps"
FACTORS = (Factor("colour", ("red", "blue"), True), Factor("side", ("left", "right"), False))
STEPS = 240


def shine(blue: Tensor, right: Tensor) -> Tensor:
    """Frames (N, 3, 32, 32) of lamps, of which N booleans say the colour and the side."""
    frames = torch.zeros(len(blue), 3, 32, 32)
    for n, (colour, side) in enumerate(zip(blue.tolist(), right.tolist(), strict=True)):
        left = 16 if side else 4
        frames[n, 2 * colour, 6:26, left : left + 8] = 0.9
    return frames


def make_judge(folder: Path) -> None:
    """Saves a judge that was trained on lamps."""
    trained_judge().save(folder)


@functools.cache
def trained_judge() -> Judge:
    """A judge of lamps; it is trained once in a process."""
    labels = torch.cartesian_prod(torch.arange(2), torch.arange(2)).repeat(16, 1)
    frames = shine(*labels.bool().T)[:, None].expand(-1, 4, -1, -1, -1)
    clips = Clips((255 * frames).to(torch.uint8), labels, FACTORS)
    return fit_factor_judge(clips, 32, seed=0)


def make_model(folder: Path, leaks: bool) -> Path:
    """Saves a model of lamps with its gallery and its data set."""
    model, codes = trained_model(leaks)
    model.save_pretrained(folder)
    checkpoint.write_gallery(folder, codes)
    (folder / checkpoint.SETTINGS_FILE).write_text(json.dumps({"dataset": NAME}))
    return folder


@functools.cache
def trained_model(leaks: bool) -> tuple[CodeModel, Codes]:
    """Fits a decoder that shows the side in z_t and the colour in z_c, or in z_t if it leaks.

    The model has no encoder, so that its examples are exactly the codes of its gallery.
    """
    torch.manual_seed(0)
    model = registry.build_model(dataclasses.replace(TINY, family="mocogan"))
    optimizer = torch.optim.Adam(model.decoder.parameters(), lr=0.02)
    for _ in range(STEPS):
        static, dynamic = torch.randn(32, TINY.static_size), torch.randn(32, 1, TINY.dynamic_size)
        side = dynamic[:, 0, 0] > 0
        wanted = shine(side if leaks else static[:, 0] > 0, side)[:, None]
        optimizer.zero_grad()
        F.mse_loss(model.decoder(static, dynamic), model.crop(wanted)).backward()
        optimizer.step()
    return model.eval(), gallery()


def gallery() -> Codes:
    """Codes that are clear: no number is close to zero, and the motion is one all along."""
    static, dynamic = torch.randn(24, TINY.static_size), torch.randn(24, 1, TINY.dynamic_size)
    static, dynamic = (z.sign() * (0.8 + 0.4 * z.abs()) for z in (static, dynamic))
    return Codes(static, dynamic.expand(-1, TINY.frames, -1).contiguous())


def project(root: Path) -> Path:
    """A copy of the app with a judge of lamps."""
    shutil.copytree(ROOT / "rwae", root / "rwae", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", root)
    make_judge(root / "checkpoints" / "judges" / NAME)
    return root
