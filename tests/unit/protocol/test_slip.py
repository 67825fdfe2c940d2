"""SLIP as in spec section 13; every stream also byte by byte."""

from __future__ import annotations

import pytest

from firmline.protocol.slip import SlipDecoder, encode_frame


@pytest.mark.parametrize(
    ("payload", "frame"),
    [
        ("", "C0"),
        ("07", "07 C0"),
        ("C0", "DB DC C0"),
        ("DB", "DB DD C0"),
        ("DB DC", "DB DD DC C0"),
        ("01 C0 DB 02", "01 DB DC DB DD 02 C0"),
    ],
)
def test_end_and_escape_are_escaped_and_end_stands_only_at_the_tail(
    payload: str, frame: str
) -> None:
    assert encode_frame(bytes.fromhex(payload)) == bytes.fromhex(frame)


STREAMS: dict[str, tuple[str, list[str], int]] = {
    "one frame": ("60 07 01 C0", ["60 07 01"], 0),
    "two frames": ("01 C0 02 C0", ["01", "02"], 0),
    "an unfinished frame": ("01 C0 02", ["01"], 0),
    "escapes": ("DB DC DB DD C0", ["C0 DB"], 0),
    "a leading END is an empty frame, which is left out": ("C0 01 C0 C0", ["01"], 0),
    "a bad escape costs its frame": ("01 DB 02 03 C0 04 C0", ["04"], 1),
    "an escape before END costs its frame": ("01 DB C0 02 C0", ["02"], 1),
    "a frame is dropped once": ("DB 01 DB 01 DB C0 02 C0", ["02"], 1),
    "the longest frame": ("01 02 03 04 C0", ["01 02 03 04"], 0),
    "a frame too long": ("01 02 03 04 05 06 C0 07 C0", ["07"], 1),
    "a frame too long by an escaped byte": ("01 02 03 04 DB DC C0 07 C0", ["07"], 1),
}


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("is_split", [False, True])
def test_a_stream_becomes_its_frames(stream: str, is_split: bool) -> None:
    wire, frames, dropped = STREAMS[stream]
    data = bytes.fromhex(wire)
    pieces = [bytes([octet]) for octet in data] if is_split else [data]
    decoder = SlipDecoder(max_size=4)
    decoded = [frame for piece in pieces for frame in decoder.feed(piece)]
    assert decoded == [bytes.fromhex(frame) for frame in frames]
    assert decoder.dropped == dropped


def test_a_frame_may_have_4096_bytes_unless_told_otherwise() -> None:
    decoder = SlipDecoder()
    assert decoder.feed(bytes(4096) + b"\xc0") == [bytes(4096)]
    assert decoder.feed(bytes(4097) + b"\xc0") == []
    assert decoder.dropped == 1


def test_what_has_come_behind_the_last_frame_can_be_looked_at() -> None:
    decoder = SlipDecoder()
    decoder.feed(b"\x60\x01\xc0Tag 1.0\r\n")
    assert decoder.unfinished == b"Tag 1.0\r\n"
    decoder.feed(b"\xc0")
    assert decoder.unfinished == b""
