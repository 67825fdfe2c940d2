from __future__ import annotations

import pytest

from firmline.formats.known_softdevices import (
    KnownSoftDevice,
    known_softdevice,
    known_softdevices,
)
from firmline.formats.softdevice import SOFTDEVICE_START

PAGE_SIZE = 0x1000


@pytest.mark.parametrize(
    ("fwid", "name", "end", "end_lower_bound"),
    [
        (0xB8, "S112 6.1.1", None, SOFTDEVICE_START + 97_296),
        (0xB7, "S132 6.1.1", 0x26000, None),
        (0xB6, "S140 6.1.1", 0x26000, None),
        (0x103, "S112 7.2.0", None, SOFTDEVICE_START + 98_284),
        (0x102, "S113 7.2.0", None, SOFTDEVICE_START + 107_692),
        (0x101, "S132 7.2.0", None, SOFTDEVICE_START + 149_868),
        (0x100, "S140 7.2.0", 0x27000, None),
    ],
)
def test_the_numbers_are_those_of_the_specification(
    fwid: int, name: str, end: int | None, end_lower_bound: int | None
) -> None:
    known = known_softdevice(fwid)
    assert known is not None
    assert str(known) == f"{name} (FWID 0x{fwid:04X})"
    assert (known.end, known.end_lower_bound) == (end, end_lower_bound)
    assert known.occupied_to == (end or end_lower_bound)


@pytest.mark.parametrize("known", known_softdevices(), ids=str)
def test_every_row_has_one_end_and_a_source(known: KnownSoftDevice) -> None:
    assert (known.end is None) != (known.end_lower_bound is None)
    assert known.end is None or known.end % PAGE_SIZE == 0
    assert known.source


def test_every_fwid_has_one_row() -> None:
    fwids = [known.fwid for known in known_softdevices()]
    assert len(set(fwids)) == len(fwids)
    assert known_softdevice(0x124) is None
