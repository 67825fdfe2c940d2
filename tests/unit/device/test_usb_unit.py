"""A unit with USB from inside: what its trigger interface does, and who hears its greeting."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.fabrication import fabricate
from firmline.device.radio_face import Notify, Restarted
from firmline.device.serial_port import SerialPort
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.usb_trigger import TriggerRequest, decode_version
from integration.usb.bus import SERIAL, plugged


def unit(*, greets: bool = True, **changes: Any) -> VirtualUnit:
    made = fabricate(plugged(**changes), greets=greets)
    made.power_on(now_s=0)
    made.take_outputs()
    return made


def test_it_says_its_version_and_stays() -> None:
    mine = unit()
    said = mine.usb_request(TriggerRequest.VERSION_STRING, now_s=1)
    assert said is not None
    revision = (mine.firmware_revision or "").split("+")[1]
    assert decode_version(said) == f"virtual-application 3.0.0+{revision}"
    assert (mine.mode, mine.serial_number) == (UnitMode.APPLICATION, SERIAL)


def test_it_detaches_into_its_bootloader_without_an_answer() -> None:
    mine = unit()
    assert mine.usb_request(TriggerRequest.DETACH, now_s=1) is None
    assert mine.mode is UnitMode.BOOTLOADER
    assert [type(each) for each in mine.take_outputs()] == [Restarted]


def test_it_has_no_numbers_to_give() -> None:
    assert unit().usb_request(TriggerRequest.FIRMWARE_INFO, now_s=1) is None


@pytest.mark.parametrize("request_", list(TriggerRequest))
@pytest.mark.parametrize(
    "changes", [{"gpregret": GPREGRET_ENTER_DFU}, {"application_dfu": ApplicationDfu.NONE}]
)
def test_nobody_else_has_the_interface(request_: TriggerRequest, changes: dict[str, Any]) -> None:
    mine = unit(**changes)
    mode = mine.mode
    assert mine.usb_request(request_, now_s=1) is None
    assert mine.mode is mode


def test_who_opens_the_port_is_greeted() -> None:
    mine = unit()
    mine.port_opened(now_s=1)
    (greeting,) = mine.take_outputs()
    assert isinstance(greeting, Notify)
    assert greeting.data.startswith(b"firmline virtual application 3+")
    silent = unit(greets=False)
    silent.port_opened(now_s=1)
    assert silent.take_outputs() == []


def test_its_port_counts_its_restarts() -> None:
    mine = unit()
    port = SerialPort(mine, baud=None)
    assert port.restarts == 0
    mine.usb_request(TriggerRequest.DETACH, now_s=1)
    port.take(now_s=1)
    assert port.restarts == 1
