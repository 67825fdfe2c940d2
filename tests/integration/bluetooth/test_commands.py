"""scan, inspect, update and dfu ble as commands, over the public Bleak API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bleak
import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from bumble.device import Device

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, ExitCode
from firmline.formats.package import write_package
from firmline.links import air
from firmline.links import open_many as opening
from firmline.links.bluetooth.stack import Stack, System
from firmline.links.virtual_radio import open_virtual_radio
from integration.bluetooth.bleak_over_bumble import Computer, identifier
from unit.cli.program import Program, alone_in, assert_failed, program_in_process
from unit.device.makers import ADDRESS, describe, enter_bootloader
from unit.updater.fakes import package

ZIP = "update.zip"


class ThisComputer(Computer):
    """The computer that firmline believes to run on: Bleak itself finds these backends.

    A command has an event loop of its own; so has the radio then.
    """

    def __init__(self, *descriptions: UnitDescription) -> None:
        super().__init__(radio=None)  # type: ignore[arg-type]
        self.units: list[VirtualUnit] = [fabricate(each) for each in descriptions]
        self.in_bootloader = False

    async def switch_on(self) -> Device:
        if self.device is None:
            self.radio = open_virtual_radio()
            for unit in self.units:
                if unit.mode is None:
                    unit.power_on(now_s=self.radio.now_s())
                if self.in_bootloader:
                    enter_bootloader(unit, now_s=self.radio.now_s())
                self.radio.add_unit(unit)
        return await super().switch_on()

    def restarted(self) -> None:
        """The next command begins."""
        self.device = None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ZIP).write_bytes(write_package(package()))
    return alone_in(tmp_path, monkeypatch)


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> ThisComputer:
    computer = ThisComputer(describe(size=4_000))
    stack = computer.stack
    for kind in ("scanner", "client", "adapter"):
        backend = getattr(stack, kind)
        name = f"get_platform_{kind}_backend_type"
        monkeypatch.setattr(bleak, name, lambda backend=backend: (backend, "virtual"))
    for room in (opening, air):
        monkeypatch.setattr(room, "this_stack", lambda: Stack(system=computer.system))
    return computer


@pytest.fixture
def firmline(folder: Path, capsys: pytest.CaptureFixture[str], computer: ThisComputer) -> Program:
    _ = folder
    run = program_in_process(capsys)

    def call(*words: str) -> Any:
        computer.restarted()
        return run(*words)

    return call


@pytest.mark.slow
def test_a_scan_listens_with_the_computers_bluetooth(firmline: Program) -> None:
    ran = firmline("scan", "--duration", "0.3")
    assert ran.code == ExitCode.DONE
    row, summary = ran.out.splitlines()
    assert row.startswith(f"{ADDRESS}  ")
    assert "bench-unit" in row
    assert summary == "One device was heard in 0.3 s."


@pytest.mark.slow
def test_a_scan_connects_and_tells_what_it_found_as_json(firmline: Program) -> None:
    ran = firmline("scan", "--on", "ble", "--duration", "0.3", "--connect", "--json")
    (unit,) = ran.result["units"]
    assert (unit["kind"], unit["how"]) == ("application", "services")
    assert unit["address"] == str(ADDRESS)


@pytest.mark.slow
def test_on_macos_a_scan_lists_what_the_system_calls_them(
    firmline: Program, computer: ThisComputer
) -> None:
    computer.system = System.CORE_BLUETOOTH
    assert firmline("scan", "--duration", "0.3").out.startswith(f"{identifier(ADDRESS)}  ")


def test_inspect_reads_a_unit_where_it_is(firmline: Program) -> None:
    ran = firmline("inspect", f"ble:{ADDRESS}", "--json")
    assert ran.code == ExitCode.DONE, ran.err
    facts = {fact["fact"]: fact["value"] for fact in ran.result["facts"]}
    assert facts["address"] == str(ADDRESS)
    assert facts["dfu_service"] == "buttonless"
    assert "softdevice_fwid" not in facts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "target"),
    [
        (System.BLUEZ, f"ble:{ADDRESS}"),
        (System.BLUEZ, f"ble:{ADDRESS}?adapter=hci1"),
        (System.WINRT, "ble:name=bench-unit"),
        (System.CORE_BLUETOOTH, f"ble:{identifier(ADDRESS)}"),
    ],
)
def test_update_over_the_computers_bluetooth(
    firmline: Program, computer: ThisComputer, system: System, target: str, folder: Path
) -> None:
    computer.system = system
    ran = firmline("update", ZIP, "--to", target, "--trace", "trace.jsonl")
    assert ran.code == ExitCode.DONE, ran.err
    assert "new application seen running." in ran.out
    trace = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    assert trace[-1]["outcome"] == "updated"
    adapters = {kwargs["bluez"].get("adapter") for kwargs in computer.arguments}
    assert adapters == {"hci1" if "hci1" in target else None}


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("-a", str(ADDRESS)),
        ("-a", str(ADDRESS).replace(":", "").lower()),
        ("-n", "bench-unit"),
    ],
    ids=["address", "digits", "name"],
)
def test_dfu_ble_needs_no_dongle(firmline: Program, words: tuple[str, ...]) -> None:
    ran = firmline("dfu", "ble", "-ic", "NRF52", "-p", "COM3", "-pkg", ZIP, *words)
    assert ran.code == ExitCode.DONE, ran.err
    (note,) = [line for line in ran.err.splitlines() if line.startswith("note:")]
    assert note.startswith("note: -ic, -p: ")
    assert "--adapter" in note


@pytest.mark.slow
def test_dfu_ble_says_what_it_does_not_do(firmline: Program) -> None:
    words = ("-a", str(ADDRESS), "-cd", "3", "-mtu", "247", "-snr", "683", "-f")
    ran = firmline("dfu", "ble", "-pkg", ZIP, *words)
    assert ran.code == ExitCode.DONE, ran.err
    notes = [line.split()[1] for line in ran.err.splitlines() if line.startswith("note:")]
    assert notes == ["-cd", "-snr,", "-mtu"]


@pytest.mark.slow
def test_dfu_ble_without_a_unit_takes_the_one_that_waits_in_its_bootloader(
    firmline: Program, computer: ThisComputer
) -> None:
    computer.in_bootloader = True
    ran = firmline("dfu", "ble", "-pkg", ZIP, "--json")
    # It said nothing of itself before, so that nothing shows what runs now.
    assert ran.result["code"] == Code.NEW_APPLICATION_NOT_SEEN
    assert computer.units[0].firmware_revision is not None
    assert computer.units[0].firmware_revision.startswith("4+")


def test_a_name_and_an_address_are_too_much(firmline: Program) -> None:
    ran = firmline("dfu", "ble", "-pkg", ZIP, "-a", str(ADDRESS), "-n", "bench-unit")
    assert_failed(ran, Code.OPTION_CONFLICT)


@pytest.mark.parametrize(
    "words",
    [
        ("scan",),
        ("inspect", f"ble:{ADDRESS}"),
        ("update", ZIP, "--to", f"ble:{ADDRESS}"),
        ("dfu", "ble", "-pkg", ZIP, "-a", str(ADDRESS)),
    ],
    ids=lambda words: words[0],
)
def test_bluetooth_that_is_off_is_told_with_what_to_do(
    firmline: Program, computer: ThisComputer, words: tuple[str, ...]
) -> None:
    computer.trouble["scanner start"] = BleakBluetoothNotAvailableError(
        "No powered Bluetooth adapters found.", BleakBluetoothNotAvailableReason.POWERED_OFF
    )
    ran = firmline(*words)
    assert_failed(ran, Code.BLUETOOTH_OFF, ExitCode.LINK)
    assert "bluetoothctl power on" in ran.err


@pytest.mark.parametrize(
    "words",
    [("scan",), ("inspect", f"ble:{ADDRESS}"), ("update", ZIP, "--to", f"ble:{ADDRESS}")],
    ids=lambda words: words[0],
)
def test_without_bleak_the_command_that_installs_it_is_told(
    firmline: Program, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.links.bluetooth.find_spec", lambda _name: None)
    ran = firmline(*words)
    assert_failed(ran, Code.LINK_EXTRA_MISSING, ExitCode.LINK)
    assert "pip install 'firmline[ble]'" in ran.err
