"""The model card: the README.md beside the weights, read, rendered as HTML, and drafted.

A card may come from anyone. `huggingface_hub.ModelCard` reads its front matter, as the Hub does,
and markdown-it-py its Markdown. The HTML that the page shows holds no HTML of the card's own, no
pictures, and links to the web alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from yaml import YAMLError

from rwae.config import ModelConfig
from rwae.files.checkpoint import inner_file

CARD_FILE = "README.md"
# A hostile text of this length takes a parser some seconds; a card has about ten thousand
# characters.
MAX_CARD_LENGTH = 2**15  # characters of a card that are read
MAX_FRONT_MATTER_LENGTH = 2**14  # characters of a front matter that is read
LONG_TABLE = 8  # rows of three cells or more, beyond which a table is folded
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# What YAML calls anchors and aliases: with them, a few lines can stand for gigabytes.
_YAML_ANCHOR = re.compile(r"""(?:^|[\s\[{,:"'])[&*]\S""", re.MULTILINE)


class _AnyLinkMarkdown(MarkdownIt):
    """Markdown in which links may lead anywhere, so that their words are shown.

    `_restrict_inline` keeps those to the web and makes plain text of the others.
    """

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - as the base class has it
        return True


_MARKDOWN = _AnyLinkMarkdown("commonmark", {"html": False}).enable("table")
_RENDERER = RendererHTML()


@dataclass(frozen=True)
class Card:
    """What a model card says about a model.

    Attributes:
        title: the first heading of the card.
        about: the first sentence below it, as plain text; empty if there is none.
        text: all of the card below its heading, as Markdown; empty if there is no card.
        licence: of the weights, as the front matter names it, such as "cc-by-sa-3.0".
        data_licence: what the card's table says about the licence of the data.
    """

    title: str
    about: str = ""
    text: str = ""
    licence: str = ""
    data_licence: str = ""

    @cached_property
    def html(self) -> str:
        """The text as HTML, see `to_html`."""
        return to_html(self.text)


def read_card(folder: Path, name: str) -> Card:
    """Reads the card of a checkpoint; without a card, or a heading in it, the title is `name`.

    Raises:
        CheckpointError: if the card is a link that leaves the folder.
    """
    path = inner_file(folder, CARD_FILE)
    if not path.is_file():
        return Card(name)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        licence, text = _split_front_matter(file.read(MAX_CARD_LENGTH))
    text = _without_comments(text).strip()
    tokens = _MARKDOWN.parse(text)
    title, about, body = name, "", text
    for n, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.map:
            title = _plain(tokens[n + 1]) or name
            about = _first_sentence(tokens[n + 3 : n + 5])
            body = "\n".join(text.split("\n")[token.map[1] :]).strip()
            break
    data_licence = _table_value(tokens, "licence of the data")
    return Card(title, about, body, licence, data_licence)


def _split_front_matter(content: str) -> tuple[str, str]:
    """The licence that the front matter of a card names, and the Markdown below it.

    A front matter that is broken or too long names none.
    """
    from huggingface_hub import ModelCard  # slow to import, and no model needs it to be loaded
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    front = REGEX_YAML_BLOCK.match(content)
    if not front:
        return "", content
    text = content[front.end() :]
    if len(front[0]) > MAX_FRONT_MATTER_LENGTH or _YAML_ANCHOR.search(front[0]):
        return "", text
    try:
        data = vars(ModelCard(front[0], ignore_metadata_errors=True).data)
    except (YAMLError, ValueError, TypeError, AttributeError, RecursionError):
        return "", text
    licence = data.get("license")
    if licence == "other":  # the Hub has no short name for this licence
        licence = data.get("license_name") or licence
    return licence.strip() if isinstance(licence, str) else "", text


def _without_comments(markdown: str) -> str:
    """A text without HTML comments; a comment that does not end is kept as text."""
    kept, at = [], 0
    while (begin := markdown.find("<!--", at)) >= 0 and (end := markdown.find("-->", begin)) >= 0:
        kept.append(markdown[at:begin])
        at = end + len("-->")
    return "".join(kept) + markdown[at:]


def _plain(token: Token) -> str:
    """The text of a token without emphasis, code marks, links and line breaks."""
    text = _RENDERER.renderInlineAsText(token.children, _MARKDOWN.options, {})
    return " ".join(text.split())


def _first_sentence(block: Sequence[Token]) -> str:
    """The first sentence of a paragraph, given as its first two tokens; empty if it is none."""
    if len(block) < 2 or block[0].type != "paragraph_open":
        return ""
    if any(child.type == "image" for child in block[1].children or ()):
        return ""
    return re.split(r"(?<=[.!?]) (?=[A-Z0-9])", _plain(block[1]))[0]


def _table_value(tokens: Sequence[Token], label: str) -> str:
    """What a row of a two-column table says, as plain text; empty if there is no such row."""
    for start, end in _groups(tokens, "tr"):
        cells = [_plain(token) for token in tokens[start:end] if token.type == "inline"]
        if len(cells) == 2 and cells[0] == label:
            return cells[1]
    return ""


def _groups(tokens: Sequence[Token], name: str) -> Iterator[tuple[int, int]]:
    """Where the tokens of each table, or each row or cell of one, begin and end."""
    start = 0
    for n, token in enumerate(tokens):
        if token.type == f"{name}_open":
            start = n
        elif token.type == f"{name}_close":
            yield start, n + 1


@functools.lru_cache(maxsize=64)  # a card is shown to many, and a long one takes some time
def to_html(markdown: str) -> str:
    """Renders a card for the page.

    Headings stand below the title of the model, which is an `h2`. Tables scroll sideways in a box
    of their own, and long ones are folded. HTML is shown as text, pictures as their description,
    and links that do not lead to the web as their words.

    Args:
        markdown: from anyone.

    Returns:
        HTML that is safe to put on the page.
    """
    tokens = _MARKDOWN.parse(_without_comments(markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, max(3, int(token.tag[1]) + 1))}"
        elif token.type in ("fence", "code_block"):
            code = escape(token.content.rstrip("\n"))
            token.type = "html_block"
            token.content = f'<pre class="rw-code" tabindex="0"><code>{code}</code></pre>\n'
        elif token.type == "inline":
            token.children = list(_restrict_inline(token.children or ()))
    for start, end in reversed(list(_groups(tokens, "table"))):
        tokens[start:end] = _format_table(tokens[start:end])
    return _RENDERER.render(tokens, _MARKDOWN.options, {})


def _restrict_inline(tokens: Sequence[Token]) -> Iterator[Token]:
    """The parts of a text, where pictures are words and only links to the web are links."""
    tag = "span"
    for token in tokens:
        if token.type == "image":
            token = Token("text", "", 0, content=_plain(token))
        elif token.type == "link_open":
            address = str(token.attrs.get("href", ""))
            tag = "a" if _WEB_ADDRESS.match(address) else "span"
            token.tag, token.attrs = tag, {}
            if tag == "a":
                token.attrs = {"href": address, "target": "_blank", "rel": "noopener noreferrer"}
        elif token.type == "link_close":
            token.tag = tag
        yield token


def _format_table(tokens: list[Token]) -> list[Token]:
    """The tokens of a table, in which the first cell of each row is its heading."""
    rows = [tokens[start:end] for start, end in _groups(tokens, "tr")]
    for row in rows:
        cells = [row[n - 1 : n + 2] for n, token in enumerate(row) if token.type == "inline"]
        for begin, _, _ in cells:
            right = begin.attrs.get("style") == "text-align:right"
            begin.attrs = {"class": "rw-figure"} if right else {}
        first, *others = cells
        first[0].tag = first[2].tag = "th"
        if others and not any(text.content for _, text, _ in others):
            first[0].attrs["colspan"] = str(len(cells))
            for begin, _, end in others:
                begin.hidden = end.hidden = True
    columns = sum(token.type == "th_open" for token in rows[0])
    head = [token for token in rows[0] if token.type == "inline"]
    if not any(token.content for token in head):  # the head of a table is empty: hide it
        for token in tokens[1 : tokens.index(rows[0][-1]) + 2]:
            token.hidden = True
    tokens[0].attrs = {"class": "rw-table"}
    scrolls = ' tabindex="0" role="region" aria-label="Table"' if columns > 2 else ""
    before, after = f'<div class="rw-wide"{scrolls}>', "</div>\n"
    if columns > 2 and len(rows) - 1 > LONG_TABLE:
        children = head[0].children or ()
        summary = _RENDERER.renderInline(children, _MARKDOWN.options, {})
        summary = summary or f"A table of {len(rows) - 1} rows"
        before = f'<details class="rw-more"><summary>{summary}</summary>{before}'
        after = "</div></details>\n"
    return [_raw_html(before), *tokens, _raw_html(after)]


def _raw_html(content: str) -> Token:
    """A token that is rendered as it is."""
    return Token("html_block", "", 0, content=content)


_FAMILIES = {
    "rwae": "a disentangled recurrent Wasserstein autoencoder (R-WAE, arXiv 2101.07496)",
    "objects": "a disentangled recurrent Wasserstein autoencoder for scenes of several objects",
    "mocogan": "a MoCoGAN, which draws clips and cannot read any",
}
_DRAFT = """---
{front_matter}
---

# {name}

This model is {family}. A static code of {static} numbers says who a clip shows, and a dynamic
code of {dynamic} numbers a frame says how it moves. It has {millions:.2f} M parameters.

| | |
|---|---|
| clips | {frames} frames of {side} x {side} pixels |
| actions that it tells apart | {actions} |
{command}
In Python, with the code of R-WAE Studio:

```python
from rwae import load

model = load("{repo}")
clips = model.decode(model.sample(4))
```

This card was written by a program that knows the settings and the weights alone. What the model
was trained on, under which licence that data is, and what the model cannot do are for its author
to add.
"""


def draft_card(repo: str, config: ModelConfig, num_parameters: int, command: str = "") -> str:
    """Writes a model card that states the settings and nothing else.

    Args:
        repo: the model's Hub id, or its name.
        config: the sizes.
        num_parameters: how many learned numbers it has.
        command: with which it was trained, if that is known.
    """
    from huggingface_hub import ModelCardData  # slow to import, and seldom needed

    data = ModelCardData(library_name="rwae-studio", tags=["video", "disentanglement"])
    return _DRAFT.format(
        front_matter=data.to_yaml(),
        name=repo.split("/")[-1],
        repo=repo,
        family=_FAMILIES[config.family],
        static=config.static_size,
        dynamic=config.dynamic_size,
        millions=num_parameters / 1e6,
        frames=config.frames,
        side=config.frame_size,
        actions=config.actions or "none",
        command=f"| command | `{command}` |\n" if command else "",
    )
