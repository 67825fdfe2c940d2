"""What a slot looks like from two metres: one face, one figure, one sentence, one action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests, equipment
from firmline.errors import Code, FirmlineError, next_thing
from firmline.line.outcomes import StepOutcome
from firmline.line.station.results import ResultQuestion
from firmline.line.station.slots import SlotState, SlotView


class Face(StrEnum):
    """The giant states; the value is the word."""

    IDLE = "idle"
    SCAN = "scan"
    RUNNING = "running"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A slot as it is drawn.

    Attributes:
        number: Of the slot.
        face: Its giant state.
        word: The state in words, or how far it is.
        serial: The unit in it; empty: none.
        sentence: What there is to know.
        action: What there is to do.
        detail: In small print: which step, how fast, how long.
        percent: How much of the image is sent; ``None``: nothing is being sent.
        run: The number of its run; 0: none.
        is_next: Whether the next unit that is scanned goes in here.
        said: What a screen reader says when the state has changed.
    """

    number: int
    face: Face
    word: str
    serial: str
    sentence: str
    action: str
    detail: str = ""
    percent: int | None = None
    run: int = 0
    is_next: bool = False
    said: str = ""


def card_of(view: SlotView, *, is_next: bool) -> Card:
    """The card of a slot.

    Args:
        view: The slot.
        is_next: Whether the next unit goes in here.
    """
    match view.state:
        case SlotState.RUNNING:
            return _running(view)
        case SlotState.PASS:
            return Card(
                number=view.number,
                face=Face.PASS,
                word="PASS",
                serial=view.serial,
                sentence="The unit has passed.",
                action="Take it out.",
                detail=f"in {view.seconds:.0f} s",
                run=view.run,
                is_next=is_next,
                said=f"Slot {view.number}: {view.serial} has passed.",
            )
        case SlotState.FAIL | SlotState.ERROR:
            return _stopped(view)
        case _:
            return _free(view, is_next=is_next)


def _free(view: SlotView, *, is_next: bool) -> Card:
    was_aborted = view.outcome is StepOutcome.ABORTED
    return Card(
        number=view.number,
        face=Face.SCAN if is_next else Face.IDLE,
        word="SCAN" if is_next else "IDLE",
        serial="",
        sentence=f"{view.serial} was stopped." if was_aborted else "",
        action="Scan the next unit: it goes in here." if is_next else "It takes a unit.",
        run=view.run,
        is_next=is_next,
    )


def _running(view: SlotView) -> Card:
    percent = None if view.share is None else min(99, int(view.share * 100))
    details = [f"step {view.place} of {view.steps}"] if view.steps else []
    if view.attempt > 1:
        details.append(f"attempt {view.attempt}")
    if view.rate_kb_s > 0:
        details.append(f"{view.rate_kb_s:.1f} kB/s")
    return Card(
        number=view.number,
        face=Face.RUNNING,
        word="RUNS" if percent is None else f"{percent} %",
        serial=view.serial,
        sentence=view.step,
        action="Leave the unit where it is.",
        detail=", ".join(details),
        percent=percent,
        run=view.run,
    )


def _stopped(view: SlotView) -> Card:
    is_fail = view.state is SlotState.FAIL
    word = "FAIL" if is_fail else "ERROR"
    action = f"Read below what to do; then: ok {view.number}"
    if view.next_test:
        action = "Leave its power on, and do the test."
    return Card(
        number=view.number,
        face=Face.FAIL if is_fail else Face.ERROR,
        word=word,
        serial=view.serial,
        sentence=view.sentence or "The run has failed.",
        action=action,
        detail=view.code,
        run=view.run,
        said=f"Slot {view.number}: {word}, {view.serial}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """What a person has to do about a slot that stands still.

    Attributes:
        number: Of the slot.
        run: Which run it was; 0: it was never begun.
        face: FAIL or ERROR.
        serial: Its unit.
        sentence: What went wrong.
        code: It by its stable name.
        cause: The likeliest cause; empty: nobody can say.
        test: The test to do first; ``None``: none.
        needs: What that test needs, in words.
        action: What to do then.
        fix: What mends the likeliest cause; empty: none is likely.
        fix_waits: Whether that has to wait for the test.
        questions: What the test shows.
    """

    number: int
    run: int
    face: Face
    serial: str
    sentence: str
    code: str
    cause: str
    test: Test | None
    needs: tuple[str, ...]
    action: str
    fix: str = ""
    fix_waits: bool = False
    questions: tuple[ResultQuestion, ...] = ()


def todo_of(view: SlotView, questions: tuple[ResultQuestion, ...] = ()) -> Todo | None:
    """What there is to do about a slot; ``None``: nothing.

    Args:
        view: The slot.
        questions: What its next test shows.
    """
    if not view.state.waits_for_person:
        return None
    told = FirmlineError(Code(view.code) if view.code in _CODES else Code.DEFECT, view.sentence)
    told.hint = view.action
    test = diagnostic_tests().get(view.next_test)
    known = equipment()
    return Todo(
        number=view.number,
        run=view.run,
        face=Face.FAIL if view.state is SlotState.FAIL else Face.ERROR,
        serial=view.serial,
        sentence=view.sentence,
        code=view.code,
        cause=view.cause,
        test=test,
        needs=tuple(known[each] for each in test.needs) if test is not None else (),
        action=next_thing(told),
        fix=view.fix,
        fix_waits=view.fix_waits and test is not None,
        questions=questions if test is not None else (),
    )


_CODES = frozenset(map(str, Code))
