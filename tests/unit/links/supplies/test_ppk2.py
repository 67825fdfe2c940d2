"""A Power Profiler Kit II, against a virtual one at a pseudo-terminal."""

from __future__ import annotations

import sys

import pytest

from firmline.errors import Code, TransportError
from firmline.links.supplies import ppk2
from firmline.links.supplies.base import Setting
from firmline.links.supplies.ppk2 import Ppk2Supply
from unit.links.supplies.virtual_ppk2 import metadata, virtual_ppk2

THREE = Setting(voltage_v=3.0)


def radio(sample: int) -> float:
    """3 uA, and every 20 ms a radio event of 1 ms at 8 mA."""
    return 0.008 if sample % 2000 < 100 else 3e-6


def record(one: Ppk2Supply, *, seconds: float) -> None:
    """Wait until so many seconds of samples have come, however busy this computer is."""
    assert one._reader is not None
    one._reader.wait_for(round(seconds * 400_000))


def test_it_is_found_by_its_calibration_and_nothing_is_switched() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        assert instrument.commands == [ppk2.STOP, ppk2.METADATA]
        assert one.close() == ""
        assert instrument.commands == [ppk2.STOP, ppk2.METADATA]


@pytest.mark.slow
def test_it_feeds_the_unit() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        reading = one.apply(Setting(voltage_v=2.345))
        assert (instrument.mode, instrument.voltage_v, instrument.is_on) == (2, 2.345, True)
        assert reading.current_a == pytest.approx(0.004, rel=0.01)
        one.close()


@pytest.mark.slow
def test_the_voltage_is_set_before_it_is_switched_on() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.apply(THREE)
        switched = [each[:1] for each in instrument.commands if each[:1] in b"\x11\x0d\x0c"]
        assert switched == [ppk2.MODE, ppk2.VOLTAGE, ppk2.POWER]
        one.close()


@pytest.mark.slow
def test_it_is_off_at_the_end() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.apply(THREE)
        told = one.close()
        assert instrument.is_off_soon()
        assert told.endswith("is off: the unit has no power.")
        assert one.close() == ""


@pytest.mark.slow
def test_a_current_is_recorded_with_its_peaks() -> None:
    with virtual_ppk2(radio) as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.apply(THREE)
        one.begin_trace()
        record(one, seconds=0.3)
        trace = one.end_trace()
        one.close()
    assert trace is not None
    summary = trace.summary()
    assert summary is not None
    assert summary.most_a == pytest.approx(0.008, rel=0.02)
    assert summary.least_a == pytest.approx(3e-6, rel=0.05)
    assert summary.mean_a == pytest.approx(0.0004, rel=0.3)
    assert summary.lost_samples == 0
    assert summary.charge_c == pytest.approx(summary.mean_a * summary.duration_s)
    assert 0.3 <= summary.duration_s < 5


@pytest.mark.slow
def test_samples_that_are_lost_are_counted() -> None:
    with virtual_ppk2(loses=4) as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.apply(THREE)
        one.begin_trace()
        record(one, seconds=0.2)
        trace = one.end_trace()
        one.close()
    assert trace is not None
    assert trace.lost_samples >= 7
    assert trace.lost_samples % 7 == 0


@pytest.mark.slow
def test_a_short_circuit_is_switched_off_at_once() -> None:
    with virtual_ppk2(lambda _sample: 0.2) as instrument:
        one = Ppk2Supply(instrument.port, limit_a=0.05)
        one.open()
        with pytest.raises(TransportError) as raised:
            one.apply(THREE)
        assert instrument.is_off_soon()
        one.close()
    assert raised.value.code is Code.SUPPLY_SHORT
    assert "mA at 3 V, which is more than 50 mA" in raised.value.message


@pytest.mark.slow
def test_a_short_circuit_in_the_middle_of_a_run_is_switched_off_at_once_and_told() -> None:
    now_a, warned = [0.004], list[str]()
    with virtual_ppk2(lambda _sample: now_a[0]) as instrument:
        one = Ppk2Supply(instrument.port, limit_a=0.05, warn=warned.append)
        one.open()
        one.apply(THREE)
        one.begin_trace()
        record(one, seconds=0.05)
        now_a[0] = 0.3
        assert instrument.is_off_soon()  # while the run goes on
        trace = one.end_trace()
        assert trace is not None
        summary = trace.summary()
        with pytest.raises(TransportError) as raised:
            one.check_still_fed()
        one.check_still_fed()  # it is told once
        assert one.close().endswith("is off: the unit has no power.")
    assert raised.value.code is Code.SUPPLY_SHORT
    assert warned == [raised.value.message]
    assert "mA at 3 V, which is more than 50 mA, and was switched off" in warned[0]
    assert summary is not None
    assert summary.most_a == pytest.approx(0.3, rel=0.02)


@pytest.mark.slow
def test_a_peak_that_is_above_the_limit_for_a_moment_is_no_short_circuit() -> None:
    """A burst of 2 ms every 20 ms: 12 mA in the mean."""
    warned = list[str]()
    with virtual_ppk2(lambda sample: 0.12 if sample % 2000 < 200 else 1e-5) as instrument:
        one = Ppk2Supply(instrument.port, limit_a=0.05, warn=warned.append)
        one.open()
        one.apply(THREE)
        one.begin_trace()
        record(one, seconds=0.2)
        assert one.end_trace() is not None
        one.check_still_fed()
        assert instrument.is_on
        one.close()
    assert warned == []


@pytest.mark.slow
@pytest.mark.parametrize("says", [b"", b"login: ", metadata().encode()[:60], b"END\n", bytes(99)])
def test_what_is_no_ppk2_is_refused(monkeypatch: pytest.MonkeyPatch, says: bytes) -> None:
    monkeypatch.setattr(ppk2, "ANSWER_S", 0.3)
    with virtual_ppk2(says=says) as instrument:
        one = Ppk2Supply(instrument.port)
        with pytest.raises(TransportError) as raised:
            one.open()
        assert raised.value.code is Code.SUPPLY_NONSENSE
        assert "does not answer as a PPK2 does" in raised.value.message
        assert one.close() == ""
        assert not instrument.is_on


def test_one_that_is_not_there_is_not_found() -> None:
    with pytest.raises(TransportError) as raised:
        Ppk2Supply("/dev/nowhere").open()
    assert raised.value.code is Code.PORT_NOT_FOUND


@pytest.mark.slow
def test_one_that_is_unplugged_is_lost_and_that_is_told() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.apply(THREE)
        one.begin_trace()
        instrument.unplug()
        with pytest.raises(TransportError) as raised:
            one.end_trace()
        assert raised.value.code is Code.SUPPLY_LOST
        assert "nobody knows whether it feeds the unit" in one.close()


def test_without_pyserial_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(TransportError) as raised:
        Ppk2Supply("/dev/nowhere").open()
    assert raised.value.code is Code.LINK_EXTRA_MISSING
    assert "firmline[supply]" in raised.value.hint


def test_what_it_records_nothing_of_is_none() -> None:
    with virtual_ppk2() as instrument:
        one = Ppk2Supply(instrument.port)
        one.open()
        one.begin_trace()  # off: there is nothing to record
        assert one.end_trace() is None
        one.close()
