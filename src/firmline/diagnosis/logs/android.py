"""Logs of Android: logcat with the tags of the DFU library, nRF Connect, the broadcast lines.

Formats: https://github.com/nordicsemi/Android-DFU-Library/issues/152 (logcat, brief), /121 (time),
/304 (Android Studio), /523 (its newer form), /256 (nRF Connect), /71 and /298 (an app's own front),
/250 and /262 (a connection that does not come about);
numbers in hexadecimal are the DFU service's broadcasts.
Numbers: the library's public constants, and the status codes of Android's Bluetooth stack.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.answers import (
    ANSWER,
    BUTTONLESS,
    IN_WORDS,
    LEGACY,
    SECURE,
    known,
    refused,
)
from firmline.diagnosis.logs.signs import (
    Sign,
    Told,
    Tool,
    begins,
    fails,
    number,
    reads,
    succeeds,
    tells,
)

REMOTE_MASK: Final = 0x2000
CONNECTION_MASK, STATE_MASK = 0x4000, 0x8000
"""Set in numbers of the stack: of a read or a write, and of the connection itself."""
LARGEST_RESULT: Final = 0x0F
"""Of a unit; larger numbers in the same place are the stack's."""
LIBRARY_ERROR: Final = 0x1000
"""Numbers from here on are the library's own; below, with the next ones, the unit's and the
stack's."""
KINDS_OF_REMOTE: Final = {0x100: LEGACY, 0x200: SECURE, 0x800: BUTTONLESS}
EXTENDED: Final = 0x400
FILE_ERRORS: Final = frozenset({0x1001, 0x1002, 0x1003, 0x1004, 0x1009, 0x100C})
"""File not found, damaged, invalid, not readable, of an unknown type, of a size not divisible by
4."""
_FILE_ERROR: Final = (("host_code", "dfu_file_error"),)
_GONE: Final = (("host_code", "dfu_4096"),)
OWN: Final = {
    0x1000: Told(fault="disconnect", values=_GONE),
    0x1005: Told(fault="att_error"),
    0x1006: Told(fault="not_found"),
    0x1007: Told(fault="not_found"),
    0x100A: Told(fault="host_exception"),
    0x100D: Told(fault="crc_mismatch"),
    0x100F: Told(fault="timeout"),
}
STATUS: Final = {
    8: "gatt_8",
    0x13: "hci_13",
    0x16: "hci_16",
    0x22: "hci_22",
    0x3E: "hci_3e",
    133: "gatt_133",
}
"""Status of a connection, as the vocabulary has it."""
ATT: Final = {0x01: "att_01", 0xFD: "att_FD", 133: "gatt_133"}
"""Status of a read or a write, as the vocabulary has it."""
LARGEST_OF_STACK: Final = 0x101
"""Larger numbers are the library's or the unit's."""
OF_CONNECTION: Final = "GATT CONN"
"""How the library's names of the status of a connection begin, but that of 133."""
SET_BY_CONNECTION: Final = 133
"""Has one name in both; it is a connection's mostly."""
NAMES: Final = {
    "OP CODE NOT SUPPORTED": 0x02,
    "INVALID PARAM": 0x03,
    "INSUFFICIENT RESOURCES": 0x04,
    "INVALID OBJECT": 0x05,
    "UNSUPPORTED TYPE": 0x07,
    "OPERATION NOT PERMITTED": 0x08,
}
"""Results that only the secure bootloader answers, as the library spells them."""


def _status(found: re.Match[str]) -> Told | None:
    """A connection that is gone, with a status."""
    status = int(found[1])
    if not status:
        return None
    return Told(fault="disconnect", values=_code(STATUS, status))


def _connecting(found: re.Match[str]) -> Told | None:
    """Why there is no connection: its status, or a number of the library's."""
    value = int(found[1])
    return _status(found) if value <= LARGEST_OF_STACK else of_number(value)


def _code(names: dict[int, str], status: int) -> tuple[tuple[str, str], ...]:
    return known([("host_code", names.get(status, "gatt_error"))])


def of_number(value: int) -> Told | None:
    """What a number of the library's tells; None: nothing that is known."""
    if LIBRARY_ERROR <= value < REMOTE_MASK:
        if value in FILE_ERRORS:
            return Told(phase="package_open", fault="host_exception", values=_FILE_ERROR)
        return OWN.get(value)
    return _of_stack(value) or _of_remote(value & ~REMOTE_MASK)


def _of_stack(value: int) -> Told | None:
    """A number of the phone's Bluetooth stack; None: it is none."""
    if value & STATE_MASK or value in STATUS:
        return Told(fault="disconnect", values=_code(STATUS, value & 0xFF))
    if value & CONNECTION_MASK:
        return Told(fault="att_error", values=_code(ATT, value & 0xFF))
    return None


def _of_remote(value: int) -> Told | None:
    """A number of the unit's; None: it is none."""
    if EXTENDED <= value < EXTENDED + 0x100:
        return refused(SECURE, 0x0B, value & 0xFF)
    responder = KINDS_OF_REMOTE.get(value & ~0xFF)
    return None if responder is None else refused(responder, value & 0xFF)


def _number(found: re.Match[str]) -> Told | None:
    return of_number(int(found[1]))


def _hex(found: re.Match[str]) -> Told | None:
    """A number as the service writes it, without the bit that says whose it is: its name does."""
    value, name = int(found[1], 16), found[2] or ""
    if value > LARGEST_OF_STACK:
        return of_number(value)
    if name.startswith(OF_CONNECTION) or value == SET_BY_CONNECTION:
        return Told(fault="disconnect", values=_code(STATUS, value))
    return Told(fault="att_error", values=_code(ATT, value))


def _response(found: re.Match[str]) -> Told | None:
    return Told(answer=int(found[2]), request=int(found[1]))


def _failed(found: re.Match[str]) -> Told:
    """A request that has failed, with the unit's number or the stack's."""
    value = int(found[1])
    if value <= LARGEST_RESULT:
        return Told(answer=value)
    return Told(fault="att_error", values=_code(ATT, value))


def _named(found: re.Match[str]) -> Told:
    return refused(SECURE, NAMES[found[1]])


def _extended(found: re.Match[str]) -> Told:
    return refused(SECURE, 0x0B, int(found[1]) & 0xFF)


def _object(found: re.Match[str]) -> Told:
    """A data object: which of how many, and its size."""
    size, place, count = (int(each) for each in found.groups())
    whole = (count - 1) * 4096 + size if place == count else count * 4096
    return Told(phase="data_transfer", size=whole, last=place == count)


def _image_sizes(found: re.Match[str]) -> Told:
    return Told(phase="init_transfer", size=sum(number(each) or 0 for each in found.groups()))


def _mtu(found: re.Match[str]) -> Told | None:
    large = int(found[1]) > 23  # the least there is (Core Specification, part F, section 3.2.8)
    return Told(values=(("flags", "large_mtu_negotiated"),)) if large else None


def _receipts(found: re.Match[str]) -> Told | None:
    if int(found[1]):
        return Told(values=(("flags", "prn_on"),))
    return None


def _resumed(found: re.Match[str]) -> Told:
    offset = number(found[1])
    return Told(offset=offset, values=(("flags", "resumes_at_old_offset"),))


_CHECKSUM: Final = r"Checksum received \(Offset = (\d{1,10})"


def _checksum(found: re.Match[str]) -> Told:
    return Told(offset=number(found[1]))


_PROGRESS: Final[tuple[Sign, ...]] = (
    reads("Checksum", _CHECKSUM, _checksum),
    reads("Creating Data object", r"Size = (\d{1,6})\) \((\d{1,6})/(\d{1,6})\)", _object),
    reads("(Op Code = 2", r"Notif Req \(Op Code = 2\) sent \(Value = (\d{1,5})", _receipts),
    reads("before, CRC match", r"(\d{1,10}) bytes of data sent before, CRC match", _resumed),
    Sign(word="Executing data object", told=Told(executes=True)),
)
_ONLY_LEGACY: Final = (
    *("Sending Start DFU", "Sending image size", "Initialize DFU Parameters"),
    *("Sending Receive Firmware Image", "Sending Validate request", "Sending Activate and Reset"),
)
"""What the library does with a legacy bootloader alone, so that its codes are meant."""
_SIGNS: Final[tuple[Sign, ...]] = (
    *begins("connect", "Connecting to DFU target", "Connecting to the device..."),
    *begins("discover", "Discovering services", "start service discovery"),
    *tells("bootloader", "secure", "Secure DFU bootloader found", in_bootloader=True),
    *tells("bootloader", "legacy", "Legacy DFU bootloader found", in_bootloader=True),
    *tells("bootloader", "legacy", *_ONLY_LEGACY),
    *tells("bootloader", "secure", "Buttonless service with", "Secure DFU Service (0xFE59)"),
    *tells("flags", "bonded_buttonless", "Buttonless service with bond sharing"),
    *tells("flags", "dfutarg_visible", "DfuTarg", in_bootloader=True),
    *begins("enter_bootloader", "Sending Enter Bootloader", "Jumping to the DFU Bootloader"),
    *begins("find_bootloader", "Scanning for the DFU", "Scanning for new address"),
    *begins("init_transfer", "Setting object to Command", "Creating Init packet object"),
    *begins("init_transfer", "Sending Start DFU", "Initialize DFU Parameters START"),
    *begins("init_execute", "Executing init packet", "Initialize DFU Parameters COMPLETE"),
    *begins("data_transfer", "Setting object to Data", "Uploading firmware..."),
    *begins("data_transfer", "Sending Receive Firmware Image"),
    *begins("final_execute", "Sending Validate request"),
    *begins("activation", "Sending Activate and Reset"),
    *_PROGRESS,
    reads("Sending image size", r"\((\d{1,10})b, (\d{1,10})b, (\d{1,10})b\)", _image_sizes),
    reads("MTU changed to", r"MTU changed to: (\d{1,4})\b", _mtu),
    ANSWER,
    reads("Response received", r"\(Op Code = (\d{1,3}), Status = (\d{1,3})\)", _response),
    reads("(error ", r"\(error (\d{1,3})\)", _failed),
    reads("DFU error", rf"DFU error: ({'|'.join(NAMES)})", _named),
    *IN_WORDS,
    reads("(Code = ", r"Details: .{1,200}\(Code = (\d{1,3})\)", _extended),
    reads("rror", r"(?i:onError|error)(?: ?code)?(?:=|: |:| )(\d{1,5})\b", _number),
    reads(" (0x", r"(?:Error|failed) \(0x([0-9A-Fa-f]{1,4})\)(?:: ([A-Z0-9 ]{1,40}))?", _hex),
    reads("state change", r"state change(?:d with status| error)?: (\d{1,3})\b", _status),
    reads("status", r"disconnected with status: (\d{1,3})\b", _status),
    reads("while connecting", r"while connecting to the device: ?(\d{1,5})\b", _connecting),
    reads("onClientConnectionState", rf"status=({SET_BY_CONNECTION})\b", _status),
    *fails("disconnect", "Disconnected while sending data", phase="data_transfer"),
    *fails("disconnect", "Disconnected while sending init", phase="init_transfer"),
    *fails("disconnect", "DFU DEVICE DISCONNECTED", "Device has disconnected", values=_GONE),
    *fails("crc_mismatch", "CRC does not match!", "bytes were lost"),
    *fails("not_found", "DFU SERVICE NOT FOUND"),
    *fails("host_exception", "DFU FILE", phase="package_open", values=_FILE_ERROR),
    *succeeds("onDfuCompleted", "DFU_COMPLETED", "has been transferred successfully"),
)
ANDROID: Final = Tool(
    name="Android",
    marks=(
        "DfuBaseService",
        "DfuImpl",
        "[DFU]",
        "nRF Connect, ",
        "gatt.",
        "BluetoothGatt",
        "DfuService",
        "onDfu",
    ),
    facts=(("host_tool", "android"), ("transport", "ble")),
    signs=_SIGNS,
)
