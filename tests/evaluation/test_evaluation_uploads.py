"""Characters with strange parts, and the table of what learning them brings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae.data import lpc, sprites
from rwae.errors import DataError
from rwae.evaluation.uploads import __main__ as command
from rwae.evaluation.uploads.knowing import draw_slimes, knowing_table, measure_knowing
from rwae.evaluation.uploads.learning import KNOWN, Learned, Outcome, learning_table
from rwae.evaluation.uploads.strangers import (
    EVERY_PART,
    OTHER_BODY,
    PARTS,
    STRANGER_KINDS,
    STRANGER_SPLITS,
    Strangers,
    draw_strangers,
    read_strangers,
    render_actions,
)
from rwae.files import installation
from rwae.models.registry import load


@pytest.fixture(scope="module")
def strangers(real_data: Callable[[str], Path]) -> dict[str, Strangers]:
    folder = real_data("lpc").parent
    return {split: read_strangers(folder, split) for split in STRANGER_SPLITS}


def names(layers: list[lpc.Layer]) -> set[tuple[str | None, str]]:
    return {(layer.sex, layer.name) for layer in layers}


@pytest.mark.slow
def test_validation_and_test_share_trousers_alone(strangers: dict[str, Strangers]) -> None:
    first, second = (strangers[split].strange for split in STRANGER_SPLITS)
    for part in PARTS:
        shared = names(first[part]) & names(second[part])
        assert len(shared) == (1 if part == "bottomwear" else 0), part
    hair = [{layer.shape for layer in strange["hair"]} for strange in (first, second)]
    assert hair[0].isdisjoint(hair[1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRANGER_KINDS)
def test_a_stranger_wears_what_its_kind_says(strangers: dict[str, Strangers], kind: str) -> None:
    source = strangers["test"]
    drawn = draw_strangers(source, "test", kind, 6)
    for character in drawn:
        strange = [
            part
            for part, layer in zip(PARTS, character, strict=True)
            if any(layer is one for one in source.strange[part])
        ]
        assert len(strange) == (len(PARTS) if kind == EVERY_PART else 1)
        if kind in PARTS:
            assert strange == [kind]
        sexes = {layer.sex for layer in character} - {None}
        assert sexes <= ({"female"} if kind == OTHER_BODY else {"male", "female"})
        assert len(sexes) <= 1
    worn = {id(layer) for one in drawn for layer in one}
    known = {id(layer) for layers in source.usual.values() for layer in layers}
    assert source.count_strange(drawn) == len(worn - known)
    again = draw_strangers(source, "test", kind, 6)
    assert all(torch.equal(render_actions(one), render_actions(other)) for one, other in
               zip(drawn[:2], again[:2], strict=True))  # fmt: skip


@pytest.mark.slow
def test_usual_parts_make_the_clips_of_the_benchmark(
    strangers: dict[str, Strangers], real_data: Callable[[str], Path]
) -> None:
    number = int(sprites.characters("test")[0])
    worn = strangers["test"].known(number)
    clips = sprites.load(real_data("sprites"), "test").batch(torch.arange(9))
    assert (render_actions(worn) - clips).abs().max() <= 1.5 / 255


def test_a_row_holds_the_mean_and_the_spread() -> None:
    kinds = (*STRANGER_KINDS, KNOWN)
    found = [
        Learned(kind, 60.0 + n, 9.0, Outcome(30.0 + n, 9.5, 3.0 + n), Outcome(20.0 + n, 9.75, 4.0))
        for kind in kinds
        for n in range(2)
    ]
    table = learning_table(found).splitlines()
    cells = [cell.strip() for cell in table[2].split("|")[1:-1]]
    untuned = f"60.5 ± {np.std([60, 61], ddof=1):.1f}"
    assert cells[1:5] == ["2", untuned, "30.5 ± 0.7", "20.5 ± 0.7"]
    assert cells[5:] == ["9.0", "9.5", "9.8", "3.5", "4.0"]
    assert len(table) == 2 + len(STRANGER_KINDS) + 2


def test_other_splits_and_folders_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="train"):
        read_strangers(tmp_path, "train")
    assert command.main(["learn", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err


def test_slimes_bounce_on_black() -> None:
    slimes = draw_slimes(5)
    assert slimes.shape == (5, 16, 3, 64, 64)
    shown = slimes.amax(2) > 0
    assert (shown.sum((2, 3)).float().std(1) > 0).all(), "each changes its shape"
    assert not shown[..., :10, :].any()


@pytest.mark.slow
def test_a_model_tells_its_own_clips_from_strangers(real_data: Callable[[str], Path]) -> None:
    folder = real_data("lpc").parent
    model = load(installation.checkpoints() / "sprites")
    found = list(measure_knowing(model, folder, "test", 24))
    assert [one.kind for one in found if one.belong] == ["clips of its data set"]
    assert all(one.right > 0.8 for one in found)
    assert sum(one.right == 1.0 for one in found) > len(found) - 4
    table = knowing_table(found)
    assert table.count("\n") == len(found) + 1
