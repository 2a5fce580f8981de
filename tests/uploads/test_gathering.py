"""What a file shows of a character, and drafts of the rows that a sheet lacks."""

import numpy as np
import pytest
from known import known_clip, sprites_model
from sheets_of_clips import sheet

from rwae.files import filmstrip
from rwae.files.sheet_layout import BENCHMARK_ROWS
from rwae.files.video import Footage
from rwae.uploads.choices import Choices
from rwae.uploads.gathering import draft_rows, gather, lacking_rows
from rwae.uploads.prepare import prepare

WALKS = ("walk, left", "walk, front", "walk, right")


def lacking(picture: np.ndarray, choices: Choices | None = None) -> list[str]:
    footage = Footage.of_sheet(picture)
    prepared = prepare(footage, sprites_model(), choices)
    return [row.key for row in lacking_rows(footage, sprites_model(), prepared, choices)]


def test_a_sheet_lacks_the_rows_that_the_model_knows() -> None:
    others = {row.key for row in BENCHMARK_ROWS.values()} - {*WALKS}
    assert set(lacking(sheet(*WALKS))) == others
    assert lacking(sheet(*WALKS, *(others - {"slash, left"}))) == ["slash, left"]


def test_nothing_is_lacking_where_the_layout_is_not_what_the_decoder_knows() -> None:
    opaque = sheet(*WALKS)
    opaque[..., 3] = 255
    assert not lacking(opaque)
    assert not lacking(sheet(*WALKS), Choices(crop=(0.1, 0.1, 0.9, 0.9)))
    clip = Footage.of(known_clip(0))
    assert not lacking_rows(clip, sprites_model(), prepare(clip, sprites_model()))


@pytest.fixture(scope="module")
def shown() -> Footage:
    """A walk to the front, and one cell of a walk to the left."""
    picture = sheet("walk, front", "walk, left")
    picture[64 * 9 : 64 * 10, 64:] = 0
    return Footage.of_sheet(picture)


def test_what_a_sheet_lacks_is_drafted_in_its_own_colours(shown: Footage) -> None:
    gathered = gather(shown, sprites_model())
    model = sprites_model()
    rows = lacking_rows(shown, model, gathered.prepared)
    drafts = draft_rows(shown, model, rows)
    assert set(drafts) == {"spellcast, front", "slash, front"}, "the others are unsure"
    assert gathered.drafts.shape == (2, *gathered.prepared.x.shape)
    own = {tuple(colour) for colour in shown.sheet[..., :3].reshape(-1, 3).tolist()}
    for x in gathered.drafts:
        drawn = filmstrip.to_bytes(x[None]).reshape(-1, 3)
        assert {tuple(colour) for colour in drawn.tolist()} <= own
        assert (x.amax(1) > 0).float().mean() > 0.05


def test_all_rows_of_a_sheet_are_given_and_of_a_clip_just_the_clip(shown: Footage) -> None:
    gathered = gather(shown, sprites_model())
    assert len(gathered.x) == 2
    assert gathered.prepared.row == "walk, front"
    assert (gathered.x[0] == gathered.prepared.x).all()
    clip = gather(Footage.of(known_clip(0)), sprites_model())
    assert len(clip.x) == 1
    assert not len(clip.drafts)
