"""Characters of the Liberated Pixel Cup, drawn from layers in any combination, in 21 actions.

A sheet of `rwae.files.sheet_layout` shows one layer alone: a body, a garment, hair. Layers that
lie on each other make a character. Millions of combinations are possible, so clips are drawn when
they are asked for. The sheets come from the Universal LPC Spritesheet; DATA.md says where and
under which licences.

The splits share no shape: a shape of the test, such as one way to wear the hair, is in no training
clip, in no colour and on no body. "combinations" has new characters of the shapes in training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.data.clips import require_split
from rwae.data.sprites import read_sheet_picture
from rwae.errors import DataError
from rwae.files.sheet_layout import (
    CELL_SIDE,
    CLIP_FRAMES,
    ROWS,
    SHEET_COLUMNS,
    SHEET_ROWS,
    pack_pixels,
    split_cells,
    unpack_pixels,
)

LPC_SPLITS = ("train", "validation", "test", "combinations")
SEXES = ("female", "male")
# Kinds of layers, from the lowest to the one on top.
KINDS = (
    *("behind", "body", "eyes", "nose", "ears", "feet", "legs", "torso", "over", "belt"),
    *("arms", "hands", "neck", "facial", "hair", "head"),
)
# The shapes that no training character wears, by split and kind.
HELD_OUT: Mapping[str, Mapping[str, frozenset[str]]] = {
    "validation": {
        "hair": frozenset({"messy1", "page", "pixie"}),
        "torso": frozenset({"pirate shirt"}),
        "head": frozenset({"chain hat"}),
        "feet": frozenset({"slippers"}),
    },
    "test": {
        "hair": frozenset({"bedhead", "bunches", "jewfro", "ponytail2", "shorthawk", "xlong"}),
        "torso": frozenset({"tunic", "leather chest"}),
        "legs": frozenset({"greaves"}),
        "feet": frozenset({"longboots"}),
        "over": frozenset({"corset"}),
        "head": frozenset({"golden helm", "cloth hood"}),
        "facial": frozenset({"bigstache"}),
        "body": frozenset({"skeleton"}),
    },
}
# Which kind of layer a file holds, what it is, for whom and in which colour. Two files of one
# shape differ in their colours alone. Files that no rule matches are left out: weapons, and
# garments whose sheets lack some actions.
_SEX = "(?P<sex>female|male)"
_RULES: tuple[tuple[str, str, str], ...] = (
    (rf"body/{_SEX}/(?P<colour>skeleton)", "body", "skeleton"),
    (rf"body/{_SEX}/(?P<colour>\w+)", "body", "human"),
    (rf"body/{_SEX}/eyes/(?P<colour>[a-z]+)", "eyes", "eyes"),
    (rf"body/{_SEX}/(?P<kind>nose|ears)/(?P<shape>[a-z]+)_(?P<colour>\w+)", "", ""),
    (rf"feet/armor/{_SEX}/(?P<colour>\w+)_boots_\w+", "feet", "plate boots"),
    (rf"feet/boots/{_SEX}/(?P<colour>\w+)_longboots_\w+", "feet", "longboots"),
    (rf"feet/shoes/{_SEX}/(?P<colour>\w+)_shoes_\w+", "feet", "shoes"),
    (rf"feet/slippers_{_SEX}/(?P<colour>\w+)", "feet", "slippers"),
    (rf"legs/armor/{_SEX}/(?P<colour>golden|metal)_\w+", "legs", "greaves"),
    (rf"legs/pants/{_SEX}/(?P<colour>\w+)_pants_\w+", "legs", "trousers"),
    (rf"torso/(?P<colour>gold|plate)/chest_{_SEX}", "torso", "plate chest"),
    (rf"torso/(?P<colour>leather)/chest_{_SEX}", "torso", "leather chest"),
    (rf"torso/shirts/longsleeve/{_SEX}/(?P<colour>\w+)_longsleeve", "torso", "long sleeves"),
    (rf"torso/shirts/sleeveless/{_SEX}/(?P<colour>\w+)_pirate", "torso", "pirate shirt"),
    (rf"torso/shirts/sleeveless/{_SEX}/(?P<colour>\w+)_sleeveless", "torso", "sleeveless shirt"),
    (rf"torso/tunics/{_SEX}/(?P<colour>\w+)_tunic", "torso", "tunic"),
    (rf"torso/dress_{_SEX}/tightdress_(?P<colour>\w+)", "torso", "tight dress"),
    (rf"torso/dress_{_SEX}/(?P<colour>underdress)", "torso", "underdress"),
    (rf"torso/dress_{_SEX}/(?P<colour>blue)_vest", "over", "vest"),
    (rf"torso/dress_{_SEX}/(?P<colour>overskirt)", "over", "overskirt"),
    (rf"torso/chain/tabard/(?P<colour>jacket)_{_SEX}", "over", "tabard"),
    (rf"torso/corset_{_SEX}/corset_(?P<colour>\w+)", "over", "corset"),
    (rf"torso/back/cape/(?P<shape>\w+)/{_SEX}/[a-z]*cape_(?P<colour>\w+)", "over", "cape"),
    (rf"behind_body/cape/(?P<shape>\w+)/{_SEX}/[a-z]*cape_(?P<colour>\w+)", "behind", "cape"),
    (rf"belt/cloth/{_SEX}/(?P<colour>\w+)_cloth_\w+", "belt", "cloth belt"),
    (rf"belt/(?P<colour>leather)/{_SEX}/\w+", "belt", "leather belt"),
    (rf"torso/(?P<colour>gold|plate)/arms_{_SEX}", "arms", "plate arms"),
    (rf"torso/(?P<colour>gold)/spikes_{_SEX}", "arms", "spikes"),
    (rf"torso/(?P<colour>leather)/shoulders_{_SEX}", "arms", "leather shoulders"),
    (rf"hands/bracers/{_SEX}/(?P<colour>\w+_)?(?P<shape>bracers|bandages)\w*", "hands", ""),
    (rf"hands/gloves/{_SEX}/(?P<colour>\w+)_gloves_\w+", "hands", "plate gloves"),
    (r"hands/bracelets/(?P<colour>bracelet)", "hands", "bracelet"),
    (rf"accessories/neck/(?P<shape>\w+)/{_SEX}/[a-z]+_(?P<colour>\w+)", "neck", ""),
    (rf"facial/{_SEX}/(?P<shape>\w+)/(?P<colour>\w+)", "facial", ""),
    (rf"hair/{_SEX}/(?P<shape>\w+)/(?P<colour>\w+)", "hair", ""),
    (rf"head/bandanas/{_SEX}/(?P<colour>\w+)", "head", "bandana"),
    (rf"head/caps/{_SEX}/(?P<colour>leather)_cap\w*", "head", "leather cap"),
    (rf"head/helms/{_SEX}/(?P<colour>chain)hat\w*", "head", "chain hat"),
    (rf"head/helms/{_SEX}/(?P<colour>golden|metal)_helm\w*", "head", "{colour} helm"),
    (rf"head/hoods/{_SEX}/(?P<colour>chain|cloth)_hood\w*", "head", "{colour} hood"),
    (rf"head/tiaras_{_SEX}/(?P<colour>\w+)", "head", "tiara"),
)
_INCOMPLETE = ("no_th-sh", "incomplete")
RAMP_KINDS = ("hair", "facial")  # stored in one colour, and recoloured by ramps
SKIN_KINDS = ("nose", "ears")  # have the colour of the body
# How often a character wears a layer of a kind; body, legs and torso are never missing.
_PROBABILITIES = {
    "eyes": 1.0, "nose": 0.5, "ears": 0.25, "feet": 0.9, "over": 0.35, "belt": 0.3, "arms": 0.25,
    "hands": 0.3, "facial": 0.35, "hair": 0.9, "head": 0.3,
}  # fmt: skip
_ALWAYS = ("body", "legs", "torso")
_CHARACTERS = {"train": 10_000, "validation": 240, "test": 360, "combinations": 120}
_SEEDS = {"train": 1, "validation": 2, "test": 3, "combinations": 4}


@dataclass(frozen=True)
class Layer:
    """One layer in one colour: what a character may wear.

    Attributes:
        kind: one of `KINDS`.
        shape: its form, such as "longboots"; layers of one shape differ in colour alone.
        colour: of the layer.
        sex: "female" or "male", the body that it was drawn for; None if it fits both.
        pixels: of its sheet, which colours of one shape share if they come by a ramp.
        palette: the premultiplied RGBA bytes of each colour number, packed in 32 bits, (K,).
    """

    kind: str
    shape: str
    colour: str
    sex: str | None
    pixels: SheetPixels = field(repr=False)
    palette: np.ndarray = field(repr=False)

    @property
    def name(self) -> str:
        """Shape and colour, such as "longboots, brown"."""
        return f"{self.shape}, {self.colour}"


@dataclass(frozen=True)
class Patch:
    """The smallest box around all that a layer shows in the N cells of a row.

    Attributes:
        top: row of its first pixel.
        left: column of its first pixel.
        numbers: colour numbers, with shape (N, h, w).
        shown: whether a pixel is not transparent, with the same shape.
        translucent: whether some pixels are neither opaque nor transparent.
    """

    top: int
    left: int
    numbers: np.ndarray
    shown: np.ndarray
    translucent: bool


@dataclass(frozen=True)
class SheetPixels:
    """The 21 rows of a sheet as numbers of colours.

    Attributes:
        colours: straight RGBA bytes, with shape (K, 4); number 0 is transparent.
        patches: of the 21 rows; None where the layer shows nothing.
    """

    colours: np.ndarray
    patches: tuple[Patch | None, ...]


Character = tuple[Layer, ...]  # from the lowest layer to the one on top


def render(character: Character, row: int) -> np.ndarray:
    """Draws a clip of a character.

    Args:
        character: its layers.
        row: number of the action in `ROWS`, in [0, 21).

    Returns:
        Premultiplied RGBA bytes with shape (8, 64, 64, 4): without the last channel, the clip
        on black.
    """
    frames = render_cells(character, row)[list(ROWS[row].action.played)]
    return unpack_pixels(frames)


def render_cells(character: Character, row: int) -> np.ndarray:
    """Draws all cells of a row of the sheet.

    Args:
        character: its layers.
        row: see `render`.

    Returns:
        Packed premultiplied pixels, four bytes in each number, with shape (N, 64, 64).
    """
    frames = np.zeros((ROWS[row].action.columns, CELL_SIDE, CELL_SIDE), np.uint32)
    for layer in character:
        patch = layer.pixels.patches[row]
        if patch is not None:
            _composite(frames, patch, layer.palette)
    return frames


def draw_sheet(character: Character, rows: Iterable[int] = range(SHEET_ROWS)) -> np.ndarray:
    """The cells of a character: packed premultiplied RGBA with shape (21, 13, 64, 64).

    Args:
        character: its layers.
        rows: that are drawn, all by default; the others stay empty.
    """
    sheet = np.zeros((SHEET_ROWS, SHEET_COLUMNS, CELL_SIDE, CELL_SIDE), np.uint32)
    for row in rows:
        cells = render_cells(character, row)
        sheet[row, : len(cells)] = cells
    return sheet


def _composite(frames: np.ndarray, patch: Patch, palette: np.ndarray) -> None:
    """Lays a patch over frames by the over operator of Porter and Duff (1984), in place.

    Args:
        frames: packed premultiplied pixels, with shape (N, 64, 64).
        patch: of a layer.
        palette: of the layer.
    """
    _, height, width = patch.numbers.shape
    below = frames[:, patch.top : patch.top + height, patch.left : patch.left + width]
    above = palette[patch.numbers]
    if patch.translucent:
        upper, lower = (
            np.ascontiguousarray(part)[..., None].view(np.uint8) for part in (above, below)
        )
        transparency = 255 - upper[..., 3:].astype(np.uint16)
        mixed = upper + (lower * transparency + 127) // 255
        above = mixed.astype(np.uint8).view(np.uint32)[..., 0]
    np.copyto(below, above, where=patch.shown)


def read_layers(folder: Path) -> list[Layer]:
    """Reads all layers that are whole: every garment of which no action is missing.

    Args:
        folder: with the sheets in the folders of the Universal LPC Spritesheet, and the ramps of
            hair and beards in `_build/hair` and `_build/facial`.

    Raises:
        DataError: if there are none, or a file is broken.
    """
    layers = []
    for path in sorted(folder.rglob("*.png")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        found = None if any(word in name for word in _INCOMPLETE) else _parse(name)
        if found is None:
            continue
        kind, shape, colour, sex = found
        pixels = _read_pixels(path)
        if kind in RAMP_KINDS:
            for ramp, colours in _recolour(folder, kind, colour, pixels.colours).items():
                layers.append(Layer(kind, shape, ramp, sex, pixels, _premultiplied(colours)))
        else:
            palette = _premultiplied(pixels.colours)
            layers.append(Layer(kind, shape, colour, sex, pixels, palette))
    if not layers:
        raise DataError(
            f"The folder {folder} holds no sheets of the Liberated Pixel Cup: name the one that "
            "`python -m rwae.data.download lpc` has filled."
        )
    return layers


def is_held_out(layer: Layer, splits: Sequence[str] = tuple(HELD_OUT)) -> bool:
    """Whether the shape of a layer is held out for one of some splits."""
    return any(layer.shape in HELD_OUT[split].get(layer.kind, ()) for split in splits)


def is_worn(layer: Layer) -> bool:
    """Whether a layer lies over the body, and is not a part of it."""
    return layer.kind not in ("behind", "body", "eyes", *SKIN_KINDS)


def one_of_each(layers: Iterable[Layer]) -> dict[tuple[str, str, str], Layer]:
    """One colour of each shape, by kind, shape and sex; what fits both sexes comes twice."""
    found: dict[tuple[str, str, str], Layer] = {}
    for layer in layers:
        for sex in SEXES if layer.sex is None else (layer.sex,):
            found.setdefault((layer.kind, layer.shape, sex), replace(layer, sex=sex))
    return found


def plain_bodies(layers: Iterable[Layer]) -> dict[str, Layer]:
    """A human body of each sex."""
    return {
        sex: layer
        for (kind, shape, sex), layer in one_of_each(layers).items()
        if (kind, shape) == ("body", "human")
    }


def read_sheet(path: Path, kind: str) -> Layer:
    """Reads one sheet, such as one of the Sprites benchmark, as a layer of any kind.

    Raises:
        DataError: if the file is broken or no sheet.
    """
    pixels = _read_pixels(path)
    colours = _premultiplied(pixels.colours)
    return Layer(kind, path.stem, path.stem, None, pixels, colours)


def _parse(name: str) -> tuple[str, str, str, str | None] | None:
    """Kind, shape, colour and sex of a file, by its path without the ending."""
    for pattern, kind, shape in _RULES:
        match = re.fullmatch(pattern, name)
        if match:
            words = {key: value or "" for key, value in match.groupdict().items()}
            colour = words.get("colour", "").strip("_")
            own = words.get("shape", "")
            if shape == "cape":
                own = f"{own} cape"
            return (
                words.get("kind") or kind,
                own or shape.format(colour=colour),
                colour or own,
                words.get("sex") or None,
            )
    return None


def _read_pixels(path: Path) -> SheetPixels:
    sheet = read_sheet_picture(path)
    packed = pack_pixels(sheet)
    shown = sheet[..., 3] > 0
    found, order = np.unique(packed[shown], return_inverse=True)
    colours = np.concatenate([np.zeros((1, 4), np.uint8), found.view(np.uint8).reshape(-1, 4)])
    numbers = np.zeros(packed.shape, np.int64)
    numbers[shown] = order + 1
    kind = np.uint8 if len(colours) <= 256 else np.uint16
    cells = split_cells(numbers[..., None].astype(kind))[..., 0]
    translucent = (colours[:, 3] > 0) & (colours[:, 3] < 255)
    return SheetPixels(
        colours,
        tuple(_patch(cells[row.number, : row.action.columns], translucent) for row in ROWS),
    )


def _patch(row: np.ndarray, translucent: np.ndarray) -> Patch | None:
    """The part of a row of colour numbers (N, 64, 64) that shows something."""
    shown = row.max(0) > 0
    if not shown.any():
        return None
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    part = row[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return Patch(int(rows[0]), int(columns[0]), part, part > 0, bool(translucent[part].any()))


def _recolour(folder: Path, kind: str, stored: str, colours: np.ndarray) -> dict[str, np.ndarray]:
    """The colours of a sheet (K, 4) in each ramp of its kind, by the name of the ramp."""
    ramps = _read_ramps(folder / "_build" / kind / "palettes.json")
    if stored not in ramps:
        return {stored: colours}
    found = {}
    for name, ramp in ramps.items():
        changed = {old: ramp[key] for key, old in ramps[stored].items() if key in ramp}
        found[name] = np.array(
            [changed.get(tuple(colour), tuple(colour)) for colour in colours.tolist()], np.uint8
        )
    return found


def _read_ramps(path: Path) -> dict[str, dict[str, tuple[int, ...]]]:
    """Ramps by name: the RGBA bytes that each colour of the template becomes."""
    try:
        ramps = json.loads(path.read_text("utf-8"))
        return {
            name: {key.lower(): _parse_colour(value) for key, value in ramp.items()}
            for name, ramp in ramps.items()
        }
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"The file {path} holds no ramps of colours: fetch it again.") from error


def _parse_colour(text: str) -> tuple[int, ...]:
    """RGBA bytes of "#rrggbb" or "#rrggbbaa"."""
    data = bytes.fromhex(text.removeprefix("#"))
    return (*data, 255) if len(data) == 3 else tuple(data)


def _premultiplied(colours: np.ndarray) -> np.ndarray:
    """Straight RGBA bytes (K, 4) with their colours multiplied by alpha, packed: (K,)."""
    alpha = colours[:, 3:].astype(np.uint16)
    mixed = np.concatenate([(colours[:, :3] * alpha + 127) // 255, alpha], 1)
    return np.ascontiguousarray(mixed.astype(np.uint8)).view(np.uint32)[:, 0]


class Wardrobe:
    """All layers, by what may be worn: the source of characters.

    Attributes:
        layers: that were read.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = tuple(layers)

    def shapes(self, kind: str, sex: str) -> list[str]:
        """The shapes of a kind that fit a body and are held out for no split."""
        held_out = {shape for kinds in HELD_OUT.values() for shape in kinds.get(kind, ())}
        fitting = {
            layer.shape for layer in self.layers if layer.kind == kind and layer.sex in (sex, None)
        }
        return sorted(fitting - held_out)

    def find(self, kind: str, shape: str, sex: str) -> list[Layer]:
        """The layers of a shape, one for each colour, that fit a body."""
        return [
            layer
            for layer in self.layers
            if (layer.kind, layer.shape) == (kind, shape) and layer.sex in (sex, None)
        ]

    def draw(
        self, generator: np.random.Generator, held_out: Mapping[str, Sequence[str]] | None = None
    ) -> Character:
        """Draws a dressed character.

        Args:
            generator: source of the randomness.
            held_out: shapes by kind, of which one each is worn in place of a shape of training.

        Returns:
            The layers, from the lowest to the one on top.
        """
        held_out = held_out or {}
        sexes = [
            sex
            for sex in SEXES
            if all(
                any(self.find(kind, shape, sex) for shape in shapes)
                for kind, shapes in held_out.items()
            )
        ]
        sex = sexes[generator.integers(len(sexes))]
        worn: dict[str, Layer] = {}
        for kind in KINDS:
            shapes = self._possible(kind, sex, worn, held_out)
            rare = kind not in _ALWAYS and kind not in held_out
            if not shapes or (rare and generator.random() >= _PROBABILITIES.get(kind, 0.0)):
                continue
            shape = shapes[generator.integers(len(shapes))]
            layers = self.find(kind, shape, sex)
            if kind in SKIN_KINDS:
                layers = [layer for layer in layers if layer.colour == worn["body"].colour]
            if layers:
                worn[kind] = layers[generator.integers(len(layers))]
        self._add_cape(worn, sex)
        return tuple(worn[kind] for kind in KINDS if kind in worn)

    def _possible(
        self,
        kind: str,
        sex: str,
        worn: Mapping[str, Layer],
        held_out: Mapping[str, Sequence[str]],
    ) -> list[str]:
        """The shapes of a kind among which a character's is drawn."""
        bones = "body" in worn and worn["body"].shape == "skeleton"
        if bones and kind in ("eyes", "nose", "ears", "facial"):
            return []
        if kind == "facial" and sex == "female" and kind not in held_out:
            return []
        if kind in held_out:
            return [shape for shape in held_out[kind] if self.find(kind, shape, sex)]
        return self.shapes(kind, sex)

    def _add_cape(self, worn: dict[str, Layer], sex: str) -> None:
        """Gives a cape its part behind the body, and its clip."""
        cape = worn.get("over")
        if cape is None or not cape.shape.endswith("cape"):
            return
        for kind, shape in (("behind", cape.shape), ("neck", "capeclip")):
            same = [one for one in self.find(kind, shape, sex) if one.colour == cape.colour]
            worn.update({kind: same[0]} if same else {})


def draw_characters(wardrobe: Wardrobe, split: str, count: int) -> list[Character]:
    """The first characters of a split, always the same ones.

    Each character of "validation" and "test" wears held-out shapes of one kind, the kinds in
    turn; the last of each round wears one of every kind at once.
    """
    require_split("The Liberated Pixel Cup", split, LPC_SPLITS)
    generator = np.random.default_rng(_SEEDS[split])
    rounds = list(_rounds(split).values())
    return [wardrobe.draw(generator, rounds[n % len(rounds)]) for n in range(count)]


def novelties(split: str) -> tuple[str, ...]:
    """What is new about the characters of a split: character n has novelty n modulo their number.

    It is a kind of layers of a shape that no training character wears, or "everything". The
    characters of "train" and "combinations" have no such layer: their only novelty is "nothing".
    """
    return tuple(_rounds(split))


def _rounds(split: str) -> dict[str, dict[str, Sequence[str]]]:
    """The held-out shapes by kind that characters wear in turn, by the name of the novelty."""
    if split not in HELD_OUT:
        return {"nothing": {}}
    kinds = {kind: sorted(shapes) for kind, shapes in HELD_OUT[split].items()}
    rounds: dict[str, dict[str, Sequence[str]]] = {k: {k: shapes} for k, shapes in kinds.items()}
    rounds["everything"] = {k: v for k, v in kinds.items() if k not in ("body", "facial")}
    return rounds


class LPCClips:
    """Clips of characters, drawn when they are asked for; a `ClipSource`.

    Clip n shows character n // 21 in the action n % 21 of `ROWS`.
    """

    def __init__(self, characters: Sequence[Character], device: torch.device | str = "cpu"):
        self.characters = characters
        self.device = device
        static = [
            Factor(kind, ("none", *sorted(_names(characters, kind))), True)
            for kind in KINDS
            if kind not in ("behind", "neck")
        ]
        self.factors = (*static, Factor("action", tuple(row.key for row in ROWS), False))
        numbers = [{name: n for n, name in enumerate(factor.values)} for factor in static]
        worn = [{layer.kind: layer.name for layer in character} for character in characters]
        who = torch.tensor(
            [
                [
                    known[names.get(factor.name, "none")]
                    for factor, known in zip(static, numbers, strict=True)
                ]
                for names in worn
            ]
        )
        how = torch.arange(len(ROWS)).repeat(len(characters))[:, None]
        self.labels = torch.cat([who.repeat_interleave(len(ROWS), 0), how], 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one clip, (8, 3, 64, 64)."""
        return CLIP_FRAMES, 3, CELL_SIDE, CELL_SIDE

    @property
    def recordings(self) -> int:
        """Independent recordings: each clip is one."""
        return len(self)

    def __len__(self) -> int:
        return len(self.characters) * len(ROWS)

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, 8, 3, 64, 64)."""
        rows = len(ROWS)
        clips = [render(self.characters[n // rows], n % rows) for n in indices.tolist()]
        frames = torch.from_numpy(np.stack(clips)[..., :3]).to(self.device)
        return frames.movedim(-1, 2).float() / 255

    def to(self, device: torch.device | str) -> LPCClips:
        """The same clips, whose `batch` is on a device."""
        return LPCClips(self.characters, device)


def _names(characters: Sequence[Character], kind: str) -> set[str]:
    return {layer.name for layers in characters for layer in layers if layer.kind == kind}


def load(folder: Path, split: str) -> LPCClips:
    """Draws the characters of a split; the 21 clips of each follow one another.

    Args:
        folder: see `read_layers`.
        split: "train" (10,000 characters), "validation" (240), "test" (360) or "combinations"
            (120).

    Raises:
        DataError: if a sheet is missing or broken, or the split is unknown.
    """
    wardrobe = Wardrobe(read_layers(folder))
    return LPCClips(draw_characters(wardrobe, split, _CHARACTERS[split]))
