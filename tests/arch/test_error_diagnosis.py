"""Every error code that an attempt can end with tells the diagnosis what it can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

import errors_page
from firmline import events
from firmline.diagnosis.evidence import Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.diagnosis.trace_words import KINDS, OF_THE_STATION, PHASES
from firmline.errors import Code, ExitCode
from firmline.formats.trace import Trace
from unit.cli.failed_trace import failed_update

OF_THE_USERS_FILES = frozenset(
    group for group, (_, code) in errors_page.GROUPS.items() if code == ExitCode.INPUT
) | {"TRUST", "SWD", "PSU", "EXP", "DUMP", "REC", "AUDIT", "WEB", "SYNC"}
"""Groups of codes with which no attempt to update ends: it is not begun, or is none."""
BY_THEIR_EVENTS = {
    Code.ANSWER_MALFORMED,
    Code.ANSWER_UNEXPECTED,
    Code.FRAME_MALFORMED,
    Code.FLASH_STARVED,
    Code.PACKETS_REPEATED,
    Code.NO_PACKET_ARRIVES,
}
"""The events before them tell where it was; the vocabulary has no word for what they are."""
CUT_SHORT = {Code.INTERRUPTED}
"""Somebody has stopped it: it is read as a trace that breaks off."""
OF_ATTEMPTS = [
    code for code in Code if errors_page.group_of(code) not in OF_THE_USERS_FILES | {"UNIT"}
]


def attempt(code: str) -> Trace:
    """One that ended with a code, before the unit has said anything."""
    told = failed_update()
    end = told[-1]
    assert isinstance(end, events.UpdateFinished)
    kept = [each for each in told[:-1] if not isinstance(each, events.Refused)]
    return Trace(entries=(*kept, replace(end, code=code)))


@pytest.mark.parametrize("code", OF_ATTEMPTS)
def test_a_code_belongs_to_one_kind_of_evidence(code: Code) -> None:
    is_of_station = code.startswith(OF_THE_STATION)
    is_of_unit = code in {**KINDS, **PHASES} and not is_of_station
    kinds = [is_of_station, is_of_unit, code in BY_THEIR_EVENTS, code in CUT_SHORT]
    assert sum(kinds) == 1, "say in diagnosis/trace_words.py what it tells, or here that it cannot"


@pytest.mark.parametrize("code", OF_ATTEMPTS)
def test_what_a_code_tells_is_evidence_or_said_to_be_none(code: Code) -> None:
    incident = evidence_of_traces([attempt(code)])
    fields = set(incident.by_field())
    if code.startswith(OF_THE_STATION):
        assert "says nothing of this one" in incident.unused[0]
        assert not {"phase", "failure_kind"} & fields
    elif code in CUT_SHORT:
        assert "interrupted" in incident.unused[0]
        assert not {"failure_kind", "progress"} & fields
    elif code != Code.SMP:  # another tool's unit, of which nothing failed
        assert "phase" in fields
        assert not incident.unused
    assert rank(incident).causes


@pytest.mark.parametrize("code", [code for code in Code if errors_page.group_of(code) == "UNIT"])
def test_an_answer_of_the_unit_is_an_error_that_it_has_answered(code: Code) -> None:
    incident = evidence_of_traces(
        [Trace(entries=(*failed_update()[:-1], attempt(code).entries[-1]))]
    )
    assert incident.by_field()["failure_kind"] == ("error_code",)
    assert {each.origin for each in incident.evidence if each.field == "ext_error"} == {Origin.UNIT}


def test_faults_before_somebody_stopped_it_count_all_the_same() -> None:
    told = attempt(Code.INTERRUPTED).entries
    step = events.LadderStepped(
        at_s=5001.0,
        step="resume",
        fault="link-lost",
        attempt=1,
        reason="The connection was lost.",
        code=Code.LINK_LOST,
    )
    incident = evidence_of_traces([Trace(entries=(*told[:-1], step, told[-1]))])
    assert incident.by_field()["failure_kind"] == ("disconnect",)
