"""Who cuts a timeout short is told so where it may be why an update failed, and only there."""

from __future__ import annotations

import pytest

from firmline.errors import (
    Code,
    FirmlineError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.updater.haste import cut_timeouts, own_to_haste
from firmline.updater.timeouts import SerialTimeouts, Timeouts, timeout_names, with_timeout

HASTY = with_timeout(Timeouts(), "execute", 0.1)
SILENT = TransportError(Code.LINK_TIMEOUT, "Silence.", reason=TransportReason.TIMEOUT)


def caused(error: FirmlineError, cause: FirmlineError) -> FirmlineError:
    error.__cause__ = cause
    return error


def unverified(code: Code = Code.NEW_APPLICATION_NOT_SEEN) -> VerifyError:
    return VerifyError(code, "It took all of it.")


def test_each_kind_of_road_is_told_what_is_usual_there() -> None:
    assert cut_timeouts(HASTY, over_port=False) == "execute was given 0.1 s, where 20 s are usual"
    assert cut_timeouts(HASTY, over_port=True) == "execute was given 0.1 s, where 10 s are usual"


def test_all_that_is_short_is_named() -> None:
    both = with_timeout(HASTY, "same-name", 0.5)
    assert cut_timeouts(both, over_port=False) == (
        "same-name was given 0.5 s, where 3 s are usual; execute was given 0.1 s, where 20 s are"
        " usual"
    )


@pytest.mark.parametrize("name", timeout_names())
def test_each_of_them_counts_on_one_road_at_least(name: str) -> None:
    hasty = with_timeout(Timeouts(), name, 0.1)
    told = [cut_timeouts(hasty, over_port=over_port) for over_port in (False, True)]
    is_cut = [hasty != Timeouts(serial=hasty.serial), hasty.serial != SerialTimeouts()]
    assert [f"{name} was given 0.1 s" in text for text in told] == is_cut
    assert any(is_cut)


@pytest.mark.parametrize("over_port", [False, True])
def test_patience_is_nothing_to_own_to(over_port: bool) -> None:
    patient = with_timeout(Timeouts(), "execute", 3600)
    for timeouts in (Timeouts(), patient):
        error = TransportError(Code.LINK_TIMEOUT, "Silence.", reason=TransportReason.TIMEOUT)
        own_to_haste(error, timeouts, over_port=over_port)
        assert error.hint == ""


def test_the_advice_that_there_was_comes_behind_it() -> None:
    error = TransportError(
        Code.UNIT_NOT_FOUND, "Nobody.", reason=TransportReason.NOT_FOUND, hint="Switch it on."
    )
    own_to_haste(error, HASTY, over_port=False)
    assert error.hint == (
        "Try again with more time: execute was given 0.1 s, where 20 s are usual. Switch it on."
    )


@pytest.mark.parametrize(
    "error", [unverified(Code.UNIT_DID_NOT_RETURN), caused(unverified(), SILENT)]
)
def test_an_end_that_was_not_seen_is_looked_for_before_it_is_tried_again(
    error: FirmlineError,
) -> None:
    own_to_haste(error, HASTY, over_port=False)
    assert error.hint == (
        "Look at the unit, which may run the new application by now. execute was given 0.1 s,"
        " where 20 s are usual: give it more."
    )


@pytest.mark.parametrize(
    "error",
    [
        TransportError(Code.LINK_LOST, "Gone.", reason=TransportReason.LOST),
        TransportError(Code.PORT_BUSY, "In use.", reason=TransportReason.NOT_AVAILABLE),
        TargetRefusedError(Code.REFUSED_OBJECT, "No.", result=5),
        unverified(),
    ],
)
def test_what_no_patience_would_have_changed_is_left_as_it_is(error: FirmlineError) -> None:
    own_to_haste(error, HASTY, over_port=False)
    assert error.hint == ""
