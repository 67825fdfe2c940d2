"""A bench supply that speaks SCPI, against instruments of pyvisa-sim."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code, TransportError
from firmline.links.supplies import scpi
from firmline.links.supplies.base import Limits, Setting
from firmline.links.supplies.scpi import ScpiSupply
from unit.links.supplies.scpi_instrument import RESOURCE, Instrument
from unit.links.supplies.virtual_scpi import NAME, Output, VirtualBench

THREE = Setting(voltage_v=3.0)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scpi, "SETTLE_S", 0.05)
    monkeypatch.setattr(scpi, "LOOK_S", 0.01)


def supply(folder: Path, instrument: Instrument | None = None) -> ScpiSupply:
    visa = (instrument or Instrument()).save(folder)
    return ScpiSupply(RESOURCE, visa=visa)


def asked(one: ScpiSupply, question: str) -> str:
    return one._talk.ask(question)


def test_it_says_who_it_is_and_switches_nothing(tmp_path: Path) -> None:
    one = supply(tmp_path)
    one.open()
    assert one.name == "ACME Instruments PS-100"
    assert (asked(one, "OUTP?"), float(asked(one, "VOLT?"))) == ("0", 5.0)
    assert one.close() == "ACME Instruments PS-100 is as it was found."


def test_a_voltage_is_set_read_back_and_measured(tmp_path: Path) -> None:
    one = supply(tmp_path)
    one.open()
    reading = one.apply(THREE)
    assert (reading.voltage_v, reading.current_a) == (2.998, 0.0042)
    assert (float(asked(one, "VOLT?")), float(asked(one, "CURR?"))) == (3.0, 0.05)
    assert asked(one, "OUTP?") == "ON"
    one.close()


def test_what_was_found_off_is_left_off(tmp_path: Path) -> None:
    one = supply(tmp_path)
    one.open()
    one.apply(THREE)
    assert one.close() == "ACME Instruments PS-100 is off, as it was found."
    assert one.close() == ""


def test_a_supply_at_its_current_limit_is_no_supply_and_is_off_at_once(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(measured="1.10", answers={"MEAS:CURR?": "0.0500"}))
    one.open()
    with pytest.raises(TransportError) as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_SHORT
    assert "gave 1.100 V and 50 mA where it was set to 3 V" in raised.value.message
    assert asked(one, "OUTP?") == "OFF"
    assert "is off" in one.close()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*IDN?", "hello"),
        ("OUTP?", "maybe"),
        ("VOLT?", "a lot"),
        ("VOLT?", "nan"),
        ("VOLT?", "9.9E37"),
    ],
)
def test_an_instrument_of_another_kind_is_refused_before_it_is_touched(
    tmp_path: Path, question: str, answer: str
) -> None:
    one = supply(tmp_path, Instrument(answers={question: answer}))
    with pytest.raises(TransportError) as raised:
        one.open()
    assert raised.value.code is Code.SUPPLY_NONSENSE
    assert answer in raised.value.message
    assert one.close() == ""


def test_a_setting_that_is_not_taken_is_told(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(answers={"VOLT?": "0.5", "VOLT 3.0000": ""}))
    one.open()
    with pytest.raises(TransportError, match=r"was told VOLT 3, and has 0\.5"):
        one.apply(THREE)
    one.close()


def test_a_command_that_is_not_understood_is_told(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(answers={"SYST:ERR?": '-113,"Undefined header"'}))
    one.open()
    with pytest.raises(TransportError, match="Undefined header") as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_REFUSED
    told = one.close()
    assert told.startswith("ACME Instruments PS-100 is off; it could not be left as it was found")
    assert "Undefined header" in told


def test_an_output_that_does_not_switch_on_is_told(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(answers={"OUTP?": "0", "OUTP ON": ""}))
    one.open()
    with pytest.raises(TransportError, match="does not switch its output on"):
        one.apply(THREE)
    one.close()


@pytest.mark.parametrize("resource", ["TCPIP::192.0.2.8::5025::SOCKET", "no resource at all"])
def test_one_that_is_not_there_is_not_found(tmp_path: Path, resource: str) -> None:
    one = ScpiSupply(resource, visa=Instrument().save(tmp_path))
    with pytest.raises(TransportError) as raised:
        one.open()
    assert raised.value.code is Code.SUPPLY_NOT_FOUND
    assert one.close() == ""


def test_a_library_that_is_not_there_is_told(tmp_path: Path) -> None:
    one = ScpiSupply(RESOURCE, visa=str(tmp_path / "nothing.so"))
    with pytest.raises(TransportError) as raised:
        one.open()
    assert raised.value.code is Code.SUPPLY_NOT_FOUND


def test_without_pyvisa_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvisa", None)
    with pytest.raises(TransportError) as raised:
        ScpiSupply(RESOURCE).open()
    assert raised.value.code is Code.LINK_EXTRA_MISSING
    assert "pip install 'firmline[supply]'" in raised.value.hint


def test_one_that_falls_silent_is_lost(tmp_path: Path) -> None:
    one = supply(tmp_path)
    one.open()
    one.apply(THREE)
    assert one._talk._resource is not None
    one._talk._resource.close()
    with pytest.raises(TransportError) as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_LOST
    assert "nobody knows in which state" in one.close()


# --- a supply that feeds something else, and one with several outputs ---------------------------


def bench(monkeypatch: pytest.MonkeyPatch, *outputs: Output, **more: Any) -> VirtualBench:
    return VirtualBench(outputs=list(outputs), **more).plugged_in(monkeypatch)


def test_what_was_found_on_is_left_on_at_its_voltage(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(volts=3.3, is_on=True, load_ohm=300)
    bench(monkeypatch, output)
    one = ScpiSupply(RESOURCE)
    one.open()
    one.apply(THREE)
    one.switch_off()
    assert one.close() == f"{NAME} is on at 3.3 V, as it was found."
    assert (output.is_on, output.volts, output.limit_a) == (True, 3.3, 1.0)


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (Output(volts=12, is_on=True, load_ohm=100), "12 V, and a unit may get 3.6 V"),
        (Output(volts=3.3, is_on=True, load_ohm=10), "330 mA at 3.3 V, and a unit may draw 50 mA"),
        (Output(volts=3.3, limit_a=0.01, is_on=True, load_ohm=1), "0.010 V where it is set to 3.3"),
    ],
)
def test_one_that_feeds_something_else_is_not_touched(
    monkeypatch: pytest.MonkeyPatch, output: Output, why: str
) -> None:
    instrument = bench(monkeypatch, output)
    before = replace(output)
    one = ScpiSupply(RESOURCE)
    with pytest.raises(TransportError) as raised:
        one.open()
    assert raised.value.code is Code.SUPPLY_IN_USE
    assert why in raised.value.message
    assert one.close() == ""
    assert replace(output, most_seen_v=0) == before
    assert all(command.endswith("?") for command in instrument.told)


def test_limits_of_a_board_with_a_regulator_count(monkeypatch: pytest.MonkeyPatch) -> None:
    bench(monkeypatch, Output(volts=5, is_on=True))
    one = ScpiSupply(RESOURCE, limits=Limits(most_v=5.5))
    one.open()
    assert one.close().endswith("is as it was found.")


def test_it_is_not_switched_on_again_into_a_short_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(volts=3.3, is_on=True)
    bench(monkeypatch, output)
    one = ScpiSupply(RESOURCE)
    one.open()
    output.load_ohm = 0.5
    with pytest.raises(TransportError) as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_SHORT
    assert not output.is_on
    assert "is off. It was found on at 3.3 V, and behind what went wrong" in one.close()
    assert (output.is_on, output.limit_a) == (False, 0.05)


def test_a_short_circuit_that_comes_behind_the_last_run_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = Output(volts=3.3, limit_a=0.5, is_on=True)
    bench(monkeypatch, output)
    one = ScpiSupply(RESOURCE)
    one.open()
    one.apply(THREE)
    output.load_ohm = 0.5
    told = one.close()
    assert "is off; it could not be left as it was found" in told
    assert not output.is_on


@pytest.mark.parametrize("happened", ["a short circuit", "a protection"])
def test_a_unit_that_is_not_fed_any_more_is_seen_behind_the_run(
    monkeypatch: pytest.MonkeyPatch, happened: str
) -> None:
    output = Output()
    bench(monkeypatch, output)
    one = ScpiSupply(RESOURCE)
    one.open()
    one.check_still_fed()  # nothing was switched on yet
    one.apply(THREE)
    one.check_still_fed()
    output.load_ohm, output.is_on = (0.5, True) if happened == "a short circuit" else (300, False)
    with pytest.raises(TransportError) as raised:
        one.check_still_fed()
    assert raised.value.code is Code.SUPPLY_SHORT
    assert not output.is_on


def test_errors_that_others_have_left_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    bench(monkeypatch, Output(), errors=['-222,"Data out of range"', '-113,"Undefined header"'])
    one = ScpiSupply(RESOURCE)
    one.open()
    assert one.apply(THREE).voltage_v == 3.0
    assert one.close().endswith("is off, as it was found.")


def test_one_of_several_outputs_is_used_and_the_others_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outputs = [Output(volts=12, is_on=True, load_ohm=100), Output(), Output(volts=5)]
    others = [replace(outputs[0]), replace(outputs[2])]
    instrument = bench(monkeypatch, *outputs, selected=3)
    one = ScpiSupply(RESOURCE, channel=2)
    one.open()
    assert one.name == f"{NAME} output 2"
    one.apply(THREE)
    instrument.selected = 1  # somebody turns to another one at the front panel
    one.apply(Setting(voltage_v=2.5))
    instrument.selected = 1
    one.check_still_fed()
    instrument.selected = 1
    assert one.close() == f"{NAME} output 2 is off, as it was found."
    assert [replace(outputs[0], most_seen_v=0), outputs[2]] == [others[0], others[1]]
    assert (outputs[1].is_on, outputs[1].volts, instrument.selected) == (False, 2.5, 3)


def test_an_output_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output()
    bench(monkeypatch, output)
    one = ScpiSupply(RESOURCE, channel=4)
    with pytest.raises(TransportError, match="does not take 'INST:NSEL 4'"):
        one.open()
    assert output == Output()


# --- what breaks an exchange off ----------------------------------------------------------------


def session(one: ScpiSupply) -> str:
    """An experiment in short, as the command carries it out."""
    try:
        one.open()
        for volts in (3.0, 2.5):
            one.apply(Setting(voltage_v=volts))
            one.check_still_fed()
        one.switch_off()
        one.apply(THREE)
    except KeyboardInterrupt:
        pass
    return one.close()


def exchanges(monkeypatch: pytest.MonkeyPatch, output: Output) -> int:
    instrument = bench(monkeypatch, replace(output))
    session(ScpiSupply(RESOURCE))
    return instrument.exchanges


@pytest.mark.parametrize("cuts_writes", [False, True])
@pytest.mark.parametrize("found", [Output(), Output(volts=3.3, is_on=True)])
def test_control_c_in_any_exchange_leaves_a_safe_state_that_is_told(
    monkeypatch: pytest.MonkeyPatch, found: Output, cuts_writes: bool
) -> None:
    """Also where half of a command is out, or an answer is still on its way."""
    for place in range(1, exchanges(monkeypatch, found) + 1):
        output = replace(found, load_ohm=300)
        bench(monkeypatch, output, interrupt_at=place, cuts_writes=cuts_writes)
        one = ScpiSupply(RESOURCE)
        try:
            told = session(one)
        except KeyboardInterrupt:  # it came in close(): off, with nobody to tell it to
            assert not output.is_on
            continue
        assert not told or "as it was found" in told
        assert output.is_on is found.is_on
        assert output.volts == found.volts or not output.is_on
        assert output.most_seen_v <= 3.3


def test_an_answer_that_comes_too_late_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = Output()
    for place in range(8, exchanges(monkeypatch, output)):
        output = Output()
        bench(monkeypatch, output, timeouts_at=(place,))
        one = ScpiSupply(RESOURCE)
        with suppress(TransportError):
            session(one)
        told = one.close()
        assert "Careful" not in told
        assert not output.is_on


def test_one_that_falls_silent_for_good_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    instrument = bench(monkeypatch, Output())
    one = ScpiSupply(RESOURCE)
    one.open()
    one.apply(THREE)
    instrument.is_deaf = True
    told = one.close()
    assert told.startswith(f"Careful: nobody knows in which state {NAME} is")
    assert "switch it off by hand" in told
