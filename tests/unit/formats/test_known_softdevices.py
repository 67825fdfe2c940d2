from __future__ import annotations

import tomllib

import pytest

from firmline.data import load_text
from firmline.formats.known_softdevices import (
    KnownSoftDevice,
    describe_fwid,
    known_softdevice,
    known_softdevices,
    looks_like_softdevice_name,
    similar_softdevices,
    softdevice_by_name,
    softdevice_that_ends_at,
)
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.values import Fwid

PAGE_SIZE = 0x1000
NRF51_PAGE_SIZE = 0x400
LARGEST_FLASH = 0x100000
FIGURES = ("fwid", "end", "image_size", "linked_at", "ram")


@pytest.mark.parametrize(
    ("fwid", "title", "end", "image_size"),
    [
        (0xB8, "S112 6.1.1", 0x19000, 97_296),
        (0xB7, "S132 6.1.1", 0x26000, 147_792),
        (0xB6, "S140 6.1.1", 0x26000, 151_016),
        (0x103, "S112 7.2.0", 0x19000, 98_284),
        (0x102, "S113 7.2.0", 0x1C000, 107_692),
        (0x101, "S132 7.2.0", 0x26000, 149_868),
        (0x100, "S140 7.2.0", 0x27000, 153_140),
    ],
)
def test_the_numbers_are_those_of_the_specification(
    fwid: int, title: str, end: int, image_size: int
) -> None:
    known = known_softdevice(fwid)
    assert known is not None
    assert str(known) == f"0x{fwid:04X} ({title})"
    assert (known.end, known.image_size) == (end, image_size)
    assert (known.occupied_to, known.application_start) == (end, end)


@pytest.mark.parametrize("known", known_softdevices(), ids=lambda known: known.option)
def test_every_figure_has_a_source_and_makes_sense(known: KnownSoftDevice) -> None:
    given = {figure for figure in FIGURES if getattr(known, figure) is not None}
    assert set(known.sources) == given
    assert all(known.sources.values())
    assert known.chip in ("nrf51", "nrf52")
    page = PAGE_SIZE if known.chip == "nrf52" else NRF51_PAGE_SIZE
    for end in (known.end, known.linked_at):
        assert end is None or (end % page == 0 and SOFTDEVICE_START < end < LARGEST_FLASH)
    assert known.end is None or known.linked_at is None  # what is exact needs no hint
    if known.image_size is not None and known.end is not None:
        assert SOFTDEVICE_START + known.image_size <= known.end
        assert known.image_size % 4 == 0
    assert known.ram is None or 0 < known.ram < 0x10000


def test_every_source_is_used() -> None:
    table = tomllib.loads(load_text("softdevices.toml"))
    used = {
        value
        for row in table["softdevices"].values()
        for key, value in row.items()
        if key.endswith("_source")
    }
    assert used == set(table["sources"])


def test_every_fwid_and_every_name_has_one_row() -> None:
    rows = known_softdevices()
    assert len({known.fwid for known in rows}) == len(rows)
    names = [(known.name, version) for known in rows for version in (known.version, *known.also)]
    assert len(set(names)) == len(names)


def test_the_table_holds_everything_that_nrfutil_lists() -> None:
    of_nrfutil = [known for known in known_softdevices() if "nrfutil 6" in known.sources["fwid"]]
    assert len(of_nrfutil) == 44
    assert len(known_softdevices()) > 70


def test_what_is_not_known_is_not_made_up() -> None:
    s122 = softdevice_by_name("s122-8.1.1")
    assert s122 is not None
    assert (s122.end, s122.occupied_to, s122.application_start, s122.ram) == (None,) * 4
    s140 = softdevice_by_name("s140-7.3.0")  # only how others link for it
    assert s140 is not None
    assert (s140.end, s140.occupied_to, s140.application_start) == (None, None, 0x27000)


def test_a_lower_bound_is_the_size_of_the_image() -> None:
    known = KnownSoftDevice(
        name="S999", version="1.0.0", chip="nrf52", fwid=Fwid(1), image_size=0x2000, sources={}
    )
    assert (known.occupied_to, known.application_start) == (0x3000, None)


@pytest.mark.parametrize(
    "text",
    [
        "s132-6.1.1",
        "S132-6.1.1",
        " s132_6.1.1 ",
        "S132 6.1.1",
        "s132-v6.1.1",
        "s132_nrf52_6.1.1",
        "S132_NRF52_6.1.1",
        "s132_nrf52832_6.1.1",
        "s132_nrf52_6.1.1_softdevice",
        "s132_nrf52_6.1.1_softdevice.hex",
    ],
)
def test_a_softdevice_is_found_by_its_names(text: str) -> None:
    assert looks_like_softdevice_name(text)
    known = softdevice_by_name(text)
    assert known is not None
    assert known.fwid == 0xB7


@pytest.mark.parametrize("known", known_softdevices(), ids=lambda known: known.option)
def test_every_row_is_found_by_every_form_of_its_name(known: KnownSoftDevice) -> None:
    assert softdevice_by_name(known.option) is known
    assert softdevice_by_name(f"{known.name}_{known.chip}_{known.version}") is known
    assert all(softdevice_by_name(f"{known.name}-{also}") is known for also in known.also)


@pytest.mark.parametrize(
    "text",
    ["", "s132", "132-6.1.1", "s132-6.1", "s132-6.1.9", "s132_nrf51_6.1.1", "s132-6.1.1x", "0xB7"],
)
def test_any_other_text_names_none(text: str) -> None:
    assert softdevice_by_name(text) is None


def test_a_number_is_not_meant_as_a_name() -> None:
    assert not any(map(looks_like_softdevice_name, ["0xB7", "183", "", "abc", "s", "softdevice"]))


def test_the_most_similar_names_are_offered() -> None:
    assert similar_softdevices("s132-6.1.2")[0] == "s132-6.1.1"
    assert similar_softdevices("s132_nrf52_6.1.2")[0] == "s132-6.1.1"
    assert similar_softdevices("x" * 100_000) == []


def test_a_fwid_is_shown_with_the_name_that_it_has() -> None:
    assert describe_fwid(0xB7) == "0x00B7 (S132 6.1.1)"
    assert describe_fwid(0x999) == "0x0999"
    assert describe_fwid(0) == "0x0000"
    assert describe_fwid(0x1_0000) == "0x10000"


@pytest.mark.parametrize(
    ("version", "end", "title"),
    [
        ("7.2.0", 0x19000, "S112 7.2.0"),
        ("7.2.0", 0x1C000, "S113 7.2.0"),
        ("7.2.0", 0x26000, "S132 7.2.0"),
        ("7.2.0", 0x27000, "S140 7.2.0"),
    ],
)
def test_version_and_end_tell_softdevices_of_one_release_apart(
    version: str, end: int, title: str
) -> None:
    known = softdevice_that_ends_at(version, end)
    assert known is not None
    assert known.title == title


@pytest.mark.parametrize(
    ("version", "end"), [("7.2.0", 0x28000), ("7.2.1", 0x27000), ("", 0), ("6.1.1", 0x26000)]
)
def test_what_no_softdevice_or_more_than_one_is_names_none(version: str, end: int) -> None:
    assert softdevice_that_ends_at(version, end) is None


def test_none_is_named_by_version_and_end_that_another_row_may_be() -> None:
    rows = known_softdevices()
    named = 0
    for row in rows:
        if row.end is None:
            continue
        found = softdevice_that_ends_at(row.version, row.end)
        others = [
            other
            for other in rows
            if other is not row
            and row.version in (other.version, *other.also)
            and other.end in (row.end, None)
        ]
        assert found is (None if others else row)
        named += found is not None
    assert named >= 8
