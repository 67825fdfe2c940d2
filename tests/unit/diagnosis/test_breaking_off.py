"""A record that breaks off: no failure is guessed from the step that it ends in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.diagnosis.breaking_off import not_before
from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.consistency import contradictions
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.joining import joined
from firmline.diagnosis.ranking import NOT_SHOWN, rank
from firmline.diagnosis.reading import Kind, Source
from firmline.diagnosis.trace_evidence import evidence_of_traces, explained
from firmline.diagnosis.vocabulary import vocabulary
from firmline.formats.trace import Trace
from unit.cli.failed_trace import failed_update

STEPS = tuple(vocabulary()["phase"].meanings)
FAILED = failed_update()


def evidence(field: str, value: str, origin: Origin = Origin.LOG) -> Evidence:
    return Evidence(field=field, value=value, origin=origin)


def half(step: str, *more: Evidence) -> Incident:
    return Incident(evidence=(evidence("phase", step), *more), failure_unseen=True)


def cut(end: int, begin: int = 0) -> Trace:
    return Trace(entries=FAILED[begin:end])


@pytest.mark.parametrize("step", STEPS)
def test_whatever_the_last_step_is_the_cause_is_not_known(step: str) -> None:
    assert rank(half(step)).causes[0].slug == UNKNOWN
    assert rank(half(step)).causes[0].probability >= NOT_SHOWN


@pytest.mark.parametrize(
    "fact",
    [("transport", "smp_ble"), ("bootloader", "mcuboot"), ("sdk", "ncs"), ("supply", "coin_cell")],
)
def test_what_unit_it_is_makes_no_cause_likelier_than_none(fact: tuple[str, str]) -> None:
    assert rank(half("data_transfer", evidence(*fact))).causes[0].slug == UNKNOWN


def test_the_chances_are_one_together() -> None:
    assert sum(each.probability for each in rank(half("scan")).causes) == pytest.approx(1.0)


@pytest.mark.parametrize("step", STEPS)
def test_only_the_steps_before_the_last_are_passed(step: str) -> None:
    told = not_before(half(step))
    assert "phase" not in told.by_field()
    assert told.looked_for_in_vain().get("phase", ()) == STEPS[: STEPS.index(step)]


def test_a_failure_that_is_shown_is_left_as_it_is() -> None:
    incident = replace(half("scan"), failure_unseen=False)
    assert not_before(incident) == incident


def test_of_what_is_left_a_cause_of_a_passed_step_is_less_likely() -> None:
    """A package that cannot be read is none of an update that has come to the image."""

    def chance(step: str) -> float:
        return next(e.probability for e in rank(half(step)).causes if e.slug == "pkg-zip-malformed")

    assert chance("data_transfer") < chance("package_open") / 5


@pytest.mark.parametrize("origin", [Origin.PERSON, Origin.REPORT, Origin.UNIT])
def test_who_has_seen_the_failure_is_believed(origin: Origin) -> None:
    told = evidence("failure_kind", "stall", origin)
    assert not half("data_transfer", told).has_unseen_failure
    assert rank(half("data_transfer", told)).causes[0].probability < NOT_SHOWN


def test_a_later_step_that_somebody_names_contradicts_nothing() -> None:
    told = half("init_transfer", evidence("phase", "final_execute", Origin.PERSON))
    assert contradictions(told) == ()
    told = half("final_execute", evidence("phase", "init_transfer", Origin.PERSON))
    assert len(contradictions(told)) == 1


# Traces.


@pytest.mark.parametrize("end", range(2, len(FAILED) - 2))
def test_half_a_trace_shows_no_failure(end: int) -> None:
    incident = evidence_of_traces([cut(end)])
    assert incident.has_unseen_failure
    assert rank(incident).causes[0].slug == UNKNOWN


def test_what_failed_before_it_breaks_off_is_explained() -> None:
    incident = evidence_of_traces([cut(len(FAILED) - 1)])
    assert not incident.failure_unseen
    assert rank(incident).causes[0].slug != UNKNOWN


def test_a_loss_that_it_breaks_off_behind_is_a_failure() -> None:
    lost = events.LinkLost(at_s=5002.0, hci_reason=0x08, expected=False)
    incident = evidence_of_traces([Trace(entries=(*FAILED[:8], lost))])
    assert not incident.failure_unseen


@pytest.mark.parametrize("code", ["DFU-PORT-001", "DFU-BLE-004", "DFU-BUG-001", "DFU-RUN-001"])
def test_a_failure_of_the_computer_is_none_of_the_unit(code: str) -> None:
    end = FAILED[-1]
    assert isinstance(end, events.UpdateFinished)
    trace = Trace(entries=(*FAILED[:3], replace(end, code=code)))
    assert evidence_of_traces([trace]).has_unseen_failure == (code != "DFU-RUN-001")


def test_an_update_that_breaks_off_is_not_explained_where_another_has_failed() -> None:
    failed, later = Trace(entries=FAILED), cut(8)
    assert explained([failed, later]) is failed
    assert explained([later]) is later
    incident = evidence_of_traces([failed, later])
    assert not incident.failure_unseen
    assert "reproducibility" not in incident.by_field()  # of one of them nobody knows


# Several files.


def source(kind: Kind, incident: Incident, *traces: Trace) -> Source:
    return Source(kind=kind, incident=incident, traces=traces)


def test_of_two_files_one_that_shows_a_failure_is_enough() -> None:
    half_log = source(Kind.LOG, half("scan"))
    whole = evidence_of_traces([Trace(entries=FAILED)])
    failed = source(Kind.TRACE, whole, Trace(entries=FAILED))
    half_trace = source(Kind.TRACE, evidence_of_traces([cut(8)]), cut(8))
    good = source(Kind.LOG, Incident(evidence=(evidence("sdk", "ncs"),), ended_well=True))
    assert joined([half_log, half_trace]).incident.failure_unseen
    assert joined([half_log, good]).incident.failure_unseen
    assert not joined([half_log, failed]).incident.failure_unseen
    assert not joined([good, failed]).incident.failure_unseen
    assert not joined([good, good]).incident.failure_unseen


def test_an_object_of_a_kind_that_is_not_known_begins_no_step() -> None:
    odd = events.CrcChecked(
        at_s=5002.0, object_type="moon", offset=1, crc=2, expected_offset=1, expected_crc=2
    )
    sent = events.PacketsSent(at_s=5002.1, object_type="moon", count=1, offset=1, size=2)
    end = FAILED[-1]
    assert "phase" not in evidence_of_traces([Trace(entries=(odd, sent, end))]).by_field()
