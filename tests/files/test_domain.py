"""What a model knows: written beside the weights, read again, and refused if it is damaged."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rwae import RWAE, load
from rwae.errors import CheckpointError
from rwae.files.checkpoint import weights_digest
from rwae.files.domain import DOMAIN_FILE, Domain, FigureBox, read_domain, write_domain
from rwae.training.presets import SMALL_MODEL

DOMAIN = Domain(
    weights="abc",
    dataset="sprites",
    clips=10,
    errors=(1.0, 2.0, 4.0, 9.0),
    error_limit=8.5,
    differences=(0.1, 0.2),
    difference_limit=0.2,
    background=(0, 0, 0),
    figure=FigureBox(17, 13, 47, 64),
)


def test_a_domain_comes_back(tmp_path: Path) -> None:
    for domain in (DOMAIN, dataclasses.replace(DOMAIN, background=None, figure=None)):
        write_domain(tmp_path, domain)
        assert read_domain(tmp_path, "abc") == domain


def test_the_typical_error_is_the_median() -> None:
    assert DOMAIN.typical_error == 3.0
    assert dataclasses.replace(DOMAIN, errors=(1.0, 2.0, 4.0)).typical_error == 2.0


def test_a_domain_of_other_weights_or_none_is_none(tmp_path: Path) -> None:
    assert read_domain(tmp_path, "abc") is None
    write_domain(tmp_path, DOMAIN)
    assert read_domain(tmp_path, "other") is None


def test_a_model_is_saved_and_loaded_with_its_domain(tmp_path: Path) -> None:
    model = RWAE(SMALL_MODEL)
    model.domain = dataclasses.replace(DOMAIN, weights=weights_digest(model))
    model.save_pretrained(tmp_path)
    assert load(tmp_path).domain == model.domain


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("errors", [3.0, 1.0]),
        ("errors", [1.0]),
        ("errors", "12"),
        ("errors", None),
        ("error_limit", float("inf")),
        ("error_limit", True),
        ("differences", [0.0, -1.0]),
        ("background", [0, 0]),
        ("background", [0, 0, 300]),
        ("background", 7),
        ("figure", {"left": 1}),
        ("figure", [1, 2, 3, 4]),
        ("weights", 3),
        ("clips", "many"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, key: str, value: Any) -> None:
    text = json.dumps(DOMAIN.to_dict() | {key: value})
    (tmp_path / DOMAIN_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=DOMAIN_FILE):
        read_domain(tmp_path, "abc")


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / DOMAIN_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=DOMAIN_FILE):
        read_domain(tmp_path, "abc")
