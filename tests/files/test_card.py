"""The model card: what it says first, its HTML, and the draft of one."""

import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT
from huggingface_hub import ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st

from rwae.config import ModelConfig
from rwae.errors import CheckpointError
from rwae.files.card import MAX_CARD_LENGTH, Card, draft_card, read_card, to_html

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
    assert len(read(tmp_path, "# Long\n\n" + "x" * 2 * MAX_CARD_LENGTH).text) <= MAX_CARD_LENGTH


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ('license: "mit"', "mit"),
        ("license: other\nlicense_name: research-only", "research-only"),
        ("license: other", "other"),
        ("license: [mit, apache-2.0]", ""),
        ("license: 3", ""),
        ("tags: [license]", ""),
        ("", ""),
        ("license: mit\nlicense: [", ""),
        ("- mit", ""),
        ("license: !!python/object/apply:os.system [exit]", ""),
        ("license: mit\n" + "a: [" * 3000, ""),
        ("a: &a [x, x]\nb: &b [*a, *a]\nlicense: mit", ""),
        ("license: mit\nmodel-index: 3", "mit"),
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


class Tags(HTMLParser):
    """Collects the tags and attributes of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


ALLOWED_TAGS = {
    *("p", "h3", "h4", "h5", "h6", "hr", "br", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("strong", "em", "a", "span", "div", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ALLOWED_ATTRIBUTES = {
    *("href", "target", "rel", "class", "colspan", "start"),
    *("tabindex", "role", "aria-label"),
}


def require_safe(html: str) -> None:
    tags = Tags(html)
    assert set(tags.names) <= ALLOWED_TAGS
    assert {name for name, _ in tags.attributes} <= ALLOWED_ATTRIBUTES
    assert all(v.lower().startswith(("http://", "https://"))
               for name, v in tags.attributes if name == "href")  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**a** `b` *c*", "<p><strong>a</strong> <code>b</code> <em>c</em></p>"),
        ("# A\n## B\n###### C", "<h3>A</h3>\n<h3>B</h3>\n<h6>C</h6>"),
        ("# A \u2028 b", "<h3>A \u2028 b</h3>"),
        ("<b>x</b> &amp; <script>", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;script&gt;</p>"),
        ("a <!-- b --> c", "<p>a  c</p>"),
        ("[a `b`](javascript:alert(1))", "<p><span>a <code>b</code></span></p>"),
        ("<javascript:alert(1)>", "<p><span>javascript:alert(1)</span></p>"),
        ("[a](scores.json)", "<p><span>a</span></p>"),
        ("![a *b*](https://x.org/a.png)", "<p>a b</p>"),
        ("```python\n<a>\n```", '<pre class="rw-code" tabindex="0"><code>&lt;a&gt;</code></pre>'),
        ("    a & b", '<pre class="rw-code" tabindex="0"><code>a &amp; b</code></pre>'),
        ("- a\n- b\n  c", "<ul>\n<li>a</li>\n<li>b\nc</li>\n</ul>"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown).strip() == html
    require_safe(html)


def test_a_link_to_the_web_opens_apart() -> None:
    html = to_html('[a](https://x.org/?a=1&b="c "title")')
    assert Tags(html).attributes == [
        ("href", "https://x.org/?a=1&b=%22c"),
        ("target", "_blank"),
        ("rel", "noopener noreferrer"),
    ]


TABLE = "| **Rows** | a | b |\n|---|---:|---|\n"


def test_a_table_scrolls_in_a_box_and_a_long_one_is_folded() -> None:
    short, long = (to_html(TABLE + "| x | 1 | y |\n" * rows) for rows in (8, 9))
    assert Tags(short).names[:2] == ["div", "table"]
    assert ("role", "region") in Tags(short).attributes
    assert Tags(long).names[:5] == ["details", "summary", "strong", "div", "table"]
    assert '<td class="rw-figure">1</td>\n<td>y</td>' in short
    assert "<th>x</th>" in short, "the first cell of a row is its heading"
    for html in (short, long):
        require_safe(html)


def test_a_table_without_a_head_and_a_row_without_values() -> None:
    html = to_html("| | |\n|---|---|\n| a | b |\n| c | |\n")
    assert "thead" not in html
    assert "<th>a</th>\n<td>b</td>" in html
    assert '<th colspan="2">c</th>\n</tr>' in html
    assert 'role="region"' not in html, "two columns need no scrolling"


@pytest.mark.parametrize(
    "part",
    ["*a _b ", "[", "[a](", "![", "> - ", "`", "<!--", "&", "\\", TABLE, "<http://", "1. ", "a\n"],
)
def test_a_hostile_card_takes_no_more_than_seconds(tmp_path: Path, part: str) -> None:
    start = time.process_time()
    card = read(tmp_path, "# Title\n\n" + part * (MAX_CARD_LENGTH // len(part)))
    require_safe(card.html)
    assert time.process_time() - start < 10


@settings(max_examples=200, deadline=5000, database=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [
                *("# ", "\n", "\n\n", "[a]", "(javascript:x)", "(https://x.org)", "![", "]", "|"),
                *("|---|", "<a href=x onclick=y>", "<script>", "`", "```", "**", "*", "> ", "- "),
                *("&lt;", "\u2028", "<!--", "-->", "<https://x", ">", '"', "'", "\\", "    "),
                "[a]: data:x",
            ]
        ),
        max_size=30,
    )
)
def test_the_html_of_any_card_is_safe(parts: list[str]) -> None:
    require_safe(to_html("".join(parts)))


def test_a_card_that_is_a_link_to_another_file_is_refused(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "model"
    secret.write_text("# A secret\n")
    folder.mkdir()
    (folder / "README.md").symlink_to(secret)
    with pytest.raises(CheckpointError, match=r"leaves its folder.*put a copy there"):
        read_card(folder, "mine")


def test_a_link_to_itself_or_to_nothing_is_no_card(tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to("none.md")
    assert read_card(tmp_path, "mine") == Card("mine")
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").symlink_to("README.md")
    assert read_card(tmp_path, "mine") == Card("mine")


def test_a_link_inside_the_folder_or_the_cache_of_the_hub_is_read(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("# Inside\n")
    (tmp_path / "README.md").symlink_to("card.md")
    assert read_card(tmp_path, "mine").title == "Inside"
    blob, folder = tmp_path / "models--a--b/blobs/0123", tmp_path / "models--a--b/snapshots/4567"
    blob.parent.mkdir(parents=True)
    folder.mkdir(parents=True)
    blob.write_text("# Fetched\n")
    (folder / "README.md").symlink_to("../../blobs/0123")
    assert read_card(folder, "mine").title == "Fetched"
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("../../../card.md")
    with pytest.raises(CheckpointError, match="leaves its folder"):
        read_card(folder, "mine")


@pytest.mark.parametrize("family", ["rwae", "objects", "mocogan"])
def test_a_draft_is_a_card_that_the_hub_and_this_project_read(tmp_path: Path, family: str) -> None:
    text = draft_card("owner/mine", ModelConfig(family=family), 2_500_000, "train --fast")
    assert ModelCard(text).data.to_dict() == {
        "library_name": "rwae-studio",
        "tags": ["video", "disentanglement"],
    }
    card = read(tmp_path, text)
    assert card.title == "mine"
    assert card.about.startswith("This model is a")
    assert "2.50 M parameters" in card.text
    assert "train --fast" in card.text
    assert 'load("owner/mine")' in card.text
