"""The encryption of one connection: with the bond that there is, or with a new one.

Rules of this module:

* A new bond takes the place of an old one where the unit says itself that it has no keys for this
  computer (it was programmed anew), and only where the caller may pair. A unit with *other* keys
  may be somebody else, and is never paired with over the bond that there is.
* The old bond is kept until the new one is there, and the new one is kept before it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from bumble import hci
from bumble.core import ProtocolError
from bumble.device import Connection
from bumble.keys import PairingKeys

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import BondUse
from firmline.links.bonds import BondStore
from firmline.links.bumble.address import from_bumble
from firmline.links.bumble.host import QuietHost
from firmline.links.bumble.keys import bond_of
from firmline.links.gatt import MIC_FAILURE

KEY_MISSING: Final = 0x06
"""PIN or Key Missing: the unit has no keys for this computer (Core spec, Vol 1, Part F, 2.6)."""


class Encryption:
    """Encrypts a connection; one use at a time.

    Args:
        host: The host of the controller.
        link: Bumble's connection.
        bonds: Where this computer keeps its bonds.
        change: Waits until something has changed; raises where the link is gone.
        changed: Says that something has.
    """

    def __init__(
        self,
        host: QuietHost,
        link: Connection,
        bonds: BondStore,
        *,
        change: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._host = host
        self._link = link
        self._bonds = bonds
        self._change = change
        self._changed = changed
        self._status: int | None = None
        self._made: PairingKeys | None = None
        # Once paired, Bumble calls the unit by its identity; a bond is looked for by this one.
        self._peer = from_bumble(link.peer_address)
        link.on(Connection.EVENT_PAIRING, self._on_paired)
        link.on(Connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, self._on_encrypted)
        link.on(Connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, self._on_answer)

    async def begin(self, *, may_pair: bool) -> BondUse:
        """Encrypt, and say with which bond.

        Raises:
            TransportError: REFUSED: the bond does not fit, or there is none and none may be made,
                or the unit makes none. LOST.
            StoreError: The bonds cannot be read or written.
        """
        if self._link.is_encrypted:
            return BondUse.KNOWN
        known = self._bonds.get(self._peer)
        if known is None:
            if not may_pair:
                raise _no_bond(f"This computer has no bond with {self._peer}.")
            await self._pair()
            return BondUse.NEW
        try:
            status = await self._encrypt(known.ltk)
        except TransportError as error:
            if error.hci_reason == MIC_FAILURE:
                raise self._does_not_fit(MIC_FAILURE) from error
            raise
        if not status:
            return BondUse.KNOWN
        if status != KEY_MISSING or not may_pair:
            raise self._does_not_fit(status)
        await self._pair()
        return BondUse.REPLACED

    async def _encrypt(self, ltk: bytes) -> int:
        """Encrypt with a key; the HCI error that came of it, 0: none."""
        self._status = None
        command = hci.HCI_LE_Enable_Encryption_Command(
            connection_handle=self._link.handle,
            random_number=bytes(
                8
            ),  # zero with Secure Connections (Core spec, Vol 3, Part H, 2.4.4)
            encrypted_diversifier=0,
            long_term_key=ltk,
        )
        self._host.post(command, lambda status: self._on_answer(status) if status else None)
        while not self._link.is_encrypted and self._status is None:
            await self._change()
        return self._status or 0

    async def _pair(self) -> None:
        """Pair, and keep the bond: a unit whose keys are lost would let nobody in."""
        await self._make_bond()
        bond = None if self._made is None else bond_of(self._peer, self._made)
        if bond is None:
            raise _no_bond(f"{self._peer} made no bond with this computer.")
        self._bonds.put(bond)

    async def _make_bond(self) -> None:
        self._made = None
        pairing = asyncio.ensure_future(self._link.pair())
        pairing.add_done_callback(lambda _: self._changed())
        try:
            while not pairing.done():
                await self._change()
        finally:
            pairing.cancel()
            (outcome,) = await asyncio.gather(pairing, return_exceptions=True)
        match outcome:
            case None:
                return
            case ProtocolError() | hci.HCI_Error():
                raise _no_bond(
                    f"{self._peer} makes no bond with this computer ({outcome.error_name})."
                )
            case asyncio.CancelledError():  # as Bumble says that the link is gone
                await self._change()
                raise _no_bond(f"{self._peer} made no bond with this computer.")
            case BaseException():
                raise outcome

    def _does_not_fit(self, status: int) -> TransportError:
        return _no_bond(
            f"The bond that this computer has with {self._peer} does not fit: the unit has other"
            f" keys, or none (HCI error 0x{status:02X})."
        )

    def _on_paired(self, keys: PairingKeys) -> None:
        self._made = keys
        self._changed()

    def _on_encrypted(self) -> None:
        self._changed()

    def _on_answer(self, status: int) -> None:
        self._status = status
        self._changed()


def _no_bond(message: str) -> TransportError:
    return TransportError(Code.BOND_MISSING, message, reason=TransportReason.REFUSED)
