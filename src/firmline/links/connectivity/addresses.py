"""Addresses on both sides of the fence: ours have the first byte first, the wire's the last."""

from __future__ import annotations

from firmline.errors import LocalProtocolError
from firmline.links.connectivity.wire.messages import Peer
from firmline.values import BleAddress, RadioAddress


def peer_of(address: RadioAddress, kind: int) -> Peer:
    """Our address as the wire's.

    Raises:
        LocalProtocolError: It is no address.
    """
    if not isinstance(address, BleAddress):
        raise LocalProtocolError(f"{address} is no address, and this radio sees addresses.")
    return Peer(kind=kind, octets=address.octets[::-1])


def address_of(peer: Peer) -> BleAddress:
    """The wire's address as ours."""
    return BleAddress(peer.octets[::-1])
