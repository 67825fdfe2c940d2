"""Replays recorded Secure DFU sessions against the virtual unit (FORMAT.md of the transcripts).

For every step the input is fed, the unit runs until it is idle (it always is when a call returns),
and everything observed is compared. A replay ends at the first difference: what comes after it
means nothing. Kinds of steps that are not modelled yet raise :class:`NotModelledError`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SIZE, BootValidationEntry, SettingsRam
from firmline.device.chips import chip
from firmline.device.flash import FlashOperation, NorFlash
from firmline.device.profile import PROFILES, MemoryMap
from firmline.device.radio_face import AttStatus, Notify, ResetKind
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.keys import PublicKey
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

Step = dict[str, Any]
ADDRESS = BleAddress(bytes.fromhex("C60504030201"))
"""The address base of FORMAT.md, section 5, most significant byte first."""
CHANNELS = {"control": Channel.CONTROL, "packet": Channel.PACKET}
MODES = {UnitMode.APPLICATION: "app", UnitMode.BOOTLOADER: "dfu"}
ENTER_DFU = 0xB1
INACTIVITY_S = 121
SOFTDEVICE_MAGIC = 0x51B1E5DB


class NotModelledError(Exception):
    """The session needs something that the virtual unit does not have yet; its name."""


class Disagreement(Exception):  # noqa: N818 - a finding, not a failure of the replayer
    """The unit did something else than was recorded.

    Attributes:
        step: Number of the step, or ``final``.
        what: The field.
        expected: What was recorded.
        got: What the unit did.
    """

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(what)
        self.step: int | str = "final"
        self.what = what
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"step {self.step}: {self.what}: expected {self.expected}, got {self.got}"


def load_sessions(path: Path, *, profile: str) -> Iterator[Step]:
    """The sessions of one profile in a ``.jsonl.gz`` file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            session: Step = json.loads(line)
            if session["profile"] == profile:
                yield session


def read_source(source: Step) -> bytes:
    """The bytes of a byte source (FORMAT.md, section 3)."""
    if "hex" in source:
        return bytes.fromhex(source["hex"])
    if "sha256ctr" in source:
        seed, size = source["sha256ctr"], source["len"]
        blocks = (
            hashlib.sha256(f"{seed}/{index}".encode()).digest() for index in range(-(-size // 32))
        )
        return b"".join(blocks)[:size]
    content = bytearray(b"\xff" * source["len"])
    for part in source["parts"]:
        piece = read_source(part)
        content[part["at"] : part["at"] + len(piece)] = piece
    return bytes(content)


@dataclass
class Observed:
    """What the unit did in one step, in the fields of FORMAT.md."""

    rx: list[str] = field(default_factory=list)
    att: str | None = None
    link: str | None = None
    stopped_after: int | None = None
    resets: list[str] = field(default_factory=list)
    ops: list[list[Any]] = field(default_factory=list)
    adv: str | None = None
    addr: str | None = None
    mtu_reply: int | None = None


class Replay:
    """One session against one unit.

    Args:
        session: As recorded.
    """

    def __init__(self, session: Step) -> None:
        self._session = session
        self._blobs = {name: read_source(source) for name, source in session["blobs"].items()}
        self._now_s = 0.0
        self._mode: str | None = None
        self._connected = False
        self._seen = Observed()
        self._logged = 0
        self._unit = self._make_unit()

    def run(self) -> None:
        """Replay all steps and compare the end.

        Raises:
            Disagreement: At the first difference.
            NotModelledError: A step is of a kind that is not modelled.
        """
        if self._session.get("raw"):
            raise NotModelledError("raw")
        for index, step in enumerate(self._session["steps"]):
            try:
                self._step(step)
            except Disagreement as disagreement:
                disagreement.step = index
                raise
        self._compare_final(self._session["final"])

    def _make_unit(self) -> VirtualUnit:
        profile = PROFILES[self._session["profile"]]
        row = chip("nrf52832-512k")
        memory = MemoryMap.of(row, profile)
        flash = NorFlash(
            size=row.flash_size, page_size=row.page_size, on_operation=self._on_operation
        )
        for entry in self._session["flash"]:
            flash.load(entry["at"], read_source(entry))
        key = PublicKey.from_le_bytes(bytes.fromhex(self._session["public_key_le_hex"]))
        self._board = Board(chip=row, profile=profile, memory=memory, flash=flash, public_key=key)
        return VirtualUnit(name="replayed", address=ADDRESS, serial_number="", board=self._board)

    # What the unit does.

    def _on_operation(self, what: FlashOperation, address: int, count: int) -> None:
        self._note_resets()
        ops = self._seen.ops
        size = 4 if what is FlashOperation.WRITE else self._board.memory.page_size
        if ops and ops[-1][0] == what.value and ops[-1][1] + ops[-1][2] * size == address:
            ops[-1][2] += count
        else:
            ops.append([what.value, address, count])

    def _note_resets(self) -> None:
        """Resets are what the unit's log says; a boot that ends in one is a soft reset."""
        for entry in self._unit.log[self._logged :]:
            if entry.what == "reset":
                self._note_reset(str(entry.facts["kind"]))
            elif entry.what == "boot" and entry.facts["into"] == "reset":
                self._note_reset("soft")
        self._logged = len(self._unit.log)

    def _note_reset(self, kind: str) -> None:
        self._seen.resets.append(kind)
        self._seen.ops.append(["reset", kind])

    def _take_outputs(self) -> None:
        outputs = self._unit.take_outputs()
        self._seen.rx += [output.data.hex() for output in outputs if isinstance(output, Notify)]
        self._note_resets()
        if self._seen.resets:
            self._connected = False

    # Steps.

    def _step(self, step: Step) -> None:
        self._seen = Observed()
        was_connected = self._connected
        if "expect" in step:
            self._compare_expectations(step["expect"])
            return
        if "tx" in step:
            self._transmit(step)
        else:
            self._cause(step)
        self._take_outputs()
        if was_connected and not self._connected and step.get("event") != "disconnect":
            self._seen.link = "lost"
        self._compare_step(step)

    def _transmit(self, step: Step) -> None:
        frames = self._frames(step["tx"])
        channel = CHANNELS.get(step["ch"])
        if channel is None:
            raise NotModelledError(step["ch"])
        for count, frame in enumerate(frames, 1):
            status = self._unit.receive(channel, frame, now_s=self._now_s)
            self._take_outputs()
            if status is not AttStatus.OK:
                self._seen.att = f"{0x100 + status:04x}"
            if not self._connected:
                self._seen.stopped_after = count if count < len(frames) else None
                return

    def _frames(self, tx: str | Step) -> list[bytes]:
        if isinstance(tx, str):
            return [bytes.fromhex(tx)]
        data = self._blobs[tx["blob"]][tx["from"] : tx["to"]]
        size = tx.get("chunk", len(data) or 1)
        pre = bytes.fromhex(tx.get("pre", ""))
        return [pre + data[start : start + size] for start in range(0, len(data), size)]

    def _cause(self, step: Step) -> None:
        kind, *arguments = step["event"].split()
        unit, registers = self._unit, self._board.registers
        match kind:
            case "power_on":
                unit.power_on(now_s=self._now_s)
            case "enter_dfu":
                registers.gpregret = ENTER_DFU
                unit.reset(ResetKind.SOFT, now_s=self._now_s)
            case "reset":
                unit.reset(ResetKind(arguments[0]), now_s=self._now_s)
            case "gpregret":
                registers.gpregret = int(arguments[0], 16)
            case "connect":
                self._connect(step)
            case "disconnect":
                unit.disconnected(now_s=self._now_s)
                self._connected = False
            case "cccd":
                unit.subscribed(Channel.CONTROL, arguments[0] != "0", now_s=self._now_s)
            case "wait" | "inactivity":
                self._now_s += float(arguments[0]) if arguments else INACTIVITY_S
                unit.wake(now_s=self._now_s)
            case "flash":
                address = int(arguments[0], 0)
                self._board.flash.load(address, bytes.fromhex(arguments[1]))
            case _:
                raise NotModelledError(kind)

    def _connect(self, step: Step) -> None:
        """Connect to a unit in its bootloader; a recorded application advertised nothing."""
        advertisement = self._unit.advertisement
        if advertisement is None or self._unit.mode is UnitMode.APPLICATION:
            self._seen.link = "refused"
            return
        self._seen.addr = advertisement.address.octets[::-1].hex()
        self._seen.adv = advertisement.data.hex()
        # The unit offers its largest MTU; that replies are rounded to words is the radio's part.
        offered = min(step["mtu"], self._unit.services.max_mtu)
        self._seen.mtu_reply = ((offered - 3) & ~3) + 3
        self._unit.connected(now_s=self._now_s)
        self._connected = True
        if step["cccd"]:
            self._unit.subscribed(Channel.CONTROL, True, now_s=self._now_s)

    # Comparisons.

    def _compare_step(self, step: Step) -> None:
        seen = self._seen
        _agree("rx", step.get("rx", []), seen.rx)
        for name in ("att", "link", "stopped_after", "adv", "addr", "mtu_reply"):
            _agree(name, step.get(name), getattr(seen, name))
        _agree("resets", step.get("resets", []), seen.resets)
        if self._session.get("optrace"):
            _agree("ops", step.get("ops", []), seen.ops)
        mode = self._current_mode()
        _agree("mode", step.get("mode", self._mode), mode)
        self._mode = mode

    def _current_mode(self) -> str:
        mode = self._unit.mode
        return "off" if mode is None else MODES[mode]

    def _compare_expectations(self, expected: Step) -> None:
        memory, flash = self._board.memory, self._board.flash
        page_size = memory.page_size
        got: Step = {
            "mode": self._current_mode(),
            "gpregret": f"{self._board.registers.gpregret:02x}",
            "settings_page_sha256": _sha256(flash.read(memory.settings_page, page_size)),
            "backup_page_sha256": _sha256(flash.read(memory.backup_page, page_size)),
            "settings": self._settings(),
            **self._bank_0(),
        }
        for name in sorted(expected.keys() | got.keys()):
            _agree(name, expected.get(name), got.get(name))

    def _settings(self) -> Step:
        ram = SettingsRam(self._board.flash.read(self._board.memory.settings_page, SIZE))
        validations = (
            ram.softdevice_validation,
            ram.application_validation,
            ram.bootloader_validation,
        )
        return {
            "crc_ok": ram.crc == zlib.crc32(ram.data[0x04:0x5C]),
            "version": ram.version,
            "app_version": ram.app_version,
            "bootloader_version": ram.bootloader_version,
            "bank_0": [ram.bank_0.size, ram.bank_0.crc, ram.bank_0.code],
            "bank_1": [ram.bank_1.size, ram.bank_1.crc, ram.bank_1.code],
            "write_offset": ram.write_offset,
            "sd_size": ram.sd_size,
            "command": [ram.command_size, ram.command_offset, ram.command_crc],
            "data_object_size": ram.data_object_size,
            "image": [ram.image_crc, ram.image_crc_last, ram.image_offset, ram.image_offset_last],
            "enter_buttonless_dfu": ram.enter_buttonless_dfu,
            "init_command_sha256": _sha256(ram.init_command),
            "bv_crc_ok": ram.boot_validation_crc_ok,
            "bv": [_validation(entry) for entry in validations],
        }

    def _bank_0(self) -> Step:
        """Where bank 0 lies and what is in it, if the page in flash can be believed."""
        flash, memory = self._board.flash, self._board.memory
        ram = SettingsRam(flash.read(memory.settings_page, SIZE))
        has_softdevice = flash.read_word(0x3004) == SOFTDEVICE_MAGIC
        start = memory.page_align(flash.read_word(0x3008)) if has_softdevice else 0x1000
        bank = ram.bank_0
        if (
            ram.crc != zlib.crc32(ram.data[0x04:0x5C])
            or start + bank.size > memory.bootloader_start
        ):
            return {}
        content = flash.read(start, bank.size)
        return {
            "bank0_at": start,
            "bank0_sha256": _sha256(content),
            "app_valid": bank.code == 1 and zlib.crc32(content) == bank.crc,
        }

    def _compare_final(self, final: Step) -> None:
        flash, memory = self._board.flash, self._board.memory
        content = bytearray(flash.read(0, flash.size))
        for address, size in final.get("exclude", []):
            content[address : address + size] = bytes(size)
        _agree("mode", final["mode"], self._current_mode())
        page = flash.read(memory.settings_page, SIZE).hex()
        _agree("settings_page_hex", final["settings_page_hex"], page)
        _agree("flash_sha256", final["flash_sha256"], _sha256(content))


def _agree(what: str, expected: object, got: object) -> None:
    if expected != got:
        raise Disagreement(what, expected, got)


def _sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()


def _validation(entry: BootValidationEntry) -> list[Any]:
    return [entry.type, entry.data.rstrip(b"\0").hex()]
