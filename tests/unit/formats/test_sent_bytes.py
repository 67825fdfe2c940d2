"""What was held and what was sent, counted from events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.events import Event
from firmline.formats.sent_bytes import SentBytes
from firmline.values import ImageKind

OBJECT, SIZE = 4096, 20_000


def image(index: int = 0) -> Event:
    return events.ImageStarted(
        kind=ImageKind.APPLICATION, index=index, init_packet_size=141, size=SIZE
    )


def resumed(offset: int) -> Event:
    return events.Resumed(object_type="data", offset=offset)


def created(offset: int) -> Event:
    return events.ObjectCreated(object_type="data", offset=offset, size=OBJECT)


def packets(offset: int) -> Event:
    return events.PacketsSent(object_type="data", count=1, offset=offset, size=SIZE)


def has(offset: int) -> Event:
    return events.CrcChecked(
        object_type="data", offset=offset, crc=1, expected_offset=offset, expected_crc=1
    )


def counted(*heard: Event) -> tuple[int, int]:
    count = SentBytes()
    for event in heard:
        count.hear(event)
    return count.held, count.sent


AN_OBJECT = (created(0), packets(OBJECT), has(OBJECT))


@pytest.mark.parametrize(
    ("heard", "held", "sent"),
    [
        pytest.param((image(),), 0, 0, id="nothing yet"),
        pytest.param((image(), *AN_OBJECT), 0, OBJECT, id="an object"),
        pytest.param((image(), *AN_OBJECT, created(OBJECT), packets(5_000)), 0, 5_000, id="trust"),
        pytest.param(
            (image(), resumed(OBJECT), created(OBJECT), packets(5_000), has(5_000)),
            OBJECT,
            904,
            id="goes on",
        ),
        pytest.param(
            (image(), resumed(4_000), packets(OBJECT), has(OBJECT)), 4_000, 96, id="in an object"
        ),
        pytest.param((image(), resumed(SIZE)), SIZE, 0, id="all there"),
        pytest.param(
            (image(), created(0), packets(2_000), has(1_500), packets(2_000), has(2_000)),
            0,
            2_000,
            id="no room, offered again",
        ),
        pytest.param(
            (image(), created(0), packets(2_000), has(0), *AN_OBJECT),
            0,
            OBJECT,
            id="none was taken",
        ),
        pytest.param((image(), *AN_OBJECT, *AN_OBJECT), 0, 2 * OBJECT, id="an object again"),
        pytest.param(
            (image(), *AN_OBJECT, created(OBJECT), resumed(5_000), packets(6_000)),
            0,
            6_000,
            id="arrived before the link was lost",
        ),
        pytest.param(
            (image(), *AN_OBJECT, created(OBJECT), packets(6_000), resumed(OBJECT), packets(6_000)),
            0,
            6_000 + 6_000 - OBJECT,
            id="lost with the link",
        ),
        pytest.param(
            (image(), resumed(2_000), events.StartedAfresh(offset=2_000, crc=1), *AN_OBJECT),
            2_000,
            OBJECT,
            id="held in vain",
        ),
        pytest.param(
            (image(), resumed(OBJECT), image(1), resumed(100), packets(300)),
            OBJECT + 100,
            200,
            id="two images",
        ),
        pytest.param((image(), *AN_OBJECT, image(1), *AN_OBJECT), 0, 2 * OBJECT, id="both whole"),
        pytest.param((image(), *AN_OBJECT, has(0)), 0, 0, id="a unit that forgets what it said"),
        pytest.param((image(), *AN_OBJECT, has(1 << 31)), 0, OBJECT, id="nonsense"),
    ],
)
def test_bytes_are_counted_as_the_unit_takes_them(
    heard: tuple[Event, ...], held: int, sent: int
) -> None:
    assert counted(*heard) == (held, sent)


def test_an_init_packet_is_not_counted() -> None:
    command = [
        events.Resumed(object_type="command", offset=141),
        events.ObjectCreated(object_type="command", offset=0, size=141),
        events.PacketsSent(object_type="command", count=1, offset=141, size=141),
        events.CrcChecked(
            object_type="command", offset=141, crc=1, expected_offset=141, expected_crc=1
        ),
    ]
    assert counted(image(), *command, *AN_OBJECT) == (0, OBJECT)


OFFSETS = st.integers(0, SIZE)
EVENTS = st.one_of(
    st.builds(resumed, OFFSETS),
    st.builds(created, OFFSETS),
    st.builds(packets, OFFSETS),
    st.builds(has, st.integers(0, 2**32 - 1)),
    st.builds(image, st.integers(0, 2)),
)


@given(st.lists(EVENTS))
def test_whatever_is_told_no_count_is_negative_or_more_than_was_told_of(
    heard: list[Event],
) -> None:
    held, sent = counted(image(), *heard)
    moves = sum(isinstance(each, events.PacketsSent | events.Resumed) for each in heard)
    assert held >= 0
    assert sent >= 0
    assert held + sent <= moves * SIZE


@given(st.lists(st.integers(1, OBJECT), max_size=20), st.integers(0, SIZE))
def test_an_image_without_trouble_is_held_and_sent_once(steps: list[int], there: int) -> None:
    heard, at = [image()], there
    if there:
        heard.append(resumed(there))
    for step in steps:
        heard += [created(at), packets(at + step), has(at + step)]
        at += step
    assert counted(*heard) == (there, at - there)
