"""Whether the operating system is paired with a unit: as much of it as Bleak lets anybody see.

A system encrypts by itself with a bond that it has, so that a unit that wants one keeps no channel
closed and looks like one that wants none. What the system says of its bonds is all that tells them
apart.

macOS says nothing of it, and does not need to: without addresses no unit is looked for by that of
another's.
"""

from __future__ import annotations

from bleak import BleakClient
from bleak.backends.device import BLEDevice


def is_paired(device: BLEDevice, client: BleakClient | None = None) -> bool:
    """Whether the system says that it is paired with a unit; ``False`` where it says nothing.

    Args:
        device: The unit as it was heard: BlueZ tells with that, and keeps it up to date.
        client: A connection to it, which Windows needs for that; ``None``: there is none.
    """
    return _bluez_says(device) or (client is not None and _windows_says(client))


def _bluez_says(device: BLEDevice) -> bool:
    """By the properties of the device (BlueZ, ``doc/org.bluez.Device.rst``)."""
    details = device.details
    properties = details.get("props", {}) if isinstance(details, dict) else {}
    return bool(properties.get("Paired") or properties.get("Bonded"))


def _windows_says(client: BleakClient) -> bool:
    """By the object that Bleak's client has for the unit, which it shows nobody.

    ``BluetoothLEDevice.DeviceInformation.Pairing.IsPaired`` (Windows.Devices.Enumeration).
    """
    requester = getattr(client._backend, "_requester", None)  # noqa: SLF001 - see above
    information = getattr(requester, "device_information", None)
    return information is not None and bool(information.pairing.is_paired)
