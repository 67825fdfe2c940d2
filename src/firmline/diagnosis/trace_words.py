"""Events and codes of firmline's in the words of the vocabulary (``data/evidence.toml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from firmline import events
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.errors import Code
from firmline.events import Event
from firmline.formats.known_softdevices import known_softdevices
from firmline.protocol.codes import ResultCode
from firmline.protocol.refusals import EXTENDED_ERRORS
from firmline.values import Fwid

LINKS: Final = {"radio": "ble", "port": "uart", "usb": "usb"}
"""What :class:`~firmline.events.LinkDeclared` calls a link, and the vocabulary."""
OF_THE_STATION: Final = (
    *(
        Code.PORT_NOT_FOUND,
        Code.PORT_BUSY,
        Code.PORT_FORBIDDEN,
        Code.PORT_FAILED,
        Code.PORT_BLOCKED,
    ),
    *(Code.USB_LIBRARY_MISSING, Code.USB_FORBIDDEN, Code.USB_NOT_UNIQUE, Code.USB_FAILED),
    *("DFU-BLE-", "DFU-HCI-", "DFU-NRF-", "DFU-STORE-"),
    *(Code.LINK_NOT_AVAILABLE, Code.LINK_EXTRA_MISSING, Code.UNIT_AMBIGUOUS, Code.BONDS_UNUSABLE),
    *(Code.WRONG_UNIT, Code.ADDRESS_TAKEN),
    "DFU-BUG-",
)
"""How codes begin of what this computer, its port, its radio or another unit beside it is at fault
for. A silent port is none of them: that may be the unit's."""
HCI_REASONS: Final = {
    0x05: "hci_05",
    0x06: "hci_06",
    0x08: "hci_08",
    0x13: "hci_13",
    0x16: "hci_16",
    0x22: "hci_22",
    0x3E: "hci_3e",
}
"""Reasons of a disconnection that the vocabulary has."""
SDK_OF_SOFTDEVICE: Final = (
    ("7.2.", "sdk_17"),
    ("7.3.", "sdk_17"),
    ("7.0.", "sdk_16"),
    ("6.1.1", "sdk_15_3"),
    ("6.", "sdk_15"),
    ("5.", "sdk_13_14"),
    ("4.", "sdk_13_14"),
    ("3.", "sdk_12"),
    ("2.", "sdk_le11"),
)
"""Which SDK comes with a SoftDevice, by how its version begins, of the nRF52's."""
PHASES: Final[dict[str, str]] = {
    Code.UNIT_STAYED_IN_APPLICATION: "enter_bootloader",
    Code.UNIT_DID_NOT_RESTART: "enter_bootloader",
    Code.APPLICATION_CRASHED: "enter_bootloader",
    Code.NO_BUTTONLESS: "discover",
    Code.USB_NO_TRIGGER: "discover",
    Code.BOND_MISSING: "connect_bootloader",
    Code.LEGACY_DFU: "discover_bootloader",
    Code.SMP: "discover",
    Code.PORT_NONSENSE: "enter_bootloader",
    Code.UNIT_DID_NOT_RETURN: "app_start",
    Code.SAME_APPLICATION_SEEN: "activation",
    Code.NEW_APPLICATION_NOT_SEEN: "app_start",
}
"""Where an attempt failed, of codes that say so."""
KINDS: Final[dict[str, str]] = {
    Code.LINK_LOST: "disconnect",
    Code.LINK_TIMEOUT: "timeout",
    Code.PORT_SILENT: "timeout",
    Code.LINK_REFUSED: "att_error",
    Code.UNIT_NOT_FOUND: "not_found",
    Code.PORT_NOT_FOUND: "not_found",
    Code.OBJECT_DAMAGED: "crc_mismatch",
    Code.PROGRESS_LOST: "crc_mismatch",
    Code.BUFFERS_GONE: "stall",
    Code.UNIT_STAYED_IN_APPLICATION: "none",
    Code.UNIT_DID_NOT_RESTART: "none",
    Code.UNIT_DID_NOT_RETURN: "none",
    Code.SAME_APPLICATION_SEEN: "none",
    Code.NEW_APPLICATION_NOT_SEEN: "none",
    Code.LEGACY_DFU: "att_error",
    Code.APPLICATION_CRASHED: "unit_reset",
    Code.BOND_MISSING: "disconnect",
    Code.PORT_NONSENSE: "none",
}
"""The first thing that visibly goes wrong, by the code it would have been."""


def answered(refused: events.Refused, where: str) -> Iterator[Evidence]:
    """The codes of the unit, at its place in the trace."""
    if refused.request == SELECT:  # none of the SDK's does: see the meaning of that flag
        for field, value in (("result_code", "refused"), ("flags", "select_refused")):
            yield Evidence(field=field, value=value, origin=Origin.UNIT, where=where)
        return
    family = "b" if refused.request in events.BUTTONLESS_REQUESTS else "r"
    result = f"{family}{refused.result:02X}"
    if result in _RESULTS:
        yield Evidence(field="result_code", value=result, origin=Origin.UNIT, where=where)
    if refused.result == ResultCode.EXTENDED_ERROR and refused.ext_error is not None:
        extended = f"x{refused.ext_error:02X}"
        if extended in _EXTENDED:
            yield Evidence(field="ext_error", value=extended, origin=Origin.UNIT, where=where)


def answered_by_code(code: str, where: str) -> Iterator[Evidence]:
    """The same, where the answer itself is missing, and the error that was made of it is there.

    Only of extended errors, each of which has an error of its own: a result may be an answer to
    anything.
    """
    extended = _EXTENDED_OF.get(code)
    if extended is not None:
        for field, value in (("result_code", "r0B"), ("ext_error", f"x{extended:02X}")):
            yield Evidence(field=field, value=value, origin=Origin.UNIT, where=where)


_EXTENDED_OF: Final = {str(code): extended for extended, (code, _) in EXTENDED_ERRORS.items()}
SELECT: Final = "object_select"
"""The request of that name, in events."""
_RESULTS: Final = frozenset(
    {"r02", "r03", "r04", "r05", "r07", "r08", "r0A", "r0B", "b02", "b04", "b06", "b07"}
)
_EXTENDED: Final = frozenset(f"x{code:02X}" for code in range(0x04, 0x0E))


def sdk_of(fwid: int) -> str:
    """The SDK that comes with a SoftDevice, by its FWID; empty: not known."""
    for row in known_softdevices():
        if row.fwid == Fwid(fwid) and row.chip == "nrf52":
            for start, sdk in SDK_OF_SOFTDEVICE:
                if row.version.startswith(start):
                    return sdk
    return ""


def chip_of(value: str) -> str:
    """A chip in the words of the vocabulary; empty: none of them."""
    name = value.lower().replace(" ", "")
    for chip in ("nrf52832", "nrf52833", "nrf52840"):
        if chip in name:
            return chip
    if name.startswith("nrf51"):
        return "nrf51"
    return "nrf52_small" if name.startswith(("nrf52805", "nrf5281", "nrf52820")) else ""


def hci_reason_of(sentence: str) -> int | None:
    """The HCI reason that a sentence of firmline's names; ``None``: it names none."""
    found = _HCI_REASON.search(sentence)
    return None if found is None else int(found[1], 16)


_HCI_REASON: Final = re.compile(r"HCI reason 0x([0-9A-F]{2})\b")


def place_of(event: Event, begin_s: float) -> str:
    """The place of an event in its trace, for people: seconds since ``begin_s``."""
    return f"{type(event).__name__} at {event.at_s - begin_s:.3f} s"
