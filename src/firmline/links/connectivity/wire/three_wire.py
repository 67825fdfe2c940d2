"""The dongle's serial link: opened, then each payload is delivered once and in order, both ways.

Theory of operation. The host resets the chip, waits until it has restarted, asks it to synchronize
and to configure itself; each answer leads on, and each question is repeated while there is none.
From then on the link is active: a reliable packet is sent, and the next one only when the other
side has acknowledged it (a window of one); without an acknowledgement it is sent again, the same
bytes, and the other side acknowledges again what it has already delivered. A request to synchronize
on an active link means that whoever sends it has restarted, and all begins anew.

There is no I/O and no clock here: bytes and times come in, and what has become of them is taken out
(:meth:`ThreeWireLink.take_output`, :meth:`ThreeWireLink.take_events`).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final, TypeAlias

from firmline.errors import LocalProtocolError
from firmline.links.connectivity.wire.packets import (
    MAX_FRAME,
    MAX_PAYLOAD,
    NUMBERS,
    Damage,
    Packet,
    PacketKind,
    decode_packet,
    encode_packet,
)
from firmline.protocol.slip import SlipDecoder

RESTART_S: Final = 0.3
"""How long a chip that was reset is given (nrf-connectivity spec, "Link layer")."""
ASKS_AGAIN_S: Final = 0.3
"""After this time without an answer a question is asked again (same place)."""
SENDS_AGAIN_S: Final = 0.25
"""After this time without an acknowledgement a packet is sent again (same place: 250 to 300 ms)."""
HEARD_SIZE: Final = 64
"""Bytes that are kept of what is heard first, for whoever has to say what it is; ours."""
TRIES: Final = 6
"""Of each question and of each packet (same place)."""
OPENING_S: Final = RESTART_S + TRIES * ASKS_AGAIN_S
"""How long a chip is waited for that says nothing."""
SYNC: Final = b"\x01\x7e"
SYNC_RESPONSE: Final = b"\x02\x7d"
CONFIG: Final = b"\x03\xfc\x11"
"""With a window of one and a CRC: 0x11."""
CONFIG_RESPONSE: Final = b"\x04\x7b"
"""Its configuration stands behind it."""
_CONFIGURATION: Final = CONFIG[2:]


class Role(Enum):
    """Which end of the wire this is."""

    HOST = auto()
    """Opens the link."""
    CHIP = auto()
    """Answers, and restarts when it is told to."""


class LinkState(Enum):
    """How far the link is."""

    CLOSED = auto()
    RESTARTING = auto()
    SYNCHRONIZING = auto()
    CONFIGURING = auto()
    ACTIVE = auto()
    FAILED = auto()


class Failure(StrEnum):
    """Why a link is no more, or never was."""

    SILENT = "silent"
    """Nothing that is a packet was heard, and nothing else."""
    UNREADABLE = "unreadable"
    """What was heard are no packets: another speed, or another device."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """A packet was sent as often as may be."""
    OUT_OF_STEP = "out_of_step"
    """An acknowledgement of something that was never sent."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The link is active."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A payload has come."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The oldest payload that was sent has arrived."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """The other side has restarted, or told us to; nothing that was is any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The link is over."""

    why: Failure


LinkEvent: TypeAlias = Opened | Delivered | Acknowledged | Restarted | Failed


class ThreeWireLink:
    """One end of the link.

    Args:
        role: Which end.

    Attributes:
        damaged: How many frames were no packets, by reason.
        resent: How many packets were sent again.
    """

    def __init__(self, role: Role) -> None:
        self.damaged: Counter[Damage] = Counter()
        self.resent = 0
        self._role = role
        self._state = LinkState.CLOSED
        self._decoder = SlipDecoder(max_size=MAX_FRAME)
        self._output = bytearray()
        self._events: list[LinkEvent] = []
        self._waiting: deque[bytes] = deque()
        self._in_flight = b""
        """The frame that is to be acknowledged; empty: there is none."""
        self._sequence = 0
        self._expected = 0
        self._heard = b""
        self._has_sense = False
        self._tries = 0
        self._due_s: float | None = None

    @property
    def state(self) -> LinkState:
        """How far the link is."""
        return self._state

    @property
    def heard(self) -> bytes:
        """The first bytes that were heard since the link was opened."""
        return self._heard

    @property
    def unsent(self) -> int:
        """How many payloads have not been acknowledged yet."""
        return len(self._waiting) + bool(self._in_flight)

    def next_wake_s(self) -> float | None:
        """When :meth:`wake` has something to do; ``None``: not until something is heard."""
        return self._due_s

    def take_output(self) -> bytes:
        """The bytes to write now."""
        data = bytes(self._output)
        self._output.clear()
        return data

    def take_events(self) -> list[LinkEvent]:
        """What has happened, in order."""
        events, self._events = self._events, []
        return events

    # What this side wants.

    def open(self, *, now_s: float) -> None:
        """Begin, or begin anew: a host resets the chip, a chip says that it has restarted."""
        self._forget()
        if self._role is Role.HOST:
            self._heard, self._has_sense = b"", False
            self._post(PacketKind.RESET)
            self._state, self._due_s = LinkState.RESTARTING, now_s + RESTART_S
        else:
            self._state = LinkState.SYNCHRONIZING
            self._post(PacketKind.LINK_CONTROL, SYNC)

    def leave(self) -> None:
        """End it on the host's side: the chip is reset, and nobody waits for it."""
        self._forget()
        self._post(PacketKind.RESET)
        self._state = LinkState.CLOSED

    def send(self, payload: bytes, *, now_s: float) -> None:
        """Send a payload when those before it have arrived.

        Raises:
            LocalProtocolError: The link is not active, or the payload is too long.
        """
        if self._state is not LinkState.ACTIVE or len(payload) > MAX_PAYLOAD:
            raise LocalProtocolError(
                f"{len(payload)} bytes cannot be sent to a dongle: the link is"
                f" {self._state.name.lower()}."
            )
        self._waiting.append(payload)
        self._send_next(now_s)

    def wake(self, *, now_s: float) -> None:
        """Do what is due: ask again, send again, or give up."""
        if self._due_s is None or now_s < self._due_s:
            return
        match self._state:
            case LinkState.RESTARTING:
                self._ask(LinkState.SYNCHRONIZING, now_s)
            case LinkState.SYNCHRONIZING | LinkState.CONFIGURING:
                self._ask_again(now_s)
            case _:
                self._send_again(now_s)

    # What is heard.

    def feed(self, data: bytes, *, now_s: float) -> None:
        """Take the next bytes from the other side, in whatever pieces they come."""
        self._heard = (self._heard + data)[:HEARD_SIZE]
        dropped = self._decoder.dropped
        frames = self._decoder.feed(data)
        self.damaged[Damage.LENGTH] += self._decoder.dropped - dropped
        for frame in frames:
            packet = decode_packet(frame)
            if isinstance(packet, Damage):
                self.damaged[packet] += 1
            elif self._listens:
                self._has_sense = True
                self._take(packet, now_s)

    @property
    def _listens(self) -> bool:
        """A host whose link is over hears nothing; a chip can always be reset."""
        return self._role is Role.CHIP or self._state not in (LinkState.CLOSED, LinkState.FAILED)

    def _take(self, packet: Packet, now_s: float) -> None:
        match packet.kind:
            case PacketKind.LINK_CONTROL:
                self._on_control(packet.payload, now_s)
            case PacketKind.RESET if self._role is Role.CHIP:
                self._forget()
                self._state = LinkState.SYNCHRONIZING
                self._events.append(Restarted())
            case PacketKind.ACK if self._state is LinkState.ACTIVE:
                self._on_ack(packet.acknowledges, now_s)
            case PacketKind.VENDOR if self._state is LinkState.ACTIVE and packet.is_reliable:
                self._on_payload(packet)
            case _:  # of another time, or of a kind that nobody uses
                return

    def _on_control(self, payload: bytes, now_s: float) -> None:
        """A word about the link; those that make no sense now are left."""
        host, state = self._role is Role.HOST, self._state
        if payload == SYNC:
            self._on_sync(now_s)
        elif payload[:2] == CONFIG[:2] and state is not LinkState.RESTARTING:
            self._post(PacketKind.LINK_CONTROL, CONFIG_RESPONSE + _CONFIGURATION)
            if not host and state is not LinkState.ACTIVE:
                self._activate()
        elif host and payload == SYNC_RESPONSE and state is LinkState.SYNCHRONIZING:
            self._ask(LinkState.CONFIGURING, now_s)
        elif host and payload[:2] == CONFIG_RESPONSE and state is LinkState.CONFIGURING:
            self._activate()

    def _on_sync(self, now_s: float) -> None:
        """The other side wants to begin; on an active link it has restarted."""
        if self._state is LinkState.RESTARTING:
            return  # it may be from before the reset
        was_active = self._state is LinkState.ACTIVE
        if was_active or self._state is LinkState.FAILED:
            self._forget()
            self._state = LinkState.SYNCHRONIZING
            self._events.append(Restarted())
        self._post(PacketKind.LINK_CONTROL, SYNC_RESPONSE)
        if was_active and self._role is Role.HOST:
            self._ask(LinkState.SYNCHRONIZING, now_s)

    def _on_ack(self, acknowledges: int, now_s: float) -> None:
        """What was sent has arrived, or something is acknowledged once more."""
        if acknowledges == self._sequence:
            return
        if not self._in_flight or acknowledges != (self._sequence + 1) % NUMBERS:
            self._fail(Failure.OUT_OF_STEP)
            return
        self._sequence = acknowledges
        self._in_flight, self._due_s = b"", None
        self._events.append(Acknowledged())
        self._send_next(now_s)

    def _on_payload(self, packet: Packet) -> None:
        """Deliver what is new; what is repeated was delivered, and is acknowledged again."""
        if packet.sequence == self._expected:
            self._expected = (self._expected + 1) % NUMBERS
            self._events.append(Delivered(packet.payload))
        self._post(PacketKind.ACK)

    # How it is done.

    def _ask(self, state: LinkState, now_s: float) -> None:
        """Go on to a state whose question is asked until it is answered."""
        self._state, self._tries = state, 0
        self._ask_again(now_s)

    def _ask_again(self, now_s: float) -> None:
        if self._tries == TRIES:
            is_nonsense = self._heard and not self._has_sense
            self._fail(Failure.UNREADABLE if is_nonsense else Failure.SILENT)
            return
        self._tries += 1
        question = SYNC if self._state is LinkState.SYNCHRONIZING else CONFIG
        self._post(PacketKind.LINK_CONTROL, question)
        self._due_s = now_s + ASKS_AGAIN_S

    def _send_next(self, now_s: float) -> None:
        if self._in_flight or not self._waiting:
            return
        self._in_flight = encode_packet(
            Packet(
                kind=PacketKind.VENDOR,
                payload=self._waiting.popleft(),
                sequence=self._sequence,
                acknowledges=self._expected,
                is_reliable=True,
                has_crc=True,
            )
        )
        self._output += self._in_flight
        self._tries, self._due_s = 1, now_s + SENDS_AGAIN_S

    def _send_again(self, now_s: float) -> None:
        if self._tries == TRIES:
            self._fail(Failure.NOT_ACKNOWLEDGED)
            return
        self._tries += 1
        self.resent += 1
        self._output += self._in_flight
        self._due_s = now_s + SENDS_AGAIN_S

    def _post(self, kind: PacketKind, payload: bytes = b"") -> None:
        """Send a packet that nobody acknowledges."""
        acknowledges = self._expected if kind is PacketKind.ACK else 0
        self._output += encode_packet(Packet(kind=kind, payload=payload, acknowledges=acknowledges))

    def _activate(self) -> None:
        self._forget()
        self._state = LinkState.ACTIVE
        self._events.append(Opened())

    def _forget(self) -> None:
        """Nothing was sent, and nothing is expected."""
        self._waiting.clear()
        self._in_flight, self._due_s = b"", None
        self._sequence = self._expected = self._tries = 0

    def _fail(self, why: Failure) -> None:
        self._forget()
        self._state = LinkState.FAILED
        self._events.append(Failed(why))
