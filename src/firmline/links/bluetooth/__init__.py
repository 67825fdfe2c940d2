"""The computer's own Bluetooth, through Bleak: BlueZ on Linux, WinRT on Windows, CoreBluetooth.

Rules of this room (bluetooth-stacks spec, section Bleak):

* Bleak is imported only where a radio is opened: an optional part of the installation.
* Nothing is declared that a system does not do. None of them lets a host ask for an MTU, choose
  connection parameters, read the peer's version, or keeps a fast host from overrunning it; so
  updates are made with packet receipt notifications there.
* The size of a packet is what the characteristic says that it takes, read when it is needed: some
  systems say 20 bytes at first. ``mtu_size`` is never asked.
* Whether a write waits for a response is said with every write.
* Services are read from the unit, not from a cache: a unit has others after a jump, or an update.
* Whatever Bleak, or what is below it, raises becomes one
  :class:`~firmline.errors.TransportError` with a code (``problems``).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from firmline.links.bluetooth.stack import Stack
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from firmline.links.bluetooth.link import BluetoothLink

__all__ = ["open_bluetooth"]


def open_bluetooth(stack: Stack, *, adapter: str | None = None) -> BluetoothLink:
    """The computer's own Bluetooth; must be called in a running event loop.

    Nothing is switched on, or listened to, until somebody is looked for.

    Args:
        stack: What is under Bleak.
        adapter: Which adapter; ``None``: the system's own choice.

    Raises:
        TransportError: NOT_AVAILABLE; Bleak is not installed.
    """
    if find_spec("bleak") is None:
        raise extra_missing(
            "ble",
            "The computer's own Bluetooth needs Bleak",
            alternative="virtual units (sim:NAME) need none",
        )
    from firmline.links.bluetooth.link import BluetoothLink  # noqa: PLC0415 - Bleak takes its time

    return BluetoothLink(stack=stack, adapter=adapter)
