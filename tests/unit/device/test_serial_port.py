"""The serial port of a unit: bytes take their time, in both directions, in virtual seconds."""

from __future__ import annotations

import pytest

from firmline.device.radio_face import AttStatus, Notify, ResetKind, Restarted, UnitOutput
from firmline.device.serial_port import MAX_CHUNK, SerialPort
from firmline.device.unit import VirtualUnit
from firmline.protocol.channels import Channel
from unit.device.makers import UART, unit_in_bootloader

BAUD = 10_000
BYTE_S = 0.001
PING, PONG = b"\x09\x05\xc0", b"\x60\x09\x01\x05\xc0"


class Echo:
    """A unit that says what it hears, and speaks by itself when it is asked to."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.woken: list[float] = []
        self.wake_s: float | None = None
        self._outputs: list[UnitOutput] = []

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        assert channel is Channel.SERIAL
        self.heard.append((round(now_s, 6), data))
        self._outputs.append(Notify(channel=Channel.SERIAL, data=data))
        return AttStatus.OK

    def take_outputs(self) -> list[UnitOutput]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_wake_s(self) -> float | None:
        return self.wake_s

    def wake(self, *, now_s: float) -> None:
        self.woken.append(now_s)
        self.wake_s = None
        self._outputs += [
            Restarted(kind=ResetKind.SOFT),
            Notify(channel=Channel.CONTROL, data=b"not of this port"),
            Notify(channel=Channel.SERIAL, data=b"awake"),
        ]


def left(port: SerialPort, *, until_s: float) -> list[tuple[float, bytes]]:
    """What leaves and when, with the port called exactly when it asks to be."""
    seen = []
    while (due_s := port.next_wake_s()) is not None and due_s <= until_s:
        if data := port.take(now_s=due_s):
            seen.append((round(due_s, 6), data))
    return seen


@pytest.fixture
def unit() -> Echo:
    return Echo()


@pytest.fixture
def port(unit: Echo) -> SerialPort:
    return SerialPort(unit, baud=BAUD)


def test_a_frame_arrives_when_its_last_byte_has(unit: Echo, port: SerialPort) -> None:
    port.feed(b"abc\xc0", now_s=5)
    assert (unit.heard, port.backlog) == ([], 4)
    assert port.next_wake_s() == pytest.approx(5 + 4 * BYTE_S)
    assert port.take(now_s=5 + 4.5 * BYTE_S) == b""
    assert unit.heard == [(5.004, b"abc\xc0")]
    assert port.backlog == 0


def test_an_answer_leaves_byte_by_byte_after_the_question(port: SerialPort) -> None:
    port.feed(b"abc\xc0", now_s=0)
    assert left(port, until_s=1) == [
        (0.005, b"a"),
        (0.006, b"b"),
        (0.007, b"c"),
        (0.008, b"\xc0"),
    ]
    assert port.next_wake_s() is None
    assert not port.busy


def test_frames_that_are_fed_together_arrive_one_after_the_other(
    unit: Echo, port: SerialPort
) -> None:
    port.feed(b"ab\xc0cd\xc0", now_s=0)
    port.take(now_s=1)
    assert unit.heard == [(0.003, b"ab\xc0"), (0.006, b"cd\xc0")]


def test_bytes_that_are_fed_early_wait_for_the_line(unit: Echo, port: SerialPort) -> None:
    port.feed(b"ab\xc0", now_s=0)
    port.feed(b"cd\xc0", now_s=0.001)
    port.feed(b"ef\xc0", now_s=1)
    port.take(now_s=2)
    assert unit.heard == [
        (0.001, b"a"),
        (0.003, b"b\xc0"),
        (0.006, b"cd\xc0"),
        (1.003, b"ef\xc0"),
    ]


def test_a_late_caller_finds_everything_as_if_it_had_been_early(
    unit: Echo, port: SerialPort
) -> None:
    port.feed(b"ab\xc0", now_s=0)
    assert port.take(now_s=60) == b"ab\xc0"
    assert unit.heard == [(0.003, b"ab\xc0")]


def test_answers_that_nobody_took_do_not_hurry_the_next(port: SerialPort) -> None:
    port.feed(b"a\xc0", now_s=0)
    port.feed(b"b\xc0", now_s=1)
    assert port.take(now_s=1.0021) == b"a\xc0"
    assert left(port, until_s=2) == [(1.003, b"b"), (1.004, b"\xc0")]


def test_what_waits_behind_a_gap_is_due_at_once(port: SerialPort) -> None:
    port.feed(b"a\xc0", now_s=0)
    port.feed(b"b\xc0", now_s=1)
    port.feed(b"", now_s=1.5)
    due_s = port.next_wake_s()
    assert due_s is not None
    assert due_s <= 1.5
    assert port.take(now_s=1.5) == b"a\xc0b\xc0"


def test_half_a_frame_reaches_the_unit_too(unit: Echo, port: SerialPort) -> None:
    port.feed(b"abcdef", now_s=0)
    port.take(now_s=2.5 * BYTE_S)
    assert unit.heard == [(0.0025, b"ab")]


def test_bytes_without_an_end_are_handed_over_in_pieces(unit: Echo, port: SerialPort) -> None:
    port.feed(bytes(2 * MAX_CHUNK + 10), now_s=0)
    port.take(now_s=10)
    assert [len(data) for _, data in unit.heard] == [MAX_CHUNK, MAX_CHUNK, 10]


def test_the_units_own_timer_runs_at_its_time(unit: Echo, port: SerialPort) -> None:
    unit.wake_s = 7.0
    assert port.next_wake_s() == 7.0
    assert port.take(now_s=6.9) == b""
    assert port.take(now_s=7.1) == b"awake"
    assert unit.woken == [7.0]


def test_what_has_arrived_before_a_timer_is_heard_before_it(unit: Echo, port: SerialPort) -> None:
    unit.wake_s = 0.0025
    port.feed(b"abc\xc0", now_s=0)
    port.take(now_s=1)
    assert unit.heard == [(0.0025, b"ab"), (0.004, b"c\xc0")]
    assert unit.woken == [0.0025]


def test_time_does_not_run_backwards(unit: Echo, port: SerialPort) -> None:
    port.feed(b"a\xc0", now_s=3)
    port.take(now_s=4)
    port.feed(b"b\xc0", now_s=3.5)
    port.take(now_s=5)
    assert unit.heard == [(3.002, b"a\xc0"), (4.002, b"b\xc0")]


def test_over_usb_bytes_take_no_time(unit: Echo) -> None:
    port = SerialPort(unit, baud=None)
    port.feed(b"ab\xc0cd\xc0", now_s=2)
    assert port.take(now_s=2) == b"ab\xc0cd\xc0"
    assert unit.heard == [(2, b"ab\xc0cd\xc0")]
    assert not port.busy


@pytest.fixture
def bootloader() -> VirtualUnit:
    return unit_in_bootloader(profile=UART)


def test_a_real_unit_answers_at_the_pace_of_its_uart(bootloader: VirtualUnit) -> None:
    port = SerialPort(bootloader, baud=BAUD)
    port.feed(PING, now_s=0)
    seen = left(port, until_s=1)
    assert b"".join(data for _, data in seen) == PONG
    assert [at_s for at_s, _ in seen] == [0.004, 0.005, 0.006, 0.007, 0.008]


def test_the_units_inactivity_timer_is_driven(bootloader: VirtualUnit) -> None:
    port = SerialPort(bootloader)
    timeout_s = UART.inactivity_timeout_s
    assert port.next_wake_s() == timeout_s
    port.take(now_s=timeout_s)
    assert [entry.what for entry in bootloader.log].count("inactivity_timeout") == 1
