"""Logs of pc-nrfutil: what it prints, and its log with ``-v``; over serial, USB and a radio board.

Formats: https://devzone.nordicsemi.com/f/nordic-q-a/98852 (default output), /61776 and /70378, the
issues 25, 91 and 353 of https://github.com/NordicSemiconductor/pc-nrfutil, and what version 6.1.7
printed when it was run for this project (``../shared/spec/nrfutil-peer.md``). Frames: bootloader
spec, section 2.1.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.answers import SECURE, of_bytes, refused
from firmline.diagnosis.logs.signs import Sign, Told, Tool, begins, fails, reads, succeeds, tells

RESULTS: Final = {
    "NotSupported": 0x02,
    "InvalidParameter": 0x03,
    "InsufficientResources": 0x04,
    "InvalidObject": 0x05,
    "InvalidSignature": 0x06,
    "UnsupportedType": 0x07,
    "OperationNotPermitted": 0x08,
    "OperationFailed": 0x0A,
}
"""Result codes as it spells them."""
_LAST: Final = 63
"""Bytes of an answer that are looked at; the longest has 15."""
STEPS: Final = {
    (0x09,): "connect_bootloader",
    (0x02,): "connect_bootloader",
    (0x06, 0x01): "init_transfer",
    (0x01, 0x01): "init_transfer",
    (0x06, 0x02): "data_transfer",
    (0x01, 0x02): "data_transfer",
}
"""Which step a request begins, by its first bytes: ping, PRN, select and create of either type."""


def _sent(found: re.Match[str]) -> Told | None:
    """A frame to the unit."""
    first = tuple(int(each) for each in found[1].split(",")[:2])
    if first == _EXECUTE:
        return Told(executes=True)
    phase = STEPS.get(first[:1]) or STEPS.get(first)
    return Told(phase=phase) if phase else None


def _received(found: re.Match[str]) -> Told | None:
    """A frame of the unit's; an answer to ping that is an error says that it is there."""
    values = [int(each) for each in found[1].split(",")[:_LAST]]
    if any(each > 255 for each in values) or values[1:2] == [0x09]:
        return None
    return of_bytes(bytes(values))


def _result(found: re.Match[str]) -> Told:
    code = RESULTS.get(found[1])
    if code is None:
        return Told(fault="error_code", values=(("result_code", "refused"),))
    return refused(SECURE, code)


def _extended(found: re.Match[str]) -> Told:
    return refused(SECURE, 0x0B, int(found[1], 16))


def _streamed(found: re.Match[str]) -> Told | None:
    """Data are sent behind what the unit has confirmed; what begins at 0 has confirmed nothing."""
    offset = int(found[1])
    return Told(offset=offset) if offset else None


def _percent(found: re.Match[str]) -> Told | None:
    percent = int(found[1])
    if not 0 < percent <= 100:
        return None
    return Told(percent=percent, reached="data_transfer")  # it counts the bytes of the image


_NO_PING: Final = (("host_code", "no_ping"),)
_NO_ACKNOWLEDGE: Final = (("host_code", "ack_timeout"),)
_BUILD: Final = Told(phase="package_build", values=(("host_tool", "nrfutil_build"),))
_BOARD: Final = Told(phase="host_open", fault="timeout", values=(("host_code", "nrfutil_13"),))
_EXCEPTION: Final = re.compile(r"(?:^|\s)(?:\w{1,40}\.){0,8}\w{0,40}(?:Error|Exception)(?::|$)")
"""The last line of a traceback, and the first of a complaint about the command line. What the table
knows of such a line comes before."""
_EXECUTE: Final = (4,)
"""The request that executes an object."""
_SIGNS: Final[tuple[Sign, ...]] = (
    reads("nrfutil", r"nrfutil(?:\.exe)? (?:-\S{1,9} ){0,4}(pkg|keys|settings) ", lambda _: _BUILD),
    *tells("transport", "usb", "dfu usb-serial", "dfu usb_serial"),
    *tells("transport", "uart", "dfu serial", "Upgrading target on"),
    *tells("host_tool", "adafruit_nrfutil", "adafruit-nrfutil", "Touch disabled", "Touch enabled"),
    *tells("bootloader", "legacy", "Upgrading target on"),
    *begins("init_transfer", "Upgrading target on"),
    *tells("transport", "ble", "dfu ble", "BLE: ", "dfu_transport_ble"),
    *tells("host_tool", "desktop_dongle", "dfu ble", "BLE: ", "dfu_transport_ble"),
    *tells("host_tool", "nrfutil_serial", "dfu serial", "dfu usb", "Serial: ", "transport_serial"),
    *tells("bootloader", "secure", "send_init_packet", "SLIP: -->", "Selecting Object"),
    *begins("host_open", "Using connectivity board", "Please select connectivity"),
    *begins("find_bootloader", "for device to enter bootloader"),
    *begins("scan", "BLE: Scanning", "Scanning for "),
    *begins("connect", "BLE: Connecting to "),
    *begins("connect_bootloader", "Set Packet Receipt Notification"),
    *begins("connect_bootloader", "self.dfu_transport.open()"),
    Sign(word=", in __execute", told=Told(executes=True)),
    *begins(
        "init_transfer", ", in send_init_packet", "Sending init packet", "Selecting Object: type:1"
    ),
    *begins(
        "data_transfer", ", in send_firmware", "Sending firmware file", "Selecting Object: type:2"
    ),
    reads("SLIP: -->", r"SLIP: --> ?\[(\d{1,3}(?:, \d{1,3}){0,9})", _sent),
    reads("SLIP: <--", r"SLIP: <-- ?\[(\d{1,3}(?:, \d{1,3}){2,63})", _received),
    reads("Streaming Data", r"Streaming Data: ?len: ?\d{1,9} offset: ?(\d{1,9})\b", _streamed),
    reads("%", r"[\[#-]\] {0,4}(\d{1,3})%", _percent),
    reads("Response Code", r"Response Code ([A-Za-z]{1,40})", _result),
    reads("Extended Error", r"Extended Error 0x([0-9A-Fa-f]{2})\b", _extended),
    *fails("timeout", "No ping response", phase="connect_bootloader", values=_NO_PING),
    *fails("timeout", "waiting for acknowledgement", values=_NO_ACKNOWLEDGE),
    *fails("timeout", "No data received on serial port", values=_NO_ACKNOWLEDGE),
    *fails("timeout", "Did not receive checksum response", "Timeout: operation"),
    *fails("timeout", "cannot convert 'NoneType' object to byte"),
    *fails("crc_mismatch", "Failed CRC validation", "Failed offset validation"),
    *fails("crc_mismatch", "Failed to send init packet", phase="init_transfer"),
    *fails("crc_mismatch", "Failed to send firmware", phase="data_transfer"),
    *fails("not_found", "Device not found!", phase="scan"),
    *fails("disconnect", "failed due to 0x3e", phase="connect", values=(("host_code", "hci_3e"),)),
    *fails("disconnect", "Writing to serial port failed", values=(("host_code", "port_gone"),)),
    *fails("disconnect", "device reports readiness", values=(("host_code", "port_gone"),)),
    *fails("not_found", "could not open port", phase="host_open"),
    *fails("host_exception", "Serial port could not be opened", phase="host_open"),
    *fails("not_found", "Board not found", phase="host_open"),
    reads("Failed to", r"Failed to (?:rpc_)?open.{0,40}\b(?:13|0x0?0?0?[dD])\b", lambda _: _BOARD),
    *fails("host_exception", "BadZipFile", phase="package_open"),
    Sign(word="Error", pattern=_EXCEPTION, told=Told(fault="host_exception")),
    Sign(word="Exception", pattern=_EXCEPTION, told=Told(fault="host_exception")),
    *succeeds("Device programmed.", "Zip created at"),
)
NRFUTIL: Final = Tool(
    name="pc-nrfutil",
    marks=(
        "nrfutil",
        "pc_ble_driver_py",
        "NordicSemiException",
        "Upgrading target on",
        "Failed to upgrade target",
        "SLIP: -->",
        "SLIP: <--",
        "Selecting Object: type:",
        "Using connectivity board at serial port",
        "BLE: ble_enable with",
        "BLE: Scanning for ",
        "BLE: Connecting to ",
        "Set Packet Receipt Notification",
        "Streaming Data: ",
        "Sending init packet...",
        "Device programmed.",
        "Zip created at",
    ),
    names=frozenset({"nrfutil"}),
    facts=(),
    signs=_SIGNS,
)
