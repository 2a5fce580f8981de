"""ASGI middleware in front of Gradio: which paths are open, and how much a visitor may send.

Each request passes three checks before Gradio sees it:

1. Its path is among those that the page and programs use. Gradio has many more: they would take
   files and keep them, serve files by their path, fetch other addresses for a caller, or skip the
   queue. A path that a later version of Gradio adds is closed until it is listed here.
2. Its body is counted and timed while it comes in, whatever its headers promise.
3. A call of a function of the page is held back until its body is complete, and then waits for
   its turn: Gradio writes forms to files while they come in and forgets them if the rest never
   comes, and a slow sender shall not keep others from asking.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress

from python_multipart.multipart import parse_options_header
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rwae.errors import ClipError
from rwae.ui import housekeeping, monitoring
from rwae.ui.monitoring import COUNTS, Monitor
from rwae.ui.payloads import MAX_ENCODED_BYTES, MAX_UPLOAD_BYTES
from rwae.ui.received_files import ReceivedFiles, files_of_form, with_names_of_files

# The page may speak to the server that it came from and to no other. Gradio puts scripts into the
# page and builds functions from text, so 'unsafe-inline' and 'unsafe-eval' are needed; the second
# also allows WebAssembly, in which browsers decode.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self' data: blob:",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

GRADIO_PREFIX = "/gradio_api"
PAGE_CALL_PATH = f"{GRADIO_PREFIX}/component_server"  # where the page calls functions
UPLOAD_PATH = f"{GRADIO_PREFIX}/upload"  # where Gradio's clients send files, see `received_files`
PAGE_FILES_PREFIX = "/page-files/"  # see `rwae.ui.page_files`
OPEN_PATHS = frozenset(
    {
        *("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"),
        *(*monitoring.PATHS, PAGE_CALL_PATH, UPLOAD_PATH, "/pwa_icon"),
        *(f"{GRADIO_PREFIX}/info", f"{GRADIO_PREFIX}/openapi.json", f"{GRADIO_PREFIX}/app_id"),
        *(f"{GRADIO_PREFIX}/queue/join", f"{GRADIO_PREFIX}/queue/data"),
        *(f"{GRADIO_PREFIX}/startup-events", f"{GRADIO_PREFIX}/cancel", f"{GRADIO_PREFIX}/reset"),
        f"{GRADIO_PREFIX}/mcp",
    }
)
OPEN_PREFIXES = (
    PAGE_FILES_PREFIX,
    *("/assets/", "/static/", "/svelte/", "/pwa_icon/"),
    *(f"{GRADIO_PREFIX}/heartbeat/", f"{GRADIO_PREFIX}/call/", f"{GRADIO_PREFIX}/mcp/"),
)
CALL_ROUTE = f"{GRADIO_PREFIX}/call/"
API_ROUTES = tuple(  # where programs call, see `rwae.ui.api`
    f"{GRADIO_PREFIX}/{name}" for name in ("queue/join", "call/", "mcp", "mcp/")
)

BODY_BYTES = "rwae.body_bytes"  # in the scope of a call of a program: the size of its body

MAX_VALUES_BYTES = 2**20  # of a body; the longest request for pictures has about a tenth of this
MAX_FORM_BYTES = MAX_UPLOAD_BYTES + 2**16  # of a body: a file and a few fields
MAX_API_BYTES = MAX_ENCODED_BYTES * 4 // 3 + 2**16  # of a body: a file as base64 and a few values
MAX_HELD_BYTES = 2**28  # of all bodies together
MAX_PAUSE = 10.0  # seconds between two parts of a body
MAX_BODY_SECONDS = 120.0  # until a body is complete
MAX_FORM_PARTS = 8  # the page sends five
MAX_OPEN_REQUESTS = 512  # most are heartbeats, one for each page that is open
MAX_PAGE_CALLS = 128  # at once; the model answers them one after another
MAX_FORMS = 12  # that are complete and not yet answered
MAX_READ_FORMS = 4  # that are read at once, each in memory for a clip; others wait

FULL = "The app is full: please try again in a minute."
BUSY = "Many people use the app just now, and yours was one request too many: try again."
FAILED = "The server failed at this request: try another value."
UNKNOWN = "The request names no function of this app, or leaves out what tells it."
INCOMPLETE = "The request breaks off before its end: send it again."


class Refusal(Exception):  # noqa: N818 - an answer to the visitor, and no error of the program
    """A request that is not passed on.

    Attributes:
        status: HTTP status of the answer.
        sentence: text of the answer.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class SecurityHeaders:
    """ASGI middleware that adds `SECURITY_HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *SECURITY_HEADERS]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_headers)


class RequestLimits:
    """ASGI middleware that refuses requests beyond the limits of this module.

    Args:
        app: the app behind it.
        check_call: says what is wrong with a call by name, given its path and its body; None if
            nothing is.
        monitor: answers operators; by default one that is always ready.
        received: the files that programs send before a call.

    Attributes:
        open_requests: how many are open now.
        page_calls: how many functions of the page are being called now.
        forms: how many forms are complete and wait or are being read now.
        budget: the memory that is free for bodies.
    """

    def __init__(
        self,
        app: ASGIApp,
        check_call: Callable[[str, bytes], str | None] | None = None,
        monitor: Monitor | None = None,
        received: ReceivedFiles | None = None,
    ) -> None:
        self.app = app
        self.check_call = check_call
        self.monitor = monitor or Monitor(lambda: None)
        self.received = received or ReceivedFiles()
        self.open_requests = self.page_calls = self.forms = 0
        self.budget = BodyBudget(MAX_HELD_BYTES)
        self._reading = asyncio.Semaphore(MAX_READ_FORMS)
        COUNTS.observe("rwae_open_requests", lambda: self.open_requests)
        COUNTS.observe("rwae_page_calls", lambda: self.page_calls)
        COUNTS.observe("rwae_forms", lambda: self.forms)
        COUNTS.observe("rwae_body_bytes", lambda: MAX_HELD_BYTES - self.budget.free)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # the app has no websockets
            return
        route = open_route(path_below_root(scope))
        send = _counting(send, route or "other")
        self.open_requests += 1
        try:
            await self._pass_on(route, scope, receive, send)
        except Refusal as refusal:
            housekeeping.log_refusal(refusal.status, route or "other", refusal.sentence)
            with suppress(RuntimeError):  # an answer has begun, and breaks off here
                await _refuse(send, refusal, route)
        except Exception as error:  # of Gradio: the server would print it, with what was sent
            housekeeping.log_failure(route or "other", error)
            with suppress(RuntimeError):  # an answer has begun, and breaks off here
                await _answer(send, 500, FAILED.encode(), b"text/plain; charset=utf-8")
        finally:
            self.open_requests -= 1

    async def _pass_on(
        self, route: str | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if route is None:
            raise Refusal(404, monitoring.NOTHING_HERE)
        if route in monitoring.PATHS:
            answer = await self.monitor.answer(route, dict(scope["headers"]))
            await _answer(send, answer.status, answer.text.encode(), answer.media_type.encode())
        elif self.open_requests > MAX_OPEN_REQUESTS:
            raise Refusal(503, FULL)
        elif route == UPLOAD_PATH:
            await self._receive_files(scope, receive, send)
        elif route != PAGE_CALL_PATH and scope["method"] == "POST":
            await self._pass_on_call(route, scope, receive, send)
        elif route != PAGE_CALL_PATH:
            await self._pass_on_counted(scope, receive, send)
        elif is_form(content_type := content_type_of(scope)):
            await self._call_with_form(content_type, scope, receive, send)
        else:
            with RequestBody(receive, MAX_VALUES_BYTES, self.budget) as body:
                await self._call(await body.read(), scope, receive, send)

    async def _receive_files(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes the files of a form, and answers with a name for each."""
        content_type = content_type_of(scope)
        if scope["method"] != "POST" or not is_form(content_type):
            raise Refusal(400, "Send a file here as a form, by POST.")
        with RequestBody(receive, MAX_API_BYTES, self.budget) as body:
            form = await body.read()
            check_form(form, content_type)
            try:
                files = files_of_form(form, content_type)
            except ClipError as error:
                raise Refusal(400, str(error)) from None
            names = [self.received.keep(file) for file in files]
            await _answer(send, 200, json.dumps(names).encode(), b"application/json")

    async def _pass_on_call(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on the call of a program, whose body is complete."""
        limit = MAX_API_BYTES if route in API_ROUTES else MAX_VALUES_BYTES
        with RequestBody(receive, limit, self.budget) as body:
            content = await body.read()
            try:
                content = with_names_of_files(content)
            except ClipError as error:
                raise Refusal(400, str(error)) from None
            if self.check_call and route == CALL_ROUTE:
                complaint = self.check_call(path_below_root(scope), content)
                if complaint:
                    raise Refusal(422, complaint)
            scope[BODY_BYTES] = len(content)
            await self._pass_on_whole(content, scope, receive, send)

    async def _call_with_form(
        self, content_type: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        with RequestBody(receive, MAX_FORM_BYTES, self.budget) as body:
            form = await body.read()
            check_form(form, content_type)
            if self.forms >= MAX_FORMS:
                raise Refusal(503, BUSY)
            self.forms += 1
            try:
                async with self._reading:
                    await self._call(form, scope, receive, send)
            finally:
                self.forms -= 1

    async def _call(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a call of a function of the page, whose body is complete."""
        if self.page_calls >= MAX_PAGE_CALLS:
            raise Refusal(503, BUSY)
        self.page_calls += 1
        try:
            await self._pass_on_whole(body, scope, receive, send)
        finally:
            self.page_calls -= 1

    async def _pass_on_whole(
        self, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Passes on a request whose body is complete."""
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_whole() -> Message:
            return pending.pop() if pending else await receive()

        try:
            await self.app(scope, receive_whole, send)
        except KeyError:  # of Gradio: the app's own functions raise none
            raise Refusal(422, UNKNOWN) from None

    async def _pass_on_counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on while it comes in, and ends it if it gets too large or too slow."""
        refusal: Refusal | None = None
        answer_begun = False

        async def receive_counted() -> Message:
            nonlocal refusal
            try:
                return await body.receive()
            except Refusal as error:
                refusal = error
                return {"type": "http.disconnect"}

        async def send_unless_refused(message: Message) -> None:
            nonlocal answer_begun
            if refusal is None:
                answer_begun = True
                await send(message)

        try:
            with RequestBody(receive, MAX_VALUES_BYTES, self.budget) as body:
                await self.app(scope, receive_counted, send_unless_refused)
        except Exception:
            # After a refusal, the app fails because the rest of the request is missing.
            if refusal is None:
                raise
        if refusal is not None and not answer_begun:
            raise refusal


class BodyBudget:
    """The memory that all bodies may take together.

    If it is spent, the body that has been coming in for longest gives way: a slow sender shall not
    keep others from asking.

    Attributes:
        free: bytes that are left.
    """

    def __init__(self, max_bytes: int) -> None:
        self.free = max_bytes
        self.arriving: list[RequestBody] = []  # the one that began first comes first

    def take(self, size: int, body: RequestBody) -> None:
        """Takes bytes for a body.

        Raises:
            Refusal: if there are none, also when all others that come in give way.
        """
        self.free -= size
        while self.free < 0:
            oldest = next((one for one in self.arriving if one is not body), None)
            if oldest is None:
                raise Refusal(503, BUSY)
            oldest.give_way()


class RequestBody:
    """The body of a request, counted and timed while it comes in.

    It takes its bytes from the budget while they come in, and returns them at the end of the
    `with` block around it.

    Attributes:
        complete: whether all of it has come.
    """

    def __init__(self, receive: Receive, max_bytes: int, budget: BodyBudget) -> None:
        self._receive = receive
        self._allowed = max_bytes
        self._budget = budget
        self._taken = 0
        self._deadline = time.monotonic() + MAX_BODY_SECONDS
        self._arrival: asyncio.Future[Message] | None = None
        self._gave_way = False
        self.complete = False

    def __enter__(self) -> RequestBody:
        self._budget.arriving.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_arriving()
        self._return_bytes()

    def give_way(self) -> None:
        """Returns the bytes of a body that is not complete, whose sender is refused."""
        self._gave_way = True
        if self._arrival is not None:
            self._arrival.cancel()
        self._stop_arriving()
        self._return_bytes()

    def _stop_arriving(self) -> None:
        if self in self._budget.arriving:
            self._budget.arriving.remove(self)

    def _return_bytes(self) -> None:
        self._budget.free += self._taken
        self._taken = 0

    async def receive(self) -> Message:
        """The next message of the server.

        Raises:
            Refusal: if the body gets too large, pauses for too long or takes too long, or if the
                budget is spent.
        """
        if self.complete:  # the next message says that the visitor has left, whenever that is
            return await self._receive()
        message = await self._next_message()
        self.complete = not message.get("more_body", False)
        if self.complete:
            self._stop_arriving()
        size = len(message.get("body", b""))
        self._allowed -= size
        if self._allowed < 0:
            raise Refusal(413, "The request is too large.")
        self._taken += size
        self._budget.take(size, self)
        return message

    async def _next_message(self) -> Message:
        patience = min(MAX_PAUSE, self._deadline - time.monotonic())
        arrival = self._arrival = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({arrival}, timeout=max(patience, 0))
        finally:
            arrival.cancel()  # nothing happens if it has come
        if self._gave_way:
            raise Refusal(503, BUSY)
        if not arrival.done() or arrival.cancelled():
            raise Refusal(
                408, "The request took too long to arrive: check the connection and try again."
            )
        return arrival.result()

    async def read(self) -> bytes:
        """All of the body.

        Raises:
            Refusal: as `receive`, and if the sender leaves before its end.
        """
        parts = []
        while not self.complete:
            message = await self.receive()
            if message["type"] != "http.request":
                raise Refusal(400, INCOMPLETE)
            parts.append(message.get("body", b""))
        return b"".join(parts)


def open_route(path: str) -> str | None:
    """The open path or prefix that a path belongs to; None if the path is closed.

    Args:
        path: of a request, decoded, below the app's root.
    """
    if ".." in path or "\\" in path or "\0" in path:
        return None
    plain = path.rstrip("/") or "/"
    if plain in OPEN_PATHS:
        return plain
    return next((prefix for prefix in OPEN_PREFIXES if path.startswith(prefix)), None)


def path_below_root(scope: Scope) -> str:
    """The path of a request without the path of a proxy below which the app lies."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def content_type_of(scope: Scope) -> bytes:
    """The first Content-Type of a request, which is the one that Gradio reads; empty if none."""
    return next((value for name, value in scope["headers"] if name == b"content-type"), b"")


def is_form(content_type: bytes) -> bool:
    """Whether a body is a form with files."""
    return content_type.startswith(b"multipart/form-data")


def check_form(form: bytes, content_type: bytes) -> None:
    """Checks that a form ends as its header says and has no more than `MAX_FORM_PARTS` parts.

    Raises:
        Refusal: if not.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    end = b"\r\n--" + (boundary or b"") + b"--"
    if not boundary or not form.endswith((end, end + b"\r\n")):
        raise Refusal(400, INCOMPLETE)
    if form.count(b"--" + boundary) > MAX_FORM_PARTS + 1:
        raise Refusal(413, "The form has too many parts: send one file.")


def _counting(send: Send, route: str) -> Send:
    """Counts the answer that is sent."""

    async def send_counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            COUNTS.add("rwae_requests_total", route=route, status=str(message["status"]))
        await send(message)

    return send_counted


async def _refuse(send: Send, refusal: Refusal, route: str | None) -> None:
    if refusal.status == 503 and route == PAGE_CALL_PATH:
        # Gradio's page drops the text of a failure. An answer like that of the page's functions
        # is shown to the visitor.
        answer = json.dumps({"error": refusal.sentence}).encode()
        await _answer(send, 200, answer, b"application/json")
    else:
        sentence = refusal.sentence.encode()
        await _answer(send, refusal.status, sentence, b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, content: bytes, content_type: bytes) -> None:
    length = str(len(content)).encode()
    headers = [
        (b"content-type", content_type),
        (b"content-length", length),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
