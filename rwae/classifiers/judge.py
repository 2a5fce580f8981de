"""The judge: a small supervised classifier that names every factor of a clip.

The evaluation asks it whether a swapped or drawn clip shows the wanted factors. It is trained on
real clips and their labels alone, never on a model's clips; `python -m rwae.evaluation.judges`
trains it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rwae.classifiers.ghosts import GhostDetector
from rwae.classifiers.layers import conv_block
from rwae.codes import Factor
from rwae.errors import CheckpointError, ConfigError
from rwae.files.checkpoint import CONFIG_FILE, WEIGHTS_FILE, atomic, read_weights
from rwae.files.jsonfile import read_object
from rwae.files.tensors import pack
from rwae.models.networks.layers import channels_last

Network = TypeVar("Network", bound=nn.Module)
WIDTHS = (24, 48, 64)
CLIP_FEATURES = 128
TRAINED_BY = "python -m rwae.evaluation.judges"
CLIPS_AT_ONCE = 16  # that are rendered or judged: a compromise of speed and memory
# What a judge that sees ghosts says of a clip beside its factors; the page knows the name too.
FILMED = Factor("frames", ("one pose", "two poses or loose pieces"), False)


def _frame_features(channels: int) -> nn.Sequential:
    """Local features of frames: (N, channels, H, W) -> (N, C, H / 8, W / 8)."""
    first, second, third = WIDTHS
    return nn.Sequential(
        conv_block(channels, first, 5, 2),
        conv_block(first, second, 3, 2),
        conv_block(second, third, 3, 2),
    )


def _frame_summary() -> nn.Sequential:
    """A layer on means on a 4 x 4 grid and the maximum: (N, 17 C) -> (N, CLIP_FEATURES)."""
    return nn.Sequential(nn.Linear(17 * WIDTHS[-1], CLIP_FEATURES), nn.ReLU(inplace=True))


def _time_features() -> nn.Sequential:
    """A convolution over three frames in a row: (B, CLIP_FEATURES, T), without change of shape."""
    return nn.Sequential(
        nn.Conv1d(CLIP_FEATURES, CLIP_FEATURES, 3, padding=1), nn.ReLU(inplace=True)
    )


class Judge(nn.Module):
    """A classifier with one head for each factor of a data set: a `JointJudge` or an `ApartJudge`.

    Convolutions read every frame alone, a temporal convolution reads three frames in a row, and a
    mean and a maximum over time pool the whole clip, so that clips of any length can be judged.

    The names of the layers are the keys of the weights in files, so they do not change.

    Attributes:
        factors: what the heads name, in the order of the heads.
        apart: whether static and dynamic factors have separate networks.
        ghosts: says whether a camera could have filmed a frame; None in a judge that cannot say.
    """

    apart: ClassVar[bool]
    ghosts: GhostDetector | None
    frame: nn.Sequential
    mix: nn.Sequential
    time: nn.Sequential
    heads: nn.ModuleList

    def __init__(self, factors: tuple[Factor, ...]) -> None:
        super().__init__()
        self.factors = factors
        self.ghosts = None

    @property
    def answered(self) -> tuple[Factor, ...]:
        """What `probabilities` answers: the factors, and `FILMED` if the judge sees ghosts."""
        return self.factors if self.ghosts is None else (*self.factors, FILMED)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The logits of every factor, each with shape (B, K), for clips (B, T, 3, H, W)."""
        raise NotImplementedError

    def _clip_features(self, x: Tensor) -> Tensor:
        """Features over space and time of clips (B, T, C, H, W): (B, 2 * CLIP_FEATURES)."""
        frames = x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        local = self.frame(frames)
        # The means on a grid say where something is, the maximum that it is anywhere.
        grid = F.adaptive_avg_pool2d(local, 4)
        seen = self.mix(torch.cat([grid.flatten(1), local.amax((2, 3))], 1))
        seen = self.time(seen.unflatten(0, x.shape[:2]).transpose(1, 2))
        return torch.cat([seen.mean(-1), seen.amax(-1)], -1)

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> list[Tensor]:
        """p(value | clip) of every factor, each with shape (B, K), in double precision on the CPU.

        A judge that sees ghosts has one answer more, to `FILMED`: whether a camera could have
        filmed the clip, or it is a ghost, by the mean logit over its frames.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W), on any device.
        """
        x = x.to(next(self.parameters()).device)
        answers = [logits.cpu().double().softmax(-1) for logits in self(x)]
        if self.ghosts is not None:
            ghost = self.ghosts.of_clips(x).cpu().double().sigmoid()
            answers.append(torch.stack([1 - ghost, ghost], 1))
        return answers

    def folded(self) -> Judge:
        """A copy with the batch norms folded into the convolutions, which is twice as fast."""
        return fold_batch_norms(copy.deepcopy(self))

    def save(self, folder: Path) -> None:
        """Writes `config.json` (the factors) and `model.safetensors` to a folder."""
        factors = [{"name": f.name, "values": f.values, "static": f.static} for f in self.factors]
        config: dict[str, Any] = {"factors": factors}
        if self.apart:
            config["apart"] = True
        if self.ghosts is not None:
            config["ghosts"] = True
        with atomic(folder / WEIGHTS_FILE) as path:
            path.write_bytes(pack(self.state_dict()))
        with atomic(folder / CONFIG_FILE) as path:
            path.write_text(json.dumps(config, indent=2) + "\n")

    @staticmethod
    def load(folder: Path) -> Judge:
        """Reads a trained judge, folded.

        Raises:
            CheckpointError: if a file is missing, unreadable, or does not fit the other.
            ConfigError: if `config.json` is not the description of a judge.
        """
        try:
            config = read_object(folder / CONFIG_FILE)
        except ValueError as error:
            raise ConfigError(
                f"The file {folder / CONFIG_FILE} describes no judge ({error}): use the file that "
                "was saved with its weights."
            ) from error
        except OSError as error:
            raise CheckpointError(
                f"The folder {folder} holds no readable judge ({error.strerror}): train one with "
                f"{TRAINED_BY}."
            ) from error
        judge = make_judge(_factors(config), bool(config.get("apart")), bool(config.get("ghosts")))
        return load_folded(judge, folder)


class JointJudge(Judge):
    """A judge with one network, whose features all heads read."""

    apart = False

    def __init__(self, factors: tuple[Factor, ...]) -> None:
        super().__init__(factors)
        self.frame = _frame_features(3)
        self.mix = _frame_summary()
        self.time = _time_features()
        self.heads = nn.ModuleList(nn.Linear(2 * CLIP_FEATURES, len(f.values)) for f in factors)
        channels_last(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = self._clip_features(x)
        return [head(features) for head in self.heads]


class ApartJudge(Judge):
    """A judge with separate networks for static and dynamic factors.

    It is for data sets with few combinations of the two, which a single network would learn by
    heart. The static network pools local features by a mean and a maximum over the frame and then
    a mean over the frames, so it cannot use where and when they are. The dynamic network reads
    grey frames less their mean over time, scaled to unit variance in each clip, so it sees neither
    colours nor anything that stands still.
    """

    apart = True

    def __init__(self, factors: tuple[Factor, ...]) -> None:
        super().__init__(factors)
        self.who, self.frame = _frame_features(3), _frame_features(1)
        self.bag = nn.Sequential(nn.Linear(2 * WIDTHS[-1], CLIP_FEATURES), nn.ReLU(inplace=True))
        self.mix = _frame_summary()
        self.time = _time_features()
        self.heads = nn.ModuleList(
            nn.Linear(CLIP_FEATURES if f.static else 2 * CLIP_FEATURES, len(f.values))
            for f in factors
        )
        channels_last(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        frames = x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        local = self.who(frames).flatten(2)
        seen = torch.cat([local.mean(-1), local.amax(-1)], -1)
        who = self.bag(seen.unflatten(0, x.shape[:2]).mean(1))

        grey = x.mean(2, keepdim=True)
        change = grey - grey.mean(1, keepdim=True)
        # The constant limits the noise that is amplified in a clip in which nothing moves.
        change = change / (change.std((1, 2, 3, 4), keepdim=True) + 0.02)
        how = self._clip_features(change)
        return [
            head(who if factor.static else how)
            for head, factor in zip(self.heads, self.factors, strict=True)
        ]


def fold_batch_norms(judge: Network) -> Network:
    """Folds each batch norm into the convolution before it, in place, for evaluation alone."""
    judge.eval().requires_grad_(False)
    for part in judge.modules():
        if not isinstance(part, nn.Sequential) or len(part) < 2:
            continue
        first, second = part[0], part[1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            part[0], part[1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return judge


def load_folded(judge: Network, folder: Path, command: str = TRAINED_BY) -> Network:
    """Reads the weights of a judge, and folds it.

    Args:
        judge: with any weights; it gets those of the folder.
        folder: of the trained judge.
        command: that trains one.

    Raises:
        CheckpointError: if the file is missing or unreadable, or of another judge.
    """
    try:
        judge.load_state_dict(read_weights(folder, judge.state_dict()))
    except CheckpointError as error:
        raise CheckpointError(
            f"The folder {folder} holds no readable judge: train one with {command}. {error}"
        ) from error
    return fold_batch_norms(judge)


def make_judge(factors: tuple[Factor, ...], apart: bool = False, ghosts: bool = False) -> Judge:
    """A judge with random weights, `ApartJudge` or `JointJudge`; with `ghosts` it sees them."""
    judge = ApartJudge(factors) if apart else JointJudge(factors)
    if ghosts:
        judge.ghosts = GhostDetector()
        channels_last(judge.ghosts)
    return judge


def join_answers(parts: Iterable[list[Tensor]]) -> list[Tensor]:
    """Puts the answers to several batches together, factor by factor."""
    return [torch.cat(answers) for answers in zip(*parts, strict=True)]


def _factors(config: Any) -> tuple[Factor, ...]:
    """Reads the factors out of the JSON value that `Judge.save` wrote."""
    try:
        return tuple(
            Factor(str(f["name"]), tuple(map(str, f["values"])), bool(f["static"]))
            for f in config["factors"]
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            "The judge's config.json lists no factors with name, values and static: "
            "use the file that was saved with its weights."
        ) from error
