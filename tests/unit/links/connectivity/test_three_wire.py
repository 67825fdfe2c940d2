from __future__ import annotations

import pytest

from firmline.errors import LocalProtocolError
from firmline.links.connectivity.wire.packets import Packet, PacketKind, encode_packet
from firmline.links.connectivity.wire.three_wire import (
    ASKS_AGAIN_S,
    CONFIG,
    RESTART_S,
    SENDS_AGAIN_S,
    SYNC,
    TRIES,
    Acknowledged,
    Delivered,
    Failed,
    Failure,
    LinkState,
    Opened,
    Restarted,
    Role,
    ThreeWireLink,
)

RESET = bytes.fromhex("c0 00 05 00 fb c0")
SYNC_FRAME = bytes.fromhex("c0 00 2f 00 d1 01 7e c0")


def control(payload: bytes) -> bytes:
    return encode_packet(Packet(kind=PacketKind.LINK_CONTROL, payload=payload))


def ack(number: int) -> bytes:
    return encode_packet(Packet(kind=PacketKind.ACK, acknowledges=number))


def vendor(sequence: int, payload: bytes) -> bytes:
    return encode_packet(
        Packet(
            kind=PacketKind.VENDOR,
            payload=payload,
            sequence=sequence,
            is_reliable=True,
            has_crc=True,
        )
    )


def opened() -> ThreeWireLink:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.wake(now_s=RESTART_S)
    link.feed(control(b"\x02\x7d"), now_s=RESTART_S)
    link.feed(control(b"\x04\x7b\x11"), now_s=RESTART_S)
    link.take_output()
    assert link.take_events() == [Opened()]
    return link


def joined() -> tuple[ThreeWireLink, ThreeWireLink]:
    """Host and chip with an open link; what they say is handed over at once."""
    host, chip = ThreeWireLink(Role.HOST), ThreeWireLink(Role.CHIP)
    chip.open(now_s=0.0)
    chip.take_output()
    host.open(now_s=0.0)
    exchange(host, chip, now_s=0.0)
    assert chip.take_events() == [Restarted()]
    host.wake(now_s=RESTART_S)
    exchange(host, chip, now_s=RESTART_S)
    assert host.take_events() == [Opened()]
    assert chip.take_events() == [Opened()]
    return host, chip


def exchange(one: ThreeWireLink, other: ThreeWireLink, *, now_s: float) -> None:
    while True:
        said, answered = one.take_output(), other.take_output()
        if not said and not answered:
            return
        other.feed(said, now_s=now_s)
        one.feed(answered, now_s=now_s)


# Opening.


def test_a_host_resets_the_chip_and_then_asks_six_times() -> None:
    """As the maker's own driver does, with the same bytes, on a line where nobody answers."""
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=10.0)
    assert link.take_output() == RESET
    said = []
    while (due_s := link.next_wake_s()) is not None:
        link.wake(now_s=due_s)
        said.append((round(due_s - 10.0, 3), link.take_output()))
    asked = [(round(RESTART_S + i * ASKS_AGAIN_S, 3), SYNC_FRAME) for i in range(TRIES)]
    assert said == [*asked, (2.1, b"")]
    assert link.take_events() == [Failed(Failure.SILENT)]
    assert link.state is LinkState.FAILED


def test_what_makes_no_sense_is_told_from_silence() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.feed(b"U-Boot 2024.01\r\n=> ", now_s=0.1)
    while (due_s := link.next_wake_s()) is not None:
        link.wake(now_s=due_s)
    assert link.take_events() == [Failed(Failure.UNREADABLE)]
    assert link.heard.startswith(b"U-Boot")


def test_one_that_synchronizes_and_configures_nothing_is_silent() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.wake(now_s=RESTART_S)
    link.feed(control(b"\x02\x7d"), now_s=RESTART_S)
    assert link.state is LinkState.CONFIGURING
    assert control(CONFIG) in link.take_output()
    while (due_s := link.next_wake_s()) is not None:
        link.wake(now_s=due_s)
    assert link.take_events() == [Failed(Failure.SILENT)]


def test_an_answer_that_comes_late_opens_the_link_all_the_same() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    for _ in range(TRIES - 1):
        link.wake(now_s=link.next_wake_s() or 0.0)
    link.feed(control(b"\x02\x7d") + control(b"\x04\x7b\x11"), now_s=2.0)
    assert link.take_events() == [Opened()]


def test_what_a_chip_says_before_it_is_reset_opens_nothing() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.feed(control(b"\x02\x7d") + control(b"\x04\x7b\x11") + control(SYNC), now_s=0.01)
    assert link.state is LinkState.RESTARTING
    assert link.take_output() == RESET


def test_a_chip_that_asks_too_is_answered() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.wake(now_s=RESTART_S)
    link.take_output()
    link.feed(control(SYNC), now_s=0.4)
    assert link.take_output() == control(b"\x02\x7d")
    link.feed(control(CONFIG), now_s=0.4)
    assert link.take_output() == control(b"\x04\x7b\x11")


def test_it_wakes_no_earlier_than_it_says() -> None:
    link = ThreeWireLink(Role.HOST)
    link.open(now_s=0.0)
    link.take_output()
    link.wake(now_s=RESTART_S - 0.001)
    assert link.take_output() == b""


# Sending.


def test_the_next_payload_waits_for_the_acknowledgement_of_the_first() -> None:
    link = opened()
    link.send(b"\x00\x60", now_s=1.0)
    link.send(b"\x00\x8b", now_s=1.0)
    assert link.take_output() == vendor(0, b"\x00\x60")
    assert link.unsent == 2
    link.feed(ack(1), now_s=1.001)
    assert link.take_output() == vendor(1, b"\x00\x8b")
    assert link.take_events() == [Acknowledged()]
    link.feed(ack(2), now_s=1.002)
    assert link.unsent == 0
    assert link.next_wake_s() is None


def test_what_is_not_acknowledged_is_sent_again_and_then_given_up() -> None:
    link = opened()
    link.send(b"\x00\x60", now_s=1.0)
    times = []
    while (due_s := link.next_wake_s()) is not None:
        assert link.take_output() == vendor(0, b"\x00\x60")
        times.append(round(due_s, 3))
        link.wake(now_s=due_s)
    assert times == [round(1.0 + SENDS_AGAIN_S * (i + 1), 3) for i in range(TRIES)]
    assert link.resent == TRIES - 1
    assert link.take_events() == [Failed(Failure.NOT_ACKNOWLEDGED)]


def test_an_acknowledgement_that_is_repeated_does_no_harm() -> None:
    link = opened()
    link.send(b"one", now_s=1.0)
    link.feed(ack(0), now_s=1.0)  # of nothing new
    assert link.unsent == 1
    link.feed(ack(1) + ack(1), now_s=1.0)
    assert link.take_events() == [Acknowledged()]
    assert link.state is LinkState.ACTIVE


@pytest.mark.parametrize("number", [2, 5, 7])
def test_an_acknowledgement_of_what_was_never_sent_ends_the_link(number: int) -> None:
    link = opened()
    link.send(b"one", now_s=1.0)
    link.feed(ack(number), now_s=1.0)
    assert link.take_events() == [Failed(Failure.OUT_OF_STEP)]


def test_an_acknowledgement_where_nothing_is_in_flight_ends_the_link() -> None:
    link = opened()
    link.feed(ack(1), now_s=1.0)
    assert link.take_events() == [Failed(Failure.OUT_OF_STEP)]


def test_the_numbers_begin_anew_behind_seven() -> None:
    host, chip = joined()
    said = [bytes([number]) for number in range(20)]
    for payload in said:
        host.send(payload, now_s=1.0)
        chip.send(payload, now_s=1.0)
    exchange(host, chip, now_s=1.0)
    for end in (host, chip):
        heard = [event.payload for event in end.take_events() if isinstance(event, Delivered)]
        assert heard == said


@pytest.mark.parametrize("state", ["closed", "failed", "restarting"])
def test_nothing_is_sent_on_a_link_that_is_not_open(state: str) -> None:
    link = ThreeWireLink(Role.HOST)
    if state != "closed":
        link.open(now_s=0.0)
    while state == "failed" and (due_s := link.next_wake_s()) is not None:
        link.wake(now_s=due_s)
    with pytest.raises(LocalProtocolError):
        link.send(b"\x00\x60", now_s=5.0)


# Hearing.


def test_a_repeated_payload_is_acknowledged_again_and_delivered_once() -> None:
    link = opened()
    link.feed(vendor(0, b"one"), now_s=1.0)
    assert link.take_output() == ack(1)
    link.feed(vendor(0, b"one"), now_s=1.3)
    assert link.take_output() == ack(1)
    link.feed(vendor(1, b"two"), now_s=1.4)
    assert link.take_events() == [Delivered(b"one"), Delivered(b"two")]


def test_a_damaged_payload_is_neither_delivered_nor_acknowledged() -> None:
    link = opened()
    frame = bytearray(vendor(0, b"one"))
    frame[6] ^= 0x01
    link.feed(bytes(frame), now_s=1.0)
    assert link.take_output() == b""
    assert link.take_events() == []
    assert link.damaged.total() == 1
    link.feed(vendor(0, b"one"), now_s=1.2)
    assert link.take_events() == [Delivered(b"one")]


def test_half_a_frame_does_not_spoil_the_next() -> None:
    link = opened()
    link.feed(vendor(0, b"one")[:7], now_s=1.0)
    link.feed(vendor(0, b"one"), now_s=1.1)
    assert link.take_events() == [Delivered(b"one")]


def test_a_chip_that_restarts_is_noticed_and_opened_again() -> None:
    host, chip = joined()
    host.send(b"never answered", now_s=1.0)
    host.take_output()
    chip.open(now_s=1.1)
    exchange(host, chip, now_s=1.1)
    assert host.take_events() == [Restarted(), Opened()]
    assert chip.take_events() == [Opened()]
    assert host.unsent == 0
    host.send(b"anew", now_s=1.2)
    exchange(host, chip, now_s=1.2)
    assert chip.take_events() == [Delivered(b"anew")]


def test_a_chip_that_is_reset_by_the_next_host_forgets_the_last() -> None:
    host, chip = joined()
    chip.send(b"never heard", now_s=1.0)
    other = ThreeWireLink(Role.HOST)
    other.open(now_s=2.0)
    exchange(other, chip, now_s=2.0)
    assert chip.take_events() == [Restarted()]
    assert chip.unsent == 0
    other.wake(now_s=2.0 + RESTART_S)
    exchange(other, chip, now_s=2.5)
    assert other.take_events() == [Opened()]
    assert host.state is LinkState.ACTIVE  # nobody has told it


def test_a_chip_whose_host_has_gone_is_there_for_the_next() -> None:
    _, chip = joined()
    chip.send(b"to nobody", now_s=1.0)
    while (due_s := chip.next_wake_s()) is not None:
        chip.wake(now_s=due_s)
    assert chip.take_events() == [Failed(Failure.NOT_ACKNOWLEDGED)]
    chip.take_output()
    other = ThreeWireLink(Role.HOST)
    other.open(now_s=9.0)
    exchange(other, chip, now_s=9.0)
    other.wake(now_s=9.0 + RESTART_S)
    exchange(other, chip, now_s=9.5)
    assert other.take_events() == [Opened()]
    assert chip.take_events() == [Restarted(), Opened()]


def test_a_host_that_leaves_resets_the_chip_and_hears_no_more() -> None:
    link = opened()
    link.send(b"never mind", now_s=1.0)
    link.take_output()
    link.leave()
    assert link.take_output() == RESET
    link.feed(vendor(0, b"late"), now_s=1.1)
    assert link.take_events() == []
    assert link.next_wake_s() is None


def test_a_host_obeys_no_reset() -> None:
    link = opened()
    link.feed(RESET, now_s=1.0)
    assert link.state is LinkState.ACTIVE
