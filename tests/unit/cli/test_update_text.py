"""The last lines of an update: how fast it was, or why it has failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import errors_page
from firmline import events
from firmline.cli.update_run import diagnosis_lines, diagnosis_of, result_fields, summary
from firmline.diagnosis.trace_words import OF_THE_STATION
from firmline.errors import Code, ExitCode, TransportError, TransportReason
from firmline.events import Outcome, Proof
from firmline.updater.update import UpdateResult
from unit.cli.event_samples import FINISHED
from unit.cli.failed_trace import failed_update


@pytest.mark.parametrize(
    ("size", "seconds", "rate"),
    [
        (20_000, 48.0, "(0.4 kB/s)"),
        (150_000, 22.7, "(6.6 kB/s)"),
        (150_000, 15.0, "(10 kB/s)"),
        (3_000_000, 1.0, "(3,000 kB/s)"),
        (0, 0.0, "(0.0 kB/s)"),
    ],
)
def test_a_slow_rate_has_a_decimal(size: int, seconds: float, rate: str) -> None:
    finished = replace(FINISHED, size=size, sent_size=size, transfer_s=seconds)
    assert f"{size:,} bytes sent in {seconds:.1f} s {rate}, new" in summary(finished)


@pytest.mark.parametrize(
    ("held", "sent", "said"),
    [
        (0, 150_000, "150,000 bytes sent in 10.0 s (15 kB/s), new"),
        (90_000, 60_000, "60,000 bytes sent in 10.0 s (6.0 kB/s), 90,000 of 150,000 were there"),
        (0, 200_000, "200,000 bytes sent in 10.0 s (20 kB/s), 50,000 were sent again, new"),
        (
            90_000,
            64_096,
            (
                "64,096 bytes sent in 10.0 s (6.4 kB/s), 90,000 of 150,000 were there already,"
                " 4,096 were sent again, new"
            ),
        ),
        (150_000, 0, "nothing had to be sent, all 150,000 bytes were there already, new"),
    ],
)
def test_a_rate_is_that_of_what_was_sent(held: int, sent: int, said: str) -> None:
    finished = replace(FINISHED, held_size=held, sent_size=sent, transfer_s=10.0)
    assert said in summary(finished)


def test_the_result_has_what_was_there_and_what_was_sent() -> None:
    finished = replace(FINISHED, held_size=90_000, sent_size=64_096)
    fields = result_fields(UpdateResult(finished=finished, error=None))
    names = ("bytes", "bytes_held", "bytes_sent")
    assert tuple(fields[name] for name in names) == (150_000, 90_000, 64_096)


def test_a_new_application_is_said_in_short_and_another_proof_in_its_own_words() -> None:
    seen = replace(FINISHED, message="Whatever it was.")
    assert summary(seen).endswith(", new application seen running.")
    returned = replace(seen, proof=Proof.RETURN)
    assert summary(returned).endswith(". Whatever it was.")


def test_a_unit_that_nobody_has_heard_has_a_likeliest_cause_too() -> None:
    begun = failed_update()[:3]
    error = TransportError(
        Code.UNIT_NOT_FOUND, "Nobody was heard.", reason=TransportReason.NOT_FOUND
    )
    last = events.UpdateFinished(
        at_s=begun[-1].at_s + 30.0,
        outcome=Outcome.FAILED,
        code=error.code,
        message=error.message,
        size=0,
        duration_s=30.0,
        transfer_s=0.0,
    )
    heard = (*begun, last)
    result = UpdateResult(finished=last, error=error)
    told = diagnosis_of(result, heard)
    assert told is not None
    (line,) = diagnosis_lines(result, heard, trace=Path("t.jsonl"))
    assert "cause:" in line
    assert "unit-out-of-reach" in line
    assert line.endswith("firmline diagnose t.jsonl")
    assert diagnosis_of(result, ()) is None


WITHOUT_A_LINE = {
    Code.INTERRUPTED: "who interrupted it knows why",
    Code.PORT_NONSENSE: "what an application says there is its own sentence",
}
"""Codes of an update that was begun and has no line of the diagnosis, each with the reason."""
NOT_BEGUN = frozenset(
    group for group, (_, code) in errors_page.GROUPS.items() if code == ExitCode.INPUT
) | {"TRUST", "SWD", "PSU", "EXP", "DUMP", "REC", "AUDIT"}


def ended(code: Code) -> tuple[UpdateResult, tuple[events.Event, ...]]:
    """An update that was begun and ended with a code."""
    error = TransportError(code, "It failed.", reason=TransportReason.NOT_FOUND)
    begun = failed_update()[:3]
    last = events.UpdateFinished(
        at_s=begun[-1].at_s + 1.0,
        outcome=Outcome.FAILED,
        code=code,
        message="It failed.",
        size=0,
        duration_s=1.0,
        transfer_s=0.0,
    )
    return UpdateResult(finished=last, error=error), (*begun, last)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", [code for code in Code if errors_page.group_of(code) not in NOT_BEGUN]
)
def test_every_failure_ends_with_a_line_of_the_diagnosis_but_those_that_say_why(
    code: Code,
) -> None:
    result, heard = ended(code)
    lines = diagnosis_lines(result, heard, trace=Path("t.jsonl"))
    assert len(lines) == (code not in WITHOUT_A_LINE)
    assert all("cause:" in line for line in lines)
    assert all(line.endswith("firmline diagnose t.jsonl") for line in lines)
    is_of_station = code.startswith(OF_THE_STATION)
    assert any("at this computer" in line for line in lines) == is_of_station
    assert (diagnosis_of(result, heard) is None) == (
        is_of_station or code is Code.SMP or code in WITHOUT_A_LINE
    )
    is_of_another_family = code is Code.SMP
    assert any("another family" in line for line in lines) == is_of_another_family


def test_without_a_trace_what_this_computer_reaches_is_seen_next() -> None:
    result, heard = ended(Code.PORT_NOT_FOUND)
    assert diagnosis_lines(result, heard, trace=None)[0].endswith("More: firmline scan")


def test_what_was_not_begun_has_no_line() -> None:
    result, _ = ended(Code.PORT_NOT_FOUND)
    assert diagnosis_lines(result, (), trace=None) == []
