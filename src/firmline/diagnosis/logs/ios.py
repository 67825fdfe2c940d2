"""Logs of iOS: lines of the DFU library, as nRF Connect, nRF Toolbox and other apps print them.

Formats: https://github.com/nordicsemi/IOS-DFU-Library/issues/345 (level and colon), /149 (in an
app's log), /317 (levels in words), /319 (an app's own front), /375 (secure transfer), /187 and /257
(legacy), /153 and /469 (extended errors in words). Numbers: the library's public list of errors,
and the table of host numbers of the vocabulary.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.answers import (
    ANSWER,
    BUTTONLESS,
    EXTENDED_ERROR,
    IN_WORDS,
    LEGACY,
    SECURE,
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

LEGACY_RESULTS: Final = range(2, 7)
SECURE_BASE: Final = 10
"""Added to a result code of the secure bootloader."""
SECURE_RESULTS: Final = range(12, 21)
EXTENDED_BASE: Final = 20
"""Added to an extended error."""
EXTENDED_ERRORS: Final = range(22, 34)
BUTTONLESS_BASES: Final = (90, 9000)
"""Added to a result of the buttonless service, in newer and in older versions."""
RESULT_WORDS: Final = {
    3: "invalid parameter",
    4: "insufficient resources",
    5: "invalid object",
    6: "signature mismatch",
    7: "unsupported type",
    8: "operation not permitted",
    10: "operation failed",
}
"""Result codes of the secure bootloader that the library writes as they came, without a base, by
the words that it puts behind them and behind no code of another's."""
BUTTONLESS_WORDS: Final = {4: "operation failed", 6: "busy", 7: "device not bonded"}
"""The same of the buttonless service."""
NOT_SUPPORTED: Final = (2, "operation not supported")
"""The result that both of them say so: whose it is is told by the step."""
EXTENDED_WORDS: Final = {
    "init command was invalid": 0x04,
    "fw version check failed": 0x05,
    "hw version check failed": 0x06,
    "sd version check failed": 0x07,
    "signature missing": 0x08,
    "invalid hash type": 0x09,
    "hashing failed": 0x0A,
    "invalid signature type": 0x0B,
    "verification failed": 0x0C,
    "insufficient space for upgrade": 0x0D,
}
"""Extended errors in the library's own words, in small letters: it writes them behind the number as
it came, without a base, behind that with one, or behind none."""
OWN: Final = {
    101: Told(phase="package_open", fault="host_exception"),
    102: Told(phase="package_open", fault="host_exception"),
    103: Told(phase="package_open", fault="host_exception"),
    104: Told(phase="package_open", fault="host_exception"),
    201: Told(fault="timeout", values=(("host_code", "ios_201"),)),
    202: Told(fault="disconnect"),
    203: Told(fault="host_exception"),
    301: Told(fault="att_error"),
    302: Told(fault="not_found"),
    303: Told(fault="att_error"),
    304: Told(fault="att_error"),
    305: Told(fault="att_error"),
    306: Told(fault="att_error"),
    308: Told(fault="crc_mismatch", values=(("host_code", "ios_308"),)),
    309: Told(fault="crc_mismatch", values=(("host_code", "ios_309"),)),
}


def of_number(value: int) -> Told | None:
    """What a number of the library's tells; None: nothing that is known."""
    if value in LEGACY_RESULTS:
        return refused(LEGACY, value)
    if value in SECURE_RESULTS or value == SECURE_BASE + 11:
        return refused(SECURE, value - SECURE_BASE)
    if value in EXTENDED_ERRORS:
        return refused(SECURE, 0x0B, value - EXTENDED_BASE)
    for base in BUTTONLESS_BASES:
        if base + 2 <= value < base + 10:
            return refused(BUTTONLESS, value - base)
    return OWN.get(value)


def extended_of(words: str) -> int | None:
    """The extended error that words in small letters begin with; None: they name none."""
    return next((code for each, code in EXTENDED_WORDS.items() if words.startswith(each)), None)


def _in_words(found: re.Match[str]) -> Told:
    return refused(SECURE, EXTENDED_ERROR, EXTENDED_WORDS[found[1].lower()])


def _number(found: re.Match[str]) -> Told | None:
    value, words = int(found[1]), (found[2] or "").lower()
    extended = extended_of(words)
    if extended is not None:
        return refused(SECURE, EXTENDED_ERROR, extended)
    if value in RESULT_WORDS and words.startswith(RESULT_WORDS[value]):
        return refused(SECURE, value)
    if value in BUTTONLESS_WORDS and words.startswith(BUTTONLESS_WORDS[value]):
        return refused(BUTTONLESS, value)
    if value == NOT_SUPPORTED[0] and words.startswith(NOT_SUPPORTED[1]):
        return Told(answer=value)
    return of_number(value)


def _response(found: re.Match[str]) -> Told | None:
    request, status = int(found[1]), int(found[2])
    if status == EXTENDED_ERROR and found[3]:
        return refused(SECURE, EXTENDED_ERROR, int(found[3]), request=request)
    return Told(answer=status, request=request)


def _image_sizes(found: re.Match[str]) -> Told:
    return Told(phase="init_transfer", size=sum(number(each) or 0 for each in found.groups()))


def _checksum(found: re.Match[str]) -> Told:
    return Told(offset=number(found[1]))


def _object(found: re.Match[str]) -> Told:
    place, count = int(found[1]), int(found[2])
    return Told(phase="data_transfer", size=count * 4096, last=place == count)


_RESPONSE: Final = r"\(Op Code = (\d{1,3}), Status = (\d{1,3})(?:, Extended Error = (\d{1,2})\b)?"
_ERROR: Final = (
    r"(?<!xtended )(?i:error)(?: ?(?:code|type))?(?:=|: |:| )(\d{1,4})\b(?:: ([A-Za-z ]{1,40}))?"
)
_ITS_WORDS: Final = "|".join(EXTENDED_WORDS)
_WORDS: Final = rf"(?i:error: ({_ITS_WORDS}))"
_RESPONSE_IN_WORDS: Final = rf"Extended Error \d{{1,2}} = (?i:({_ITS_WORDS}))"
_SIGNS: Final[tuple[Sign, ...]] = (
    *begins("connect", "Connecting to ", "centralManager.connect("),
    *begins("discover", "Discovering services", "peripheral.discoverServices("),
    *tells("bootloader", "secure", "Secure DFU Service found", "Starting Secure DFU"),
    *tells("bootloader", "legacy", "Legacy DFU Service found", "Starting Legacy DFU"),
    *tells("flags", "dfutarg_visible", "DfuTarg", in_bootloader=True),
    *begins("enter_bootloader", "Application with buttonless update found"),
    *begins("enter_bootloader", "Trying setting bootloader name"),
    *begins("find_bootloader", "Scanning for the DFU Bootloader"),
    *begins("init_transfer", "peripheral.writeValue(0x0601,", "peripheral.writeValue(0x0101"),
    *begins("init_transfer", "Command object info", "peripheral.writeValue(0x0104, for: 00001531"),
    *begins("init_execute", "Received CRC match Init packet"),
    *begins("data_transfer", "peripheral.writeValue(0x0602,", "peripheral.writeValue(0x0102"),
    *begins("data_transfer", "Uploading firmware", "Data object info"),
    *begins("final_execute", "Validate Firmware Image request"),
    *begins("activation", "Activate and Reset request"),
    reads("Writing image sizes", r"\((\d{1,10})b, (\d{1,10})b, (\d{1,10})b\)", _image_sizes),
    reads("Data object", r"Data object \(?(\d{1,6})/(\d{1,6})\)? created", _object),
    reads("Checksum", r"Checksum \(Offset = (\d{1,10})", _checksum),
    Sign(word="peripheral.writeValue(0x04,", told=Told(executes=True)),
    ANSWER,
    reads("Response (Op Code", _RESPONSE, _response),
    *IN_WORDS,
    reads("rror", _ERROR, _number),
    reads("rror", _WORDS, _in_words),
    reads("Response (Op Code", _RESPONSE_IN_WORDS, _in_words),
    *fails("timeout", "Connection timeout!", values=(("host_code", "ios_201"),)),
    *fails("disconnect", "Central Manager did disconnect", "I: Disconnected"),
    *fails("crc_mismatch", "bytes were lost", values=(("host_code", "ios_308"),)),
    *fails("crc_mismatch", "CRC does not match"),
    *succeeds("Upload completed", "to: Completed", "to Completed", "change: Completed"),
)
IOS: Final = Tool(
    name="iOS",
    marks=(
        "centralManager.",
        "Central Manager did",
        "peripheral.discover",
        "peripheral.writeValue",
        "peripheral.setNotifyValue",
        "logWith:",
        "logWithLevel",
        "dfuStateDidChange",
        "object info (Max size",
        "object selected (Max size",
        "Buttonless DFU indications enabled",
        "Secure DFU Control Point notifications enabled",
        "Bootloader name changed successfully",
        "Error 8: Operation not permitted",
        *(f"Error {base + 5}: FW version check" for base in (0, EXTENDED_BASE)),
        *(f"Error {base + 6}: HW version check" for base in (0, EXTENDED_BASE)),
        *(f"Error {base + 7}: SD version check" for base in (0, EXTENDED_BASE)),
    ),
    facts=(("host_tool", "ios"), ("transport", "ble")),
    signs=_SIGNS,
)
