"""Addresses on both sides of the fence: ours are printed first byte first, Bumble's the reverse."""

from __future__ import annotations

from bumble.hci import Address, AddressType

from firmline.errors import LocalProtocolError
from firmline.values import BleAddress, RadioAddress


def to_bumble(address: RadioAddress, kind: AddressType = Address.RANDOM_DEVICE_ADDRESS) -> Address:
    """Our address as Bumble's.

    Args:
        address: Ours, which does not say of which kind it is.
        kind: Random (every virtual unit's and host's, and every SoftDevice's unless its maker has
            bought addresses), or public.

    Raises:
        LocalProtocolError: It is no address.
    """
    if not isinstance(address, BleAddress):
        raise LocalProtocolError(f"{address} is no address, and this radio sees addresses.")
    return Address(address.octets[::-1], kind)


def from_bumble(address: Address) -> BleAddress:
    """Bumble's address as ours."""
    return BleAddress(bytes(address)[::-1])


def kind_of(address: Address) -> AddressType:
    """Random or public, as a connection is asked for.

    A controller that has resolved a private address names the identity behind it with a kind of its
    own (Core spec, Vol 4, Part E, 7.7.65.2).
    """
    return Address.PUBLIC_DEVICE_ADDRESS if address.is_public else Address.RANDOM_DEVICE_ADDRESS
