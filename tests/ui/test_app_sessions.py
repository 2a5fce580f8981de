"""What the server keeps of calls whose answers nobody fetches."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.queueing import Queue
from gradio.server_messages import EstimationMessage, ProcessCompletedMessage
from gradio.state_holder import SessionState

from rwae.ui import sessions
from rwae.ui.middleware import BODY_BYTES
from rwae.ui.sessions import Mailbox, Session, UnreadAnswers


def answer(size: int = 10) -> ProcessCompletedMessage:
    return ProcessCompletedMessage(output={"data": ["x" * size]}, success=True, event_id="e")


@pytest.fixture
def queue() -> Queue:
    with gr.Blocks() as page:
        pass
    page.queue()
    return page._queue


@pytest.fixture
def unread(queue: Queue) -> UnreadAnswers:
    """The mailboxes of a queue whose calls are all done."""
    queue.pending_messages_per_session = UnreadAnswers(queue)
    return queue.pending_messages_per_session


def begin(unread: UnreadAnswers, *names: str) -> None:
    for name in names:
        unread[name] = None
        unread._queue.pending_event_ids_session[name] = {f"call of {name}"}


def in_loop(act: Callable[[], Any]) -> Any:
    async def run() -> Any:
        done = act()
        return await done if asyncio.iscoroutine(done) else done

    return asyncio.run(run())


def test_messages_come_out_as_they_went_in_and_in_order() -> None:
    first, second = EstimationMessage(rank=1, queue_size=2), answer()
    second.output["data"].append({"static": [0.1234, -3.0], "none": None})
    box = Mailbox()
    for message in (first, second):
        box.put_nowait(message)
    assert box.bytes > 0
    assert [in_loop(box.get), in_loop(box.get)] == [first, second]
    assert box.bytes == 0


def test_the_longest_unread_answers_give_way_to_new_ones(
    unread: UnreadAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_UNREAD_BYTES", 3500)

    def act() -> None:
        begin(unread, *"abcd")
        for name in "abcd":
            unread[name].put_nowait(answer(1000))

    in_loop(act)
    assert list(unread) == list("bcd")
    assert set(unread._queue.pending_event_ids_session) == set("bcd")
    assert unread.bytes < 3500


def test_one_session_cannot_keep_everything(
    unread: UnreadAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSION_BYTES", 3500)

    def act() -> None:
        begin(unread, "greedy", "modest")
        unread["modest"].put_nowait(answer(1000))
        for _ in range(4):
            unread["greedy"].put_nowait(answer(1000))

    in_loop(act)
    assert list(unread) == ["modest"]


def test_answers_that_nobody_fetches_are_forgotten_by_age_but_not_before_the_call_ends(
    unread: UnreadAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_UNREAD_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "TIDY_SECONDS", 0.01)
    unread._queue.event_ids_to_events["call of running"] = None

    async def act() -> None:
        begin(unread, "done", "running")
        unread["done"].put_nowait(answer())
        await asyncio.sleep(0.1)
        assert list(unread) == ["running"]
        unread._queue.event_ids_to_events.clear()
        await asyncio.sleep(0.1)

    in_loop(act)
    assert not unread
    assert not unread._queue.pending_event_ids_session


def test_sessions_are_bounded_and_a_call_of_a_forgotten_one_ends_in_peace(
    unread: UnreadAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    in_loop(lambda: begin(unread, "a", "b", "c"))
    assert list(unread) == ["b", "c"]
    # An error here would end the loop of Gradio's queue, and with it all calls.
    unread["a"].put_nowait(answer())
    assert list(unread) == ["b", "c"]


def test_a_session_has_what_gradio_expects_and_keeps_no_value() -> None:
    with gr.Blocks() as page:
        text = gr.Textbox("given")
    session, usual = Session(page), SessionState(page)
    assert vars(session).keys() == vars(usual).keys()
    session[text._id] = text
    session._update_config(text._id)
    session._update_value_in_config(text._id, "secret")
    assert "secret" not in str(list(session.components))
    assert session[text._id] is text


def test_the_bodies_of_calls_that_wait_are_bounded(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_CALL_BYTES", 100)
    pushed = []

    async def push(**call: Any) -> tuple[bool, str, str]:
        pushed.append(call)
        return True, "event", "success"

    def request(size: int) -> SimpleNamespace:
        return SimpleNamespace(scope={BODY_BYTES: size})

    monkeypatch.setattr(queue, "push", push)
    sessions.limit_call_bytes(queue)

    def call(size: int) -> bool:
        return in_loop(lambda: queue.push(body=None, request=request(size), username=None))[0]

    assert call(100)
    assert not call(101)
    queue.event_ids_to_events["waits"] = SimpleNamespace(request=request(60))
    assert call(40)
    assert not call(41)
    queue.event_ids_to_events.clear()
    assert call(41)
    assert len(pushed) == 3
