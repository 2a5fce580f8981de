"""What the server keeps of calls: answers that wait for their readers, and nothing else.

A program calls in two steps: one request starts the call, and another one reads the answer. Gradio
keeps each answer until it is read, also if that never happens. Here an answer waits as bytes of
JSON, and a session is forgotten with all its answers when they are too old or too many. A reader
who comes later is told that there is no such session.

The bodies of calls that wait are bounded as well.

Gradio also keeps what each session sent and got last, for links to a state of the page. The app
has no such links.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import gradio as gr
from gradio import state_holder
from gradio.queueing import Queue
from gradio.server_messages import EventMessage

from rwae.ui.middleware import BODY_BYTES
from rwae.ui.monitoring import COUNTS

MAX_UNREAD_SECONDS = 60.0  # that an answer waits for its reader
MAX_UNREAD_BYTES = 16 * 2**20  # of the answers of all sessions together
MAX_SESSION_BYTES = MAX_UNREAD_BYTES // 2  # of those of one session
MAX_SESSIONS = 2000
MAX_CALL_BYTES = 2**25  # of the bodies of all calls that wait or run
TIDY_SECONDS = 15.0  # between two looks for what is too old


class Mailbox(asyncio.Queue[EventMessage]):
    """The messages of one session that wait for its reader.

    They wait as bytes: the numbers of codes take about five times as much memory as objects.

    Attributes:
        bytes: of all messages together.
        used: when a message came or somebody asked for one, by the monotonic clock.
    """

    def __init__(self, after_put: Callable[[], None] | None = None) -> None:
        """Begins empty.

        Args:
            after_put: is called after each message that comes.
        """
        super().__init__()
        self.bytes = 0
        self.used = time.monotonic()
        self._after_put = after_put

    async def get(self) -> EventMessage:
        """The next message, as soon as there is one."""
        self.used = time.monotonic()
        return await super().get()

    def put_nowait(self, item: EventMessage) -> None:
        """Adds a message."""
        super().put_nowait(item)
        self.used = time.monotonic()
        if self._after_put is not None:
            self._after_put()

    # How the messages are kept: `asyncio.Queue` calls these three.
    def _init(self, _maxsize: int) -> None:
        self._queue: deque[tuple[type[Any], str]] = deque()

    def _put(self, item: EventMessage) -> None:
        content = item.model_dump_json(fallback=str)
        self.bytes += len(content)
        self._queue.append((type(item), content))

    def _get(self) -> EventMessage:
        kind, content = self._queue.popleft()
        self.bytes -= len(content)
        return cast("EventMessage", kind.model_validate_json(content))


class UnreadAnswers(dict[str, Mailbox]):
    """The mailbox of each session, in the place of Gradio's `pending_messages_per_session`."""

    def __init__(self, queue: Queue) -> None:
        """Begins without a session.

        Args:
            queue: whose answers these are.
        """
        super().__init__()
        self._queue = queue
        self._timer: asyncio.TimerHandle | None = None

    @property
    def bytes(self) -> int:
        """Bytes of all answers that wait."""
        return sum(mailbox.bytes for mailbox in self.values())

    def __setitem__(self, session: str, _: object) -> None:
        """Begins a session; Gradio's own mailbox is not used."""
        if len(self) >= MAX_SESSIONS:
            self._forget(min(self, key=lambda one: self[one].used))
        super().__setitem__(session, Mailbox(self._make_room))
        if self._timer is None:
            self._wait()

    def __missing__(self, session: str) -> Mailbox:
        """A mailbox that nobody reads: a call that still runs writes to a session that is gone."""
        return Mailbox()

    def _make_room(self) -> None:
        """Forgets sessions that hold too much, and then those that were not used for longest."""
        for session in [one for one, box in self.items() if box.bytes > MAX_SESSION_BYTES]:
            self._forget(session)
        while self.bytes > MAX_UNREAD_BYTES:
            unread = [session for session, mailbox in self.items() if mailbox.bytes]
            self._forget(min(unread, key=lambda one: self[one].used))

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TIDY_SECONDS, self._forget_old)

    def _forget_old(self) -> None:
        """Forgets sessions of whose calls none runs, and whose answers nobody fetches."""
        oldest = time.monotonic() - MAX_UNREAD_SECONDS
        for session in [one for one, mailbox in self.items() if mailbox.used < oldest]:
            if not self._is_busy(session):
                self._forget(session)
        self._timer = None
        if self:
            self._wait()

    def _is_busy(self, session: str) -> bool:
        """Whether a call of a session waits or runs."""
        calls = self._queue.pending_event_ids_session.get(session, ())
        return any(call in self._queue.event_ids_to_events for call in calls)

    def _forget(self, session: str) -> None:
        self.pop(session, None)
        self._queue.pending_event_ids_session.pop(session, None)


class Session(state_holder.SessionState):
    """A session of Gradio that keeps no value of a call."""

    def __init__(self, blocks: gr.Blocks) -> None:
        """Begins a session.

        Args:
            blocks: the page.
        """
        # Not by Gradio's constructor, which would describe each component of the page anew.
        self.blocks_config = copy.copy(blocks.default_config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 0

    def __setitem__(self, key: int, value: Any) -> None:
        """Keeps nothing: a component that is not in the session is found in the page."""

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


def limit_call_bytes(queue: Queue) -> None:
    """Has a queue refuse calls while those that wait and run hold `MAX_CALL_BYTES`."""
    push = queue.push

    async def push_within_limit(*, body: Any, request: Any, username: str | None) -> Any:
        calls = [event.request for event in queue.event_ids_to_events.values()]
        if sum(one.scope.get(BODY_BYTES, 0) for one in (*calls, request)) > MAX_CALL_BYTES:
            return False, "Queue is full: try again in a minute.", "queue_full"
        return await push(body=body, request=request, username=username)

    queue.push = push_within_limit  # type: ignore[assignment, method-assign]


def keep_little(page: gr.Blocks) -> None:
    """Bounds what Gradio keeps of the calls of a page that was built."""
    queue: Queue = page._queue
    limit_call_bytes(queue)
    unread = UnreadAnswers(queue)
    queue.pending_messages_per_session = unread  # type: ignore[assignment]
    COUNTS.observe("rwae_unread_bytes", lambda: unread.bytes)
    COUNTS.observe("rwae_queued_calls", lambda: len(queue))
    state_holder.SessionState = Session  # type: ignore[misc]  # of the sessions that begin
