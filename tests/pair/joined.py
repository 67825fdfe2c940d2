"""Host and target joined with no event loop: what one writes, the other has at once.

The target is a :class:`MemoryBootloader`, which keeps the object rules of the spec (sections 2 to
4) honestly: largest sizes, a running CRC over what was received, the boundary of what was executed,
flash that an erase sets and a write only clears, and what survives a link or a reset. The firmware
is taken only when flash really holds it.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol, TypeVar

from firmline.errors import FirmlineError
from firmline.events import Event
from firmline.protocol.answers import Answer, AnswerBody, Crc, Done, Mtu, Selected
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ExtError, ObjectType, Opcode, ResultCode
from firmline.protocol.framing import BleFraming, Framing, SerialFraming
from firmline.protocol.host import HostSession
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetMtu,
    Request,
    SelectObject,
    SetPrn,
    UnknownRequest,
    WriteObject,
    opcode_of,
)
from firmline.protocol.slip import encode_frame
from firmline.protocol.steps import Effect, Fail, Report, Write
from firmline.protocol.target import Reply, RequestHandler, TargetSession

INIT_PACKET_MAX = 512
UART_MTU = 131
_E = TypeVar("_E", bound=Event)
_INIT_PACKET = struct.Struct("<I32s")


def firmware_of(size: int, seed: int = 0) -> bytes:
    """``size`` bytes in which no two places look alike; SLIP's own bytes are among them."""
    seeds = (f"{seed}/{index}".encode() for index in range(size // 32 + 1))
    return b"".join(hashlib.sha256(text).digest() for text in seeds)[:size]


def init_packet_of(firmware: bytes) -> bytes:
    """The init packet of a :class:`MemoryBootloader`: size and SHA-256 of the image."""
    return _INIT_PACKET.pack(len(firmware), hashlib.sha256(firmware).digest())


class Refusing(Exception):  # noqa: N818 - a "no" of the unit is no error of ours
    """The bootloader says no."""

    def __init__(self, result: ResultCode, ext_error: ExtError | None = None) -> None:
        super().__init__(result, ext_error)
        self.result = result
        self.ext_error = ext_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What an init EXECUTE saves and a reset brings back (spec section 16, W7)."""

    command: bytes = b""
    command_size: int = 0
    is_valid: bool = False
    image_size: int = 0
    offset: int = 0
    crc: int = 0
    executed_offset: int = 0
    executed_crc: int = 0
    object_size: int = 0


@dataclass(slots=True)
class MemoryBootloader:
    """An honest bootloader in memory (:class:`~firmline.protocol.target.RequestHandler`).

    Attributes:
        object_size: Largest data object; 4096 in a real one.
        mtu: What it answers to MTU_GET.
        lost: Indices of the packets, counted from 0 over its life, that it never sees.
        progress: Its RAM.
        saved: Its settings page.
        flash: Where the image goes.
        accepted: The image it took.
        requests: Everything that was asked, packets left out.
        packets: Packets that arrived, lost ones among them.
        data_received: Bytes of the image that it took, repeated ones counted again.
        refused_writes: Packets that it had to refuse; each leaks a buffer of a real one (13).
        is_gone: It resets, and answers nothing until :meth:`reload`.
    """

    object_size: int = 4096
    mtu: int = UART_MTU
    lost: Container[int] = ()
    progress: Progress = field(default_factory=Progress)
    saved: Progress = field(default_factory=Progress)
    flash: bytearray = field(default_factory=lambda: bytearray(b"\xff" * 0x4000))
    accepted: bytes | None = None
    requests: list[Request | UnknownRequest] = field(default_factory=list)
    packets: int = 0
    data_received: int = 0
    refused_writes: int = 0
    is_gone: bool = False
    _current: ObjectType | None = ObjectType.COMMAND

    def reload(self) -> None:
        """A reset, or a lost link of SDK 16 and 17: RAM is what the settings page says (4.1)."""
        self.progress = self.saved
        self._current = ObjectType.COMMAND
        self.is_gone = False

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        """Carry out one request."""
        if self.is_gone:
            return None
        if isinstance(request, UnknownRequest):
            return Answer(opcode=request.opcode, result=ResultCode.OPCODE_NOT_SUPPORTED)
        is_write = isinstance(request, WriteObject)
        if not is_write:
            self.requests.append(request)
        opcode = Opcode.CRC_GET if is_write else opcode_of(request)
        try:
            return Answer(opcode=opcode, result=ResultCode.SUCCESS, body=self._carry_out(request))
        except Refusing as no:
            self.refused_writes += is_write
            return Answer(opcode=opcode, result=no.result, ext_error=no.ext_error)

    def _carry_out(self, request: Request) -> AnswerBody:
        match request:
            case SetPrn():
                return Done()
            case GetMtu():
                return Mtu(size=self.mtu)
            case SelectObject(object_type=kind):
                self._make_current(kind)
                max_size = INIT_PACKET_MAX if self._is_command else self.object_size
                return Selected(max_size=max_size, offset=self._crc.offset, crc=self._crc.crc)
            case CreateObject(object_type=kind, size=size):
                self._make_current(kind)
                (self._create_command if self._is_command else self._create_data)(size)
            case WriteObject(data=data):
                return self._write(data)
            case GetCrc():
                return self._crc
            case ExecuteObject():
                (self._execute_command if self._is_command else self._execute_data)()
            case _:
                raise Refusing(ResultCode.OPCODE_NOT_SUPPORTED)
        return Done()

    def _make_current(self, kind: int) -> None:
        """Even where the request then fails; an unknown type leaves no current object (2.1)."""
        self._current = ObjectType(kind) if kind in tuple(ObjectType) else None

    @property
    def _is_command(self) -> bool:
        if self._current is None:
            raise Refusing(ResultCode.INVALID_OBJECT)
        return self._current is ObjectType.COMMAND

    @property
    def _crc(self) -> Crc:
        if self._is_command:
            command = self.progress.command
            return Crc(offset=len(command), crc=zlib.crc32(command))
        return Crc(offset=self.progress.offset, crc=self.progress.crc)

    def _create_command(self, size: int) -> None:
        if size == 0:
            raise Refusing(ResultCode.INVALID_PARAMETER)
        if size > INIT_PACKET_MAX:
            raise Refusing(ResultCode.INSUFFICIENT_RESOURCES)
        self.progress = Progress(command_size=size)

    def _execute_command(self) -> None:
        now = self.progress
        if len(now.command) != now.command_size:
            raise Refusing(ResultCode.OPERATION_NOT_PERMITTED)
        if not now.is_valid:
            if len(now.command) != _INIT_PACKET.size:
                raise Refusing(ResultCode.INVALID_OBJECT)
            image_size, _digest = _INIT_PACKET.unpack(now.command)
            self.progress = replace(now, is_valid=True, image_size=image_size)
        self.saved = self.progress

    def _create_data(self, size: int) -> None:
        now = self.progress
        last = now.executed_offset
        if not now.is_valid:
            raise Refusing(ResultCode.OPERATION_NOT_PERMITTED)
        if size == 0 or (size % self.object_size and last + size != now.image_size):
            raise Refusing(ResultCode.INVALID_PARAMETER)
        if size > self.object_size:
            raise Refusing(ResultCode.INSUFFICIENT_RESOURCES)
        if last + size > now.image_size:
            raise Refusing(ResultCode.OPERATION_NOT_PERMITTED)
        self.progress = replace(now, object_size=size, offset=last, crc=now.executed_crc)
        self.flash[last : last + self.object_size] = b"\xff" * self.object_size

    def _write(self, data: bytes) -> Crc:
        index, self.packets = self.packets, self.packets + 1
        now = self.progress
        if index in self.lost:
            return Crc(offset=0, crc=0)
        if self._is_command:
            if len(now.command) + len(data) > now.command_size:
                raise Refusing(ResultCode.INVALID_PARAMETER)
            self.progress = replace(now, command=now.command + data)
            return self._crc
        if not now.is_valid:
            raise Refusing(ResultCode.OPERATION_NOT_PERMITTED)
        end = now.offset + len(data)
        if end - now.executed_offset > now.object_size:
            raise Refusing(ResultCode.INVALID_PARAMETER)
        held = self.flash[now.offset : end]
        self.flash[now.offset : end] = bytes(a & b for a, b in zip(held, data, strict=True))
        self.progress = replace(now, offset=end, crc=zlib.crc32(data, now.crc))
        self.data_received += len(data)
        return self._crc

    def _execute_data(self) -> None:
        now = self.progress
        if now.offset - now.executed_offset != now.object_size:
            raise Refusing(ResultCode.OPERATION_NOT_PERMITTED)
        self.progress = replace(
            now, object_size=0, executed_offset=now.offset, executed_crc=now.crc
        )
        if now.offset == now.image_size:
            self._end(now)

    def _end(self, now: Progress) -> None:
        """The last EXECUTE: success and failure alike wipe the progress and reset (section 7)."""
        image = bytes(self.flash[: now.image_size])
        _size, digest = _INIT_PACKET.unpack(now.command)
        self.progress = self.saved = Progress()
        self.is_gone = True
        if hashlib.sha256(image).digest() != digest:
            raise Refusing(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
        self.accepted = image


class Road(Enum):
    """How host and target are joined; small packets, so that there are many."""

    BLE = "ble"
    SLIP = "slip"

    def framing(self) -> Framing:
        """A host's framing for a new connection."""
        return BleFraming(mtu=23) if self is Road.BLE else SerialFraming()

    def carry(self, message: bytes) -> Reply:
        """An answer as the unit puts it on the road."""
        if self is Road.BLE:
            return Reply(channel=Channel.CONTROL, data=message)
        return Reply(channel=Channel.SERIAL, data=encode_frame(message))


class Target(Protocol):
    """What hears a host's writes and replies."""

    def receive(self, channel: Channel, data: bytes) -> list[Reply]:
        """Take a write; the replies to it."""


@dataclass(slots=True)
class Talk:
    """What was said over one connection.

    Attributes:
        effects: Of the host, in order.
        replies: Of the target that reached the host, in order.
        steps: Writes that reached the target, and replies that reached the host.
        is_cut: Whether the connection ended before the talk did.
        is_finished: Whether the host was then satisfied.
        error: With which the host gave up.
    """

    effects: list[Effect] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    steps: int = 0
    is_cut: bool = False
    is_finished: bool = False
    error: FirmlineError | None = None

    def events(self, kind: type[_E]) -> list[_E]:
        """The events of one kind that were reported."""
        reported = (effect.event for effect in self.effects if isinstance(effect, Report))
        return [event for event in reported if isinstance(event, kind)]


Meddle = Callable[[int, Reply], Iterable[Reply]]
"""What becomes of the reply with this index, counted from 0, on its way."""


def talk(
    host: HostSession, target: Target, *, cut_at: int | None = None, meddle: Meddle | None = None
) -> Talk:
    """Join both until the host is finished, has failed or waits in vain, or the link is cut.

    A host that has failed is told the rest all the same; it must write nothing any more.

    Args:
        host: A session that was not started.
        target: The other end.
        cut_at: Number of steps after which the link is gone.
        meddle: Falsifies replies on their way.
    """
    said = Talk()
    effects, inbox = deque(host.start()), deque[Reply]()
    arrived = 0
    while effects or inbox:
        if effects and not isinstance(effects[0], Write):
            effect = effects.popleft()
            said.effects.append(effect)
            if isinstance(effect, Fail):
                said.error = effect.error
                assert not effects, "the host goes on after it has failed"
            continue
        if said.steps == cut_at:
            said.is_cut = True
            return said
        said.steps += 1
        if effects:
            write = effects.popleft()
            assert isinstance(write, Write)
            assert said.error is None, "the host writes after it has failed"
            said.effects.append(write)
            for reply in target.receive(write.channel, write.data):
                inbox.extend([reply] if meddle is None else meddle(arrived, reply))
                arrived += 1
        else:
            said.replies.append(inbox.popleft().data)
            effects.extend(host.receive(said.replies[-1]))
    said.is_finished = host.finished
    return said


@dataclass(slots=True)
class Bench:
    """A unit on the bench, and what shall get into it.

    Attributes:
        firmware: The image.
        road: How to reach the unit.
        prn: Of the host.
        unit: Its bootloader.
        forgets: Whether a lost link takes its RAM (SDK 16, 17).
        handler: What hears the requests, where it is not ``unit`` itself.
        init_packet: Where it is not the right one.
    """

    firmware: bytes
    road: Road = Road.BLE
    prn: int = 0
    unit: MemoryBootloader = field(default_factory=MemoryBootloader)
    forgets: bool = False
    handler: RequestHandler | None = None
    init_packet: bytes | None = None

    def host(self) -> HostSession:
        """A new session."""
        return HostSession(
            init_packet=self.init_packet or init_packet_of(self.firmware),
            firmware=self.firmware,
            framing=self.road.framing(),
            prn=self.prn,
        )

    def connect(self, *, cut_at: int | None = None, meddle: Meddle | None = None) -> Talk:
        """One connection with a new session; at no time must the unit have to refuse a packet."""
        target = TargetSession(self.handler or self.unit)
        said = talk(self.host(), target, cut_at=cut_at, meddle=meddle)
        if self.forgets or self.unit.is_gone:
            self.unit.reload()
        assert self.unit.refused_writes == 0
        return said

    def assert_updated(self, said: Talk) -> None:
        """The talk went to its end, and the unit has exactly the firmware."""
        assert said.error is None
        assert said.is_finished
        assert self.unit.accepted == self.firmware
