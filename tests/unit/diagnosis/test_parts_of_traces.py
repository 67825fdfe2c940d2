"""A trace without beginning or end, or in no order: what it does not show is not guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.cli.diagnosis_text import FITS_NONE, PART_ONLY, why_unknown
from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.joining import joined
from firmline.diagnosis.ranking import PART, rank
from firmline.diagnosis.reading import Kind, Source
from firmline.diagnosis.report_input import incident_of
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.errors import Code
from firmline.events import Event
from firmline.formats.trace import Trace
from firmline.protocol.refusals import EXTENDED_ERRORS
from firmline.values import ImageKind
from unit.diagnosis.small_traces import (
    ASKED,
    AT_APPLICATION,
    AT_BOOTLOADER,
    DATA,
    EXECUTE,
    IMAGE,
    INIT,
    JUMPED,
    SEARCHING,
    SIZE,
    TO_BOOTLOADER,
    executed,
    finished,
    packets,
    stepped,
    trace,
)

SENT = events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE)
PORT = events.PortOpened(port="COM7", baud=115_200, flow_control=True, exclusive=True)
PING = events.RequestSent(request="ping", data=b"\x09\x01")
GREETING = events.TextHeard(text="hello")
X05 = events.Refused(request="object_execute", result=0x0B, ext_error=0x05)
X0C = events.Refused(request="object_execute", result=0x0B, ext_error=0x0C)
MISSING = "The beginning of the trace is missing: what happened before is not known."


def told(*heard: Event) -> dict[str, tuple[str, ...]]:
    return dict(evidence_of_traces([trace(*heard)]).by_field())


def unknown(incident: Incident) -> float:
    return rank(incident).families[UNKNOWN]


# What is told for it that something did not happen.


def test_a_bootloader_is_the_first_thing_that_is_met_only_if_the_trace_begins() -> None:
    lost = finished(Code.LINK_LOST)
    begun = told(TO_BOOTLOADER[0], AT_BOOTLOADER, lost)
    assert "dfutarg_visible" in begun["flags"]
    assert "flags" not in told(AT_BOOTLOADER, lost)


@pytest.mark.parametrize(
    "behind",
    [(SEARCHING,), (SEARCHING, AT_APPLICATION), (AT_BOOTLOADER,), (PORT,)],
)
def test_which_step_somebody_looks_for_a_unit_in_was_decided_before(
    behind: tuple[Event, ...],
) -> None:
    assert "phase" not in told(*behind, finished(Code.UNIT_NOT_FOUND))
    assert "phase" in told(TO_BOOTLOADER[0], *behind, finished(Code.UNIT_NOT_FOUND))


def test_a_request_shows_which_step_it_is_of() -> None:
    refused = events.Refused(request="enter_bootloader", result=0x04, ext_error=None)
    end = finished(Code.REFUSED_BUTTONLESS)
    assert told(ASKED, refused, end)["phase"] == ("enter_bootloader",)


def test_a_unit_that_is_met_in_its_application_may_have_left_it_before() -> None:
    end = finished(Code.LINK_REFUSED)
    assert told(TO_BOOTLOADER[0], AT_APPLICATION, end)["end_state"] == ("unchanged",)
    assert "end_state" not in told(AT_APPLICATION, end)


def test_how_far_it_came_is_not_guessed_from_objects_before_the_trace() -> None:
    end = (packets(9000), stepped(), finished(Code.LINK_LOST))
    assert told(*TO_BOOTLOADER, INIT, EXECUTE, DATA, *end)["progress"] == ("first_object",)
    assert "progress" not in told(DATA, *end)
    assert told(executed(4096), DATA, *end)["progress"] == ("random_offset",)
    assert told(packets(SIZE), stepped(), finished(Code.LINK_LOST))["progress"] == ("end",)


def test_one_restart_may_be_one_of_several() -> None:
    row = (stepped(), AT_BOOTLOADER, AT_APPLICATION)
    end = finished(Code.LINK_LOST)
    assert told(*TO_BOOTLOADER, *row, end)["unit_resets"] == ("once",)
    assert "unit_resets" not in told(*row, end)
    assert told(*row, *row[1:], end)["unit_resets"] == ("repeatedly",)


def test_a_sum_that_was_wrong_may_stand_before_the_trace() -> None:
    end = (packets(SIZE), EXECUTE, X0C, finished(Code.REFUSED_VERIFICATION))
    assert "crc_of_all_objects_ok" in told(*TO_BOOTLOADER, INIT, EXECUTE, DATA, *end)["flags"]
    assert "flags" not in told(*end)


def test_a_time_is_that_of_a_step_whose_beginning_is_there() -> None:
    end = (packets(9000), stepped(), finished(Code.LINK_LOST))
    begun = evidence_of_traces([trace(*TO_BOOTLOADER, DATA, *end, every_s=0.1)])
    assert begun.by_field()["time_to_failure"] == ("instant",)
    cut = evidence_of_traces([trace(*end, every_s=0.1)])
    assert "time_to_failure" not in cut.by_field()
    assert [each.where for each in cut.evidence if each.field == "phase"] == [
        "under way at 0.000 s"
    ]


def test_a_row_of_attempts_may_have_begun_in_another_step() -> None:
    row = (JUMPED, AT_BOOTLOADER, finished(Code.LINK_TIMEOUT))
    assert "phase" not in told(*row)
    assert told(DATA, stepped(), *row)["phase"] == ("data_transfer",)  # that one began here
    assert told(*TO_BOOTLOADER, *row)["phase"] == ("connect_bootloader",)


@pytest.mark.parametrize("code", [Code.UNIT_DID_NOT_RETURN, Code.NEW_APPLICATION_NOT_SEEN])
def test_what_a_unit_said_behind_its_image_may_stand_before_the_trace(code: Code) -> None:
    end = (SEARCHING, finished(code))
    cut = told(*end)
    assert "phase" not in cut
    assert cut.get("failure_kind", ("none",)) == ("none",)
    assert told(SENT, *end)["phase"] == ("app_start",)


def test_a_version_that_was_told_before_the_trace_is_not_taken_for_none() -> None:
    version = events.VersionSeen(image="application", version=4, address=0x1000, size=SIZE)
    end = (SENT, version, finished(Code.UNIT_DID_NOT_RETURN))
    assert "soft_reset_returns_to_dfu" in told(*TO_BOOTLOADER, *end)["flags"]
    assert "flags" not in told(*end)


def test_a_greeting_on_a_line_may_stand_before_the_trace() -> None:
    end = (PING, finished(Code.LINK_TIMEOUT))
    begun = (TO_BOOTLOADER[0], events.BootloaderAnswered(after_s=0.1), IMAGE, DATA, packets(900))
    assert told(*begun, *end)["end_state"] == ("gone_silent",)
    assert told(*begun, GREETING, *end)["end_state"] == ("back_in_app",)
    assert not {"end_state", "failure_kind"} & set(told(packets(900), *end))


def test_who_speaks_legacy_dfu_may_be_the_application_or_the_bootloader() -> None:
    end = finished(Code.LEGACY_DFU)
    cut = told(AT_APPLICATION, end)
    assert not {"phase", "end_state"} & set(cut)
    assert told(JUMPED, AT_BOOTLOADER, end)["phase"] == ("discover_bootloader",)


def test_where_the_answer_is_missing_the_end_of_the_trace_tells_it() -> None:
    for extended, (code, _) in EXTENDED_ERRORS.items():
        [found] = [
            each
            for each in evidence_of_traces([trace(finished(code))]).evidence
            if each.field == "ext_error"
        ]
        assert (found.value, found.origin) == (f"x{extended:02X}", Origin.UNIT)
    assert "result_code" not in told(finished(Code.REFUSED_OBJECT))  # an answer to what?


def test_an_answer_behind_which_a_trace_breaks_off_is_the_last() -> None:
    cut = told(*TO_BOOTLOADER, INIT, EXECUTE, X05)
    assert cut["ext_error"] == ("x05",)
    busy = events.Refused(request="object_create", result=0x08, ext_error=None)
    assert "result_code" not in told(*TO_BOOTLOADER, busy, stepped())


# What that comes to.

LOST = (DATA, packets(9000), stepped(), SEARCHING, finished(Code.LINK_LOST))


def test_of_a_part_the_cause_is_not_known() -> None:
    whole = evidence_of_traces([trace(*TO_BOOTLOADER, INIT, EXECUTE, *LOST)])
    assert rank(whole).causes[0].slug != UNKNOWN
    part = evidence_of_traces([trace(*LOST)])
    assert MISSING in part.unused
    assert unknown(part) == pytest.approx(PART)
    assert rank(part).causes[0].slug == UNKNOWN
    assert why_unknown(part) == PART_ONLY
    assert why_unknown(whole) == FITS_NONE


def test_a_failure_behind_which_a_trace_breaks_off_may_have_been_recovered_from() -> None:
    part = evidence_of_traces([trace(*TO_BOOTLOADER, INIT, EXECUTE, *LOST[:-1])])
    assert part.part
    assert unknown(part) >= PART


@pytest.mark.parametrize("code", ["DFU-UNIT-105", "DFU-UNIT-106", "DFU-UNIT-107", "DFU-UNIT-113"])
def test_an_answer_that_decides_decides_in_a_part_as_well(code: str) -> None:
    ranking = rank(evidence_of_traces([trace(finished(code))]))
    assert ranking.causes[0].slug != UNKNOWN
    assert ranking.causes[0].probability > 0.8


def test_a_hash_that_fails_does_not_say_why() -> None:
    part = evidence_of_traces([trace(EXECUTE, X0C, finished(Code.REFUSED_VERIFICATION))])
    assert part.by_field()["ext_error"] == ("x0C",)
    assert unknown(part) >= PART


def test_the_doubt_is_that_of_the_record_and_what_is_seen_since_takes_it_away() -> None:
    part = evidence_of_traces([trace(*LOST)])
    seen = [
        Evidence(field="flags", value="reset_reason_brownout", origin=Origin.PERSON),
        Evidence(field="cured_by", value="supply_in_parallel", origin=Origin.PERSON),
        Evidence(field="supply", value="coin_cell", origin=Origin.PERSON),
    ]
    doubts = [unknown(part.with_more(seen[:count])) for count in range(4)]
    assert doubts == sorted(doubts, reverse=True)
    assert rank(part.with_more(seen)).causes[0].slug == "power-brownout-coincell"
    nothing = Evidence(field="supply", value="usb", origin=Origin.PERSON)
    assert unknown(part.with_more([nothing])) > PART / 2


def test_chances_of_a_part_are_one_together() -> None:
    ranking = rank(evidence_of_traces([trace(*LOST)]))
    assert sum(each.probability for each in ranking.causes) == pytest.approx(1.0)
    order = [each.probability for each in ranking.causes]
    assert order == sorted(order, reverse=True)


def test_an_update_that_ended_well_is_no_part_of_a_failure() -> None:
    end = finished(outcome=events.Outcome.UPDATED)
    assert not evidence_of_traces([trace(SENT, end)]).part


def test_a_part_stays_one_when_it_is_read_again_and_beside_others() -> None:
    part = evidence_of_traces([trace(*LOST)])
    again = incident_of(
        {"evidence": {"phase": "data_transfer"}, "part": True}, name="the test's report"
    )
    assert again.part
    report = Source(kind=Kind.REPORT, incident=again)
    other = Source(kind=Kind.REPORT, incident=replace(again, part=False))
    kept = Source(kind=Kind.TRACE, incident=part, traces=(trace(*LOST),))
    assert joined([report, other]).incident.part
    assert joined([kept, other]).incident.part
    assert not joined([other, other]).incident.part


# In no order.


def test_where_nobody_knows_what_came_first_only_answers_are_taken() -> None:
    whole = trace(*TO_BOOTLOADER, INIT, EXECUTE, X05, finished(Code.REFUSED_FW_VERSION))
    mixed = Trace(entries=(*whole.entries[:3], *reversed(whole.entries[3:])))
    incident = evidence_of_traces([mixed])
    found = incident.by_field()
    assert not {"phase", "failure_kind", "progress", "end_state", "unit_resets"} & set(found)
    assert found["ext_error"] == ("x05",)
    assert any("not in the order in which they happened" in each for each in incident.unused)
    assert rank(incident).causes[0].slug == "pkg-version-not-higher"


def test_without_an_answer_that_decides_the_cause_is_not_known() -> None:
    whole = trace(*TO_BOOTLOADER, INIT, EXECUTE, *LOST)
    mixed = Trace(entries=tuple(reversed(whole.entries)))
    assert unknown(evidence_of_traces([mixed])) >= PART


def test_lines_of_one_attempt_in_no_order_are_not_two_attempts() -> None:
    whole = trace(*TO_BOOTLOADER, INIT, EXECUTE, *LOST).entries
    # The line with which it begins stands in the middle, and that of its end in front of it.
    mixed = [Trace(entries=whole[:7:-1]), Trace(entries=whole[:8])]
    incident = evidence_of_traces(mixed)
    assert "reproducibility" not in incident.by_field()
    assert unknown(incident) >= PART
    two = [Trace(entries=whole), trace(*TO_BOOTLOADER, *LOST)]
    assert evidence_of_traces(two).by_field()["reproducibility"] == ("always",)


def test_a_clock_that_is_a_little_late_is_no_other_order() -> None:
    whole = trace(*TO_BOOTLOADER, INIT, EXECUTE, *LOST)
    late = replace(whole.entries[5], at_s=(whole.entries[4].at_s or 0.0) - 0.05)
    incident = evidence_of_traces([Trace(entries=(*whole.entries[:5], late, *whole.entries[6:]))])
    assert not incident.part
