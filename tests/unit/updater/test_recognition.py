"""What tells one unit from another, and what can be said of units that cannot be updated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, ExitCode, TransportReason
from firmline.links.base import NORDIC, RemoteVersion
from firmline.links.gatt import LEGACY_DFU_SERVICE, SMP_SERVICE
from firmline.updater.radio.recognition import (
    no_bootloader,
    no_way_in,
    other_radio,
    other_serial_number,
)
from firmline.values import BleAddress

HERE = BleAddress.parse("C6:05:04:03:02:01")
RADIO = RemoteVersion(version=9, company=NORDIC, subversion=0x0103)
versions = st.builds(
    RemoteVersion,
    version=st.integers(0, 255),
    company=st.integers(0, 0xFFFF),
    subversion=st.integers(0, 0xFFFF),
)


@given(before=st.none() | versions, after=st.none() | versions)
def test_a_radio_speaks_against_a_unit_only_where_it_said_two_things(
    before: RemoteVersion | None, after: RemoteVersion | None
) -> None:
    problem = other_radio(before, after)
    assert (problem is not None) == (before is not None and after is not None and before != after)
    if problem is not None:
        assert problem.code is Code.WRONG_UNIT
        assert problem.reason is TransportReason.REFUSED


def test_another_radio_is_named_by_both_its_numbers() -> None:
    problem = other_radio(RADIO, RemoteVersion(version=9, company=NORDIC, subversion=0x00B7))
    assert problem is not None
    assert "0x00B7" in problem.message
    assert "0x0103" in problem.message
    assert "nothing was sent" in problem.message


numbers = st.none() | st.sampled_from(["A", "B", ""])


@given(before=numbers, after=numbers, ran=st.booleans())
def test_a_serial_number_speaks_against_a_unit_only_where_it_was_told_twice(
    before: str | None, after: str | None, ran: bool
) -> None:
    was = None if not ran else {} if before is None else {"serial_number": before}
    now = {"model": "x"} | ({} if after is None else {"serial_number": after})
    problem = other_serial_number(was, now)
    told_twice = ran and before is not None and after is not None
    assert (problem is not None) == (told_twice and before != after)


def test_another_serial_number_is_an_end_that_was_not_seen() -> None:
    problem = other_serial_number({"serial_number": "A-1"}, {"serial_number": "A-2"})
    assert problem is not None
    assert (problem.code, problem.exit_code) == (Code.WRONG_UNIT, ExitCode.UNVERIFIED)
    assert "A-1" in problem.message
    assert "A-2" in problem.message


@pytest.mark.parametrize(
    ("services", "in_application", "as_bootloader", "words"),
    [
        (set(), Code.NO_BUTTONLESS, Code.WRONG_UNIT, ""),
        ({"180A"}, Code.NO_BUTTONLESS, Code.WRONG_UNIT, ""),
        ({LEGACY_DFU_SERVICE}, Code.LEGACY_DFU, Code.LEGACY_DFU, "legacy DFU service"),
        ({SMP_SERVICE, "180A"}, Code.SMP, Code.SMP, "management protocol (SMP)"),
        ({SMP_SERVICE, LEGACY_DFU_SERVICE}, Code.LEGACY_DFU, Code.LEGACY_DFU, "legacy"),
    ],
)
def test_who_is_updated_in_another_way_is_named(
    services: set[str], in_application: Code, as_bootloader: Code, words: str
) -> None:
    offered = frozenset(services)
    for problem, code in (
        (no_way_in(HERE, offered), in_application),
        (no_bootloader(HERE, offered), as_bootloader),
    ):
        assert problem.code is code
        assert problem.reason is TransportReason.REFUSED
        assert str(HERE) in problem.message
        assert words in problem.message
