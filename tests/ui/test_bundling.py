"""Modules in one script: each once, in order, with its own private names."""

import re

import pytest

from rwae.ui import bundling
from rwae.ui.bundling import bundle, script


def names_in(text: str) -> list[str]:
    return re.findall(r'^modules\["(.+?)"\]', text, re.MULTILINE)


def test_a_script_has_every_module_once_below_those_that_it_imports() -> None:
    text = script("lib/decodeworker.js")
    assert names_in(text) == ["lib/kernel.js", "lib/decodeservice.js", "lib/decodeworker.js"]
    assert 'const { Kernel } = modules["lib/kernel.js"];' in text
    assert not re.search(r"^(import|export)\b", script("standalone/page.js"), re.MULTILINE)


def test_a_bundle_has_no_module_that_is_there_already() -> None:
    text = bundle(["lib/decodeworker.js"], without=["lib/kernel.js"])
    assert names_in(text) == ["lib/decodeservice.js", "lib/decodeworker.js"]
    assert 'const { Kernel } = modules["lib/kernel.js"];' in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lib/odd1.js", "export default 1;\n"),
        ("lib/odd2.js", 'import * as all from "./a.js";\n'),
        ("lib/odd3.js", "const a = '</script>';\n"),
    ],
)
def test_what_a_bundle_cannot_hold_is_named(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "read_asset", lambda _: text)
    with pytest.raises(ValueError, match=name):
        bundle([name])
