"""The error tree says whose fault it is; the command line's exit codes follow from the class.

That codes, data and docs name the same failures is proven in ``tests/arch/test_errors.py``.
"""

from __future__ import annotations

import re

import pytest

from firmline.errors import (
    MAX_NAME,
    Code,
    ExitCode,
    FirmlineError,
    InputError,
    LocalProtocolError,
    RemoteProtocolError,
    StoreError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
    shortened,
)
from firmline.protocol.codes import ExtError, ResultCode


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (InputError, 2),
        (TransportError, 3),
        (RemoteProtocolError, 3),
        (StoreError, 3),
        (TargetRefusedError, 4),
        (VerifyError, 5),
        (LocalProtocolError, 70),
        (FirmlineError, 70),
    ],
)
def test_the_class_decides_the_exit_code(kind: type[FirmlineError], exit_code: int) -> None:
    assert kind.exit_code == exit_code
    assert issubclass(kind, FirmlineError)


def test_the_exit_codes_are_those_of_the_command_lines_contract() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "INPUT": 2,
        "LINK": 3,
        "REFUSED": 4,
        "UNVERIFIED": 5,
        "DEFECT": 70,
        "INTERRUPTED": 130,
    }


def test_an_error_shows_its_code_and_one_sentence() -> None:
    error = InputError(Code.FILE_EMPTY, "app.zip is empty.", hint="Build it again.", size=0)
    assert str(error) == "DFU-FILE-002: app.zip is empty."
    assert error.args == ("app.zip is empty.",)
    assert (error.code, error.message) == (Code.FILE_EMPTY, "app.zip is empty.")
    assert error.hint == "Build it again."
    assert error.context == {"size": 0}


def test_hint_and_context_are_empty_unless_given() -> None:
    error = StoreError(Code.TRACE_NOT_WRITABLE, "The disk is full.")
    assert (error.hint, error.context) == ("", {})


def test_a_transport_error_says_what_the_link_saw() -> None:
    error = TransportError(
        Code.LINK_LOST,
        "Lost.",
        reason=TransportReason.LOST,
        hci_reason=0x08,
        hint="Move closer.",
        peer="x",
    )
    assert (error.reason, error.hci_reason) == (TransportReason.LOST, 0x08)
    assert (error.hint, error.context) == ("Move closer.", {"peer": "x"})
    other = TransportError(Code.LINK_TIMEOUT, "Late.", reason=TransportReason.TIMEOUT)
    assert other.hci_reason is None


def test_a_refusal_keeps_the_units_own_words() -> None:
    error = TargetRefusedError(
        Code.REFUSED_HW_VERSION, "No.", result=0x0B, ext_error=0x06, hint="Ask.", offset=3
    )
    assert (error.result, error.ext_error) == (0x0B, 0x06)
    assert (error.hint, error.context) == ("Ask.", {"offset": 3})
    assert TargetRefusedError(Code.REFUSED_OBJECT, "No.", result=5).ext_error is None


def test_a_defect_of_ours_has_one_code() -> None:
    error = LocalProtocolError("A session was started twice.", hint="Report it.", at=1)
    assert error.code is Code.DEFECT
    assert (error.hint, error.context) == ("Report it.", {"at": 1})


def test_codes_are_well_formed_and_unlike_each_other() -> None:
    values = [code.value for code in Code.__members__.values()]
    assert len(set(values)) == len(Code.__members__) == len(list(Code))
    assert [value for value in values if not re.fullmatch(r"DFU-[A-Z]{3,5}-\d{3}", value)] == []


def test_the_codes_of_refusals_carry_the_number_that_the_unit_sent() -> None:
    named = {code.value for code in Code}
    silent = {ResultCode.INVALID, ResultCode.SUCCESS, ResultCode.EXTENDED_ERROR}
    assert {f"DFU-UNIT-{result:03}" for result in set(ResultCode) - silent} <= named
    meant = [ext_error for ext_error in ExtError if ext_error >= ExtError.INIT_COMMAND_INVALID]
    assert {f"DFU-UNIT-{100 + ext_error}" for ext_error in meant} <= named


def test_a_long_name_is_shown_by_its_two_ends() -> None:
    assert shortened("a" * MAX_NAME) == "a" * MAX_NAME
    assert shortened("a" * 100 + "b" * 100) == "a" * 75 + "..." + "b" * 75


def test_a_pin_is_left_out_before_a_name_is_cut() -> None:
    for behind in range(MAX_NAME):
        shown = shortened(f"{'a' * 100}?pin-value=471147&{'b' * behind}")
        assert "471147" not in shown
