"""The app below a path of another server, which passes requests on without that path."""

import http.client
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from serving import RunningApp, app, small_checkpoint
from visiting import visiting
from watching import CELLS, exact

PREFIX = "/people/me"
AT_THE_ROOT = ("/favicon.ico", "/manifest.json")  # what browsers ask of the host itself
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}  # of one connection


@contextmanager
def proxy(port: int) -> Iterator[int]:
    """Passes on what is asked below `PREFIX` to another port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_response(200 if self.path in AT_THE_ROOT else 404)
                self.end_headers()
                self.wfile.write(b"{}")
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            server.request(self.command, self.path.removeprefix(PREFIX), body, dict(self.headers))
            answer = server.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while piece := answer.read1():
                self.wfile.write(piece)
                self.wfile.flush()

        do_POST = do_GET  # noqa: N815 - the name is that of the standard library

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_the_page_works_below_a_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    model = small_checkpoint(tmp_path_factory.mktemp("models") / "plain")
    cache = tmp_path_factory.mktemp("cache")
    with ExitStack() as stack:
        behind = app(model, cache, environment={"GRADIO_ROOT_PATH": PREFIX})
        port = stack.enter_context(proxy(urllib.parse.urlsplit(stack.enter_context(behind)).port))
        below = RunningApp(f"http://127.0.0.1:{port}{PREFIX}/", {"plain": model}, cache)
        visit = stack.enter_context(visiting(below))
        visit.page.wait_for_selector(CELLS)
        visit.page.wait_for_selector(".rw-knob input")
        visit.page.locator(".rw-knob input").first.fill("1.5")
        visit.rest(".rw-explore")
        assert exact(visit)
        for tab in ("Swap", "Sample", "Compare", "Sheet", "About"):
            visit.open_tab(tab)
            visit.page.wait_for_selector(f"#rw-{tab.lower()} .rw", state="visible")
        assert visit.complaints == []
