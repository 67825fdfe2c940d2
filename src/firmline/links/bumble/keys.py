"""Between Bumble's key stores and ours: pairing keys in, the keys of one side of a bond out."""

from __future__ import annotations

from collections.abc import Callable

from bumble import hci
from bumble.device import Connection
from bumble.keys import KeyStore, PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from firmline.formats.peer_data import KEY_SIZE, PeerKeys
from firmline.links.bumble.address import from_bumble
from firmline.values import BleAddress


class SharedKeys(KeyStore):
    """A key store that keeps nothing itself.

    Args:
        get: Finds the keys of a bond; ``None``: there is none.
        put: Keeps those of a new one, and cannot fail, since Bumble tells nobody if it does.
            ``None``: who has asked for the pairing keeps them.
    """

    def __init__(
        self,
        get: Callable[[BleAddress], PeerKeys | None],
        put: Callable[[PeerKeys], None] | None = None,
    ) -> None:
        self._get = get
        self._put = put

    async def update(self, name: str, keys: PairingKeys) -> None:
        """Keep the keys of a pairing."""
        bond = bond_of(_address(name), keys)
        if bond is not None and self._put is not None:
            self._put(bond)

    async def get(self, name: str) -> PairingKeys | None:
        """The keys of a bond."""
        known = self._get(_address(name))
        if known is None:
            return None
        ltk = PairingKeys.Key(value=known.ltk, authenticated=known.authenticated)
        return PairingKeys(address_type=hci.AddressType.RANDOM_DEVICE, ltk=ltk)


def bond_of(peer: BleAddress, keys: PairingKeys) -> PeerKeys | None:
    """What is kept of a pairing; ``None``: one without a long term key leaves nothing to keep."""
    if keys.ltk is None:
        return None
    return PeerKeys(
        address=peer,
        ltk=keys.ltk.value,
        irk=keys.irk.value if keys.irk is not None else bytes(KEY_SIZE),
        authenticated=keys.ltk.authenticated,
    )


def just_works(_connection: Connection) -> PairingConfig:
    """Pair without a display or a keyboard on either side, with LE Secure Connections, and bond.

    The identity address is the random static one: Bumble would file the bond under the public one,
    which nobody here has.
    """
    return PairingConfig(
        sc=True,
        mitm=False,
        bonding=True,
        delegate=PairingDelegate(PairingDelegate.NO_OUTPUT_NO_INPUT),
        identity_address_type=PairingConfig.AddressType.RANDOM,
    )


def _address(name: str) -> BleAddress:
    return from_bumble(hci.Address(name))
