"""The dongle's serial link over bad lines: each payload once and in order, or an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmline.links.connectivity.wire.packets import (
    Damage,
    Packet,
    decode_packet,
    encode_packet,
)
from firmline.links.connectivity.wire.three_wire import (
    Delivered,
    Failed,
    LinkEvent,
    LinkState,
    Opened,
    Role,
    ThreeWireLink,
)
from firmline.protocol.slip import SlipDecoder

PACKETS = st.builds(
    Packet,
    kind=st.integers(0, 15),
    payload=st.binary(max_size=300) | st.lists(st.sampled_from([0xC0, 0xDB, 0xDC])).map(bytes),
    sequence=st.integers(0, 7),
    acknowledges=st.integers(0, 7),
    is_reliable=st.booleans(),
    has_crc=st.booleans(),
)


@given(st.lists(PACKETS, max_size=8), st.data())
def test_packets_come_out_as_they_went_in_however_the_bytes_are_cut(
    packets: list[Packet], data: st.DataObject
) -> None:
    stream = b"".join(map(encode_packet, packets))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    decoder, read = SlipDecoder(max_size=8192), list[Packet | Damage]()
    for start, end in pairwise([0, *cuts, len(stream)]):
        read += map(decode_packet, decoder.feed(stream[start:end]))
    assert read == packets
    one_by_one = [frame for octet in stream for frame in decoder.feed(bytes([octet]))]
    assert [decode_packet(frame) for frame in one_by_one] == packets


@given(st.binary(max_size=400), st.sampled_from(Role), st.booleans())
def test_no_bytes_at_all_break_a_link(noise: bytes, role: Role, is_open: bool) -> None:
    link = ThreeWireLink(role)
    if is_open:
        link.open(now_s=0.0)
    for octet in noise:
        link.feed(bytes([octet]), now_s=0.1)
    link.take_output()
    link.take_events()
    for _ in range(20):
        if (due_s := link.next_wake_s()) is not None:
            link.wake(now_s=due_s)


@given(st.lists(PACKETS, max_size=12))
def test_packets_out_of_turn_break_no_link(packets: list[Packet]) -> None:
    """An open link may end, with one word why; it never delivers out of order."""
    line = Line([])
    host, _ = line.opened()
    host.feed(b"".join(map(encode_packet, packets)), now_s=5.0)
    ends = [event for event in host.take_events() if isinstance(event, Failed)]
    assert len(ends) <= 1
    assert bool(ends) == (host.state is LinkState.FAILED)


@dataclass
class Line:
    """Two ends and a line between them that treats frames as it was told to."""

    fates: list[str]
    host: ThreeWireLink = field(default_factory=lambda: ThreeWireLink(Role.HOST))
    chip: ThreeWireLink = field(default_factory=lambda: ThreeWireLink(Role.CHIP))
    now_s: float = 0.0
    heard: dict[str, list[LinkEvent]] = field(default_factory=lambda: {"host": [], "chip": []})

    def opened(self) -> tuple[ThreeWireLink, ThreeWireLink]:
        fates, self.fates = self.fates, []
        self.chip.open(now_s=0.0)
        self.chip.take_output()
        self.host.open(now_s=0.0)
        self.run(until_s=1.0)
        assert self.heard["host"] == [Opened()]
        self.heard = {"host": [], "chip": []}
        self.fates = fates
        return self.host, self.chip

    def run(self, *, until_s: float) -> None:
        while True:
            self._carry()
            wakes = [at for end in (self.host, self.chip) if (at := end.next_wake_s()) is not None]
            if not wakes or min(wakes) > until_s:
                return
            self.now_s = max(self.now_s, min(wakes))
            self.host.wake(now_s=self.now_s)
            self.chip.wake(now_s=self.now_s)

    def _carry(self) -> None:
        while said := [(end, end.take_output()) for end in (self.host, self.chip)]:
            if not any(data for _, data in said):
                break
            for end, data in said:
                other = self.chip if end is self.host else self.host
                for frame in _frames(data):
                    other.feed(self._treated(frame), now_s=self.now_s)
        self.heard["host"] += self.host.take_events()
        self.heard["chip"] += self.chip.take_events()

    def _treated(self, frame: bytes) -> bytes:
        match self.fates.pop() if self.fates else "":
            case "lost":
                return b""
            case "twice":
                return frame * 2
            case "damaged":
                middle = len(frame) // 2
                return frame[:middle] + bytes([frame[middle] ^ 0x10]) + frame[middle + 1 :]
            case "cut":
                return frame[: len(frame) // 2]
            case "noise":
                return b"\xc0\x55\xdb" + frame
            case _:
                return frame


def _frames(data: bytes) -> list[bytes]:
    """One frame after another, each with its two ENDs."""
    return [b"\xc0" + each + b"\xc0" for each in data.split(b"\xc0") if each]


PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), max_size=20)
FATES = st.lists(st.sampled_from(["", "", "lost", "twice", "damaged", "cut", "noise"]), max_size=60)


@given(PAYLOADS, PAYLOADS, FATES)
def test_each_payload_arrives_once_and_in_order_or_the_link_says_that_it_is_over(
    down: list[bytes], up: list[bytes], fates: list[str]
) -> None:
    line = Line(fates)
    host, chip = line.opened()
    for payload in down:
        host.send(payload, now_s=line.now_s)
    for payload in up:
        chip.send(payload, now_s=line.now_s)
    line.run(until_s=1e6)
    for sent, end in ((down, "chip"), (up, "host")):
        heard = [event.payload for event in line.heard[end] if isinstance(event, Delivered)]
        assert heard == sent[: len(heard)]
        if LinkState.FAILED not in (host.state, chip.state):
            assert heard == sent


@given(st.lists(st.sampled_from(["", "", "lost", "twice", "damaged", "cut", "noise"]), max_size=4))
def test_a_line_that_loses_a_few_frames_opens_all_the_same(fates: list[str]) -> None:
    line = Line(fates)
    line.chip.open(now_s=0.0)
    line.host.open(now_s=0.0)
    line.run(until_s=10.0)
    assert line.host.state is LinkState.ACTIVE
    assert line.heard["host"][-1] == Opened()
