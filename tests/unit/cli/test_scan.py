"""``firmline scan``: who is listed, what is said of them, and every way to ask wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.device.description import gallery_text
from firmline.errors import Code, ExitCode
from unit.cli.program import Program, assert_failed, nobody_listens

AIR = "sim:ble-reference,no-application"


def test_everyone_in_an_air_is_listed(firmline: Program) -> None:
    ran = firmline("scan", "--on", AIR)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "C6:05:04:03:02:01   -50 dBm  ble-reference  another device, as far as it says\n"
        "C6:05:04:03:03:22   -50 dBm  DfuTarg  Secure DFU bootloader\n"
        "2 devices were heard in 5 s.\n"
    )


def test_who_connects_sees_the_buttonless_service(firmline: Program) -> None:
    ran = firmline("scan", "--on", AIR, "--connect")
    assert "ble-reference  application with the buttonless service\n" in ran.out


def test_the_result_line_has_everyone(firmline: Program) -> None:
    ran = firmline("scan", "--on", AIR, "--json", "--duration", "1", "--connect")
    assert (ran.code, ran.err) == (0, "")
    *sightings, result = ran.json_lines
    assert result["seconds"] == 1
    assert [(unit["address"], unit["kind"], unit["how"]) for unit in result["units"]] == [
        ("C6:05:04:03:02:01", "application", "services"),
        ("C6:05:04:03:03:22", "bootloader", "services"),
    ]
    assert all(unit["sightings"] > 10 for unit in result["units"])
    assert {line["type"] for line in sightings} == {"sighting"}
    assert len(sightings) == 4
    assert set(sightings[0]) == {"type", "address", "name", "kind", "how", "rssi_dbm", "problem"}


def test_a_legacy_bootloader_is_told_from_its_advertisement(
    firmline: Program, folder: Path
) -> None:
    text = gallery_text("legacy-bootloader")
    at = text.index("[softdevice]")
    (folder / "old.toml").write_text(f"{text[:at]}gpregret = 0xB1\n\n{text[at:]}", "utf-8")
    ran = firmline("scan", "--on", "sim:old.toml", "--json")
    (unit,) = ran.result["units"]
    assert (unit["kind"], unit["how"]) == ("legacy_dfu", "advertising")


def test_an_air_of_units_that_are_gone_is_empty(firmline: Program) -> None:
    ran = firmline("scan", "--on", "sim:ble-reference", "--duration", "0.01")
    assert (ran.code, ran.out) == (0, "Nobody was heard in 0.01 s.\n")


def test_the_scheme_may_come_from_the_environment(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_LINK", "sim")
    ran = firmline("scan", "--on", "ble-reference", "--json")
    assert len(ran.result["units"]) == 1


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("--on", "ble:C6:05:04:03:02:01"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "ble:?adapter=one"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "sim:"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "sim:ble-reference,"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", f"sim:{','.join(['x'] * 65)}"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "sim:nobody"), Code.TARGET_UNKNOWN_UNIT, ExitCode.INPUT),
        (("--on", "sim:ble-reference,ble-reference"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "sim:ble-reference,uart-reference"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "sim:ble-reference?speed=fast"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "nrfconn:COM3"), Code.PORT_NOT_FOUND, ExitCode.LINK),
        (("--on", "nrfconn:COM3/C6:05:04:03:02:01"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "nrfconn:COM3?baud=1"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "hci:pty"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", "hci:usb:0/C6:05:04:03:02:01"), Code.TARGET_MALFORMED, ExitCode.INPUT),
        (("--on", AIR, "--duration", "0"), Code.NUMBER_OUT_OF_RANGE, ExitCode.INPUT),
        (("--on", AIR, "--duration", "nan"), Code.NUMBER_MALFORMED, ExitCode.INPUT),
        (("--on", AIR, "--duration", "1e9"), Code.NUMBER_OUT_OF_RANGE, ExitCode.INPUT),
        (("--on", AIR, "--duration", "soon"), Code.NUMBER_MALFORMED, ExitCode.INPUT),
    ],
)
def test_what_cannot_be_scanned_is_refused(
    firmline: Program, words: tuple[str, ...], code: Code, exit_code: ExitCode
) -> None:
    assert_failed(firmline("scan", *words), code, exit_code)


def test_a_controller_that_nobody_serves_is_told(firmline: Program) -> None:
    with nobody_listens() as where:
        ran = firmline("scan", "--on", f"hci:tcp-client:{where}")
    assert_failed(ran, Code.CONTROLLER_NOT_FOUND, ExitCode.LINK)
