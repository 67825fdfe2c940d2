"""Every moment of a trace belongs to one phase, and what it comes to is what its events say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmline import events
from firmline.events import Event, UnitMode, stamp
from firmline.formats.trace import Trace, UnknownEvent
from firmline.protocol.traces.phases import Phase, PhaseSpan, phase_spans, phase_times
from firmline.protocol.traces.summary import TraceKind, summarize
from firmline.values import ImageKind
from unit.cli.event_samples import FINISHED, HOME, IMAGE_SENT, SAMPLES, STARTED

IMAGE = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=8192)


def asked(request: str, data: bytes = b"") -> Event:
    return events.RequestSent(request=request, data=data)


def answered(opcode: int) -> Event:
    return events.AnswerReceived(data=bytes([0x60, opcode, 1]))


def created(offset: int, kind: str = "data") -> Event:
    return events.ObjectCreated(object_type=kind, offset=offset, size=4096)


def executed(offset: int, kind: str = "data") -> Event:
    return events.ObjectExecuted(object_type=kind, offset=offset)


AN_OBJECT = (
    asked("object_create", b"\x01\x02\x00\x10\x00\x00"),
    answered(1),
    created(0),
    events.PacketsSent(object_type="data", count=17, offset=4096, size=8192),
    asked("crc_get"),
    answered(3),
    asked("object_execute"),
    answered(4),
    executed(4096),
)
STORY = (
    STARTED,
    events.Searching(address=HOME, expected_mode=UnitMode.APPLICATION),
    events.UnitSeen(address=HOME, name="", rssi_dbm=None),
    events.Connected(address=HOME, mode=UnitMode.APPLICATION, mtu=247),
    asked("enter_bootloader"),
    events.LinkLost(hci_reason=0x13, expected=True),
    events.Searching(address=HOME, expected_mode=UnitMode.BOOTLOADER),
    events.UnitSeen(address=HOME, name="", rssi_dbm=None),
    events.Connected(address=HOME, mode=UnitMode.BOOTLOADER, mtu=247),
    IMAGE,
    asked("object_create", b"\x01\x01\x8d\x00\x00\x00"),
    answered(1),
    created(0, "command"),
    asked("object_execute"),
    answered(4),
    executed(141, "command"),
    *AN_OBJECT,
    IMAGE_SENT,
    events.Searching(address=HOME, expected_mode=UnitMode.APPLICATION),
    FINISHED,
)


def ticking(*told: Event) -> Trace:
    """One event a second."""
    return Trace(entries=tuple(stamp(event, float(at)) for at, event in enumerate(told)))


def seconds(trace: Trace) -> dict[Phase, float]:
    return {time.phase: time.seconds for time in phase_times(trace.entries)}


def test_an_update_goes_through_its_phases() -> None:
    assert seconds(ticking(*STORY)) == {
        Phase.SEARCH: 2,
        Phase.CONNECT: 2,
        Phase.APPLICATION: 1,
        Phase.RESTART: 3,
        Phase.BOOTLOADER: 1,
        Phase.INIT_PACKET: 7,
        Phase.CREATE: 2,
        Phase.DATA: 2,
        Phase.CRC: 2,
        Phase.EXECUTE: 3,
        Phase.ACTIVATE: 2,
    }


def test_the_phases_add_up_to_the_whole() -> None:
    trace = ticking(*SAMPLES, *STORY)
    assert sum(seconds(trace).values()) == len(SAMPLES) + len(STORY) - 1


def test_an_answer_that_was_asked_before_the_next_create_does_not_end_it() -> None:
    """EXECUTE and the next CREATE may go out back to back, and CREATE may be refused."""
    create = asked("object_create", b"\x01\x02\x00\x10\x00\x00")
    trace = ticking(
        *(IMAGE, create, answered(1), created(0)), asked("object_execute"), create, answered(4)
    )
    refused = stamp(events.AnswerReceived(data=b"\x60\x01\x05"), 9.0)
    asked_again = stamp(create, 11.0)
    assert seconds(Trace(entries=(*trace.entries, refused, asked_again))) == {
        Phase.INIT_PACKET: 1,
        Phase.CREATE: 2 + 4 + 2,
        Phase.DATA: 1,
        Phase.EXECUTE: 1,
    }


def test_probes_are_no_transfer() -> None:
    create = asked("object_create", b"\x01\x01\x8d\x00\x00\x00")
    bootloader = events.Connected(address=HOME, mode=UnitMode.BOOTLOADER, mtu=247)
    inspection = events.InspectionStarted(at_s=-1.0, unit="x", with_probes=True, public_key="")
    trace = ticking(bootloader, asked("object_select"), create, answered(1), asked("crc_get"))
    trace = Trace(entries=(stamp(inspection, 0.0), *trace.entries))
    end = stamp(asked("abort"), 5.0)
    assert seconds(Trace(entries=(*trace.entries, end, stamp(FINISHED, 6.0)))) == {
        Phase.BOOTLOADER: 2,
        Phase.PROBES: 3,
        Phase.RESTART: 1,
    }


def test_an_image_that_goes_on_over_a_new_connection_is_a_transfer() -> None:
    bootloader = events.Connected(address=HOME, mode=UnitMode.BOOTLOADER, mtu=247)
    lost = events.LinkLost(hci_reason=8, expected=False)
    searching = events.Searching(address=HOME, expected_mode=UnitMode.BOOTLOADER)
    seen = events.UnitSeen(address=HOME, name="", rssi_dbm=None)
    again = (lost, searching, seen, bootloader, asked("object_select"), *AN_OBJECT)
    found = seconds(ticking(STARTED, bootloader, IMAGE, *AN_OBJECT, *again, FINISHED))
    assert Phase.PROBES not in found
    assert (found[Phase.CREATE], found[Phase.DATA], found[Phase.CRC]) == (4, 4, 4)
    assert (found[Phase.SEARCH], found[Phase.CONNECT], found[Phase.BOOTLOADER]) == (2, 1, 3)
    init_packet = asked("object_create", b"\x01\x01\x8d\x00\x00\x00")
    afresh = ticking(STARTED, IMAGE, *AN_OBJECT, lost, bootloader, init_packet, FINISHED)
    assert seconds(afresh)[Phase.INIT_PACKET] == 2


def test_a_ping_in_the_middle_brings_a_line_to_rest() -> None:
    port = events.PortOpened(port="p", baud=None, flow_control=False, exclusive=True)
    there = events.BootloaderAnswered(after_s=0)
    trace = ticking(port, asked("ping"), there, IMAGE, *AN_OBJECT, asked("ping"), there, FINISHED)
    found = seconds(trace)
    assert (found[Phase.SEARCH], found[Phase.RECOVER], found[Phase.BOOTLOADER]) == (2, 1, 2)


def test_how_long_and_how_often() -> None:
    trace = Trace(
        entries=(
            stamp(STARTED, 0.0),
            stamp(FINISHED, 2.0),
            UnknownEvent(at_s=7.0, type="x", fields={}),
            UnknownEvent(at_s=None, type="x", fields={}),
            stamp(FINISHED, 6.0),  # a clock that was set back
            stamp(FINISHED, 8.0),
        )
    )
    (time,) = phase_times(trace.entries)
    assert (time.phase, time.seconds, time.longest_s, time.times) == (Phase.SEARCH, 9.0, 5.0, 1)


def test_no_events_take_no_time() -> None:
    assert phase_times(()) == ()
    assert phase_times((STARTED,)) == ()
    assert phase_spans((STARTED,)) == ()


def test_spans_follow_one_another_and_add_up_to_the_times() -> None:
    trace = ticking(*STORY)
    spans = phase_spans(trace.entries)
    assert spans[0] == PhaseSpan(phase=Phase.SEARCH, begin_s=0.0, end_s=2.0)
    assert [each.begin_s for each in spans[1:]] == [each.end_s for each in spans[:-1]]
    assert all(one.phase is not other.phase for one, other in pairwise(spans))
    summed: dict[Phase, float] = {}
    for each in spans:
        summed[each.phase] = summed.get(each.phase, 0.0) + each.end_s - each.begin_s
    assert summed == seconds(trace)


def test_a_clock_that_was_set_back_begins_another_span() -> None:
    times = (0.0, 2.0, 1.0, 4.0)
    spans = phase_spans(tuple(stamp(STARTED, at_s) for at_s in times))
    assert [(each.begin_s, each.end_s) for each in spans] == [(0.0, 2.0), (1.0, 4.0)]


# What it comes to.


def test_a_finished_update_says_itself_what_it_came_to() -> None:
    summary = summarize(ticking(*STORY))
    assert summary.kind is TraceKind.UPDATE
    assert summary.outcome is FINISHED.outcome
    assert (summary.size, summary.duration_s) == (FINISHED.size, FINISHED.duration_s)
    assert summary.transfer_s == FINISHED.transfer_s
    assert (summary.held, summary.sent) == (0, 4096)
    assert (summary.objects, summary.executed, summary.repeats) == (1, 4096, 0)


@pytest.mark.parametrize(("end", "size"), [(-1, IMAGE_SENT.size), (-3, 0)])
def test_of_an_update_without_an_end_the_same_is_counted(end: int, size: int) -> None:
    summary = summarize(ticking(*STORY[:end]))
    assert summary.outcome is None
    assert (summary.code, summary.message) == ("", "")
    assert (summary.size, summary.executed) == (size, 4096)
    assert summary.duration_s == len(STORY[:end]) - 1
    assert summary.transfer_s == 16 - (end == -3)


def test_trouble_is_counted() -> None:
    lost = events.LinkLost(hci_reason=8, expected=False)
    no = events.Refused(request="object_create", result=5, ext_error=None)
    again = events.ObjectRepeated(object_type="data", offset=0, attempt=2)
    trace = ticking(*STORY[:-2], again, again, no, lost)
    unknown = UnknownEvent(at_s=99.0, type="x", fields={})
    summary = summarize(Trace(entries=(*trace.entries, unknown)))
    assert (summary.repeats, len(summary.refusals), len(summary.losses)) == (2, 1, 2)
    assert summary.unknown == 1


def test_of_each_image_the_last_object_counts() -> None:
    second = events.ImageStarted(
        kind=ImageKind.APPLICATION, index=1, init_packet_size=141, size=8192
    )
    trace = ticking(IMAGE, executed(4096), executed(8192), second, executed(100))
    assert summarize(trace).executed == 8292


def test_an_inspection_and_what_does_not_say_what_it_is() -> None:
    inspected = [e for e in SAMPLES if "Inspection" in type(e).__name__]
    summary = summarize(ticking(*inspected))
    assert summary.kind is TraceKind.INSPECTION
    assert (summary.outcome, summary.message) == (None, "The unit was read.")
    assert summarize(ticking(IMAGE)).kind is TraceKind.UNKNOWN
