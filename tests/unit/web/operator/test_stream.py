"""What one browser is told, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from firmline.web.operator.hub import Hub
from firmline.web.operator.stream import event, events, stream


class Doors:
    """Lets in, until it does not."""

    def __init__(self) -> None:
        self.is_open = True
        self.asked = 0

    async def __call__(self) -> bool:
        self.asked += 1
        return self.is_open


async def heard(told: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(told, "(over)"), 10)


def test_an_event_has_a_line_for_each_of_its_contents() -> None:
    assert event("slot-1", "a\nb") == "event: slot-1\ndata: a\ndata: b\n\n"
    assert event("beat", "") == "event: beat\ndata: \n\n"
    assert events({"a": "1", "b": "2"}) == event("a", "1") + event("b", "2")


async def test_a_browser_is_told_until_it_may_listen_no_more() -> None:
    hub, doors = Hub(), Doors()
    hub.tell("slot-1", lambda: "one")
    told = stream(hub, epoch="now", may_listen=doors, ask_s=0)
    assert event("beat", "now") in await heard(told)
    assert await heard(told) == event("slot-1", "one")
    doors.is_open = False
    hub.tell("slot-1", lambda: "two")
    assert await heard(told) == event("beat", ""), "its page loads anew"
    assert await heard(told) == "(over)"
    hub.tell("slot-1", lambda: "three")


async def test_it_is_not_asked_at_every_change() -> None:
    hub, doors = Hub(), Doors()
    told = stream(hub, epoch="now", may_listen=doors, ask_s=60)
    await heard(told)
    for count in range(5):
        hub.tell("slot-1", str(count).__str__)
        assert await heard(told) == event("slot-1", str(count))
    assert doors.asked == 0


async def test_who_is_told_no_more_makes_room_for_another() -> None:
    hub, doors = Hub(most=1), Doors()
    hub.tell("slot-1", lambda: "one")
    doors.is_open = False
    told = stream(hub, epoch="now", may_listen=doors, ask_s=0)
    assert [await heard(told) for _ in range(3)][-1] == "(over)"
    hub.leave(hub.listen())


async def test_the_end_of_the_hub_ends_it() -> None:
    hub = Hub()
    told = stream(hub, epoch="now")
    await heard(told)
    hub.close()
    assert await heard(told) == "(over)"
