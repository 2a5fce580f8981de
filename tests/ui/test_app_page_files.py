"""The page's own files: cached for ever, compressed, and nothing else behind their route."""

import gzip
import http.client
import re
import urllib.parse

import pytest
from serving import RunningApp

from rwae.ui import page_files
from rwae.ui.bundling import ASSETS, bundled
from rwae.ui.middleware import PAGE_FILES_PREFIX

SMALL_PAGE = 120_000  # bytes of the page over the wire
SELF = "'self'"


def get(app: RunningApp, path: str, encoding: str = "gzip") -> tuple[int, dict[str, str], bytes]:
    """The status, the headers by their names in small letters, and the body as it was sent."""
    parts = urllib.parse.urlsplit(app.address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": encoding})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, body


@pytest.mark.parametrize("name", sorted(page_files.served_files()))
def test_every_file_is_compressed_and_kept_by_browsers(small_app: RunningApp, name: str) -> None:
    status, headers, body = get(small_app, f"/{page_files.file_url(name)}")
    assert status == 200
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"].split(";")[0] == (
        "text/css" if name.endswith(".css") else "text/javascript"
    )
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).decode() == page_files.served_files()[name]


def test_a_browser_that_takes_no_gzip_gets_the_plain_text(small_app: RunningApp) -> None:
    name = page_files.FIRST_SCRIPT
    for _ in range(2):  # an answer must not change the next one
        for encoding in ("identity", "gzip"):
            _, headers, body = get(small_app, f"/{page_files.file_url(name)}", encoding)
            assert ("content-encoding" in headers) == (encoding == "gzip")
            assert int(headers["content-length"]) == len(body)


def test_the_address_changes_with_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page_files.file_url(page_files.FIRST_SCRIPT)
    for name in page_files.served_files():
        changed = page_files.served_files() | {name: page_files.served_files()[name] + " "}
        with monkeypatch.context() as patch:
            patch.setattr(page_files, "served_files", lambda changed=changed: changed)
            page_files.files_root.cache_clear()
            assert page_files.file_url(page_files.FIRST_SCRIPT) != before
    page_files.files_root.cache_clear()
    assert page_files.file_url(page_files.FIRST_SCRIPT) == before


@pytest.mark.parametrize(
    "path",
    ["", "0123456789ab/app/first.js", "{}/tabs/explore.js", "{}/styles/page.css", "{}/",
     "{}/../app.py", "{}/..%2f..%2fpage.py", "{}/templates/header.html", "pictures/0.png",
     "pictures/..%2fmark.svg"],
)  # fmt: skip
def test_nothing_else_is_behind_the_route(small_app: RunningApp, path: str) -> None:
    digest = page_files.file_url(page_files.FIRST_SCRIPT).split("/")[1]
    assert get(small_app, PAGE_FILES_PREFIX + path.format(digest))[0] == 404


def test_the_page_is_small_and_holds_no_script_and_one_picture(small_app: RunningApp) -> None:
    status, headers, body = get(small_app, "/")
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert len(body) < SMALL_PAGE
    page = gzip.decompress(body).decode()
    assert page.count("data:image") == 1, "the first clip alone"
    assert "class Pump" not in page
    assert get(small_app, "/", "identity")[2].decode().count("<html") == 1


def test_the_picture_of_the_examples_is_kept_by_browsers(small_app: RunningApp) -> None:
    page = get(small_app, "/", "identity")[2].decode()
    (path,) = set(re.findall(r"page-files/pictures/\w+\.png", page))
    status, headers, body = get(small_app, f"/{path}")
    assert status == 200
    assert headers["content-type"] == "image/png"
    assert "immutable" in headers["cache-control"]
    assert body.startswith(b"\x89PNG")


def preloaded(app: RunningApp, address: str) -> set[str]:
    """The paths that browsers are told to load at once."""
    paths = re.findall("<([^>]+)>", get(app, address)[1]["link"])
    assert len(paths) == len(set(paths))
    return set(paths)


def test_the_page_has_browsers_load_at_once_what_the_first_picture_needs(
    small_app: RunningApp,
) -> None:
    paths = preloaded(small_app, "/")
    for path in paths:
        assert get(small_app, f"/{path}")[0] == 200
    first = {page_files.file_url(name) for name in ("app/first.js", page_files.STYLESHEET)}
    assert {path for path in paths if not path.endswith(".png")} == first
    assert len(paths) == len(first) + 1


def test_each_module_of_the_page_is_in_one_script() -> None:
    files = page_files.served_files()
    first, others = (
        re.findall(r'^modules\["(.+?)"\] = ', files[name], re.MULTILINE)
        for name in (page_files.FIRST_SCRIPT, page_files.OTHER_SCRIPT)
    )
    assert len(set(first + others)) == len(first + others)
    assert {"lib/session.js", "tabs/explore.js"} <= set(first)
    assert {"tabs/swap.js", "tabs/about.js"} <= set(others)
    paths = [*ASSETS.glob("lib/*.js"), *ASSETS.glob("tabs/*.js"), *ASSETS.glob("widgets/*.js")]
    elsewhere = bundled([page_files.WORKER, "standalone/page.js"])
    assert {path.relative_to(ASSETS).as_posix() for path in paths} <= {*first, *others, *elsewhere}


def test_the_picture_is_not_loaded_at_once_where_another_model_may_be_shown(
    small_app: RunningApp,
) -> None:
    always, named = preloaded(small_app, "/"), preloaded(small_app, "/?model=other")
    assert {path.rsplit(".")[-1] for path in always - named} == {"png"}
    assert named < always


def test_no_other_answer_names_what_to_load(small_app: RunningApp) -> None:
    for path in ("/config", f"/{page_files.file_url(page_files.OTHER_SCRIPT)}"):
        assert "link" not in get(small_app, path)[1]


def test_scripts_come_from_this_server_alone(small_app: RunningApp) -> None:
    policy = get(small_app, "/")[1]["content-security-policy"]
    rules = {rule.split()[0]: set(rule.split()[1:]) for rule in policy.split("; ")}
    assert rules["script-src"] == {SELF, "'unsafe-inline'", "'unsafe-eval'", "blob:"}
    assert rules["style-src"] == {SELF, "'unsafe-inline'"}
    assert rules["default-src"] == {SELF, "data:", "blob:"}


@pytest.mark.parametrize("path", ["/", "/?model=other"])
def test_a_link_to_the_page_shows_what_it_is(small_app: RunningApp, path: str) -> None:
    page = get(small_app, path, "identity")[2].decode()
    head = page[: page.index("</head>")]
    tags = dict(re.findall(r'<meta\s+(?:property|name)="([\w:]+)"\s+content="([^"]*)"', head))
    assert tags["og:title"] == page_files.TITLE
    assert tags["og:description"] == tags["description"] == page_files.DESCRIPTION
    previews = re.findall(r'(?:og|twitter):\w+"', head)
    assert len(previews) == len(set(previews)) == 4
    assert "viewport" in tags
    assert 'content="Gradio"' not in head
    assert "gradio.app" not in "".join(tags.values())


@pytest.mark.parametrize(
    ("query", "location"),
    [("view=api", "./#about"), ("model=small&view=api", "./?model=small#about")],
)
def test_gradios_address_for_programs_leads_to_the_tab_that_describes_the_endpoints(
    small_app: RunningApp, query: str, location: str
) -> None:
    status, headers, _ = get(small_app, f"/?{query}")
    assert (status, headers["location"]) == (307, location)
