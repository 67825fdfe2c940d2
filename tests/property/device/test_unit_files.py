"""Whatever a unit file holds: a unit that can be made and switched on, or an error with a line."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firmline.device.chips import chip_names
from firmline.device.description import gallery_names, gallery_text
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FAULTS
from firmline.device.profile import PROFILES
from firmline.device.unit_file import read_unit
from firmline.device.unit_file_keys import (
    APPLICATION,
    SOFTDEVICE,
    SUPPLY,
    TIMING,
    UNIT,
    UNIT_FILE,
)
from firmline.errors import Code, InputError
from firmline.formats.toml_text import decode_toml

MEANING = re.compile(r"mine\.toml, line [1-9][0-9]*: .+[.?]", re.DOTALL)
GALLERY = [gallery_text(name) for name in gallery_names()]
NAMES = sorted({*UNIT, *SOFTDEVICE, *APPLICATION, *SUPPLY, *TIMING, "name", "operation", "first"})
HEADERS = ["[softdevice]", "[application]", "[supply]", "[timing]", "[[faults]]", "[x]", "[[seed]]"]
WORDS = [*FAULTS, *PROFILES, *chip_names(), "bench", "cr2032", "C6:05:04:03:02:01"]


def switched_on_or_refused(text: str) -> bool:
    """Whether it is a unit; then it was switched on, with physics and without."""
    try:
        unit = read_unit(text, name="mine")
    except InputError as problem:
        return refused_well(problem)
    fabricate(unit).power_on(now_s=0)
    timed = fabricate(unit, physics=physics_of(unit))
    timed.power_on(now_s=0)
    timed.wake(now_s=1)
    return True


def refused_well(error: InputError) -> bool:
    """``False``: it is no unit; the error says so as every error must."""
    assert error.code is Code.UNIT_FILE_MALFORMED
    assert MEANING.fullmatch(error.message), error.message
    assert len(error.message) < 1000
    return False


values = st.one_of(
    st.sampled_from(["true", "nan", "-inf", "0", "-1", "1e999", "[]", "{}", "1979-05-27", "''"]),
    st.sampled_from(WORDS).map(repr),
    st.integers(-10, 2**33).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=5).map(repr),
)
lines = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(NAMES), values),
    st.sampled_from(HEADERS),
    st.text(max_size=10),
)


@given(st.text())
@example("chip = 'nrf52832-512k'\nprofile = 'sdk15.3-ble'")
@settings(max_examples=200)
def test_any_text(text: str) -> None:
    switched_on_or_refused(text)


@given(st.binary(max_size=100))
def test_any_bytes(content: bytes) -> None:
    try:
        text = decode_toml(content, where="mine.toml", form=UNIT_FILE)
    except InputError as problem:
        refused_well(problem)
        return
    switched_on_or_refused(text)


@given(
    st.sampled_from(GALLERY),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2), lines), max_size=3),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lines_of_a_good_file_replaced_and_put_in(
    text: str, changes: list[tuple[int, int, str]]
) -> None:
    rows = text.split("\n")
    for at, dropped, row in changes:
        rows[at : at + dropped] = [row]
    made = switched_on_or_refused("\n".join(rows))
    assert made or changes


@given(st.sampled_from(GALLERY), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_file_with_marks_changed(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    size = data.draw(st.integers(0, 4))
    put_in = data.draw(st.text(alphabet="[]{}='\"#.\\\n\r\x00x0 ", max_size=4))
    switched_on_or_refused(text[:at] + put_in + text[at + size :])


numbers = st.one_of(
    st.sampled_from(["0", "1", "1.7", "3.6", "2.8", "10000", "60", "1e-6", "230"]),
    st.floats(0, 60).map(str),
)


@pytest.mark.slow
@given(
    st.sampled_from(["bench", "cr2032"]),
    st.dictionaries(st.sampled_from(sorted(set(SUPPLY) - {"source", "dcdc"})), numbers, max_size=4),
    st.dictionaries(st.sampled_from(sorted(TIMING)), numbers, max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_any_supply_and_any_times(
    source: str, supply: dict[str, str], timing: dict[str, str]
) -> None:
    rows = ["chip = 'nrf52832-512k'", "profile = 'sdk17.1-ble'", "[application]", "size = 4096"]
    rows += ["[supply]", f"source = '{source}'"]
    rows += [f"{name} = {value}" for name, value in supply.items()]
    rows += ["[timing]", *(f"{name} = {value}" for name, value in timing.items())]
    switched_on_or_refused("\n".join(rows))
