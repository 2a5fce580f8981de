"""Without the Hub the page opens all the same, and says which model is missing."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from fake_hub import environment, fake_hub
from serving import app, browser_path, small_checkpoint

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def test_the_page_says_that_it_shows_its_own_models(tmp_path: Path) -> None:
    path, root = browser_path(), tmp_path / "project"
    shutil.copytree(ROOT / "rwae", root / "rwae")
    shutil.copy(ROOT / "app.py", root)
    small_checkpoint(root / "checkpoints" / "small", card="# Embedded\n\nTiny.\n")
    with fake_hub() as hub:
        gone = environment(hub, tmp_path / "home")
    wanted = Path("someone/with-a-rather-long-name-of-a-model")
    with app(wanted, tmp_path, root, gone) as address, playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(address)
        message = page.locator(".rw-header [role=status]")
        said = f"The model {wanted} could not be loaded: you see the app's own models."
        playwright.expect(message).to_have_text(said, timeout=60_000)
        playwright.expect(page.locator(".rw-badge")).to_contain_text("Embedded")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
