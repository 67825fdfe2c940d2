"""Target URIs: what names a unit and the road to it, and what does not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.links.target import Scheme, parse_target
from unit.formats.makers import refuses


@pytest.mark.parametrize(
    ("text", "scheme", "where", "options"),
    [
        ("sim:ble-reference", Scheme.SIM, "ble-reference", {}),
        ("sim:x?key=private.key", Scheme.SIM, "x", {"key": "private.key"}),
        ("sim:x?key=a&pace=40", Scheme.SIM, "x", {"key": "a", "pace": "40"}),
        ("sim:x?", Scheme.SIM, "x", {}),
        ("sim:x?&key=a&", Scheme.SIM, "x", {"key": "a"}),
        ("sim:x?key=a=b?c", Scheme.SIM, "x", {"key": "a=b?c"}),
        (r"sim:x?key=C:\keys\a.key", Scheme.SIM, "x", {"key": r"C:\keys\a.key"}),
        ("SIM:x", Scheme.SIM, "x", {}),
        ("ble:AA:BB:CC:DD:EE:FF", Scheme.BLE, "AA:BB:CC:DD:EE:FF", {}),
        ("ble:name=Tag", Scheme.BLE, "name=Tag", {}),
        ("hci:usb:0/AA:BB:CC:DD:EE:FF", Scheme.HCI, "usb:0/AA:BB:CC:DD:EE:FF", {}),
        ("nrfconn:COM3/AA:BB:CC:DD:EE:FF", Scheme.NRFCONN, "COM3/AA:BB:CC:DD:EE:FF", {}),
        ("serial:/dev/ttyACM0?baud=115200", Scheme.SERIAL, "/dev/ttyACM0", {"baud": "115200"}),
        ("usb:0123456789", Scheme.USB, "0123456789", {}),
    ],
)
def test_a_uri_names_a_road_and_a_unit(
    text: str, scheme: Scheme, where: str, options: dict[str, str]
) -> None:
    target = parse_target(text)
    assert (target.text, target.scheme, target.where) == (text, scheme, where)
    assert dict(target.options) == options


def test_every_scheme_is_understood() -> None:
    found = [parse_target(f"{scheme}:somewhere").scheme for scheme in Scheme]
    assert found == list(Scheme)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "begins with no scheme"),
        ("ble-reference", "begins with no scheme"),
        ("simulator:x", "begins with 'simulator', which is no scheme"),
        (" sim:x", "begins with ' sim', which is no scheme"),
        (":x", "begins with no scheme"),
        ("http://example.org", "begins with 'http', which is no scheme"),
        ("sim:", "names no unit"),
        ("sim:?key=a", "names no unit"),
        ("sim:x?key", "'key' of the target 'sim:x?key' is not name=value, once"),
        ("sim:x?key=", "is not name=value, once"),
        ("sim:x?=a", "is not name=value, once"),
        ("sim:x?key=a&key=b", "'key=b' of the target"),
        ("sim:x?key=a&key=a", "is not name=value, once"),
    ],
)
def test_what_is_no_uri_is_refused(text: str, fragment: str) -> None:
    with refuses(Code.TARGET_MALFORMED, fragment):
        parse_target(text)


def test_the_refusal_names_every_scheme_that_there_is_a_road_for() -> None:
    with pytest.raises(InputError) as caught:
        parse_target("Tag")
    named = {scheme for scheme in Scheme if f"{scheme}:" in caught.value.hint}
    assert named == set(Scheme)
    assert "sim:ble-reference" in caught.value.hint


@pytest.mark.parametrize("scheme", ["ble", "hci", "nrfconn", "serial", "sim"])
def test_who_names_a_scheme_alone_is_told_how_its_units_are_written(scheme: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_target(f"{scheme}:")
    assert f"the scheme: {scheme}:" in caught.value.hint


def test_a_long_or_strange_text_is_shown_short_and_harmless() -> None:
    with pytest.raises(InputError) as caught:
        parse_target("\x1b[2J" + "x" * 10_000)
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 150


# The scheme of the environment.


@pytest.mark.parametrize(
    ("text", "default", "scheme", "where"),
    [
        ("ble-reference", "sim", Scheme.SIM, "ble-reference"),
        ("ble-reference", "SIM", Scheme.SIM, "ble-reference"),
        ("AA:BB:CC:DD:EE:FF", "ble", Scheme.BLE, "AA:BB:CC:DD:EE:FF"),
        ("sim:x", "ble", Scheme.SIM, "x"),
        ("sim:x", "nonsense", Scheme.SIM, "x"),
    ],
)
def test_a_text_without_a_scheme_takes_the_default(
    text: str, default: str, scheme: Scheme, where: str
) -> None:
    target = parse_target(text, default_scheme=default)
    assert (target.scheme, target.where) == (scheme, where)


def test_a_default_takes_options_too() -> None:
    target = parse_target("x?key=a", default_scheme="sim")
    assert (target.where, dict(target.options)) == ("x", {"key": "a"})


@pytest.mark.parametrize("default", ["nonsense", "sim:", " sim", "\x1b[2J" * 100])
def test_a_default_that_is_no_scheme_is_refused_by_its_variable(default: str) -> None:
    with refuses(Code.TARGET_MALFORMED, "FIRMLINE_LINK is "):
        parse_target("x", default_scheme=default)


def test_a_default_names_no_unit_by_itself() -> None:
    with refuses(Code.TARGET_MALFORMED, "names no unit"):
        parse_target("", default_scheme="sim")


@given(st.text())
def test_no_text_reaches_a_virtual_unit_but_with_the_scheme_sim(text: str) -> None:
    says_sim = text.lower().startswith("sim:")
    with suppress(InputError):
        assert (parse_target(text, default_scheme="ble").scheme is Scheme.SIM) == says_sim


@given(st.sampled_from(Scheme), st.text(st.characters(exclude_characters="?"), min_size=1))
def test_what_stands_behind_the_scheme_is_kept_as_it_is(scheme: Scheme, where: str) -> None:
    target = parse_target(f"{scheme}:{where}")
    assert (target.scheme, target.where, dict(target.options)) == (scheme, where, {})


def test_a_target_cannot_be_changed() -> None:
    target = parse_target("sim:x?key=a")
    with pytest.raises(TypeError):
        target.options["key"] = "b"  # type: ignore[index]
