"""The file that `kernel.c` runs: a header, weights, and four programs of steps.

Numbers are words of four bytes. A place is counted in words from the start of the file; places
beyond its end are memory that the kernel works with.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.errors import ConfigError
from rwae.models.objects.boxes import PositionScale

KERNEL = Path(__file__).with_name("kernel.wasm")
MAX_FRAMES = 64  # of a clip
MAX_MEMORY_BYTES = 2**27  # of a file and the memory beyond it, which a browser has to give

# As in kernel.c.
_MAGIC, _VERSION = 0x45415752, 2
_HEADER_WORDS = 24
_PANEL = 8  # columns of weights that lie side by side
PIXEL = 4  # numbers of a pixel: red, green, blue and one that is not used
_KERNEL_POINTS, _POINTS, _TILE = 9, 16, 2  # of Winograd's F(2 x 2, 3 x 3)


_STEP = struct.Struct("<8i")


class Operation(IntEnum):
    """What a step does: a place in the table `operations` of kernel.c."""

    TRANSFORM_KERNELS = 0
    LINEAR = 1
    CONVOLUTION = 2
    FILM = 3
    LEAKY_RELU = 4
    SIGMOID = 5
    SOFTMAX = 6
    LSTM_MEAN = 7
    PASTE = 8
    TO_BYTES = 9
    FROM_BYTES = 10
    GREY = 11
    PATCHES = 12
    CLEAR = 13
    POOL = 14
    AVERAGE = 15
    KEEP = 16
    UNROLL = 17


@dataclass(frozen=True)
class Place:
    """Where numbers lie: words from the start of the file, or of the memory beyond it."""

    word: int
    beyond: bool = False

    def after(self, words: int) -> Place:
        """The place some words later."""
        return Place(self.word + words, self.beyond)


NOWHERE = Place(0)


@dataclass(frozen=True)
class Step:
    """A step of a program, as the structure of this name in kernel.c."""

    operation: Operation
    rows: int
    inputs: int
    outputs: int
    source: Place
    target: Place
    weights: Place = NOWHERE
    bias: Place = NOWHERE


@dataclass(frozen=True)
class Layer:
    """A linear layer or a convolution, which several steps may apply."""

    inputs: int
    outputs: int
    weights: Place
    bias: Place


Program = list[Step]


class ModelFile:
    """A file while it is written.

    Attributes:
        for_model: what runs once, when the model is opened.
        for_clip: what runs for each clip.
        for_frame: what runs for each frame.
        for_codes: what an encoder runs after the last frame.
        static: where z_c is written.
        dynamic: where z_1:T is written.
        dynamic_size: numbers in one z_t.
        code: where the z_t of the frame is found that is being drawn.
    """

    def __init__(self, static_size: int, dynamic_size: int) -> None:
        self.for_model: Program = []
        self.for_clip: Program = []
        self.for_frame: Program = []
        self.for_codes: Program = []
        self._weights: list[bytes] = []
        self._words = _HEADER_WORDS
        self._memory = self._scratch = 0
        self.dynamic_size = dynamic_size
        self.static = self.memory(padded(static_size))
        self.dynamic = self.memory(MAX_FRAMES * dynamic_size)
        self.code = self.memory(dynamic_size)

    def weights(self, values: Tensor) -> Place:
        """Puts numbers into the file, as float32."""
        flat = values.float().cpu().flatten().numpy()
        place = Place(self._words)
        flat = np.pad(flat, (0, -len(flat) % 4))  # the next begin at a multiple of 16 bytes
        self._weights.append(flat.astype("<f4").tobytes())
        self._words += len(flat)
        return place

    def memory(self, words: int) -> Place:
        """Reserves memory."""
        place = Place(self._memory, beyond=True)
        self._memory += -(-words // 4) * 4
        return place

    def scratch(self, words: int) -> None:
        """Makes sure that a step finds that much memory for itself alone."""
        self._scratch = max(self._scratch, words)

    def linear(self, weight: Tensor, bias: Tensor | Place) -> Layer:
        """A layer with weights (outputs, inputs).

        Args:
            weight: the outputs are a multiple of eight.
            bias: with shape (outputs), or where a step has put it.
        """
        outputs, inputs = weight.shape
        place = bias if isinstance(bias, Place) else self.weights(bias)
        return Layer(inputs, outputs, self.weights(in_panels(weight)), place)

    def convolution(self, weight: Tensor, bias: Tensor) -> Layer:
        """A layer with kernels (outputs, inputs, 3, 3) and a bias (outputs).

        Inputs and outputs are multiples of eight. The outputs are four groups of channels, for
        the pixels (0, 0), (0, 1), (1, 0) and (1, 1) of each square that the pixel shuffle fills.
        """
        outputs, inputs = weight.shape[:2]
        planes = self.weights(in_panels(weight.flatten(2).movedim(-1, 0)))
        transformed = self.memory(_POINTS * outputs * inputs)
        sizes = _KERNEL_POINTS, inputs, outputs
        self.for_model.append(Step(Operation.TRANSFORM_KERNELS, *sizes, planes, transformed))
        return Layer(inputs, outputs, transformed, self.weights(bias))

    def apply_linear(
        self,
        program: Program,
        layer: Layer,
        source: Place,
        rows: int = 1,
        target: Place | None = None,
    ) -> Place:
        """Adds a step for a linear layer.

        Returns:
            Where its outputs (rows, outputs) will be: at `target`, if that is given.
        """
        target = target or self.memory(rows * layer.outputs)
        sizes = rows, layer.inputs, layer.outputs
        places = source, target, layer.weights, layer.bias
        program.append(Step(Operation.LINEAR, *sizes, *places))
        return target

    def apply_convolution(
        self, program: Program, layer: Layer, source: Place, side: int, target: Place | None = None
    ) -> Place:
        """Adds a step for a convolution of a map (side, side, inputs) and its pixel shuffle.

        Returns:
            Where the map (2 side, 2 side, outputs / 4) will be: at `target`, if that is given.
        """
        target = target or self.memory(side**2 * layer.outputs)
        tiles = (-(-side // _TILE)) ** 2
        self.scratch(_POINTS * tiles * (layer.inputs + layer.outputs))
        sizes = side, layer.inputs, layer.outputs
        places = source, target, layer.weights, layer.bias
        program.append(Step(Operation.CONVOLUTION, *sizes, *places))
        return target

    def add(self, program: Program, operation: Operation, *sizes_and_places: int | Place) -> None:
        """Adds a step; the arguments are those of `Step`."""
        program.append(Step(operation, *sizes_and_places))  # type: ignore[arg-type]

    def apply(
        self,
        program: Program,
        operation: Operation,
        values: Place,
        shape: tuple[int, int],
        film: tuple[Place, Place] = (NOWHERE, NOWHERE),
    ) -> None:
        """Adds a step that changes values where they are.

        Args:
            program: that the step is added to.
            operation: one that has no other place.
            values: where they are.
            shape: rows and columns; a multiple of four numbers.
            film: where scale and shift of each column are.
        """
        rows, columns = shape
        program.append(Step(operation, rows, columns, columns, values, values, *film))

    def apply_lstm(self, program: Program, inputs: Tensor, states: Tensor, bias: Tensor) -> Place:
        """Adds an LSTM over the dynamic codes of a clip; returns where the mean state (H) will be.

        Args:
            program: that the step is added to.
            inputs: weights of the inputs, with shape (4 H, D_m); the gates are in torch's order.
            states: weights of the states, with shape (4 H, H).
            bias: with shape (4 H).
        """
        size = states.shape[1]
        mean = self.memory(size)
        self.scratch(6 * size)  # gates, cell and state
        weights = torch.cat([in_panels(part).flatten() for part in (inputs, states)])
        places = self.dynamic, mean, self.weights(weights), self.weights(bias)
        program.append(Step(Operation.LSTM_MEAN, MAX_FRAMES, inputs.shape[1], size, *places))
        return mean

    def apply_paste(self, sprites: Place, objects: int, edge: int, scale: PositionScale) -> Place:
        """Adds a step that pastes sprites into a frame; returns where it will be.

        Args:
            sprites: where they are, with shape (objects, edge, edge, 4).
            objects: how many.
            edge: height and width of a sprite; those of the frame are twice as large.
            scale: turns a z_t into positions.
        """
        frame = self.memory((2 * edge) ** 2 * PIXEL)
        positions = self.weights(torch.tensor([scale.unit, scale.middle]))
        sizes = objects, edge, 2 * edge
        self.for_frame.append(Step(Operation.PASTE, *sizes, sprites, frame, positions))
        return frame

    def show(self, pixels: Place, side: int) -> None:
        """Adds the last step of a frame: values (side, side, 4) in [0, 1] become bytes."""
        self.for_frame.append(Step(Operation.TO_BYTES, side, PIXEL, PIXEL, pixels, NOWHERE))

    def finish(self, frame_size: int, top: int, left: int) -> bytes:
        """Ends the file.

        Args:
            frame_size: height and width of a picture.
            top: first row of the decoded square in it.
            left: first column of that square.

        Raises:
            ConfigError: if the model takes more memory than `MAX_MEMORY_BYTES`.
        """
        scratch, picture = self.memory(self._scratch), self.memory(frame_size**2)
        programs = self.for_model, self.for_clip, self.for_frame, self.for_codes
        starts = [self._words]
        for program in programs:
            starts.append(starts[-1] + len(program) * _STEP.size // 4)
        end = starts.pop()
        size = end + self._memory
        if 4 * size > MAX_MEMORY_BYTES:
            raise ConfigError(
                f"The model takes {4 * size / 2**20:.0f} MB of memory, and a browser is asked "
                f"for {MAX_MEMORY_BYTES / 2**20:.0f} MB at the most: the server decodes."
            )

        def word(place: Place) -> int:
            return place.word + end * place.beyond

        ranges = [(start, len(program)) for start, program in zip(starts, programs, strict=True)]
        checked = struct.pack(
            "<21i",
            size,
            *itertools.chain(*ranges),
            *(word(self.static), word(self.dynamic), self.dynamic_size, word(self.code)),
            *(word(scratch), word(picture), frame_size, top, left),
            *(0, 0, 0),
        )
        checked += b"".join(self._weights)
        for step in itertools.chain(*programs):
            places = (step.source, step.target, step.weights, step.bias)
            sizes = (step.operation, step.rows, step.inputs, step.outputs)
            checked += _STEP.pack(*sizes, *map(word, places))
        return struct.pack("<2iI", _MAGIC, _VERSION, zlib.adler32(checked)) + checked


def in_panels(weight: Tensor) -> Tensor:
    """Weights (..., outputs, inputs) as (..., outputs / 8, inputs, 8)."""
    panels: Tensor = weight.unflatten(-2, (-1, _PANEL)).transpose(-1, -2)
    return panels


def padded(channels: int) -> int:
    """The next multiple of eight."""
    return -(-channels // _PANEL) * _PANEL
