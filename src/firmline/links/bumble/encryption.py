"""The encryption of one connection: with the bond that there is, or with a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bumble import hci
from bumble.core import ProtocolError
from bumble.device import Connection

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.bonds import BondStore
from firmline.links.bumble.address import from_bumble
from firmline.links.bumble.host import QuietHost
from firmline.links.gatt import MIC_FAILURE
from firmline.values import BleAddress


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
        link.on(Connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, self._on_encrypted)
        link.on(Connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, self._on_answer)

    @property
    def _peer(self) -> BleAddress:
        return from_bumble(self._link.peer_address)

    async def begin(self, *, may_pair: bool) -> bool:
        """Encrypt; whether a bond was made for it.

        Raises:
            TransportError: REFUSED: the bond does not fit, or there is none and none may be made,
                or the unit makes none. LOST.
            StoreError: The bonds cannot be read or written.
        """
        if self._link.is_encrypted:
            return False
        known = self._bonds.get(self._peer)
        if known is None:
            if not may_pair:
                raise _no_bond(f"This computer has no bond with {self._peer}.")
            await self._pair()
            return True
        try:
            await self._encrypt(known.ltk)
        except TransportError as error:
            if error.hci_reason == MIC_FAILURE:
                raise self._does_not_fit(MIC_FAILURE) from error
            raise
        return False

    async def _encrypt(self, ltk: bytes) -> None:
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
        if self._status is not None:
            raise self._does_not_fit(self._status)

    async def _pair(self) -> None:
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

    def _on_encrypted(self) -> None:
        self._changed()

    def _on_answer(self, status: int) -> None:
        self._status = status
        self._changed()


def _no_bond(message: str) -> TransportError:
    return TransportError(Code.BOND_MISSING, message, reason=TransportReason.REFUSED)
