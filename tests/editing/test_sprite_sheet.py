"""Sprite sheets: their layout, and the motions that fill them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rwae import RWAE, Codes, ModelConfig
from rwae.codes import Factor
from rwae.data import sprites
from rwae.editing.sprite_sheet import (
    DARK,
    SHEET_ACTIONS,
    draw_sheet,
    find_motions,
)
from rwae.editing.studio import Studio
from rwae.errors import CodesError
from rwae.files import filmstrip, video
from rwae.files.sheet_layout import SHEET_COLUMNS, SHEET_ROWS


def test_a_sheet_has_the_layout_that_its_model_learned_from(sprites_folder: Path) -> None:
    """Real sheets, cut into clips as the data set is, come back to where they were."""
    sheet = np.zeros((SHEET_ROWS * 64, SHEET_COLUMNS * 64, 3), int)
    parts = [sprites_folder / part / "2.png" for part in sprites.SHEET_PARTS]
    for path in (*parts, sprites_folder / "shoes" / "1.png"):
        layer = video.read_image(path).astype(int)
        alpha = layer[..., 3:]
        sheet = (layer[..., :3] * alpha + sheet * (255 - alpha) + 127) // 255
    grid = sheet.reshape(SHEET_ROWS, 64, SHEET_COLUMNS, 64, 3).swapaxes(1, 2)
    clips = grid.reshape(-1, 64, 64, 3)[sprites.cells()].astype(np.uint8)
    made = draw_sheet(clips)
    there = made[..., 3] == 255
    filled = there.reshape(SHEET_ROWS, 64, SHEET_COLUMNS, 64).any((1, 3))
    assert filled.sum() == 3 * (7 + 9 + 6), "with standing still, which no clip shows"
    assert np.array_equal(np.flatnonzero(filled.any(1)), [1, 2, 3, 9, 10, 11, 13, 14, 15])
    cells = filled.repeat(64, 0).repeat(64, 1)
    still = np.zeros_like(filled)
    still[9:12, 0] = True
    still = still.repeat(64, 0).repeat(64, 1)
    shown = cells & there
    assert np.array_equal(made[..., :3][shown & ~still], sheet[shown & ~still])
    other = (made[..., :3] != sheet).any(-1)
    assert other[shown & still].mean() < 0.05, "slashing begins as one stands"
    assert (sheet[cells & ~there & ~still].max(-1) < DARK).all()
    assert not made[~cells].any()
    assert sprites.FACTORS[-1].values == SHEET_ACTIONS


class ScriptedJudge:
    """A judge with given answers, clip by clip."""

    def __init__(self, names: tuple[str, ...], said: list[tuple[str, float]]) -> None:
        self.factors = (
            Factor("hair", ("red",), True),
            Factor("action", names, False),
        )
        self.said = said

    def probabilities(self, x: torch.Tensor) -> list[torch.Tensor]:
        rows = torch.zeros(len(x), len(self.factors[1].values))
        for row in rows:
            name, sure = self.said.pop(0)
            row[self.factors[1].values.index(name)] = sure
        return [torch.ones(len(x), 1), rows]


def test_the_most_typical_clip_stands_for_an_action(
    tiny: RWAE, generator: torch.Generator
) -> None:
    size: ModelConfig = tiny.config
    dynamic = torch.zeros(5, size.frames, size.dynamic_size)
    dynamic += torch.tensor([0.0, 1.0, 3.0, 7.0, 9.0])[:, None, None]
    gallery = Codes(torch.randn(5, size.static_size, generator=generator), dynamic)
    studio = Studio(tiny, gallery)
    said = [("go", 0.99), ("go", 0.95), ("go", 0.99), ("go", 0.5), ("stop", 0.99)]
    judge = ScriptedJudge(("stop", "go"), [*said, ("stop", 1.0), ("stop", 1.0)])
    found = find_motions(studio, judge, ("go", "stop"))
    assert found.dynamic[:, 0, 0].tolist() == [1, 9], "1 is nearest to the mean of 0, 1 and 3"
    clips, wrong = found.perform(studio, gallery.static[2])
    asked = Codes(gallery.static[[2, 2]], dynamic[[1, 4]])
    assert np.array_equal(clips, filmstrip.to_bytes(tiny.decode(asked)))
    assert wrong == ["go"], "the second time the judge saw both stop"


def test_an_action_that_no_clip_shows_is_told(tiny: RWAE, generator: torch.Generator) -> None:
    size = tiny.config
    gallery = Codes(
        torch.randn(3, size.static_size, generator=generator),
        torch.randn(3, size.frames, size.dynamic_size, generator=generator),
    )
    judge = ScriptedJudge(("stop", "go"), [("go", 1.0)] * 3)
    with pytest.raises(CodesError, match="examples shows stop"):
        find_motions(Studio(tiny, gallery), judge, ("go", "stop"))
    with pytest.raises(CodesError, match="does not tell the actions apart"):
        find_motions(Studio(tiny, gallery), judge, ("fly",))
