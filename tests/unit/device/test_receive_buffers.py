"""Receive buffers and how they are lost (spec sections 11 and 13, corrections W4 and S15)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.bootloader.receive_buffers import (
    SERIAL_BUFFERS,
    PacketPool,
    SerialReceiver,
)
from firmline.device.profile import SDK15_3_UART
from firmline.protocol.slip import encode_frame

PING = b"\x09"
WRITE = b"\x08"
UART_BUFFER_SIZE = SDK15_3_UART.mtu


class Line:
    """A receiver whose frames are handled as the bootloader does; refused writes lose a buffer."""

    def __init__(self, *, refused: bytes = b"refused") -> None:
        self.receiver = SerialReceiver(UART_BUFFER_SIZE)
        self.refused = refused
        self.handled: list[bytes] = []
        self.seen: list[tuple[bytes, bytes]] = []
        """What was handled: the frames; and, with what lay behind them in their buffers."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes end: a write's data behind 08, else all of the frame."""
        before = len(self.handled)
        for frame in self.receiver.feed(data):
            is_write, written = frame.is_write, frame.data
            content = WRITE + written if is_write else bytes(frame.buffer[: frame.size])
            self.handled.append(content)
            self.seen.append((content, bytes(frame.buffer)))
            self.receiver.take_next_buffer(frame)
            if is_write and not written.startswith(self.refused):
                self.receiver.free(frame)
        return self.handled[before:]

    def send(self, *frames: bytes) -> list[bytes]:
        return self.feed(b"".join(encode_frame(frame) for frame in frames))

    def lose(self, count: int) -> None:
        for _ in range(count):
            assert self.send(WRITE + self.refused) == [WRITE + self.refused]


@pytest.fixture
def line() -> Line:
    return Line()


# The SLIP decoder.


FRAMES = st.binary(min_size=1, max_size=UART_BUFFER_SIZE).filter(lambda frame: frame[0] != 8)


@given(st.lists(FRAMES, max_size=6))
def test_frames_of_any_bytes_arrive_as_they_were_sent(frames: list[bytes]) -> None:
    assert Line().send(*frames) == frames


@given(st.lists(st.binary(max_size=UART_BUFFER_SIZE - 1), max_size=12))
def test_writes_that_are_taken_arrive_as_they_were_sent_however_many(data: list[bytes]) -> None:
    frames = [WRITE + written for written in data]
    assert Line(refused=b"never" * 30).send(*frames) == frames


LINE_BYTES = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd", b"\x08", b"\x08r", b"\xdb\xc0"]
        ),
        st.binary(max_size=8),
        st.integers(100, 140).map(lambda size: b"\x41" * size),
    ),
    max_size=25,
).map(b"".join)


@given(LINE_BYTES, st.lists(st.integers(0, 400), max_size=10))
def test_it_does_not_matter_where_the_bytes_are_split(data: bytes, cuts: list[int]) -> None:
    whole, single, pieces = Line(refused=b"r"), Line(refused=b"r"), Line(refused=b"r")
    whole.feed(data)
    for octet in data:
        single.feed(bytes([octet]))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        pieces.feed(data[start:end])
    assert whole.seen == single.seen == pieces.seen


@pytest.mark.parametrize("mark", [b"\xdb\x41", b"\xdb\xdb", b"\xdb\x00"])
def test_after_a_wrong_escape_the_frame_is_skipped_up_to_its_end(line: Line, mark: bytes) -> None:
    assert line.feed(PING + mark + b"more \xdb\xdc and \xdb more") == []
    assert line.feed(b"\xc0") == []
    assert line.send(PING) == [PING]


def test_in_a_frame_that_is_skipped_an_escape_means_nothing(line: Line) -> None:
    assert line.feed(PING + b"\xdb\x41 \xdb\xc0" + PING + b"\xc0") == [PING]


def test_the_byte_after_an_escape_is_consumed_even_where_it_is_an_end(line: Line) -> None:
    assert line.feed(b"\x09\xdb\xc0" + PING + b"\xc0") == []
    assert line.send(PING) == [PING]


def test_an_escape_waits_for_its_byte(line: Line) -> None:
    assert line.feed(b"\x09\xdb") == []
    assert line.feed(b"\xdc\xc0") == [b"\x09\xc0"]


def test_a_frame_of_131_bytes_fits_its_buffer(line: Line) -> None:
    frame = PING + bytes(UART_BUFFER_SIZE - 1)
    assert line.send(frame) == [frame]


@pytest.mark.parametrize(
    "rest", [b"\x01", b"\xdb\xdc", b"\xdb\xdd", b"\x01" * 300], ids=["one", "END", "ESC", "many"]
)
def test_a_frame_of_more_than_131_bytes_stops_the_decoder_for_good(line: Line, rest: bytes) -> None:
    assert line.feed(PING + bytes(UART_BUFFER_SIZE - 1) + rest + b"\xc0") == []
    assert line.send(PING) == []
    assert line.feed(b"\xc0\xc0") == []


def test_a_skipped_frame_may_be_as_long_as_it_likes(line: Line) -> None:
    assert line.feed(b"\xdb\x41" + b"\x41" * 500 + b"\xc0") == []
    assert line.send(PING) == [PING]


# What is left in a buffer.


def test_an_empty_frame_at_the_start_finds_zeros(line: Line) -> None:
    line.feed(b"\xc0")
    assert line.seen == [(b"", bytes(UART_BUFFER_SIZE))]


def test_an_empty_frame_finds_the_frame_before_it_in_the_same_buffer(line: Line) -> None:
    line.send(b"\x09\x05")
    line.feed(b"\xc0")
    assert line.seen[1] == (b"", b"\x09\x05".ljust(UART_BUFFER_SIZE, b"\0"))


def test_a_short_frame_is_followed_by_what_was_there(line: Line) -> None:
    line.send(b"\x01\x02\x03\x04\x05", b"\x09")
    assert line.seen[1][1][:5] == b"\x09\x02\x03\x04\x05"


def test_an_empty_write_writes_nothing_whatever_lies_behind_it(line: Line) -> None:
    line.send(b"\x01\xaa\xbb", WRITE)
    assert line.handled == [b"\x01\xaa\xbb", WRITE]


def test_a_write_is_kept_while_the_next_frame_comes_into_another_buffer(line: Line) -> None:
    line.send(WRITE + b"data", PING)
    assert line.seen[1][1] == PING.ljust(UART_BUFFER_SIZE, b"\0")


def test_the_buffer_that_was_freed_last_is_used_next(line: Line) -> None:
    line.send(WRITE + b"abc", WRITE + b"d", WRITE + b"e")
    buffers = [bytes(buffer[:4]) for _, buffer in line.seen]
    assert buffers == [b"\x08abc", b"\x08d\0\0", b"\x08ebc"]


# Buffers that are lost (W4).


def test_one_or_two_refused_writes_do_not_show(line: Line) -> None:
    for count in range(2):
        line.lose(1)
        assert line.send(PING, b"\x03") == [PING, b"\x03"], f"after {count + 1}"


def test_with_one_buffer_to_spare_everything_works(line: Line) -> None:
    line.lose(1)
    assert line.send(WRITE + b"one", PING, WRITE + b"two", b"\x03") == [
        WRITE + b"one",
        PING,
        WRITE + b"two",
        b"\x03",
    ]


def test_with_the_last_buffer_the_frame_behind_a_write_becomes_part_of_it(line: Line) -> None:
    line.lose(2)
    assert line.send(WRITE + b"one") == [WRITE + b"one"]
    assert line.send(b"\x03") == [WRITE + b"one\x03"]
    assert line.send(b"\x03", PING) == [b"\x03", PING]


def test_after_three_refused_writes_every_frame_is_appended_until_the_buffer_is_full(
    line: Line,
) -> None:
    line.lose(3)
    assert line.send(b"\x03") == [WRITE + b"refused\x03"]
    assert line.send(b"\x04") == [WRITE + b"refused\x03\x04"]
    room = UART_BUFFER_SIZE - len(WRITE + b"refused\x03\x04")
    assert len(line.send(*[b"\x03"] * room)) == room
    assert line.send(b"\x03") == []
    assert line.feed(b"\xc0\xc0") == []


# Packets over Bluetooth LE.


def test_a_packet_takes_a_buffer_and_gives_it_back() -> None:
    pool = PacketPool(SERIAL_BUFFERS)
    for _ in range(100):
        assert pool.take()
        pool.give_back()
    assert pool.free == SERIAL_BUFFERS


def test_without_a_buffer_a_packet_is_lost() -> None:
    pool = PacketPool(2)
    assert [pool.take(), pool.take(), pool.take(), pool.take()] == [True, True, False, False]
    pool.give_back()
    assert [pool.take(), pool.take()] == [True, False]
