"""A bench supply that speaks SCPI, against instruments of pyvisa-sim."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from firmline.errors import Code, TransportError
from firmline.links.supplies import scpi
from firmline.links.supplies.base import Setting
from firmline.links.supplies.scpi import ScpiSupply
from unit.links.supplies.scpi_instrument import RESOURCE, Instrument

THREE = Setting(voltage_v=3.0)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scpi, "SETTLE_S", 0.05)
    monkeypatch.setattr(scpi, "LOOK_S", 0.01)


def supply(folder: Path, instrument: Instrument | None = None, **options: int) -> ScpiSupply:
    visa = (instrument or Instrument()).save(folder)
    return ScpiSupply(RESOURCE, visa=visa, **options)


def asked(one: ScpiSupply, question: str) -> str:
    return one._ask(question)


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


def test_what_was_found_on_is_left_on_at_its_voltage(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(is_on=True, voltage=3.3))
    one.open()
    one.apply(THREE)
    one.switch_off()
    assert one.close() == "ACME Instruments PS-100 is on at 3.3 V, as it was found."


def test_a_supply_at_its_current_limit_is_no_supply(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(measured="1.10", answers={"MEAS:CURR?": "0.0500"}))
    one.open()
    with pytest.raises(TransportError) as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_SHORT
    assert "gives 1.100 V and 50.0 mA where it was set to 3 V" in raised.value.message
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
    assert one.close().startswith("Careful: ACME Instruments PS-100 does not answer")


def test_an_output_that_does_not_switch_on_is_told(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(answers={"OUTP?": "0", "OUTP ON": ""}))
    one.open()
    with pytest.raises(TransportError, match="does not switch its output on"):
        one.apply(THREE)
    one.close()


def test_an_output_is_selected(tmp_path: Path) -> None:
    one = supply(tmp_path, Instrument(answers={"INST:NSEL 2": ""}), channel=2)
    one.open()
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
    assert one._resource is not None
    one._resource.close()
    with pytest.raises(TransportError) as raised:
        one.apply(THREE)
    assert raised.value.code is Code.SUPPLY_LOST
    assert "nobody knows in which state" in one.close()
