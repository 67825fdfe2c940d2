"""What a serial line tells of a unit's flash, from events made by hand."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from firmline import events
from firmline.events import Event
from firmline.protocol.slip import encode_frame
from firmline.updater.serial.costs import FASTEST_BYTE_S, SerialCosts
from firmline.updater.speed_limit import SpeedLimit
from firmline.values import ImageKind

OBJECT, PACKET = 4096, 64
FIRMWARE = bytes(0x20 + at % 64 for at in range(3 * OBJECT))
"""Three objects without a byte that SLIP escapes."""
PACKETS = OBJECT // PACKET
ERASE_S, WRITE_S, TRIP_S = 0.085, 0.042, 0.001
WIRE = OBJECT + 2 * PACKETS
BAUD = 115_200
WIRE_S = WIRE * 10 / BAUD
RECEIPT = b"\x60\x03\x01" + bytes(8)
YES = b"\x60\x01\x01"


class Line:
    """A unit at the end of a line, in events."""

    def __init__(self, *, erase_s: float = ERASE_S, data_s: float = WRITE_S) -> None:
        self.now_s = 100.0
        self.erase_s, self.data_s = erase_s, data_s
        self.count = 0

    def asked(self, name: str, data: bytes, answer: bytes, after_s: float) -> Iterator[Event]:
        yield events.RequestSent(at_s=self.now_s, request=name, data=data)
        self.now_s += after_s
        yield events.AnswerReceived(at_s=self.now_s, data=answer)

    def prn(self, count: int = 0) -> Iterator[Event]:
        self.count = count
        frame = encode_frame(b"\x02" + count.to_bytes(2, "little"))
        yield from self.asked("prn_set", frame, b"\x60\x02\x01", TRIP_S)

    def receipts(self, size: int, late_s: float) -> Iterator[Event]:
        """The data of an object go by; each group but the rest is waited for."""
        whole_s = self.data_s * size / OBJECT
        groups = -(-size // PACKET) // self.count if self.count else 0
        for _ in range(groups):
            group_s = whole_s * self.count * PACKET / size
            self.now_s += group_s + TRIP_S + late_s
            yield events.AnswerReceived(at_s=self.now_s, data=RECEIPT)
        self.now_s += whole_s * (1 - groups * self.count * PACKET / size) + late_s

    def created(self, answer: bytes = YES) -> Iterator[Event]:
        late_s = self.erase_s if answer == YES else 0.0
        request = b"\x01\x02\x00\x10\x00\x00\xc0"
        yield from self.asked("object_create", request, answer, TRIP_S + late_s)

    def an_object(self, start: int, *, has: int | None = None, late_s: float = 0.0) -> list[Event]:
        """CREATE, data, CRC, EXECUTE; ``has``: what the unit says it has."""
        end = min(start + OBJECT, len(FIRMWARE))
        heard = [*self.created()]
        heard.append(
            events.ObjectCreated(
                at_s=self.now_s, object_type="data", offset=start, size=end - start
            )
        )
        heard += self.receipts(end - start, late_s)
        heard.append(
            events.PacketsSent(
                at_s=self.now_s,
                object_type="data",
                count=-(-(end - start) // PACKET),
                offset=end,
                size=len(FIRMWARE),
            )
        )
        heard += self.asked("crc_get", b"\x03\xc0", b"\x60\x03\x01", TRIP_S)
        heard.append(
            events.CrcChecked(
                at_s=self.now_s,
                object_type="data",
                offset=end if has is None else has,
                crc=zlib.crc32(FIRMWARE[:end]),
                expected_offset=end,
                expected_crc=zlib.crc32(FIRMWARE[:end]),
            )
        )
        heard += self.asked("object_execute", b"\x04\xc0", b"\x60\x04\x01", TRIP_S)
        return heard


def limit_s(heard: list[Event], *, baud: int | None = None, held: int = 0) -> float | None:
    costs = SerialCosts(FIRMWARE, baud=baud)
    for event in heard:
        costs.hear(event)
    return costs.limit_s(held)


def whole(line: Line, *, prn: int = 0) -> list[Event]:
    return [
        *line.prn(prn),
        *(e for at in range(0, len(FIRMWARE), OBJECT) for e in line.an_object(at)),
    ]


def test_over_usb_the_answers_show_erase_and_words() -> None:
    assert limit_s(whole(Line())) == pytest.approx(3 * (ERASE_S + WRITE_S))


def test_a_wire_that_is_slower_than_flash_is_the_limit_and_hides_the_words() -> None:
    assert limit_s(whole(Line(data_s=WIRE_S)), baud=BAUD) == pytest.approx(3 * WIRE_S)


def test_words_that_a_wire_hides_count_as_the_fastest_there_are() -> None:
    wire_s = WIRE * 10 / 1_000_000
    least_s = ERASE_S + min(wire_s, OBJECT * FASTEST_BYTE_S)
    told_s = limit_s(whole(Line(data_s=wire_s)), baud=1_000_000)
    assert told_s == pytest.approx(3 * least_s, rel=0.02)


def test_flash_that_is_slower_than_the_wire_is_seen() -> None:
    slow_s = 0.346
    told_s = limit_s(whole(Line(data_s=slow_s)), baud=1_000_000)
    assert told_s == pytest.approx(3 * (ERASE_S + slow_s), rel=0.005)


def test_a_baud_rate_that_objects_are_faster_than_means_nothing() -> None:
    """As at a CDC ACM port, whose speed is that of USB."""
    assert WRITE_S < WIRE_S / 2
    assert limit_s(whole(Line()), baud=BAUD) == pytest.approx(3 * (ERASE_S + WRITE_S))


def test_bytes_that_slip_escapes_are_on_the_wire() -> None:
    firmware = b"\xc0" * OBJECT
    line = Line(data_s=2 * OBJECT * 10 / BAUD)
    costs = SerialCosts(firmware, baud=BAUD)
    for event in [*line.prn(), *line.an_object(0)]:
        costs.hear(event)
    assert costs.limit_s(0) == pytest.approx((2 * OBJECT + 2 * PACKETS) * 10 / BAUD)


def test_what_the_computer_was_late_by_is_not_the_units() -> None:
    line = Line()
    heard = [*line.prn(), *line.an_object(0, late_s=0.5), *line.an_object(OBJECT)]
    heard += line.an_object(2 * OBJECT, late_s=0.1)
    assert limit_s(heard) == pytest.approx(3 * (ERASE_S + WRITE_S))


def test_where_erasing_takes_no_time_there_is_no_limit() -> None:
    assert limit_s(whole(Line(erase_s=0.0))) is None
    assert limit_s(whole(Line(erase_s=0.001))) is None


def test_nothing_is_known_before_an_object_arrived_whole() -> None:
    line = Line()
    assert limit_s([*line.prn()]) is None
    assert limit_s([*line.prn(), *line.created()]) is None
    assert limit_s([*line.prn(), *line.an_object(0, has=100)]) is None


def test_a_refused_create_and_a_damaged_object_teach_nothing() -> None:
    line = Line()
    refused = [*line.prn(), *line.created(b"\x60\x01\x08")]
    damaged = line.an_object(0, has=OBJECT - PACKET, late_s=3.0)
    heard = [*refused, *damaged, *line.an_object(0), *line.an_object(OBJECT)]
    assert limit_s(heard) == pytest.approx(3 * (ERASE_S + WRITE_S))


def test_of_an_image_that_goes_on_only_the_rest_counts() -> None:
    assert limit_s(whole(Line()), held=OBJECT) == pytest.approx(2 * (ERASE_S + WRITE_S))
    half = OBJECT // 2
    rest_s = WRITE_S / 2 + 2 * (ERASE_S + WRITE_S)  # the page that was begun is erased already
    assert limit_s(whole(Line()), held=half) == pytest.approx(rest_s)
    assert limit_s(whole(Line()), held=len(FIRMWARE)) == 0.0


def test_an_answer_that_was_asked_for_in_another_session_is_no_latency() -> None:
    line = Line()
    heard: list[Event] = [*line.prn()]
    heard.append(events.RequestSent(at_s=line.now_s, request="object_create", data=b"\x01\x02"))
    heard.append(events.SessionRepeated(reason="lost", code="DFU-LINK-001", attempt=2))
    line.now_s += 0.000_1
    heard.append(events.AnswerReceived(at_s=line.now_s, data=YES))
    heard += [event for at in range(0, len(FIRMWARE), OBJECT) for event in line.an_object(at)]
    assert limit_s(heard) == pytest.approx(3 * (ERASE_S + WRITE_S))


# Receipts.


@pytest.mark.parametrize("prn", [1, 2, 3, 10, 64, 65, 192])
def test_over_usb_waiting_for_receipts_is_not_the_units_own_time(prn: int) -> None:
    assert limit_s(whole(Line(), prn=prn)) == pytest.approx(3 * (ERASE_S + WRITE_S))


@pytest.mark.parametrize("prn", [1, 2, 3, 10, 64, 65, 192])
def test_a_wire_is_the_limit_with_receipts_too(prn: int) -> None:
    """What is worth a second without receipts is worth no more with them."""
    told_s = limit_s(whole(Line(data_s=WIRE_S), prn=prn), baud=BAUD)
    assert told_s == pytest.approx(3 * WIRE_S)


def test_between_receipts_wire_and_words_take_turns_and_only_the_words_are_flash() -> None:
    slow_s, wire_s = 0.346, WIRE * 10 / 1_000_000
    told_s = limit_s(whole(Line(data_s=wire_s + slow_s), prn=1), baud=1_000_000)
    assert told_s is not None
    receipts_s = PACKETS * 12 * 10 / 1_000_000
    assert told_s == pytest.approx(3 * (ERASE_S + slow_s - receipts_s))


def test_a_baud_rate_that_groups_are_faster_than_means_nothing() -> None:
    """Round trips make an object last as long as at the baud rate; they are none of the wire's."""
    line = Line()
    heard = [*line.prn(1), *(e for at in range(3) for e in line.an_object(at * OBJECT, late_s=0))]
    late = Line()
    jitter = [*late.prn(1), *late.an_object(0, late_s=WIRE_S / PACKETS), *late.an_object(OBJECT)]
    for each in (heard, jitter):
        told_s = limit_s(each, baud=BAUD)
        assert told_s is not None
        assert 3 * ERASE_S < told_s <= 3 * (ERASE_S + WRITE_S) + 1e-9


def test_answers_that_nobody_asked_for_are_no_receipts_where_there_are_none() -> None:
    line = Line()
    heard = [*line.prn(0), *line.an_object(0)]
    copy = events.AnswerReceived(at_s=heard[4].at_s, data=RECEIPT)
    assert limit_s([*heard[:5], copy, *heard[5:]]) == pytest.approx(3 * (ERASE_S + WRITE_S))


# The share.


def port(baud: int | None = None) -> events.PortOpened:
    return events.PortOpened(port="p", baud=baud, flow_control=True, exclusive=True)


def started(index: int = 0) -> events.ImageStarted:
    return events.ImageStarted(
        kind=ImageKind.APPLICATION, index=index, init_packet_size=141, size=len(FIRMWARE)
    )


def sent(at_s: float) -> events.ImageSent:
    return events.ImageSent(at_s=at_s, kind=ImageKind.APPLICATION, size=len(FIRMWARE))


def share_of(images: list[bytes], heard: list[Event]) -> float | None:
    limit = SpeedLimit(images)
    for event in heard:
        limit.hear(event)
    return limit.share


def test_the_share_is_of_all_images() -> None:
    line = Line()
    heard: list[Event] = [port()]
    for index in range(2):
        heard += [started(index), *whole(line)]
        line.now_s += index  # a second of idling at the end of the second one
        heard.append(sent(line.now_s))
    waited_s = 1.0 + 2 * 9 * TRIP_S
    true_s = 6 * (ERASE_S + WRITE_S)
    share = share_of([FIRMWARE, FIRMWARE], heard)
    assert share == pytest.approx(true_s / (true_s + waited_s), rel=1e-3)


def test_one_image_of_which_nothing_is_known_leaves_the_share_unknown() -> None:
    line = Line()
    known = [started(), *whole(line), sent(line.now_s)]
    assert share_of([FIRMWARE], [port(), *known]) is not None
    unknown = [started(1), sent(line.now_s + 1)]
    assert share_of([FIRMWARE, FIRMWARE], [port(), *known, *unknown]) is None


def test_over_a_radio_a_line_teaches_nothing() -> None:
    line = Line()
    assert share_of([FIRMWARE], [started(), *whole(line), sent(line.now_s)]) is None


def test_a_share_that_cannot_be_is_told_and_not_cut_off() -> None:
    """A time that is shorter than what was measured in it: whoever sees that sees a defect."""
    line = Line()
    heard = [port(), started(), *whole(line), sent(100.1)]
    share = share_of([FIRMWARE], heard)
    assert share is not None
    assert share > 2
