"""Telling browsers: each gets the newest state, and none holds anybody up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, StoreError
from firmline.web.operator.hub import Hub, Listener, nothing
from firmline.web.operator.stream import event, stream


async def told(listener: Listener) -> dict[str, str] | None:
    return await listener.changes(patience_s=0.01)


async def test_whoever_comes_is_told_of_everything_once() -> None:
    hub = Hub()
    hub.tell("a", lambda: "1")
    hub.tell("b", lambda: "2")
    listener = hub.listen()
    assert await told(listener) == {"a": "1", "b": "2"}
    assert await told(listener) == {}


async def test_a_browser_that_is_slow_gets_the_newest_state_and_no_backlog() -> None:
    hub = Hub()
    slow = hub.listen()
    for number in range(10_000):
        hub.tell("slot-1", lambda number=number: str(number))  # type: ignore[misc]
    assert len(slow._waiting) == 1
    assert await told(slow) == {"slot-1": "9999"}


async def test_what_nobody_looks_at_is_not_drawn_and_what_many_look_at_is_drawn_once() -> None:
    drawn: list[int] = []

    def draw() -> str:
        drawn.append(1)
        return "x"

    hub = Hub()
    hub.tell("a", draw)
    assert drawn == []
    for listener in (hub.listen(), hub.listen()):
        await told(listener)
    assert (hub.now("a"), hub.now("b"), drawn) == ("x", "", [1])


async def test_more_browsers_than_it_tells_are_refused_until_one_leaves() -> None:
    hub = Hub(most=1)
    first = hub.listen()
    with pytest.raises(StoreError) as refused:
        hub.listen()
    assert refused.value.code is Code.TOO_MANY_LISTENERS
    hub.leave(first)
    hub.listen()


async def test_a_hub_that_is_closed_ends_every_stream_and_begins_none() -> None:
    hub = Hub()
    parts = stream(hub, epoch="e")
    assert "event: beat\ndata: e\n" in await anext(parts)
    waiting = asyncio.ensure_future(anext(parts))
    await asyncio.sleep(0)
    hub.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    with pytest.raises(StoreError):
        hub.listen()


async def test_a_browser_that_leaves_is_forgotten() -> None:
    hub = Hub()
    parts = stream(hub, epoch="e")
    await anext(parts)
    await parts.aclose()  # type: ignore[attr-defined]
    assert hub._listeners == set()


def parsed(text: str) -> list[tuple[str, str]]:
    """Events as a browser reads them (HTML standard, section 9.2.6)."""
    found: list[tuple[str, str]] = []
    name, data = "", []
    for line in text.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            found.append((name, "\n".join(data)))
            name, data = "", []
    return found


@given(st.text())
def test_no_content_becomes_another_event(content: str) -> None:
    ((name, data),) = parsed(event("slot-1", content))
    assert name == "slot-1"
    assert data == "\n".join(content.splitlines())


def test_nothing_is_an_event_as_well() -> None:
    assert parsed(event("todo-1", nothing())) == [("todo-1", "")]
