"""The DFU trigger: how a host asks an application over USB to restart into its bootloader.

The application has an interface for it, and answers three requests that are addressed to that
interface. The bootloader that follows is another USB device, with the same serial number.

Sources, all public:

* Nordic, "DFU Trigger Library (USB)", nRF5 SDK 15.2 to 17.1 (docs.nordicsemi.com): the interface
  is vendor-specific (0xFF) with subclass and protocol 0x01; the requests are those of
  :class:`TriggerRequest`, "similar to the Runtime part of the USB DFU 1.1 spec"; the version string
  is ``[application name] [semantic_version]``; the serial number lets "the host follow the device".
* nrf-device-setup-js (``src/dfuTrigger.js``) and pc-nrfutil (``dfu_trigger.py``): they are *class*
  requests, wIndex is the interface, wValue 0; DETACH carries one byte, the character 0, and the
  unit resets before it has answered, so that the transfer fails with a stall; the version may end
  with a zero byte.
* contiki-ng, pull request 3144: 1915:520F is Nordic's application with the interface and 1915:521F
  its open bootloader.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

INTERFACE_CLASS: Final = 0xFF
INTERFACE_SUBCLASS: Final = 0x01
INTERFACE_PROTOCOL: Final = 0x01
"""Of the trigger's interface (DFU Trigger Library)."""
NORDIC_VENDOR_ID: Final = 0x1915
OPEN_BOOTLOADER_ID: Final = 0x521F
"""USB product of Nordic's bootloader ("Open DFU Bootloader")."""
TRIGGER_APPLICATION_ID: Final = 0x520F
"""USB product of Nordic's application with nothing but the trigger."""
DETACH_DATA: Final = b"0"
"""What Nordic's own tools send along; the application does not look at it."""
MAX_VERSION_SIZE: Final = 256
"""Bytes of a version string that a host asks for, as Nordic's tool does."""


class TriggerRequest(IntEnum):
    """bRequest of the three requests (DFU Trigger Library, table of requests)."""

    DETACH = 0
    FIRMWARE_INFO = 7
    """A structure with numbers; not asked for: the string says which firmware it is."""

    VERSION_STRING = 8


def encode_version(text: str) -> bytes:
    """The answer to VERSION_STRING."""
    return text.encode() + b"\0"


def decode_version(data: bytes) -> str:
    """Read the answer to VERSION_STRING, cleaned of what cannot be printed; empty: it says none."""
    text = data.split(b"\0", 1)[0].decode("utf-8", errors="replace")
    return "".join(char for char in text if char.isprintable()).strip()
