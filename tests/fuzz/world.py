"""One virtual unit under a session's steps, and what must be true of it after each of them."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

from firmline.device.bootloader.activation import mbr_copy_is_pending
from firmline.device.bootloader.settings_ram import SIZE, Bank, SettingsRam
from firmline.device.chips import chip as chip_of
from firmline.device.fabrication import fabricate
from firmline.device.flash import FlashOperation
from firmline.device.profile import PROFILES
from firmline.device.radio_face import Indicate, Notify, ResetKind
from firmline.events import UnitMode
from firmline.formats.init_command import BootValidationType
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ExtError, Opcode, ResultCode
from firmline.protocol.slip import END, SlipDecoder, encode_frame
from fuzz.steps import Step, image_of, packet_of
from unit.device.makers import PAGE, describe

ENTER_DFU = 0xB1
BODY_SIZES = {0: 1, 1: 0, 2: 0, 3: 8, 4: 0, 6: 12, 7: 2, 9: 1, 10: 20, 11: 13, 12: 0}
"""Bytes behind ``60 op 01`` (spec section 2.1)."""
RESULTS = {result.value for result in ResultCode} - {0, ResultCode.UNSUPPORTED_TYPE}
"""00 and 07 are never sent (spec sections 2.1 and 2.2)."""
EXT_ERRORS = {error.value for error in ExtError} - {0x0A, 0x0D}
"""0A and 0D are never sent (spec section 2.3)."""


class BrokenError(AssertionError):
    """Something that must always be true is not."""


def require(holds: object, what: str) -> None:
    """Say what is broken, unless it holds."""
    if not holds:
        raise BrokenError(what)


class World:
    """A unit, its host, and what is known of both.

    Args:
        profile: Name of the unit's bootloader.
        chip: Its chip.
        application_size: Bytes of its application.

    Attributes:
        unit: The unit, switched on.
        reached: What happened, counted.
    """

    def __init__(self, *, profile: str, chip: str, application_size: int) -> None:
        row = chip_of(chip)
        is_small = row.flash_size < 0x40000
        description = describe(profile=PROFILES[profile], size=application_size, chip=row)
        softdevice = description.softdevice
        if is_small and softdevice is not None:
            description = replace(description, softdevice=replace(softdevice, size_word=0x19000))
        self.reached: Counter[str] = Counter()
        self.unit = fabricate(description)
        self._now_s = 0.0
        self._is_serial = not PROFILES[profile].is_ble
        self._seen = hashlib.sha256()
        self._logged = 0
        self._broken = ""
        self._asked = b""
        # What was sent, and whether anything but the bootloader has changed flash.
        self._images: set[int] = set()
        self._tampered = False
        self._revision: str | None = None
        self._bank_0_start = self.unit.board.bank_0_start
        self._read_protected()
        self.unit.board.flash.on_operation = self._on_operation
        self.unit.power_on(now_s=0.0)
        self._images.add(zlib.crc32(self._application()))
        self.check()

    @property
    def digest(self) -> str:
        """Everything that was answered and logged, and what is in flash, in short."""
        digest = self._seen.copy()
        for entry in self.unit.log:
            digest.update(f"{entry.at_s} {entry.what} {sorted(entry.facts.items())}\n".encode())
        digest.update(self.unit.board.flash.read(0, self.unit.board.flash.size))
        return digest.hexdigest()

    def do(self, step: Step) -> None:
        """Perform one step, and check everything that can be seen."""
        name, *arguments = step
        getattr(self, f"_do_{name}")(*arguments)
        self._look()
        self.check()

    # Steps.

    def _do_request(self, frame: bytes) -> None:
        if self._is_serial:
            self._receive(Channel.SERIAL, encode_frame(frame))
        elif frame[:1] == b"\x08":
            self._receive(Channel.PACKET, frame[1:])
        else:
            self._receive(Channel.CONTROL, frame)

    def _do_raw(self, channel: str, data: bytes) -> None:
        self._receive(Channel(channel), data)

    def _do_burst(self, data: bytes, count: int) -> None:
        for frame in (b"\x01\x02\x00\x00\x00\x00", *[b"\x08" + data] * count, b"\x03"):
            self._do_request(frame)

    def _do_init(self, packet: bytes) -> None:
        self._send(_init_frames(packet, 64), None)

    def _do_image(self, package: Any, chunk: int, objects: int) -> None:
        frames = _image_frames(self._image(package)[objects * PAGE :], chunk)
        self._send(frames, None)

    def _do_update(self, package: Any, chunk: int, stop: int | None) -> None:
        self._do_enter()
        frames = _init_frames(packet_of(*package), chunk)
        self._send(frames + _image_frames(self._image(package), chunk), stop)

    def _do_enter(self) -> None:
        """Into the bootloader, and on to a link."""
        if self.unit.mode is not UnitMode.BOOTLOADER:
            self.unit.board.registers.gpregret = ENTER_DFU
            self.unit.reset(ResetKind.SOFT, now_s=self._now_s)
        self._do_connect()
        self._do_cccd("control", on=True)

    def _do_connect(self) -> None:
        if not self._is_serial:
            self.unit.connected(now_s=self._now_s)

    def _do_disconnect(self) -> None:
        self.unit.disconnected(now_s=self._now_s)

    def _do_cccd(self, channel: str, on: bool) -> None:
        self.unit.subscribed(Channel(channel), on, now_s=self._now_s)

    def _do_buttonless(self) -> None:
        self._do_connect()
        self._do_cccd("buttonless", on=True)
        self._receive(Channel.BUTTONLESS, b"\x01")
        self.unit.indication_confirmed(Channel.BUTTONLESS, now_s=self._now_s)

    def _do_reset(self, kind: str) -> None:
        self.unit.reset(ResetKind(kind), now_s=self._now_s)

    def _do_wait(self, seconds: float) -> None:
        self._now_s += seconds
        self.unit.wake(now_s=self._now_s)

    def _do_gpregret(self, value: int) -> None:
        self.unit.board.registers.gpregret = value

    def _do_gpregret2(self, value: int) -> None:
        self.unit.board.registers.gpregret2 = value
        self._tamper()  # it lets an application run that is not checked

    def _do_cut(self, number: int) -> None:
        self.unit.board.flash.faults.cut_in = number

    def _do_drop(self, number: int) -> None:
        self.unit.board.flash.drop_operation(number)
        self._tamper()

    def _do_forge(self, where: str, offset: int, data: bytes) -> None:
        memory = self.unit.board.memory
        starts = {
            "settings": (memory.settings_page,),
            "backup": (memory.backup_page,),
            "both": (memory.settings_page, memory.backup_page),
            "softdevice": (0x3000,),
            "bank": (min(self.unit.board.bank_0_start, memory.region_end - 4 * PAGE),),
        }[where]
        for start in starts:
            self.unit.board.flash.load(start + offset, data)
        self._tamper()

    def _do_settings(self, fields: tuple[tuple[str, int], ...]) -> None:
        memory, flash = self.unit.board.memory, self.unit.board.flash
        ram = SettingsRam(flash.read(memory.settings_page, SIZE))
        for name, value in fields:
            owner, _, field = name.rpartition(".")
            if owner:
                bank: Bank = getattr(ram, owner)
                values = {"size": bank.size, "crc": bank.crc, "code": bank.code, field: value}
                bank.set(**values)
            else:
                setattr(ram, name, value)
        ram.update_crcs()
        for page in (memory.settings_page, memory.backup_page):
            flash.load(page, bytes(ram.data))
        self._tamper()

    # The host.

    def _image(self, package: Any) -> bytes:
        kind, name, size, _ = package
        image = image_of(kind, name, size)
        self._images.add(zlib.crc32(image))
        return image

    def _send(self, frames: list[bytes], stop: int | None) -> None:
        """Send frames until so many are sent, or until the unit has restarted."""
        for frame in frames[:stop]:
            count = len(self.unit.log)
            self._do_request(frame)
            if any(entry.what == "reset" for entry in self.unit.log[count:]):
                return

    def _receive(self, channel: Channel, data: bytes) -> None:
        # A serial frame may act on what an earlier one left in its buffer: no opcode is expected.
        self._asked = data[:1] if channel is Channel.CONTROL else bytes([Opcode.CRC_GET])
        status = self.unit.receive(channel, data, now_s=self._now_s)
        self._seen.update(bytes([status]))
        self._look()

    def _look(self) -> None:
        """Take what the unit has put out, and what it has logged."""
        for output in self.unit.take_outputs():
            self._seen.update(repr(output).encode())
            match output:
                case Notify(channel=channel, data=data):
                    self._check_answer(channel, data)
                case Indicate(data=data):
                    require(not self._is_serial, "an indication without a radio")
                    require(data[:1] == b"\x20" and len(data) == 3, f"indication {data.hex()}")
        for entry in self.unit.log[self._logged :]:
            label = entry.facts.get("kind", entry.facts.get("bank_code", entry.facts.get("into")))
            self.reached[entry.what if label is None else f"{entry.what} {label}"] += 1
            if entry.what == "reset" and entry.facts["kind"] == "power" and self._is_serial:
                self._revision = None  # the answer to an EXECUTE may have been lost with the power
        self._logged = len(self.unit.log)

    # What must hold.

    def _check_answer(self, channel: Channel, data: bytes) -> None:
        if self._is_serial:
            require(channel is Channel.SERIAL, f"an answer on {channel}")
            require(data.find(END) == len(data) - 1, f"not one frame: {data.hex()}")
            (data,) = SlipDecoder().feed(data)
        else:
            require(channel is Channel.CONTROL, f"an answer on {channel}")
            require(data[1:2] == self._asked, f"answer {data.hex()} to {self._asked.hex()}")
        text = data.hex()
        require(len(data) >= 3 and data[0] == 0x60, f"answer {text}")
        opcode, result = data[1], data[2]
        require(result in RESULTS, f"result code of {text}")
        body = data[3:]
        if result == ResultCode.SUCCESS:
            require(BODY_SIZES.get(opcode) == len(body), f"body of {text}")
        elif result == ResultCode.EXTENDED_ERROR:
            require(len(body) == 1 and body[0] in EXT_ERRORS, f"extended error of {text}")
        else:
            require(not body, f"body of {text}")
        known = opcode in BODY_SIZES
        require(known or result == ResultCode.OPCODE_NOT_SUPPORTED, f"opcode of {text}")
        name = Opcode(opcode).name if known else "unknown"
        code = f"{result:02x}" + (f"/{body.hex()}" if result == ResultCode.EXTENDED_ERROR else "")
        self.reached[f"answer {name} {code}"] += 1
        if (opcode, result) == (Opcode.OBJECT_EXECUTE, ResultCode.SUCCESS):
            self._revision = None  # an init packet may have been accepted

    def check(self) -> None:
        """What is always true of a unit that is on.

        Raises:
            BrokenError: It is not.
        """
        require(not self._broken, self._broken)
        unit, board = self.unit, self.unit.board
        mode = unit.mode
        last = next(entry.what for entry in reversed(unit.log) if entry.what.startswith("boot"))
        require((mode is None) is (last == "boot_loop"), f"mode {mode} after {last}")
        require(
            (unit.advertisement is not None) is (board.profile.is_ble and mode is not None), "adv"
        )
        require((unit.next_wake_s() is not None) is (mode is UnitMode.BOOTLOADER), "next_wake_s")
        require((unit.firmware_revision is not None) is (mode is UnitMode.APPLICATION), "revision")
        self._check_protected()
        if mode is UnitMode.APPLICATION and not self._tampered:
            if self._runs_unchecked():
                self._tamper()
                return
            crc = zlib.crc32(self._application())
            require(unit.firmware_revision and unit.firmware_revision.endswith(f"{crc:08x}"), "CRC")
            require(crc in self._images, f"a mixture runs: {crc:08x}")
            self._trust()

    def check_boot(self) -> None:
        """An application that no accepted init packet has touched still boots after power on.

        Raises:
            BrokenError: It does not.
        """
        if self._revision is None:
            return
        self.reached["an untouched application was looked after"] += 1
        flash = self.unit.board.flash
        flash.faults.cut_in = None
        self.unit.reset(ResetKind.POWER, now_s=self._now_s)
        got = self.unit.firmware_revision
        require(got == self._revision, f"{self._revision} does not boot any more: {got}")

    def _application(self) -> bytes:
        board = self.unit.board
        settings = SettingsRam(board.flash.read(board.memory.settings_page, SIZE))
        return board.flash.read(board.bank_0_start, settings.bank_0.size)

    def _runs_unchecked(self) -> bool:
        """Whether a SoftDevice of another size came under an application that no boot checks.

        The bootloader then starts what lies behind the new SoftDevice: that is how it is.
        """
        board = self.unit.board
        settings = SettingsRam(board.flash.read(board.memory.settings_page, SIZE))
        moved = board.bank_0_start != self._bank_0_start
        return moved and settings.application_validation.type == BootValidationType.NO_VALIDATION

    def _trust(self) -> None:
        """From here on this application must not get lost."""
        board = self.unit.board
        settings = SettingsRam(board.flash.read(board.memory.settings_page, SIZE))
        if settings.command_size == 0:
            self._revision = self.unit.firmware_revision

    def _tamper(self) -> None:
        self._tampered, self._revision = True, None

    def _regions(self) -> tuple[bytes, bytes]:
        board = self.unit.board
        memory, flash = board.memory, board.flash
        bootloader = flash.read(memory.bootloader_start, memory.bootloader_size)
        return flash.read(0, SOFTDEVICE_START), bootloader

    def _read_protected(self) -> None:
        self._protected = self._regions()

    def _check_protected(self) -> None:
        mbr, bootloader = self._regions()
        require(mbr == self._protected[0], "the MBR's page has changed")
        require(bootloader == self._protected[1], "the bootloader has changed")

    def _on_operation(self, kind: FlashOperation, address: int, count: int) -> None:
        """The MBR alone may write the bootloader, while it carries out a command to copy one."""
        board = self.unit.board
        size = PAGE if kind is FlashOperation.ERASE else 4
        memory = board.memory
        end = memory.bootloader_start + memory.bootloader_size
        if address + count * size <= memory.bootloader_start or address >= end:
            return
        if mbr_copy_is_pending(board):
            self._read_protected()
            self.reached["bootloader copied"] += kind is FlashOperation.WRITE
        else:
            self._broken = f"{kind} of {count} at 0x{address:X} in the bootloader"


def _init_frames(packet: bytes, chunk: int) -> list[bytes]:
    create = b"\x01\x01" + len(packet).to_bytes(4, "little")
    return [create, *_data_frames(packet, chunk), b"\x03", b"\x04"]


def _image_frames(image: bytes, chunk: int) -> list[bytes]:
    frames = []
    for start in range(0, len(image), PAGE):
        piece = image[start : start + PAGE]
        frames.append(b"\x01\x02" + len(piece).to_bytes(4, "little"))
        frames += [*_data_frames(piece, chunk), b"\x04"]
    return frames


def _data_frames(data: bytes, chunk: int) -> list[bytes]:
    return [b"\x08" + data[at : at + chunk] for at in range(0, len(data), chunk)]
