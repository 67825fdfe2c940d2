"""What supplies have in common: URIs, limits, a person, the virtual unit, and traces of current."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.description import gallery_unit
from firmline.errors import Code, InputError
from firmline.links.supplies.base import Abilities, Limits, Setting, check_setting
from firmline.links.supplies.current_trace import CurrentTrace
from firmline.links.supplies.open import supply_of
from firmline.links.supplies.person import PersonSupply
from firmline.links.supplies.ppk2_samples import Calibration, decode
from firmline.links.supplies.uri import (
    SupplyKind,
    parse_limits,
    parse_setting,
    parse_supply,
)
from firmline.links.supplies.virtual import VirtualSupply
from unit.links.supplies.virtual_ppk2 import metadata, word

ALL = Abilities(resistance=True)


@pytest.mark.parametrize(
    ("text", "kind", "where", "options"),
    [
        ("person", SupplyKind.PERSON, "", {}),
        ("sim", SupplyKind.SIM, "", {}),
        ("PPK2:/dev/ttyACM0", SupplyKind.PPK2, "/dev/ttyACM0", {}),
        ("ppk2:COM7", SupplyKind.PPK2, "COM7", {}),
        (
            "scpi:TCPIP::192.0.2.7::5025::SOCKET?channel=2&visa=@py",
            SupplyKind.SCPI,
            "TCPIP::192.0.2.7::5025::SOCKET",
            {"channel": "2", "visa": "@py"},
        ),
    ],
)
def test_a_supply_is_named(
    text: str, kind: SupplyKind, where: str, options: dict[str, str]
) -> None:
    uri = parse_supply(text)
    assert (uri.kind, uri.where, dict(uri.options)) == (kind, where, options)
    one = supply_of(uri, ask=print, warn=print, limit_a=0.05, limits=Limits())
    assert one.by_hand is (kind is SupplyKind.PERSON)
    assert one.close() == ""  # harmless before it was opened


@pytest.mark.parametrize("text", ["", "lab", "person:me", "scpi", "scpi:", "ppk2:COM7?channel=1"])
def test_what_names_none_is_refused(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_supply(text)
    assert raised.value.code is Code.SUPPLY_MALFORMED


@pytest.mark.parametrize(
    ("text", "volts", "ohms"),
    [("3V", 3, 0), ("3.0 V", 3, 0), ("2.75v,20ohm", 2.75, 20), (" 1.9V , 47.5 Ohm", 1.9, 47.5)],
)
def test_a_setting_is_written_as_people_write_it(text: str, volts: float, ohms: float) -> None:
    assert parse_setting(text) == Setting(voltage_v=volts, resistance_ohm=ohms)


@pytest.mark.parametrize("text", ["cell", "3", "V", "-3V", "3V,20", "1e3V", "3V 20ohm", "nanV"])
def test_what_is_no_voltage_is_no_setting(text: str) -> None:
    assert parse_setting(text) is None


@given(
    volts=st.decimals(min_value="0.01", max_value=60, places=2),
    ohms=st.decimals(min_value=0, max_value=9999, places=1),
)
def test_a_setting_is_read_back_as_it_is_told(volts: float, ohms: float) -> None:
    text = f"{volts}V,{ohms}ohm"
    assert parse_setting(text) == Setting(voltage_v=float(volts), resistance_ohm=float(ohms))


def test_limits_are_two_numbers() -> None:
    assert parse_limits("2.5..5") == Limits(least_v=2.5, most_v=5)
    for text in ("3", "3..", "a..b", "3..3"):
        with pytest.raises(InputError):
            parse_limits(text)


@pytest.mark.parametrize("volts", [1.7, 3.0, 3.6])
def test_what_an_nrf52_is_specified_for_is_allowed(volts: float) -> None:
    check_setting(Setting(voltage_v=volts), ALL, Limits(), name="It")


@pytest.mark.parametrize("volts", [0.0, 1.69, 3.61, 5.0])
def test_what_it_is_not_is_refused_before_anything_is_switched(volts: float) -> None:
    with pytest.raises(InputError) as raised:
        check_setting(Setting(voltage_v=volts), ALL, Limits(), name="It")
    assert raised.value.code is Code.SUPPLY_LIMITS
    check_setting(Setting(voltage_v=volts), ALL, Limits(least_v=0, most_v=5), name="It")


@pytest.mark.parametrize(
    ("setting", "abilities"),
    [
        (Setting(voltage_v=3, resistance_ohm=5), Abilities()),
        (Setting(voltage_v=3), Abilities(most_v=2.5)),
        (Setting(voltage_v=2), Abilities(least_v=2.5)),
    ],
)
def test_what_a_supply_cannot_is_refused(setting: Setting, abilities: Abilities) -> None:
    with pytest.raises(InputError) as raised:
        check_setting(setting, abilities, Limits(), name="It")
    assert raised.value.code is Code.SUPPLY_CANNOT


def test_a_person_is_told_one_thing_at_a_time_and_nothing_twice() -> None:
    told: list[str] = []
    one = PersonSupply(told.append, limit_a=0.03)
    one.open()
    assert one.close() == ""
    one.apply(Setting(voltage_v=2.4))
    one.apply(Setting(voltage_v=2.4))
    one.apply(Setting(voltage_v=2.4, resistance_ohm=47))
    assert told == [
        "Feed the unit with 2.4 V, with a current limit of 0.03 A, and see that it is on.",
        "Feed the unit with 2.4 V behind 47 ohm and see that it is on.",
    ]
    assert one.close() == "The supply is as you have set it last: 2.4 V behind 47 ohm."
    one.switch_off()
    assert one.close() == ""


def test_a_virtual_unit_hangs_on_what_it_is_told() -> None:
    unit = gallery_unit("weak-coin-cell")
    one = VirtualSupply()
    assert one.feed(unit) == unit
    one.apply(Setting(voltage_v=2.5, resistance_ohm=10))
    source = one.feed(unit).source
    assert (source.open_circuit_v, source.resistance_ohm) == (2.5, 10.1)
    assert source.currents == unit.source.currents
    assert source.capacitance_uf == unit.source.capacitance_uf
    one.own()
    assert one.feed(unit) == unit


def test_power_that_is_cut_takes_what_only_power_holds() -> None:
    one = VirtualSupply()
    for name in ("leaked-buffers", "stuck-gpregret"):
        unit = gallery_unit(name)
        assert (unit.lost_buffers, unit.gpregret) != (0, 0)
        one.switch_off()
        cut = one.feed(unit)
        assert (cut.lost_buffers, cut.gpregret) == (0, 0)
        assert one.feed(unit) == unit  # the next one was not cut


def test_a_trace_keeps_peaks_in_bins_of_a_millisecond() -> None:
    trace = CurrentTrace(rate_hz=10_000)
    trace.add([1.0] * 9 + [5.0])
    trace.add([2.0] * 5)
    trace.lose(5)
    trace.add([3.0] * 10)
    bins = [tuple(round(each, 6) for each in one) for one in trace.bins()]
    assert bins == [(0.0, 1.0, 1.4, 5.0), (0.001, 2.0, 2.0, 2.0), (0.002, 3.0, 3.0, 3.0)]
    summary = trace.summary()
    assert summary is not None
    assert (summary.least_a, summary.most_a, summary.lost_samples) == (1.0, 5.0, 5)
    assert summary.duration_s == pytest.approx(0.003)
    assert summary.mean_a == pytest.approx(54 / 25)


def test_nothing_is_no_summary() -> None:
    assert CurrentTrace(rate_hz=1000).summary() is None


def words(currents: list[float]) -> bytes:
    return struct.pack(f"<{len(currents)}I", *(word(each, n) for n, each in enumerate(currents)))


def calibration(text: str | None = None) -> Calibration:
    found = Calibration.parse((metadata() if text is None else text).encode())
    assert found is not None
    return found


@pytest.mark.slow
@given(st.lists(st.floats(2e-6, 0.6), min_size=1, max_size=300), st.integers(0, 3))
def test_a_steady_current_is_read_as_it_is(levels: list[float], cut: int) -> None:
    """Within a range; whatever the last sample is cut off to."""
    level = levels[0]
    content = words([level] * len(levels)) + bytes(cut)
    summary = decode(content, calibration(), voltage_v=3).summary()
    assert summary is not None
    assert summary.mean_a == pytest.approx(level, rel=0.01)
    assert summary.lost_samples == 0


@pytest.mark.slow
@given(st.binary(max_size=4000))
def test_any_bytes_are_read_as_some_current(content: bytes) -> None:
    trace = decode(content, calibration(), voltage_v=3)
    assert sum(1 for _ in trace.bins()) >= len(content) // 400
    assert trace.lost_samples >= 0


def test_an_instrument_without_a_calibration_is_read_with_usual_numbers() -> None:
    bare = calibration("R0: nan\nR1: 0\nR2: x\nEND\n")
    assert not bare.is_told
    assert calibration().is_told
    assert bare.numbers["R"][0] == pytest.approx(1031.64)


def test_the_voltage_has_a_part_in_it() -> None:
    text = metadata().replace("S2: 0", "S2: 0.001")
    low, high = (
        decode(words([0.002] * 200), calibration(text), voltage_v=volts).summary()
        for volts in (2.0, 3.0)
    )
    assert low is not None
    assert high is not None
    assert high.mean_a - low.mean_a == pytest.approx(0.001)
