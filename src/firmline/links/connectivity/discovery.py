"""Discovery: what a unit offers, with UUIDs as text, whether the SoftDevice knows them or not.

A SoftDevice tells UUIDs of 128 bits only where their base was added to it; of another one it tells
that it is unknown. The declaration of an unknown one is read, since the UUID stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmline.links.connectivity.client import GattClient
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.gatt import uuid_text

LAST_HANDLE: Final = 0xFFFF
CCCD: Final = 0x2902
"""The descriptor that switches notifications and indications on."""
OF_THE_SIG: Final = 1
_SHORT, _LONG = 2, 16
_WHAT: Final = "the discovery of its services"
_DECLARED_BEFORE: Final = 3
"""Properties and handle stand in front of a characteristic's UUID (Core spec, Vol 3, Part G,
3.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCharacteristic:
    """A characteristic.

    Attributes:
        uuid: As upper-case text.
        properties: As in its declaration.
        value: The handle of its value.
        end: The last handle that may belong to it.
    """

    uuid: str
    properties: int
    value: int
    end: int


class Discovery:
    """Looks at what a unit offers.

    Args:
        client: Asks it.
        connection: The handle of the connection.
        bases: Those that were added to the SoftDevice, by their kind.
        mtu: The ATT MTU.
    """

    def __init__(
        self, client: GattClient, connection: int, bases: Mapping[int, bytes], *, mtu: int
    ) -> None:
        self._client = client
        self._connection = connection
        self._bases = bases
        self._mtu = mtu

    async def services(self) -> list[tuple[str, says.Handles]]:
        """All primary services, by their UUIDs.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        found: list[tuple[str, says.Handles]] = []
        start = 1
        while start <= LAST_HANDLE:
            command = says.DiscoverServices(connection=self._connection, start=start, uuid=None)
            told_now = await self._client.ask(command, told.ServicesFound, _WHAT)
            if told_now.status == told.NOT_FOUND or not told_now.services:
                break
            self._client.check(told_now.status, _WHAT)
            for service in told_now.services:
                uuid = await self._text(service.uuid, service.handles.start, 0)
                found.append((uuid, service.handles))
            start = max(start, *(each.handles.end for each in told_now.services)) + 1
        return found

    async def characteristics(self, handles: says.Handles) -> list[FoundCharacteristic]:
        """The characteristics of a service.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        declared: list[told.Characteristic] = []
        start = handles.start
        while start <= handles.end:
            command = says.DiscoverCharacteristics(
                connection=self._connection,
                handles=says.Handles(start=start, end=handles.end),
            )
            told_now = await self._client.ask(command, told.CharacteristicsFound, _WHAT)
            if told_now.status == told.NOT_FOUND or not told_now.characteristics:
                break
            self._client.check(told_now.status, _WHAT)
            declared += told_now.characteristics
            start = max(start, *(each.value for each in told_now.characteristics)) + 1
        ends = [*(each.declaration - 1 for each in declared[1:]), handles.end]
        return [
            FoundCharacteristic(
                uuid=await self._text(each.uuid, each.declaration, _DECLARED_BEFORE),
                properties=each.properties,
                value=each.value,
                end=end,
            )
            for each, end in zip(declared, ends, strict=False)
        ]

    async def cccd(self, characteristic: FoundCharacteristic) -> int | None:
        """The handle of a characteristic's CCCD; ``None``: it has none.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        start = characteristic.value + 1
        while start <= characteristic.end:
            command = says.DiscoverDescriptors(
                connection=self._connection,
                handles=says.Handles(start=start, end=characteristic.end),
            )
            told_now = await self._client.ask(command, told.DescriptorsFound, _WHAT)
            if told_now.status == told.NOT_FOUND or not told_now.descriptors:
                return None
            self._client.check(told_now.status, _WHAT)
            for descriptor in told_now.descriptors:
                if descriptor.uuid == says.Uuid(number=CCCD, kind=OF_THE_SIG):
                    return descriptor.handle
            start = max(start, *(each.handle for each in told_now.descriptors)) + 1
        return None

    async def _text(self, uuid: says.Uuid, declaration: int, before: int) -> str:
        """A UUID as text.

        Args:
            uuid: As the SoftDevice tells it.
            declaration: The handle of what declares it.
            before: How many bytes stand in front of it there.
        """
        if uuid.kind == OF_THE_SIG:
            return f"{uuid.number:04X}"
        base = self._bases.get(uuid.kind)
        if base is not None:
            return uuid_text(base[:12] + uuid.number.to_bytes(2, "little") + base[14:])
        value = await self._client.read(declaration, _WHAT, mtu=self._mtu) or b""
        raw = value[before:]
        if len(raw) == _LONG:
            return uuid_text(raw)
        return raw[::-1].hex().upper() if len(raw) == _SHORT else ""
