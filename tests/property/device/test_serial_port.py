"""However the bytes of a serial line are cut, and whenever it is looked at: the same answers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.serial_port import SerialPort
from firmline.protocol.slip import END, encode_frame
from unit.device.makers import UART, unit_in_bootloader

BAUD = 115_200
BYTE_S = 10 / BAUD
UNTIL_S = 100.0
"""Before the inactivity timer of a unit that hears nothing it understands."""

REQUESTS = st.sampled_from(
    [b"\x09\x07", b"\x07", b"\x06\x01", b"\x06\x02", b"\x03", b"\x02\x02\x00", b"\x0b\x00", b"\x0a"]
).map(encode_frame)
STREAM = st.lists(REQUESTS | st.binary(max_size=20), max_size=12).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[here:there] for here, there in pairwise(edges)]


def trace(*pieces: bytes, looks_s: tuple[float, ...] = ()) -> list[tuple[float, int]]:
    """Every byte that leaves, and when; all pieces are fed at time 0."""
    port = SerialPort(unit_in_bootloader(profile=UART), baud=BAUD)
    for piece in pieces:
        port.feed(piece, now_s=0.0)
    looks = sorted(looks_s, reverse=True)
    seen: list[tuple[float, int]] = []
    while (due_s := port.next_wake_s()) is not None and due_s <= UNTIL_S:
        while looks and looks[-1] < due_s:
            assert port.take(now_s=looks.pop()) == b""
        seen += [(due_s, octet) for octet in port.take(now_s=due_s)]
    return seen


@given(STREAM, st.lists(st.integers(0, 1000), max_size=6))
def test_any_cut_of_the_bytes_gives_the_same_answers_at_the_same_times(
    data: bytes, places: list[int]
) -> None:
    assert trace(*cut(data, places)) == trace(data)


@given(STREAM, st.lists(st.floats(0, 0.02), max_size=6))
def test_looking_more_often_changes_nothing(data: bytes, looks_s: list[float]) -> None:
    assert trace(data, looks_s=tuple(looks_s)) == trace(data)


@given(STREAM)
def test_bytes_leave_no_faster_than_the_line(data: bytes) -> None:
    times = [at_s for at_s, _ in trace(data)]
    gaps = [there - here for here, there in pairwise(times)]
    assert all(gap > 0.999 * BYTE_S for gap in gaps)


@given(st.lists(REQUESTS, min_size=1, max_size=6))
def test_no_answer_leaves_before_its_request_has_arrived(requests: list[bytes]) -> None:
    data = b"".join(requests)
    seen = trace(data)
    asked = [index + 1 for index, octet in enumerate(data) if octet == END]
    answered = [at_s for at_s, octet in seen if octet == END]
    assert len(answered) == len(asked)
    for count, at_s in zip(asked, answered, strict=True):
        assert at_s > count * BYTE_S
