"""Layouts: how a message becomes bytes, in rows; and the tables of one version of the SoftDevice.

A payload begins with what it is: 0 a command, 1 a response, 2 an event. A command and its response
have an opcode of a byte, an event a number of two; a response has an error of four bytes behind the
opcode, and results where there was none (nrf-connectivity spec, "Serialization layer").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

from firmline.errors import LocalProtocolError
from firmline.links.connectivity.wire.fields import U8, U16, U32, Field, Source, malformed

COMMAND: Final = 0
RESPONSE: Final = 1
EVENT: Final = 2
_Message = TypeVar("_Message")
Row: TypeAlias = tuple[str | tuple[str, ...], Field[Any]]
"""The attribute, or those that share a byte, and its field; an empty name: no attribute."""


@dataclass(frozen=True, slots=True)
class Layout(Generic[_Message]):
    """How messages of a kind stand in bytes; a field itself, where one is part of another.

    Attributes:
        kind: Their class.
        rows: Their fields, in order.
    """

    kind: type[_Message]
    rows: tuple[Row, ...] = ()

    def put(self, value: _Message, out: bytearray) -> None:
        """Append a message."""
        for name, each in self.rows:
            match name:
                case str():
                    each.put(getattr(value, name) if name else None, out)
                case _:
                    each.put([getattr(value, part) for part in name], out)

    def take(self, source: Source) -> _Message:
        """Take a message.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``.
        """
        values: dict[str, object] = {}
        for name, each in self.rows:
            taken = each.take(source)
            match name:
                case str():
                    values[name] = taken
                case _:
                    values.update(zip(name, taken, strict=True))
        values.pop("", None)
        return self.kind(**values)


@dataclass(frozen=True, slots=True)
class Call:
    """A command and what answers it.

    Attributes:
        opcode: Its number.
        command: Its layout.
        response: That of its results; ``None``: it has none.
        begins: What distinguishes several commands of one opcode; stands behind it.
    """

    opcode: int
    command: Layout[Any]
    response: Layout[Any] | None = None
    begins: bytes = b""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event.

    Attributes:
        number: Its number.
        layout: Its layout.
    """

    number: int
    layout: Layout[Any]


@dataclass(frozen=True, slots=True)
class Response:
    """What a command came to.

    Attributes:
        opcode: Of the command.
        error: 0: none (``NRF_SUCCESS``).
        results: Its results, still as bytes: only who has asked knows which they are.
    """

    opcode: int
    error: int
    results: bytes = b""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event that this driver has no use for.

    Attributes:
        number: Of the event.
        body: The rest of it.
    """

    number: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """All that can be said with one version of the SoftDevice's interface.

    Attributes:
        version: Of the interface, as the maker counts: 2, 3, 5, 6.
        calls: The commands, by their class.
        happenings: The events, by their class.
    """

    version: int
    calls: Mapping[type, Call]
    happenings: Mapping[type, Happening]

    @classmethod
    def of(cls, version: int, calls: Iterable[Call], happenings: Iterable[Happening]) -> Self:
        """A table of rows."""
        return cls(
            version,
            MappingProxyType({call.command.kind: call for call in calls}),
            MappingProxyType({happening.layout.kind: happening for happening in happenings}),
        )

    def knows(self, kind: type) -> bool:
        """Whether this version has a command, or an event."""
        return kind in self.calls or kind in self.happenings

    # The host's side.

    def encode_command(self, command: object) -> bytes:
        """A command as a payload.

        Raises:
            LocalProtocolError: This version has no such command.
        """
        call = self._call(type(command))
        out = bytearray((COMMAND, call.opcode))
        out += call.begins
        call.command.put(command, out)
        return bytes(out)

    def opcode_of(self, kind: type) -> int:
        """The opcode of a command.

        Raises:
            LocalProtocolError: This version has no such command.
        """
        return self._call(kind).opcode

    def decode_results(self, kind: type, response: Response) -> object:
        """The results of a command of a class; ``None`` where it has none.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``.
        """
        layout = self._call(kind).response
        if layout is None or response.error:
            return None
        return _whole(layout, Source(response.results))

    def decode_said(self, payload: bytes) -> object:
        """A response, or an event, that the dongle has sent.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``.
        """
        source = Source(payload)
        match U8.take(source):
            case 1:
                opcode, error = U8.take(source), U32.take(source)
                return Response(opcode, error, source.take(source.left))
            case 2:
                return self._decode_event(U16.take(source), source)
            case other:
                raise malformed(f"it is neither a response nor an event, but of kind {other}")

    def _decode_event(self, number: int, source: Source) -> object:
        for happening in self.happenings.values():
            if happening.number == number:
                return _whole(happening.layout, source)
        return Unknown(number, source.take(source.left))

    # The chip's side.

    def decode_command(self, payload: bytes) -> object:
        """A command that the host has sent.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``; also where this version has no such command.
        """
        source = Source(payload)
        if U8.take(source) != COMMAND:
            raise malformed("it is no command")
        opcode = U8.take(source)
        for call in self.calls.values():
            if call.opcode == opcode and payload[2:].startswith(call.begins):
                source.take(len(call.begins))
                return _whole(call.command, source)
        raise malformed(f"opcode 0x{opcode:02X} is unknown")

    def encode_response(self, kind: type, *, error: int = 0, results: object = None) -> bytes:
        """The response to a command of a class."""
        call = self._call(kind)
        out = bytearray((RESPONSE, call.opcode))
        U32.put(error, out)
        if call.response is not None and results is not None:
            call.response.put(results, out)
        return bytes(out)

    def encode_event(self, event: object) -> bytes:
        """An event as a payload.

        Raises:
            LocalProtocolError: This version has no such event.
        """
        happening = self.happenings.get(type(event))
        if happening is None:
            raise self._has_no(type(event))
        out = bytearray((EVENT,))
        U16.put(happening.number, out)
        happening.layout.put(event, out)
        return bytes(out)

    def _call(self, kind: type) -> Call:
        call = self.calls.get(kind)
        if call is None:
            raise self._has_no(kind)
        return call

    def _has_no(self, kind: type) -> LocalProtocolError:
        return LocalProtocolError(f"SoftDevice interface {self.version} has no {kind.__name__}.")


def _whole(layout: Layout[Any], source: Source) -> object:
    """A message that ends where its bytes end."""
    taken: object = layout.take(source)
    if source.left:
        raise malformed(f"{source.left} bytes stand behind its end")
    return taken
