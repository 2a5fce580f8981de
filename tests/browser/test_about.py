"""The About tab in a real browser: the card, the plot, the table, the examples for programs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from score_files import JUDGE
from serving import running, small_checkpoint
from visiting import Visit, playwright, visiting

from rwae.files.metrics import FRAME_ERROR, PRIOR_STATIC, SWAP
from rwae.files.scores import ScoredRun, ScoreFile, Scores, Training, write_scores

CARD = """---
license: mit
---

# A *scored* one

It is **bold**, `code` and [a link](https://example.org/x), and [no link](javascript:alert(1)).
<img src=x onerror="window.hacked = 1"> <script>window.hacked = 1</script>
![a picture](https://example.org/tracker.png)

<!-- nobody reads this -->

## Data

| | |
|---|---|
| licence of the data | CC0 |
| split | by a\\|b |

- one
- two
  goes on

| **Many rows** | a | b |
|---|---:|---:|
"""
SCORES = ScoreFile(
    dataset="squares",
    split="test",
    seed=0,
    clips=1200,
    recordings=1200,
    factors=(),
    judges=dict.fromkeys(("swap", "prior_static"), JUDGE),
    runs=tuple(
        ScoredRun(
            Training(seed=seed, steps=3000),
            Scores({SWAP.joint: swap, PRIOR_STATIC.joint: 1.0, FRAME_ERROR: 12.5}),
        )
        for seed, swap in enumerate((0.5, 0.7))
    ),
    baselines={"copy the input": Scores({SWAP.joint: 0.1, PRIOR_STATIC.joint: 1.0})},
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    root = tmp_path_factory.mktemp("models")
    rows = "".join(f"| row {n} | {n} | 0.{n} |\n" for n in range(9))
    scored = small_checkpoint(root / "scored", card=CARD + rows)
    bare = small_checkpoint(root / "bare")
    write_scores(scored / "scores.json", SCORES)
    cache = tmp_path_factory.mktemp("cache")
    with running([scored, bare], cache) as app, visiting(app) as visit:
        visit.open_tab("About")
        arrived(visit, "A scored one")
        yield visit


def arrived(visit: Visit, title: str) -> None:
    heading = visit.page.locator(".rw-prose h2")
    playwright.expect(heading).to_have_text(title)


def test_the_card_is_shown_as_text_and_runs_nothing(visit: Visit) -> None:
    card = visit.page.get_by_role("article", name="The model's card")
    playwright.expect(card.locator("strong").first).to_have_text("bold")
    playwright.expect(card.locator("p code")).to_have_text("code")
    links = card.locator("a")
    playwright.expect(links).to_have_count(1)
    playwright.expect(links).to_have_attribute("href", "https://example.org/x")
    playwright.expect(links).to_have_attribute("rel", "noopener noreferrer")
    playwright.expect(card.get_by_text("no link")).to_be_visible()
    assert card.locator("img, script").count() == 0
    assert visit.page.evaluate("window.hacked") is None
    said = card.inner_text()
    assert "license: mit" not in said
    assert "nobody reads this" not in said
    assert "a picture" in said


def test_the_card_has_lists_and_tables(visit: Visit) -> None:
    card = visit.page.locator(".rw-prose")
    assert card.locator("li").all_inner_texts() == ["one", "two goes on"]
    playwright.expect(card.locator("h3")).to_have_text("Data")
    assert card.locator("table").first.locator("td").all_inner_texts() == ["CC0", "by a|b"]
    folded = card.locator("details")
    playwright.expect(folded.locator("summary")).to_have_text("Many rows")
    playwright.expect(folded.locator("table")).to_be_hidden()
    folded.locator("summary").focus()
    visit.page.keyboard.press("Enter")
    playwright.expect(folded.locator("td").first).to_be_visible()
    playwright.expect(folded.locator("td").first).to_have_css("text-align", "right")


def test_the_plot_shows_the_mean_each_training_and_who_stands_beside(visit: Visit) -> None:
    row = visit.page.locator(".rw-measure").first
    playwright.expect(row.locator("b")).to_have_text("Swap")
    playwright.expect(row.locator(".rw-number")).to_have_text("60.0 %")
    width = row.locator("> svg").bounding_box()
    for selector, places in {".rw-run": [0.5, 0.7], ".rw-mean": [0.6], ".rw-rival": [0.1]}.items():
        boxes = [mark.bounding_box() for mark in row.locator(selector).all()]
        found = [(box["x"] + box["width"] / 2 - width["x"]) / width["width"] for box in boxes]
        assert found == pytest.approx(places, abs=0.01), selector
    told = row.get_by_role("img").get_attribute("aria-label")
    assert told == "This model: 60.0 % on average, 50.0 % and 70.0 %; copy the input: 10.0 %"
    said = visit.page.locator("[data-part=scored]").inner_text()
    assert (
        said == "On 1,200 test clips, after 3,000 training steps, "
        "2 trainings that differ by their seed."
    )


def test_the_table_says_the_same_and_more(visit: Visit) -> None:
    visit.page.get_by_text("The numbers as a table").click()
    table = visit.page.get_by_role("region", name="Scores as a table")
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]
    assert rows == [
        ["", "this model", "copy the input"],
        ["Swap", "60.0 ± 14.1 %", "10.0 %"],
        ["New who", "100.0 ± 0.0 %", "100.0 %"],
        ["Squared error", "12.50 ± 0.00", "-"],
    ]


def test_the_examples_name_this_page_and_this_model(visit: Visit) -> None:
    code = visit.page.locator("[data-part=code]")
    for language in ("Python", "Shell", "MCP"):
        button = visit.page.get_by_role("button", name=language, exact=True)
        button.click()
        playwright.expect(button).to_have_attribute("aria-pressed", "true")
        words = code.inner_text()
        if language == "MCP":
            assert "python app.py --mcp" in words
        else:
            assert visit.address in words
            assert "scored" in words
    visit.page.get_by_role("button", name="Copy", exact=True).click()
    playwright.expect(visit.page.get_by_text(re.compile("^The (example|browser)"))).to_be_visible()


def test_the_python_example_runs_as_shown(
    visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    visit.page.get_by_role("button", name="Python", exact=True).click()
    source = visit.page.locator("[data-part=code]").text_content()
    names: dict = {}
    exec(compile(source, "the About tab", "exec"), names)
    names["app"].close()
    assert "data:video/webm;base64," in capsys.readouterr().out


def test_every_endpoint_opens_to_its_arguments(visit: Visit) -> None:
    call = visit.page.locator(".rw-call", has_text="/swap")
    call.locator("summary").focus()
    visit.page.keyboard.press("Enter")
    assert call.locator("dt").all_inner_texts() == ["who", "motion", "picture", "model"]
    playwright.expect(call.locator("dd").first).to_contain_text("static code")


def test_the_tab_follows_the_chosen_model(visit: Visit) -> None:
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(1).click()
    arrived(visit, "bare")
    playwright.expect(visit.page.get_by_text("This model has no card")).to_be_visible()
    playwright.expect(visit.page.get_by_text("has not been scored")).to_be_visible()
    assert visit.page.locator(".rw-measure").count() == 0
    playwright.expect(visit.page.get_by_text("The numbers as a table")).to_be_hidden()
    assert "bare" in visit.page.locator("[data-part=code]").inner_text()
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(0).click()
    arrived(visit, "A scored one")


@pytest.mark.parametrize("size", SIZES)
def test_no_screen_scrolls_sideways_and_every_tab_is_there(visit: Visit, size: str) -> None:
    width, height = SIZES[size]
    visit.page.set_viewport_size({"width": width, "height": height})
    visit.page.wait_for_timeout(300)
    outside = visit.page.evaluate(
        """() => [...document.querySelectorAll('.rw-about, .rw-about *')].filter(node =>
            node.offsetParent && !node.closest('.rw-wide *, .rw-code *, svg') &&
            node.getBoundingClientRect().right > innerWidth + 0.5).map(node => node.className)"""
    )
    assert outside == []
    playwright.expect(visit.page.get_by_role("tab", name="About")).to_be_visible()


def test_nothing_went_wrong_and_no_other_host_was_asked(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
    assert not [path for path in Path(visit.cache).rglob("*") if path.is_file()]
