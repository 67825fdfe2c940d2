"""Feeding a virtual unit with a recorded session, in lock step (FORMAT.md, sections 4 to 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.board import Board
from firmline.device.chips import chip
from firmline.device.flash import FlashOperation, NorFlash
from firmline.device.profile import PROFILES
from firmline.device.radio_face import AttStatus, Notify, ResetKind, agreed_mtu
from firmline.device.replay.comparison import (
    MODES,
    Disagreement,
    agree,
    compare_final,
    present_state,
)
from firmline.device.replay.session import Cause, Expect, Session, Step, Transmit
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.slip import SlipDecoder, encode_frame
from firmline.values import BleAddress

ADDRESS: Final = BleAddress(bytes.fromhex("C60504030201"))
"""The address base of the recordings (section 5), most significant byte first."""
VARIANT: Final = 0x41414530
"""All recordings have the FICR variant of the QFAA, also on 256 kB (section 2)."""
INACTIVITY_S: Final = 121.0
MAX_NUMBER: Final = 0xFFFF_FFFF
"""Largest number in an event; ours: addresses, seconds and operations are all far below."""
_SMALL: Final = "-256k"


@dataclass
class _Seen:
    """What the unit did in one step, in the fields of the format."""

    rx: list[str] = field(default_factory=list)
    att: str | None = None
    link: str | None = None
    stopped_after: int | None = None
    resets: list[str] = field(default_factory=list)
    ops: list[list[Any]] = field(default_factory=list)
    adv: str | None = None
    addr: str | None = None
    mtu_reply: int | None = None


def replay(session: Session) -> Disagreement | None:
    """Replay one session on a new unit; the first difference, or ``None``.

    Raises:
        InputError: ``TRANSCRIPT_MALFORMED``: its profile or an event is not known.
    """
    try:
        _Replay(session).run()
    except Disagreement as disagreement:
        return disagreement
    return None


class _Replay:
    """One session against one unit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._now_s = 0.0
        self._mode: str | None = None
        self._connected = False
        self._seen = _Seen()
        self._logged = 0
        self._slip = SlipDecoder()
        self._unit = _make_unit(session, self._on_operation)

    def run(self) -> None:
        """All steps, then the end."""
        for index, step in enumerate(self._session.steps):
            try:
                self._step(step)
            except Disagreement as disagreement:
                disagreement.step = index
                raise
            except InputError as error:
                raise InputError(error.code, f"Step {index}: {error.message}") from None
        compare_final(self._unit, self._session.final)

    # What the unit does.

    def _on_operation(self, what: FlashOperation, address: int, count: int) -> None:
        self._note_resets()
        ops = self._seen.ops
        size = 4 if what is FlashOperation.WRITE else self._unit.board.memory.page_size
        if ops and ops[-1][0] == what.value and ops[-1][1] + ops[-1][2] * size == address:
            ops[-1][2] += count
        else:
            ops.append([what.value, address, count])

    def _note_resets(self) -> None:
        """Resets are what the unit's log says; a boot that ends in one is a soft reset."""
        for entry in self._unit.log[self._logged :]:
            kind = ""
            if entry.what == "reset":
                kind = str(entry.facts["kind"])
            elif entry.what == "boot" and entry.facts["into"] == "reset":
                kind = "soft"
            if kind:
                self._seen.resets.append(kind)
                self._seen.ops.append(["reset", kind])
        self._logged = len(self._unit.log)

    def _take_outputs(self) -> None:
        sent = [output.data for output in self._unit.take_outputs() if isinstance(output, Notify)]
        if self._session.is_raw or self._unit.board.profile.is_ble:
            self._seen.rx += [data.hex() for data in sent]
        else:
            frames = [frame for data in sent for frame in self._slip.feed(data)]
            self._seen.rx += [frame.hex() for frame in frames]
        self._note_resets()
        if self._seen.resets:
            self._connected = False

    # Steps.

    def _step(self, step: Step) -> None:
        self._seen = _Seen()
        was_connected = self._connected
        match step:
            case Expect(expected=expected):
                got = present_state(self._unit)
                for name in sorted(expected.keys() | got.keys()):
                    agree(name, expected.get(name), got.get(name))
                return
            case Transmit():
                self._transmit(step)
            case Cause():
                self._cause(step)
        self._take_outputs()
        if self._session.is_raw and self._seen.rx:
            self._seen.rx = ["".join(self._seen.rx)]
        disconnected = isinstance(step, Cause) and step.kind == "disconnect"
        if was_connected and not self._connected and not disconnected:
            self._seen.link = "lost"
        self._compare(step.observed)

    def _transmit(self, step: Transmit) -> None:
        """Frame by frame; nothing is written where nobody listens (section 4.1)."""
        serial = step.channel is Channel.SERIAL
        if self._unit.mode is not UnitMode.BOOTLOADER or not (serial or self._connected):
            return
        frames = step.frames
        if self._session.is_raw:
            frames = tuple(bytes([octet]) for frame in frames for octet in frame)
        for count, frame in enumerate(frames, 1):
            data = encode_frame(frame) if serial and not self._session.is_raw else frame
            status = self._unit.receive(step.channel, data, now_s=self._now_s)
            self._take_outputs()
            if status is not AttStatus.OK and not serial:
                self._seen.att = f"{0x100 + status:04x}"
            if self._seen.resets or not (serial or self._connected):
                self._seen.stopped_after = count if count < len(frames) else None
                return

    def _cause(self, step: Cause) -> None:
        unit, board = self._unit, self._unit.board
        match step.kind, step.arguments:
            case "power_on", ():
                unit.power_on(now_s=self._now_s)
            case "enter_dfu", ():
                board.registers.gpregret = GPREGRET_ENTER_DFU
                unit.reset(ResetKind.SOFT, now_s=self._now_s)
            case "reset", (("soft" | "pin" | "wdt" | "power") as kind,):
                unit.reset(ResetKind(kind), now_s=self._now_s)
            case "gpregret", (value,):
                board.registers.gpregret = _number(value, 16, most=0xFF)
            case "gpregret2", (value,):
                board.registers.gpregret2 = _number(value, 16, most=0xFF)
            case "powerfail", (count,):
                board.flash.faults.cut_in = _number(count, 10, least=1)
            case "dropop", (count,):
                board.flash.drop_operation(_number(count, 10, least=1))
            case _:
                self._cause_from_outside(step)

    def _cause_from_outside(self, step: Cause) -> None:
        unit = self._unit
        match step.kind, step.arguments:
            case "connect", ():
                self._connect(step)
            case "disconnect", ():
                unit.disconnected(now_s=self._now_s)
                self._connected = False
            case "cccd", (value,):
                unit.subscribed(Channel.CONTROL, value != "0", now_s=self._now_s)
            case "wait", (seconds,):
                self._pass_time(_number(seconds, 10))
            case "inactivity", ():
                self._pass_time(INACTIVITY_S)
            case "flash", (address, content):
                flash, at, data = unit.board.flash, _number(address, 0), _bytes(content)
                if at > flash.size - len(data):
                    raise _unknown(step)
                flash.load(at, data)
            case _:
                raise _unknown(step)

    def _pass_time(self, seconds: float) -> None:
        self._now_s += seconds
        self._unit.wake(now_s=self._now_s)

    def _connect(self, step: Cause) -> None:
        """Connect to a unit in its bootloader; a recorded application advertised nothing."""
        unit = self._unit
        advertisement = unit.advertisement
        if advertisement is None or unit.mode is UnitMode.APPLICATION:
            self._seen.link = "refused"
            return
        self._seen.addr = advertisement.address.octets[::-1].hex()
        self._seen.adv = advertisement.data.hex()
        self._seen.mtu_reply = agreed_mtu(step.mtu, unit.services.max_mtu)
        unit.connected(now_s=self._now_s)
        self._connected = True
        if step.cccd:
            unit.subscribed(Channel.CONTROL, True, now_s=self._now_s)

    def _compare(self, observed: Any) -> None:  # noqa: ANN401 - as it was recorded
        seen = self._seen
        agree("rx", observed.get("rx", []), seen.rx)
        for name in ("att", "link", "stopped_after", "adv", "addr", "mtu_reply"):
            agree(name, observed.get(name), getattr(seen, name))
        agree("resets", observed.get("resets", []), seen.resets)
        if self._session.has_operations:
            agree("ops", observed.get("ops", []), seen.ops)
        mode = MODES[self._unit.mode]
        agree("mode", observed.get("mode", self._mode), mode)
        self._mode = mode


def _make_unit(
    session: Session, on_operation: Callable[[FlashOperation, int, int], None]
) -> VirtualUnit:
    name = session.profile.removesuffix(_SMALL)
    if name not in PROFILES:
        raise InputError(
            Code.TRANSCRIPT_MALFORMED,
            f"The session {session.id[:60]!r} was recorded on {session.profile[:40]!r}, which is no"
            " profile of the virtual unit.",
            hint=f"Profiles are: {', '.join(PROFILES)}, each also with {_SMALL}.",
        )
    size = "256k" if session.profile.endswith(_SMALL) else "512k"
    row = replace(chip(f"nrf52832-{size}"), variant=VARIANT)
    profile = PROFILES[name]
    flash = NorFlash(size=row.flash_size, page_size=row.page_size, on_operation=on_operation)
    for address, content in session.flash:
        if not 0 <= address <= flash.size - len(content):
            raise InputError(
                Code.TRANSCRIPT_MALFORMED,
                f"The session {session.id[:60]!r} puts bytes outside its flash.",
            )
        flash.load(address, content)
    board = Board.of(row, profile, flash, session.public_key)
    return VirtualUnit(name="replayed", address=ADDRESS, serial_number="", board=board)


def _number(text: str, base: int, *, least: int = 0, most: int = MAX_NUMBER) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise InputError(
            Code.TRANSCRIPT_MALFORMED,
            f"The transcript has {text[:20]!r} where a number from {least} to {most} belongs.",
        )
    return number


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InputError(
            Code.TRANSCRIPT_MALFORMED, f"The transcript has {text[:20]!r} where bytes belong."
        ) from None


def _unknown(step: Cause) -> InputError:
    words = " ".join((step.kind, *step.arguments))[:40]
    return InputError(Code.TRANSCRIPT_MALFORMED, f"The transcript has an event {words!r}.")
