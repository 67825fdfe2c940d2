"""The source behind a resistance and its capacitor (physics spec, sections 2 to 4)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.chips import chip, chip_names
from firmline.device.physics.supply import BROWN_OUT_V, START_V, Currents, Load, Source, Supply

NRF52832 = Currents.of(chip("nrf52832-512k"))
LDO = Currents.of(chip("nrf52832-512k"), dcdc=False)


def source(resistance_ohm: float, **changes: float) -> Source:
    return Source(currents=NRF52832, resistance_ohm=resistance_ohm, **changes)


@pytest.mark.parametrize("name", chip_names())
def test_currents_are_those_of_the_chip_and_more_without_the_converter(name: str) -> None:
    with_dcdc, without = Currents.of(chip(name)), Currents.of(chip(name), dcdc=False)
    assert with_dcdc.amperes(Load.SLEEP) < with_dcdc.amperes(Load.CPU)
    assert with_dcdc.amperes(Load.CPU) < with_dcdc.amperes(Load.RADIO) == chip(name).radio_ma / 1000
    assert without.amperes(Load.RADIO) > with_dcdc.amperes(Load.RADIO)


@pytest.mark.parametrize(
    ("resistance_ohm", "milliamperes", "sag_v"),
    [(20, 8.1, 0.16), (20, 15.4, 0.31), (50, 8.1, 0.41), (50, 15.4, 0.77), (100, 8.1, 0.81)],
)
def test_a_long_load_sags_as_the_spec_computes(
    resistance_ohm: float, milliamperes: float, sag_v: float
) -> None:
    """Section 4, "Sag by calculation"."""
    currents = Currents(cpu=3.3, radio=milliamperes)
    supply = Supply(Source(currents=currents, resistance_ohm=resistance_ohm))
    assert supply.draw(Load.RADIO, 0.0, 1.0) is None
    assert 3.0 - supply.voltage == pytest.approx(sag_v, abs=0.006)
    assert supply.lowest == supply.voltage


def test_a_cell_in_the_cold_that_shows_3_volts_unloaded_browns_out() -> None:
    """Section 4: 100 ohms and 15.4 mA leave 1.46 V."""
    currents = Currents(cpu=3.3, radio=15.4)
    supply = Supply(Source(currents=currents, resistance_ohm=100, capacitance_uf=100))
    assert supply.voltage == 3.0
    failed_s = supply.draw(Load.RADIO, 0.0, 1.0)
    tau_s = 100 * 100e-6
    assert failed_s == pytest.approx(tau_s * math.log(1.54 / (BROWN_OUT_V - 1.46)))


def test_the_capacitor_carries_a_short_load_and_not_a_long_one() -> None:
    weak = source(180, capacitance_uf=100)
    assert Supply(weak).draw(Load.RADIO, 0.0, 0.003) is None
    assert Supply(weak).draw(Load.RADIO, 0.0, 0.3) is not None


def test_between_loads_the_capacitor_fills_again() -> None:
    supply = Supply(source(100, capacitance_uf=100))
    supply.draw(Load.RADIO, 0.0, 0.05)
    low = supply.voltage
    assert supply.draw(Load.SLEEP, 1.0, 1.0) is None
    assert (low < 2.2, supply.voltage > 2.99) == (True, True)
    assert supply.lowest == low


def test_of_two_loads_at_the_same_time_the_larger_counts() -> None:
    radio, both = Supply(source(50)), Supply(source(50))
    radio.draw(Load.RADIO, 0.0, 0.001)
    both.draw(Load.FLASH, 0.0, 0.001)
    assert both.draw(Load.RADIO, 0.0, 0.001) is None
    assert both.voltage == pytest.approx(radio.voltage)
    assert both.draw(Load.FLASH, 0.0, 0.001) is None
    assert both.voltage == pytest.approx(radio.voltage)


LOADS = st.lists(
    st.tuples(st.sampled_from(list(Load)), st.integers(0, 60), st.integers(0, 30)), max_size=8
)


@given(LOADS)
def test_the_order_in_which_overlapping_loads_are_told_does_not_matter(
    loads: list[tuple[Load, int, int]],
) -> None:
    told, sorted_by_start = Supply(source(40)), Supply(source(40))
    end_s = 0.1
    for load, start_ms, length_ms in loads:
        assert told.draw(load, start_ms / 1e3, (start_ms + length_ms) / 1e3) is None
    for load, start_ms, length_ms in sorted(loads, key=lambda each: each[1:]):
        sorted_by_start.draw(load, start_ms / 1e3, (start_ms + length_ms) / 1e3)
    for supply in (told, sorted_by_start):
        supply.draw(Load.SLEEP, end_s, end_s)
    assert told.voltage == pytest.approx(sorted_by_start.voltage, abs=1e-9)


def test_after_a_brown_out_the_chip_starts_when_the_voltage_is_back() -> None:
    supply = Supply(source(200, capacitance_uf=100))
    failed_s = supply.draw(Load.RADIO, 0.0, 1.0)
    assert failed_s is not None
    starts_s = supply.brown_out(failed_s)
    assert starts_s is not None
    assert failed_s < starts_s < failed_s + 0.05
    assert supply.voltage > START_V


def test_an_empty_cell_never_starts_again() -> None:
    supply = Supply(source(10, open_circuit_v=1.65))
    assert supply.brown_out(1.0) is None


def test_the_source_taken_away_and_brought_back_is_rested() -> None:
    supply = Supply(source(100))
    supply.draw(Load.RADIO, 0.0, 1.0)
    supply.interrupt(2.0)
    assert supply.voltage == 3.0


@pytest.mark.parametrize(
    ("used_mah", "resistance_ohm"), [(0, 10), (20, 18), (100, 19.2), (150, 20), (170, 30)]
)
def test_the_resistance_of_a_coin_cell(used_mah: float, resistance_ohm: float) -> None:
    """Section 4: 10 fresh, 18 to 20 flat to 150 mAh, 30 at 170 mAh."""
    cell = Source.coin_cell(currents=NRF52832, used_mah=used_mah)
    assert cell.resistance_ohm == pytest.approx(resistance_ohm, abs=0.1)


def test_a_coin_cell_is_weaker_when_empty_cold_or_badly_held() -> None:
    fresh = Source.coin_cell(currents=NRF52832)
    used = Source.coin_cell(currents=NRF52832, used_mah=172.5)
    assert fresh.open_circuit_v - used.open_circuit_v == pytest.approx(0.2)
    assert Source.coin_cell(currents=NRF52832, used_mah=230).open_circuit_v == 2.0
    assert Source.coin_cell(currents=NRF52832, used_mah=999).open_circuit_v == 2.0
    cold = Source.coin_cell(currents=NRF52832, temperature_c=-20)
    assert cold.resistance_ohm == pytest.approx(50)  # section 4: 50 to 100 ohms
    held = Source.coin_cell(currents=NRF52832, contact_ohm=15)
    assert held.resistance_ohm == fresh.resistance_ohm + 15


def test_a_load_breaks_the_film_on_a_cell() -> None:
    stored = Supply(source(20, passivation_ohm=100, capacitance_uf=10))
    stored.draw(Load.RADIO, 0.0, 0.1)
    first = stored.voltage
    for tenth in range(1, 300):
        stored.draw(Load.RADIO, tenth / 10, (tenth + 1) / 10)
    assert first < 2.0 < stored.voltage == pytest.approx(3.0 - 20 * 0.0092, abs=0.01)


@given(
    st.floats(0.1, 300),
    st.floats(1, 500),
    st.lists(st.tuples(st.sampled_from(list(Load)), st.floats(0, 0.2)), max_size=20),
)
def test_the_voltage_stays_between_the_source_and_its_sag(
    resistance_ohm: float, capacitance_uf: float, loads: list[tuple[Load, float]]
) -> None:
    supply = Supply(source(resistance_ohm, capacitance_uf=capacitance_uf))
    now_s = 0.0
    for load, duration_s in loads:
        failed_s = supply.draw(load, now_s, now_s + duration_s)
        if failed_s is not None:
            assert now_s <= failed_s <= now_s + duration_s
            return
        now_s += duration_s
        assert 3.0 - 0.0092 * resistance_ohm - 1e-9 <= supply.voltage <= 3.0
        assert supply.lowest <= supply.voltage + 1e-12


@given(st.floats(0.0001, 0.3), st.integers(1, 9))
def test_a_load_in_pieces_is_the_same_load(duration_s: float, pieces: int) -> None:
    whole, cut = Supply(source(100)), Supply(source(100))
    whole.draw(Load.RADIO, 0.0, duration_s)
    for index in range(pieces):
        start_s = duration_s * index / pieces
        cut.draw(Load.RADIO, start_s, duration_s * (index + 1) / pieces)
    assert cut.voltage == pytest.approx(whole.voltage, abs=1e-9)


def test_a_source_in_parallel_carries_what_its_own_does_not() -> None:
    currents = Currents.of(chip("nrf52832-512k"))
    supply = Supply(source(10.0))
    supply.not_carried = frozenset({Load.FLASH})
    assert supply.draw(Load.FLASH, 0.0, 0.1) == 0.0
    supply.brown_out(0.0)
    supply.feed_from(Source(currents=currents))
    assert not supply.is_own
    assert supply.draw(Load.FLASH, 1.0, 1.1) is None
    supply.feed_from(None)
    assert supply.is_own
    assert supply.draw(Load.FLASH, 2.0, 2.1) == 2.0


def test_the_lowest_voltage_is_that_since_it_is_measured() -> None:
    supply = Supply(source(10.0))
    supply.sag()
    assert supply.lowest == 0.0
    supply.measure_anew()
    assert supply.lowest == supply.voltage
