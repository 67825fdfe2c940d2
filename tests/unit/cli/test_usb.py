"""USB at the command line: what is plugged in is virtual, everything else is the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.cli import scan_usb
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate
from firmline.errors import Code, ExitCode, TransportError
from firmline.formats.package import write_package
from firmline.links import open_many as door
from firmline.links.usb import host_bus
from firmline.links.usb.problems import library_missing
from firmline.protocol.usb_trigger import TriggerRequest
from integration.story import package
from integration.usb.bus import Bus, plugged
from unit.cli.program import Program, assert_failed

Plug = Callable[..., None]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Puts units on the computer's bus; they take no time."""

    def plug_in(
        *descriptions: UnitDescription, prepare: Callable[[Bus], None] = lambda _bus: None
    ) -> None:
        units = [fabricate(each, greets=True) for each in descriptions]

        def bus() -> Bus:
            made = Bus(units)
            made.change = lambda device: replace(device, port=f"/dev/tty{device.place}")
            prepare(made)
            return made

        for module in (door, scan_usb, host_bus):
            monkeypatch.setattr(module, "HostBus", bus)

    return plug_in


@pytest.fixture
def dfu_zip(folder: Path) -> str:
    (folder / "app.zip").write_bytes(write_package(package()))
    return "app.zip"


def test_a_unit_is_updated_by_its_serial_number(
    firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    plug(plugged(), plugged("FL-0002"))
    ran = firmline("update", dfu_zip, "--to", "usb:fl-0001")
    assert (ran.code, ran.err) == (0, "")
    assert "runs       virtual-application 3.0.0+" in ran.out
    assert "restarts   into its bootloader, as FL-0001" in ran.out
    assert "opened     sim:bench-unit\n" in ran.out
    assert "runs       virtual-application 4.0.0+" in ran.out
    assert ran.out.rstrip().endswith("new application seen running.")


def test_usb_alone_is_the_one_unit_there_is(firmline: Program, plug: Plug, dfu_zip: str) -> None:
    plug(plugged())
    assert firmline("update", dfu_zip, "--to", "usb:").code == 0


def test_usb_alone_is_nobody_where_there_are_several(
    firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    plug(plugged(), plugged("FL-0002"))
    ran = firmline("update", dfu_zip, "--to", "usb:", "--trace", "t.jsonl")
    assert_failed(ran, Code.USB_NOT_UNIQUE, ExitCode.LINK)
    assert "FL-0002 (1915:520F at /dev/tty1-2)" in ran.err
    assert Code.USB_NOT_UNIQUE in Path("t.jsonl").read_text("utf-8")


@pytest.mark.parametrize(
    "words", [("-snr", "FL-0001"), ("-p", "/dev/tty1-1"), ("-p", "/DEV/TTY1-1")]
)
def test_nrfutils_words_name_the_unit(
    words: tuple[str, ...], firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    plug(plugged(), plugged("FL-0002"))
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip, *words, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.result["outcome"] == "updated"


def test_what_nrfutil_waits_for_is_said_not_to_be(
    firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    plug(plugged())
    options = ("-cd", "3", "-fc", "1", "-b", "115200", "-prn", "4", "-t", "9", "-v")
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip, *options)
    assert ran.code == 0
    assert "note: -cd is not waited for" in ran.err
    assert "note: -fc, -b: of no use" in ran.err


def test_a_unit_in_its_bootloader_is_unverified_without_a_word_of_the_user(
    firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    waiting = plugged(gpregret=GPREGRET_ENTER_DFU)
    plug(waiting)
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip)
    assert_failed(ran, Code.NEW_APPLICATION_NOT_SEEN, ExitCode.UNVERIFIED)
    plug(waiting)
    assert firmline("dfu", "usb-serial", "-pkg", dfu_zip, "--expect", "4.0.0").code == 0


def test_a_port_and_a_serial_number_are_one_too_many(firmline: Program, dfu_zip: str) -> None:
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip, "-p", "COM3", "-snr", "A")
    assert_failed(ran, Code.OPTION_CONFLICT)


def test_a_port_that_is_not_of_usb_is_told(firmline: Program, plug: Plug, dfu_zip: str) -> None:
    plug(plugged())
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip, "-p", "/dev/ttyS0")
    assert_failed(ran, Code.PORT_NOT_FOUND, ExitCode.LINK)
    assert "firmline dfu serial" in ran.err


def test_a_port_without_a_serial_number_cannot_be_followed(
    firmline: Program, plug: Plug, dfu_zip: str
) -> None:
    plug(plugged(""))
    ran = firmline("dfu", "usb-serial", "-pkg", dfu_zip, "-p", "/dev/tty1-1")
    assert_failed(ran, Code.USB_NOT_UNIQUE, ExitCode.LINK)


# The list.


def test_a_scan_lists_serial_numbers_and_ports(firmline: Program, plug: Plug) -> None:
    plug(plugged(), plugged("FL-0002", gpregret=GPREGRET_ENTER_DFU))
    ran = firmline("scan", "--on", "usb")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "FL-0001  /dev/tty1-1  1915:520F  application that can be asked into its bootloader\n"
        "FL-0002  /dev/tty1-2  1915:521F  Nordic's USB bootloader\n"
        "2 USB devices are plugged in.\n"
    )


def test_who_connects_is_told_versions(firmline: Program, plug: Plug) -> None:
    plug(plugged())
    ran = firmline("scan", "--on", "usb:", "--connect", "--json")
    (unit,) = ran.result["units"]
    assert set(unit) == {
        "serial_number", "kind", "usb_id", "port", "product", "version", "problem",
    }  # fmt: skip
    assert unit["version"].startswith("virtual-application 3.0.0+")
    assert (ran.result["code"], ran.result["message"]) == ("", "")


def test_what_cannot_be_asked_is_listed_with_the_reason(firmline: Program, plug: Plug) -> None:
    def forbid(bus: Bus) -> None:
        bus.fails[TriggerRequest.VERSION_STRING] = TransportError(
            Code.USB_FORBIDDEN, "You may not.", reason=library_missing().reason
        )

    plug(plugged(), prepare=forbid)
    assert "; You may not.\n" in firmline("scan", "--on", "usb", "--connect").out


def test_two_with_one_serial_number_are_marked(firmline: Program, plug: Plug) -> None:
    plug(plugged(), plugged())
    out = firmline("scan", "--on", "usb").out
    assert out.count("; 2 devices have this serial number\n") == 2


def test_without_libusb_the_list_says_what_it_could_not_see(firmline: Program, plug: Plug) -> None:
    def without(bus: Bus) -> None:
        bus.problem = library_missing("linux")
        bus.change = lambda device: replace(device, trigger=None)

    plug(plugged(), prepare=without)
    ran = firmline("scan", "--on", "usb")
    assert ran.code == 0
    assert "another device, or an application that cannot be asked\n" in ran.out
    assert "One USB device is plugged in." in ran.out
    assert "sudo apt-get install libusb-1.0-0" in ran.err
    told = firmline("scan", "--on", "usb", "--json").result
    assert told["code"] == Code.USB_LIBRARY_MISSING


@pytest.mark.parametrize("target", ["usb:FL-0001", "usb:?baud=1"])
def test_a_scan_that_names_a_unit_is_refused(target: str, firmline: Program) -> None:
    assert_failed(firmline("scan", "--on", target), Code.TARGET_MALFORMED)


def test_a_bus_without_anything_is_empty(firmline: Program, plug: Plug) -> None:
    plug()
    ran: Any = firmline("scan", "--on", "usb")
    assert ran.out == "No USB device with a port or a DFU trigger is plugged in.\n"
