"""What is tried next: every decision of the ladder, and that it always ends."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    InputError,
    RemoteProtocolError,
    StoreError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import Event
from firmline.protocol.codes import ExtError, ResultCode
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE
from firmline.updater.ladder import (
    CHANGES_OBJECTS,
    MAX_IN_ALL,
    MAX_WITHOUT_PROGRESS,
    RUNGS,
    Ladder,
    LadderStep,
    Step,
)
from firmline.updater.observing import Observed
from firmline.updater.telling.event_text import STEPS
from firmline.values import ImageKind

SIZE = 40_000
STARTED = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=SIZE)
LOST = TransportError(Code.LINK_LOST, "Lost.", reason=TransportReason.LOST, hci_reason=8)
TIMEOUT = TransportError(Code.LINK_TIMEOUT, "Silence.", reason=TransportReason.TIMEOUT)
ATT = TransportError(Code.LINK_REFUSED, "ATT error.", reason=TransportReason.REFUSED)
REPEATED = RemoteProtocolError(Code.PACKETS_REPEATED, "Twice.")
DAMAGED = RemoteProtocolError(Code.OBJECT_DAMAGED, "Damaged.")
STARVED = RemoteProtocolError(Code.FLASH_STARVED, "Starved.")
NONSENSE = RemoteProtocolError(Code.ANSWER_UNEXPECTED, "Nonsense.")
GONE = RemoteProtocolError(Code.PROGRESS_LOST, "Gone.")


def refused(
    result: int, ext_error: int | None = None, *, phase: str | None = FIRMWARE_PHASE
) -> TargetRefusedError:
    context = {} if phase is None else {"phase": phase}
    return TargetRefusedError(
        Code.REFUSED_UNKNOWN, "No.", result=result, ext_error=ext_error, **context
    )


def created(offset: int, kind: str = "data") -> Event:
    return events.ObjectCreated(object_type=kind, offset=offset, size=4096)


def checked(offset: int, *, crc: int = 1, end: int = 4096, kind: str = "data") -> Event:
    return events.CrcChecked(
        object_type=kind, offset=offset, crc=crc, expected_offset=end, expected_crc=1
    )


def executed(offset: int) -> Event:
    return events.ObjectExecuted(object_type="data", offset=offset)


def stepped(decision: LadderStep) -> Event:
    return events.LadderStepped(
        step=decision.step, fault=decision.observed, attempt=decision.attempt, reason="", code=""
    )


def ladder(*heard: Event, may_save: bool = True) -> Ladder:
    made = Ladder(may_save=may_save)
    for event in (STARTED, *heard):
        made.hear(event)
    return made


def climb(made: Ladder, error: FirmlineError, *heard: Event) -> list[Step]:
    """All steps for an error that comes again and again, with these events before it."""
    steps: list[Step] = []
    for _ in range(2 * MAX_IN_ALL):
        for event in heard:
            made.hear(event)
        decision = made.decide(error)
        if decision is None:
            return steps
        steps.append(decision.step)
        made.hear(stepped(decision))
    raise AssertionError("the ladder is endless")


# What was observed.

DROPPED = (created(0), checked(4000))
SPOILED = (created(0), checked(4096, crc=2))
TOO_MANY = (created(0), checked(4340, crc=2))
NOTHING = (created(4096), checked(4096, end=8192))
NO_MORE = (created(0), checked(4096), executed(4096), *NOTHING)
NO_MORE_OF_IT = (created(0), checked(244), created(0), checked(0))
NO_INIT_PACKET = (created(0, "command"), checked(0, end=141, kind="command"))
QUEUE_FULL = (events.Refused(request="object_create", result=5, ext_error=None),)
VERDICT = (events.Refused(request="object_execute", result=5, ext_error=None),)
NO_ROOM = events.Refused(request="object_write", result=3, ext_error=None)
CONFUSED = (events.Refused(request="crc_get", result=5, ext_error=None),)


@pytest.mark.parametrize(
    ("error", "heard", "observed"),
    [
        (LOST, (), Observed.LINK_LOST),
        (TIMEOUT, (), Observed.ANSWER_MISSING),
        (ATT, (), Observed.ATT_ERROR),
        (NONSENSE, (), Observed.NONSENSE),
        (GONE, (), Observed.PLACE_LOST),
        (DAMAGED, DROPPED, Observed.PACKETS_LOST),
        (DAMAGED, SPOILED, Observed.PACKETS_SPOILED),
        (DAMAGED, TOO_MANY, Observed.PACKETS_SPOILED),
        (REPEATED, (), Observed.PACKETS_REPEATED),
        (refused(ResultCode.INVALID_PARAMETER), (NO_ROOM,), Observed.PACKETS_REPEATED),
        (DAMAGED, NOTHING, Observed.BUFFERS_GONE),
        (DAMAGED, NO_MORE, Observed.PACKETS_LOST),
        (DAMAGED, NO_MORE_OF_IT, Observed.BUFFERS_GONE),
        (DAMAGED, NO_INIT_PACKET, Observed.BUFFERS_GONE),
        (refused(ResultCode.OPERATION_NOT_PERMITTED), (), Observed.PLACE_LOST),
        (refused(ResultCode.OPERATION_FAILED), (), Observed.BUSY),
        (refused(ResultCode.INVALID_OBJECT), QUEUE_FULL, Observed.BUSY),
        (refused(ResultCode.INVALID_OBJECT), CONFUSED, Observed.PLACE_LOST),
        (
            refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED),
            (),
            Observed.WRONG_IN_FLASH,
        ),
    ],
)
def test_what_the_events_and_the_error_mean(
    error: FirmlineError, heard: tuple[Event, ...], observed: Observed
) -> None:
    decision = ladder(*heard).decide(error)
    assert decision is not None
    assert decision == LadderStep(step=RUNGS[observed][0], observed=observed, attempt=1)


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        # The unit's word about the package.
        *((refused(0x0B, ext, phase=INIT_PACKET_PHASE), ()) for ext in range(4, 0x0E)),
        (refused(ResultCode.INVALID_OBJECT, phase=INIT_PACKET_PHASE), VERDICT),
        (refused(ResultCode.INVALID_OBJECT), VERDICT),
        (refused(ResultCode.INSUFFICIENT_RESOURCES, phase=INIT_PACKET_PHASE), ()),
        (refused(ResultCode.OPCODE_NOT_SUPPORTED), ()),
        # Its application's.
        (refused(8, phase=None), ()),
        # Nobody to ask, or nothing to do with the road.
        (TransportError(Code.UNIT_NOT_FOUND, "", reason=TransportReason.NOT_FOUND), ()),
        (TransportError(Code.LINK_NOT_AVAILABLE, "", reason=TransportReason.NOT_AVAILABLE), ()),
        (TransportError(Code.WRONG_UNIT, "", reason=TransportReason.REFUSED), ()),
        (StoreError(Code.TRACE_NOT_WRITABLE, ""), ()),
        (InputError(Code.USAGE, ""), ()),
        (VerifyError(Code.UNIT_DID_NOT_RETURN, ""), ()),
    ],
)
def test_what_another_session_could_not_change_is_not_tried_again(
    error: FirmlineError, heard: tuple[Event, ...]
) -> None:
    assert ladder(*heard).decide(error) is None


# What is done about it.


AGAIN_AND_AGAIN = [Step.RESUME, Step.RESUME, Step.LONGER_INTERVAL, *[Step.RESUME] * 3]


def test_each_fault_has_its_steps_in_order_and_then_none() -> None:
    assert climb(ladder(), LOST) == AGAIN_AND_AGAIN
    assert len(AGAIN_AND_AGAIN) == MAX_WITHOUT_PROGRESS
    assert climb(ladder(), TIMEOUT) == [Step.RESUME, Step.RESUME, Step.RESTART]
    assert climb(ladder(), ATT) == [Step.RESUME] * 3
    assert climb(ladder(), STARVED) == [Step.LONGER_INTERVAL]
    assert climb(ladder(), NONSENSE) == [Step.RESUME, Step.RESUME, Step.FRESH_START]
    assert climb(ladder(), DAMAGED, *NO_INIT_PACKET) == [Step.RESTART]
    assert climb(ladder(), GONE) == [Step.RESUME, Step.FRESH_START]
    wrong = refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
    assert climb(ladder(), wrong) == [Step.FRESH_START]
    assert climb(ladder(), DAMAGED, *DROPPED) == [
        Step.LONGER_DELAY,
        Step.RECEIPTS,
        Step.LONGER_INTERVAL,
        Step.SMALLER_PACKETS,
        Step.SMALLER_PACKETS,
        Step.FRESH_START,
    ]
    assert climb(ladder(), DAMAGED, *SPOILED) == [
        Step.RECEIPTS,
        Step.SMALLER_PACKETS,
        Step.SMALLER_PACKETS,
        Step.FRESH_START,
    ]
    repeated = [Step.RESUME, Step.RECEIPTS, *[Step.RESUME] * 3]
    assert climb(ladder(), REPEATED) == repeated
    too_much = refused(ResultCode.INVALID_PARAMETER)
    assert climb(ladder(), too_much, NO_ROOM) == repeated


def test_a_unit_that_forgets_its_place_with_the_link_has_it_saved_behind_every_object() -> None:
    made = ladder(created(0), executed(4096), executed(8192))
    first = made.decide(LOST)
    assert first is not None
    assert first.step is Step.RESUME
    made.hear(stepped(first))
    made.hear(created(0))
    second = made.decide(LOST)
    assert second is not None
    assert (second.step, second.observed) == (
        Step.DENSER_CHECKPOINTS,
        Observed.PLACE_LOST_WITH_LINK,
    )


def test_an_image_that_was_begun_afresh_has_not_been_forgotten_with_the_link() -> None:
    made = ladder(created(0), executed(4096), executed(8192))
    climb_one(made, LOST)
    made.hear(created(0, "command"))
    made.hear(created(0))
    again = made.decide(LOST)
    assert again is not None
    assert again.observed is Observed.LINK_LOST
    made.hear(stepped(again))
    made.hear(created(0))
    last = made.decide(LOST)
    assert last is not None
    assert last.observed is Observed.LINK_LOST


def test_a_result_that_no_bootloader_says_is_asked_for_again() -> None:
    made = ladder(created(0))
    decision = made.decide(refused(0x42))
    assert decision is not None
    assert (decision.step, decision.observed) == (Step.RESUME, Observed.NONSENSE)


def test_progress_is_not_saved_where_the_user_has_it_off() -> None:
    made = ladder(created(0), executed(4096), may_save=False)
    climb_one(made, LOST)
    made.hear(created(0))
    assert climb_one(made, LOST) is Step.RESUME


def test_trying_again_climbs_no_rung_that_a_session_may_need() -> None:
    made = ladder()
    for attempt in range(1, 4):
        again = made.again(LOST)
        assert again == LadderStep(step=Step.RESUME, observed=Observed.LINK_LOST, attempt=attempt)
        made.hear(stepped(again))
    steps = [climb_one(made, LOST) for _ in range(3)]
    assert steps == [Step.RESUME, Step.RESUME, Step.LONGER_INTERVAL]


def test_trying_again_has_the_bounds_of_the_ladder() -> None:
    made = ladder()
    for _ in range(MAX_WITHOUT_PROGRESS):
        assert made.again(LOST) is not None
    assert made.again(LOST) is made.decide(LOST) is None
    for number in range(1, MAX_IN_ALL - MAX_WITHOUT_PROGRESS + 1):
        made.hear(executed(number * 64))
        assert made.again(LOST) is not None
    made.hear(executed(SIZE))
    assert made.again(LOST) is made.decide(LOST) is None


def test_what_another_try_could_not_change_is_not_tried_again() -> None:
    assert ladder().again(StoreError(Code.TRACE_NOT_WRITABLE, "")) is None


def climb_one(made: Ladder, error: FirmlineError) -> Step:
    decision = made.decide(error)
    assert decision is not None
    made.hear(stepped(decision))
    return decision.step


def test_a_session_that_goes_on_where_the_last_one_was_has_forgotten_nothing() -> None:
    made = ladder(created(0), executed(4096))
    climb_one(made, LOST)
    made.hear(events.Resumed(object_type="data", offset=5000))
    decision = made.decide(LOST)
    assert decision is not None
    assert decision.observed is Observed.LINK_LOST


def test_with_progress_it_begins_again_but_what_was_changed_stays_changed() -> None:
    made = ladder()
    steps = []
    for number in range(1, 9):
        made.hear(executed(number * 4096))
        for event in DROPPED:
            made.hear(event)
        decision = made.decide(DAMAGED)
        if decision is not None:
            assert decision.attempt == 1
            made.hear(stepped(decision))
            steps.append(decision.step)
    assert steps[:5] == [
        Step.LONGER_DELAY,
        Step.RECEIPTS,
        Step.LONGER_INTERVAL,
        Step.SMALLER_PACKETS,
        Step.SMALLER_PACKETS,
    ]
    assert set(steps[5:]) == {Step.FRESH_START}
    assert len(steps) == 8


def test_progress_is_more_than_ever_before_and_not_more_than_in_the_last_session() -> None:
    made = ladder(executed(4096))
    for _ in range(MAX_WITHOUT_PROGRESS):
        climb_one(made, LOST)
        made.hear(executed(4096))
    assert made.decide(LOST) is None


def test_another_image_has_steps_of_its_own() -> None:
    made = ladder(executed(20_000))
    assert climb(made, LOST) == AGAIN_AND_AGAIN
    made.hear(STARTED)
    assert climb(made, LOST) == [Step.RESUME] * MAX_WITHOUT_PROGRESS  # the interval is kept


def test_an_interval_is_asked_for_only_where_the_link_can() -> None:
    made = Ladder(may_ask_interval=False)
    assert climb(made, LOST) == [Step.RESUME] * MAX_WITHOUT_PROGRESS
    made = Ladder(may_ask_interval=False)
    assert Step.LONGER_INTERVAL not in climb(made, DAMAGED, STARTED, *DROPPED)


def test_a_unit_that_took_other_objects_is_restarted_only_when_it_takes_nothing_anew() -> None:
    made = ladder(*NO_MORE)
    assert climb_one(made, DAMAGED) is Step.LONGER_DELAY
    for event in (events.Resumed(object_type="data", offset=4096), *NOTHING):
        made.hear(event)
    assert climb_one(made, DAMAGED) is Step.RESTART


def test_an_image_that_moves_by_one_object_between_two_faults_ends_all_the_same() -> None:
    made = ladder()
    for number in count(1):
        made.hear(executed(4096 * number))
        decision = made.decide(LOST)
        if decision is None:
            break
        made.hear(stepped(decision))
    assert number == MAX_IN_ALL + 1


ERRORS = st.sampled_from(
    [
        LOST,
        TIMEOUT,
        ATT,
        NONSENSE,
        DAMAGED,
        GONE,
        refused(8),
        refused(10),
        refused(5),
        refused(3),
        refused(0x0B, ExtError.VERIFICATION_FAILED),
        refused(0x0B, 5),
    ]
)
HEARD = st.lists(
    st.sampled_from(
        [
            *DROPPED,
            *SPOILED,
            *NOTHING,
            *NO_INIT_PACKET,
            *QUEUE_FULL,
            *VERDICT,
            executed(4096),
            executed(8192),
            executed(SIZE),
            events.Resumed(object_type="data", offset=100),
            STARTED,
        ]
    ),
    max_size=4,
)


@given(st.lists(st.tuples(HEARD, ERRORS), max_size=60), st.booleans())
def test_whatever_happens_each_decision_is_a_rung_and_there_are_only_so_many(
    story: list[tuple[list[Event], FirmlineError]], may_save: bool
) -> None:
    made = ladder(may_save=may_save)
    in_a_row = 0
    changed: list[Step] = []
    for heard, error in story:
        in_a_row = 0 if heard else in_a_row
        for event in heard:
            made.hear(event)
        decision = made.decide(error)
        if decision is None:
            continue
        in_a_row += 1
        assert in_a_row <= MAX_WITHOUT_PROGRESS
        assert 1 <= decision.attempt <= MAX_WITHOUT_PROGRESS
        assert decision.step in RUNGS[decision.observed]
        assert may_save or decision.step is not Step.DENSER_CHECKPOINTS
        if decision.step in CHANGES_OBJECTS:
            changed.append(decision.step)
        made.hear(stepped(decision))
    rungs = [step for steps in RUNGS.values() for step in steps if step in CHANGES_OBJECTS]
    assert len(changed) <= len(rungs)


# Whether the last EXECUTE is out.

EXECUTE = events.RequestSent(request="object_execute", data=b"\x04")


def test_the_execute_behind_the_whole_image_is_remembered_until_the_unit_is_seen_in_it() -> None:
    made = ladder(created(36_864), checked(SIZE, end=SIZE))
    assert not made.session.last_execute_sent
    made.hear(EXECUTE)
    assert made.session.last_execute_sent
    climb_one(made, LOST)
    assert made.session.last_execute_sent
    made.hear(events.Resumed(object_type="command", offset=141))
    assert not made.session.last_execute_sent


@pytest.mark.parametrize("over", [events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE), STARTED])
def test_an_image_that_is_accepted_has_no_execute_that_is_out(over: Event) -> None:
    made = ladder(checked(SIZE, end=SIZE), EXECUTE, over)
    assert not made.session.last_execute_sent


def test_an_execute_in_the_middle_of_the_image_is_not_the_last() -> None:
    assert not ladder(checked(8192, end=8192), EXECUTE).session.last_execute_sent


def test_every_step_has_words_for_people_and_every_fault_has_steps() -> None:
    assert set(STEPS) == {step.value for step in Step}
    assert set(RUNGS) == set(Observed)


def test_a_ladder_that_does_not_recover_has_no_step_for_anything() -> None:
    made = Ladder(recovers=False)
    assert made.decide(LOST) is None
    assert made.again(LOST) is None
