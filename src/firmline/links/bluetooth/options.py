"""What stands behind ``ble:``: which unit, and with which adapter."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from firmline.errors import Code, InputError
from firmline.links.bluetooth.stack import Stack, System
from firmline.links.target import Target
from firmline.links.target_options import refuse_others
from firmline.values import AdvertisedName, BleAddress, PeripheralId, UnitPin

BLE_OPTIONS: Final = ("adapter",)
"""``adapter``: which of several adapters, as Linux calls them: ``hci0``, ``hci1``, ..."""
NAME_PREFIX: Final = "name="
_ADAPTER: Final = re.compile(r"hci[0-9]{1,3}")
_LIKE_A_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-.*")


def adapter_of(target: Target, stack: Stack) -> str | None:
    """The adapter that a ``ble:`` target names; ``None``: the system's own choice.

    Raises:
        InputError: ``TARGET_MALFORMED``: there is no such option, or not on this system.
    """
    refuse_others(target, BLE_OPTIONS)
    adapter = target.options.get("adapter")
    if adapter is None:
        return None
    if stack.system is not System.BLUEZ:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"An adapter can be chosen on Linux only; {stack.system} has one Bluetooth.",
            hint="Leave adapter= out; a controller of your own is reached over hci:.",
        )
    if not _ADAPTER.fullmatch(adapter):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"adapter={adapter[:20]} is no name of an adapter.",
            hint="They are called hci0, hci1, ...; bluetoothctl list shows them.",
        )
    return adapter


def pin_of(target: Target, stack: Stack) -> UnitPin:
    """Which unit a ``ble:`` target means.

    A name is taken as it is written, but for ``%3F`` and the like, which stand for what would end
    it (``?``).

    Raises:
        InputError: ``TARGET_MALFORMED``: nothing by which units are known on this system.
    """
    if target.where.startswith(NAME_PREFIX):
        return AdvertisedName(unquote(target.where.removeprefix(NAME_PREFIX)))
    is_uuid = _LIKE_A_UUID.fullmatch(target.where) is not None
    if is_uuid == stack.addresses_visible:
        raise _not_known_by(target, stack)
    if is_uuid:
        return PeripheralId.parse(target.where)
    try:
        return BleAddress.parse(target.where)
    except InputError as error:
        error.hint = (
            "Write ble:AA:BB:CC:DD:EE:FF, or ble:name=NAME if that is the name it advertises;"
            " firmline scan lists both."
        )
        raise


def _not_known_by(target: Target, stack: Stack) -> InputError:
    if stack.addresses_visible:
        says = f"{target.where[:40]!r} is an identifier of macOS, and this computer sees addresses."
        hint = "Write ble:AA:BB:CC:DD:EE:FF, or ble:name=NAME; firmline scan lists both."
    else:
        says = (
            f"This computer shows no Bluetooth addresses, so {target.where[:40]!r} finds no unit."
        )
        hint = "Write ble:name=NAME, or ble: and the identifier that firmline scan lists."
    return InputError(Code.TARGET_MALFORMED, says, hint=hint)
