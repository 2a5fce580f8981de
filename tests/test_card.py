"""What a model card says first."""

from pathlib import Path

import pytest
from conftest import ROOT

from rwae.files.card import LONGEST, Card, read_card

CARD = """---
license: cc-by-sa-3.0
# no heading, but a comment of the front matter
---

# R-WAE on *Sprites*

An [autoencoder](https://example.org) (Han et al., ICLR 2021)
with `two` codes. It has 2.12 M parameters.

# Another heading
"""


def read(folder: Path, text: str) -> Card:
    (folder / "README.md").write_text(text)
    return read_card(folder, "mine")


def test_title_and_first_sentence_come_as_plain_text(tmp_path: Path) -> None:
    card = read(tmp_path, CARD)
    assert card.title == "R-WAE on Sprites"
    assert card.about == "An autoencoder (Han et al., ICLR 2021) with two codes."


def test_without_a_card_or_a_heading_the_name_has_to_do(tmp_path: Path) -> None:
    assert read_card(tmp_path, "mine") == Card("mine")
    assert read(tmp_path, "no heading") == Card("mine", text="no heading")
    assert read(tmp_path, "") == Card("mine")


@pytest.mark.parametrize("rest", ["", "\n\n| a | b |\n|---|---|", "\n\n## Scores", "\n\n- a"])
def test_what_is_no_sentence_is_left_out(tmp_path: Path, rest: str) -> None:
    card = read(tmp_path, f"# Title{rest}")
    assert (card.title, card.about, card.text) == ("Title", "", rest.strip())


def test_the_text_starts_below_the_heading_and_the_front_matter_is_no_part_of_it(
    tmp_path: Path,
) -> None:
    card = read(tmp_path, CARD)
    assert card.text.startswith("An [autoencoder]")
    assert card.text.endswith("# Another heading")
    assert card.licence == "cc-by-sa-3.0"
    assert len(read(tmp_path, "# Long\n\n" + "x" * 2 * LONGEST).text) <= LONGEST


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ('license: "mit"', "mit"),
        ("license: other\nlicense_name: research-only", "research-only"),
        ("license: other", "other"),
        ("tags: [license]", ""),
    ],
)
def test_the_licence_is_that_of_the_front_matter(tmp_path: Path, front: str, licence: str) -> None:
    assert read(tmp_path, f"---\n{front}\n---\n\n# Title\n").licence == licence
    assert read(tmp_path, f"# Title\n\n{front}\n").licence == ""


def test_the_licence_of_the_data_is_read_from_the_table(tmp_path: Path) -> None:
    table = "| | |\n|---|---|\n| licence of the data | [CC0](https://x.org), for *all* |\n"
    assert read(tmp_path, f"# Title\n\n{table}").data_licence == "CC0, for all"
    assert read(tmp_path, "# Title\n").data_licence == ""


def test_every_shipped_model_introduces_itself() -> None:
    folders = [path.parent for path in (ROOT / "checkpoints").glob("*/config.json")]
    assert folders
    for folder in folders:
        card = read_card(folder, folder.name)
        assert card.title != folder.name, "a person should not have to know the folder's name"
        assert card.about.endswith("."), folder.name
        assert card.licence, folder.name
        assert card.data_licence, folder.name
