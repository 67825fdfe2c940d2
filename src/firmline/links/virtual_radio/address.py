"""Addresses on both sides of the fence: ours are printed first byte first, Bumble's the reverse."""

from __future__ import annotations

from bumble.hci import Address

from firmline.errors import LocalProtocolError
from firmline.values import BleAddress, RadioAddress


def to_bumble(address: RadioAddress) -> Address:
    """Our address as Bumble's; every virtual unit and host uses a random static one."""
    if not isinstance(address, BleAddress):
        raise LocalProtocolError(f"{address} is no address, and this radio sees addresses.")
    return Address(address.octets[::-1], Address.RANDOM_DEVICE_ADDRESS)


def from_bumble(address: Address) -> BleAddress:
    """Bumble's address as ours."""
    return BleAddress(bytes(address)[::-1])
