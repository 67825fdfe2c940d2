"""Byte streams: any split gives the same frames, the same events and the same writes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming, SerialFraming
from firmline.protocol.host import HostSession
from firmline.protocol.requests import WriteObject
from firmline.protocol.slip import SlipDecoder, encode_frame
from firmline.protocol.steps import Effect, Fail, Write
from firmline.protocol.target import TargetSession
from pair.joined import Bench, MemoryBootloader, Road, firmware_of

PAYLOADS = st.lists(
    st.binary(min_size=1, max_size=40)
    | st.lists(st.sampled_from([0xC0, 0xDB, 0xDC, 0xDD]), min_size=1).map(bytes),
    max_size=6,
)
# Bytes that a SLIP decoder has to think about, more often than chance would have them.
STREAMS = st.lists(
    st.binary(max_size=6) | st.sampled_from([b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"])
).map(b"".join)
CUTS = st.lists(st.integers(0, 2000), max_size=30)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` in pieces, some of them empty."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(places)]


@given(PAYLOADS, CUTS)
def test_frames_come_out_as_they_went_in_however_they_are_split(
    payloads: list[bytes], cuts: list[int]
) -> None:
    decoder = SlipDecoder()
    stream = b"".join(encode_frame(payload) for payload in payloads)
    assert [frame for piece in split(stream, cuts) for frame in decoder.feed(piece)] == payloads
    assert decoder.dropped == 0


@given(st.binary(max_size=300))
def test_a_frame_holds_no_end_but_its_last_byte_and_at_most_doubles(payload: bytes) -> None:
    frame = encode_frame(payload)
    assert frame.find(b"\xc0") == len(frame) - 1
    assert len(frame) <= 2 * len(payload) + 1


@given(STREAMS, CUTS, st.integers(1, 8))
def test_any_stream_gives_the_same_frames_however_it_is_split(
    stream: bytes, cuts: list[int], max_size: int
) -> None:
    whole, pieces = SlipDecoder(max_size=max_size), SlipDecoder(max_size=max_size)
    frames = whole.feed(stream)
    assert [frame for piece in split(stream, cuts) for frame in pieces.feed(piece)] == frames
    assert pieces.dropped == whole.dropped
    assert all(1 <= len(frame) <= max_size for frame in frames)
    assert len(frames) + whole.dropped <= stream.count(b"\xc0")


@given(STREAMS)
def test_a_decoder_is_itself_again_after_the_next_end(stream: bytes) -> None:
    decoder = SlipDecoder()
    decoder.feed(stream + b"\xc0")
    assert decoder.feed(encode_frame(b"\x60\x02\x01")) == [b"\x60\x02\x01"]


def comparable(effects: list[Effect]) -> list[object]:
    """Effects by their values; errors by what they say."""
    return [
        (type(effect.error), str(effect.error)) if isinstance(effect, Fail) else effect
        for effect in effects
    ]


def bench(prn: int) -> Bench:
    unit = MemoryBootloader(object_size=64, mtu=43)
    return Bench(firmware_of(100), Road.SLIP, prn, unit)


def fed(host: HostSession, pieces: list[bytes]) -> list[Effect]:
    effects = host.start()
    for piece in pieces:
        effects += host.receive(piece)
    return effects


@given(CUTS, st.sampled_from([0, 1, 3]))
@example(cuts=list(range(2000)), prn=1)
@example(cuts=[], prn=0)
def test_a_host_does_the_same_however_the_units_words_are_split(cuts: list[int], prn: int) -> None:
    said = bench(prn).connect()
    host = bench(prn).host()
    assert fed(host, split(b"".join(said.replies), cuts)) == said.effects
    assert host.finished


@given(CUTS, st.integers(0, 12), st.integers(0, 10), STREAMS)
def test_a_host_fails_the_same_however_nonsense_is_split(
    cuts: list[int], after: int, cut_short: int, nonsense: bytes
) -> None:
    replies = bench(0).connect().replies
    stream = b"".join(replies[:after]) + replies[after][cut_short:] + nonsense
    at_once, in_pieces = bench(0).host(), bench(0).host()
    whole = fed(at_once, [stream])
    assert comparable(fed(in_pieces, split(stream, cuts))) == comparable(whole)
    assert (in_pieces.awaiting, in_pieces.finished) == (at_once.awaiting, at_once.finished)
    ends = [place for place, effect in enumerate(whole) if isinstance(effect, Fail)]
    assert ends in ([], [len(whole) - 1])


@given(CUTS, st.lists(STREAMS | st.sampled_from([b"\x02\x01\x00\xc0", b"\x08\x01\xc0"])))
def test_a_target_replies_the_same_however_the_hosts_words_are_split(
    cuts: list[int], parts: list[bytes]
) -> None:
    stream = b"".join(parts)
    whole, pieces = TargetSession(MemoryBootloader()), TargetSession(MemoryBootloader())
    replies = whole.receive(Channel.SERIAL, stream)
    split_replies = [
        reply for piece in split(stream, cuts) for reply in pieces.receive(Channel.SERIAL, piece)
    ]
    assert split_replies == replies


@given(st.lists(st.binary(max_size=24) | st.binary(max_size=20).map(lambda b: b"\x60" + b)))
def test_a_host_survives_whatever_is_notified(messages: list[bytes]) -> None:
    host = Bench(firmware_of(64)).host()
    effects = fed(host, messages)
    ends = [place for place, effect in enumerate(effects) if isinstance(effect, Fail)]
    assert ends in ([], [len(effects) - 1])
    assert (host.awaiting is None) == bool(ends)


@given(st.integers(23, 2000))
def test_a_packet_over_bluetooth_is_words_and_fits_the_mtu(mtu: int) -> None:
    size = BleFraming(mtu=mtu).packet_size
    assert size % 4 == 0
    assert 20 <= size <= min(mtu - 3, 512)
    assert size + 4 > min(mtu - 3, 512)


@given(st.integers(11, 5000), st.data())
def test_a_packet_on_a_serial_port_is_words_and_fits_whatever_its_bytes(
    mtu: int, data: st.DataObject
) -> None:
    framing = SerialFraming(mtu=mtu)
    size = framing.packet_size
    assert size % 4 == 0
    assert 4 <= size <= mtu // 2
    filler = data.draw(st.sampled_from([0x00, 0xC0, 0xDB]))
    _channel, frame = framing.encode(WriteObject(data=bytes([filler]) * size))
    assert len(frame) <= mtu


@given(st.integers(1, 64), st.sampled_from(Road), st.sampled_from([0, 1, 3, 12]))
def test_what_a_host_writes_is_the_image_in_packets_of_words(
    words: int, road: Road, prn: int
) -> None:
    unit = MemoryBootloader(object_size=64, mtu=43)
    ready = Bench(firmware_of(words * 4, seed=words), road, prn, unit)
    said = ready.connect()
    ready.assert_updated(said)
    assert unit.data_received == words * 4
    packets = [
        effect.data
        for effect in said.effects
        if isinstance(effect, Write) and effect.channel is Channel.PACKET
    ]
    assert all(len(packet) % 4 == 0 for packet in packets)
