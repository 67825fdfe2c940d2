"""Units, boards and init packets made by hand; the packets field by field, right or wrong."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import UnitInitCommand, decode
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import Bank, SettingsRam
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.chips import chip
from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.fabrication import fabricate
from firmline.device.flash import FlashOperation
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, BootloaderProfile
from firmline.device.radio_face import Notify, ResetKind, UnitOutput
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.formats.keys import SigningKey
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, build_softdevice_info
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ExtError, ResultCode
from firmline.protocol.requests import Request, encode_request
from firmline.protocol.slip import SlipDecoder, encode_frame
from firmline.values import BleAddress, Fwid, FwVersion


def signing_key(secret: int) -> SigningKey:
    """A key that is the same in every run."""
    private = ec.derive_private_key(secret, ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SigningKey.parse_pem(pem, name="test.key")


KEY = signing_key(0xF1F1)
OTHER_KEY = signing_key(0xB0B0)
ADDRESS = BleAddress.parse("C6:05:04:03:02:01")
FWID = 0x0103
PAGE = 0x1000
BANK_0 = 0x26000
BOOTLOADER_START = 0x78000
REGION_END = 0x75000
SETTINGS_PAGE, BACKUP_PAGE = 0x7F000, 0x7E000
"""Of an nRF52832 with 512 kB and a SoftDevice that ends at 0x26000 (spec section 6)."""

UART = SDK15_3_UART
TALKATIVE = replace(SDK15_3_BLE, name="full protocol", reduced_protocol=False)
"""A build that is not among the profiles; what it changes is the spec's all the same."""


def describe(
    *,
    size: int = 20_000,
    version: int = 3,
    profile: BootloaderProfile = SDK15_3_BLE,
    **changes: Any,
) -> UnitDescription:
    """A small unit that trusts :data:`KEY`."""
    description = UnitDescription(
        name="bench-unit",
        title="a unit on the bench",
        chip=chip("nrf52832-512k"),
        profile=profile,
        address=ADDRESS,
        serial_number="T-1",
        public_key=KEY.public_key,
        softdevice=SoftDeviceDescription(
            fwid=Fwid(FWID), family=112, version=7_002_000, size_word=BANK_0
        ),
        application_version=FwVersion(version),
        application_size=size,
        bootloader_version=FwVersion(1),
    )
    return replace(description, **changes)


def make_board(**changes: Any) -> Board:
    """A fabricated board."""
    return fabricate(describe(**changes)).board


def make_store(board: Board) -> SettingsStore:
    """The settings of a board, loaded."""
    store = SettingsStore(board)
    store.load()
    return store


def remove_softdevice(board: Board) -> None:
    """Erase what the board's SoftDevice says of itself, as on a chip that never had one."""
    board.flash.load(0x3000, b"\xff" * 0x18)


def record_operations(board: Board) -> list[tuple[FlashOperation, int, int]]:
    """What the board's flash does from now on."""
    operations: list[tuple[FlashOperation, int, int]] = []
    board.flash.on_operation = lambda *run: operations.append(run)
    return operations


# Firmware images.

IMAGE = synthetic_bytes("new application", 9_000)


def softdevice_image(
    *,
    size: int = 0x25000,
    size_word: int = BANK_0,
    version: int = 7_003_000,
    fwid: int = 0x0104,
    family: int = 112,
) -> bytes:
    """A SoftDevice as a package carries it, without the MBR."""
    image = bytearray(synthetic_bytes(f"softdevice {version}", size))
    info = build_softdevice_info(
        size_word=size_word, fwid=Fwid(fwid), family=family, version=version
    )
    image[INFO_IMAGE_OFFSET : INFO_IMAGE_OFFSET + len(info)] = info
    return bytes(image)


# Init packets, byte by byte (protobuf encoding; fields: spec section 16.2 S1).


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def number(field: int, value: int | None) -> bytes:
    """A varint field; nothing for ``None``."""
    return b"" if value is None else varint(field << 3) + varint(value)


def blob(field: int, data: bytes) -> bytes:
    """A field of bytes."""
    return varint(field << 3 | 2) + varint(len(data)) + data


def pair(field: int, kind: int, data: bytes) -> bytes:
    """A Hash (field 8) or a BootValidation (field 10)."""
    return blob(field, number(1, kind) + blob(2, data))


def init_command(
    image: bytes = IMAGE,
    *,
    kind: int | None = 0,
    fw_version: int | None = 4,
    hw_version: int | None = 52,
    sd_req: Sequence[int] = (FWID,),
    sd_size: int | None = None,
    bl_size: int | None = None,
    app_size: int | None = None,
    hash_type: int = 3,
    digest: bytes | None = None,
    validations: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """An InitCommand for ``image``; a field that is ``None`` is left out, sizes fit the kind."""
    if kind == 0 and app_size is None:
        app_size = len(image)
    if kind == 1 and sd_size is None:
        sd_size = len(image)
    if kind == 2 and bl_size is None:
        bl_size = len(image)
    sizes = number(5, sd_size) + number(6, bl_size) + number(7, app_size)
    digest = hashlib.sha256(image).digest()[::-1] if digest is None else digest
    return b"".join(
        [
            number(1, fw_version),
            number(2, hw_version),
            blob(3, b"".join(varint(fwid) for fwid in sd_req)) if sd_req else b"",
            number(4, kind),
            sizes,
            pair(8, hash_type, digest),
            *(pair(10, check, data) for check, data in validations),
        ]
    )


def command(init: bytes, *, before: bytes = b"\x08\x01", after: bytes = b"") -> bytes:
    """A Command around an InitCommand."""
    return before + blob(2, init) + after


def signed_packet(
    init: bytes,
    *,
    key: SigningKey = KEY,
    signature: bytes | None = None,
    signature_type: int | None = 0,
    after: bytes = b"",
) -> bytes:
    """A Packet with a SignedCommand; ``after`` follows the InitCommand and is signed with it."""
    made = key.sign(init + after) if signature is None else signature
    inner = command(init, after=after)
    return blob(2, blob(1, inner) + number(2, signature_type) + blob(3, made))


def unsigned_packet(init: bytes) -> bytes:
    """A Packet with a bare Command."""
    return blob(1, command(init))


def understood(init: bytes) -> UnitInitCommand:
    """An InitCommand as the unit decodes it."""
    return decode(unsigned_packet(init)).command


@contextmanager
def refused(result: ResultCode, ext_error: ExtError | None = None) -> Iterator[None]:
    """The block must be refused with exactly this."""
    with pytest.raises(RefusalError) as caught:
        yield
    assert (caught.value.result, caught.value.ext_error) == (result, ext_error)


# A host without a radio.


class Host:
    """A host beside a unit: a central, or the other end of its serial port."""

    def __init__(self, unit: VirtualUnit, *, connect: bool = True) -> None:
        self.unit = unit
        self.is_serial = not unit.board.profile.is_ble
        self.now_s = 0.0
        self.outputs: list[UnitOutput] = []
        if connect:
            self.connect()

    def connect(self) -> None:
        """Connect and subscribe to everything there is; a serial port is always there."""
        if self.is_serial:
            return
        self.unit.connected(now_s=self.now_s)
        for channel in self.unit.services.channels - {Channel.PACKET}:
            self.unit.subscribed(channel, True, now_s=self.now_s)

    def ask(self, request: Request | bytes) -> str:
        """The answer to a request, hexadecimal; empty: none."""
        data = request if isinstance(request, bytes) else encode_request(request)
        if self.is_serial:
            return self.line(encode_frame(data))
        return self._write(Channel.CONTROL, data)

    def packet(self, data: bytes) -> str:
        """Write data; what was answered because of it."""
        if self.is_serial:
            return self.line(encode_frame(b"\x08" + data))
        return self._write(Channel.PACKET, data)

    def line(self, data: bytes) -> str:
        """Raw bytes on the serial port; the frames that came back, hexadecimal."""
        answers = bytes.fromhex(self._write(Channel.SERIAL, data))
        return "".join(frame.hex() for frame in SlipDecoder().feed(answers))

    def packets(self, data: bytes, size: int = 244) -> None:
        """Write data in packets; none of them is answered."""
        size = min(size, 64) if self.is_serial else size
        for start in range(0, len(data), size):
            assert self.packet(data[start : start + size]) == ""

    def send_init_packet(self, packet: bytes) -> str:
        """Create, write and execute an init packet; the answer to EXECUTE."""
        assert self.ask(b"\x01\x01" + len(packet).to_bytes(4, "little")) == "600101"
        self.packets(packet)
        crc = zlib.crc32(packet).to_bytes(4, "little").hex()
        assert self.ask(b"\x03") == f"600301{len(packet).to_bytes(4, 'little').hex()}{crc}"
        return self.ask(b"\x04")

    def send_object(self, data: bytes) -> None:
        """Create and write one data object."""
        assert self.ask(b"\x01\x02" + len(data).to_bytes(4, "little")) == "600101"
        self.packets(data)

    def send_image(self, image: bytes) -> str:
        """Send a whole image; the answer to the last EXECUTE."""
        answer = ""
        for start in range(0, len(image), PAGE):
            assert answer in ("", "600401")
            self.send_object(image[start : start + PAGE])
            answer = self.ask(b"\x04")
        return answer

    def update(self, packet: bytes, image: bytes) -> str:
        """A whole update; the answer to the last EXECUTE."""
        assert self.send_init_packet(packet) == "600401"
        return self.send_image(image)

    def _write(self, channel: Channel, data: bytes) -> str:
        self.unit.receive(channel, data, now_s=self.now_s)
        outputs = self.unit.take_outputs()
        self.outputs += outputs
        return "".join(output.data.hex() for output in outputs if isinstance(output, Notify))


def enter_bootloader(unit: VirtualUnit, *, now_s: float = 0.0) -> VirtualUnit:
    """The application's road into the bootloader; without a radio it is GPREGRET alone."""
    if not unit.board.profile.is_ble:
        unit.board.registers.gpregret = 0xB1
        unit.reset(ResetKind.SOFT, now_s=now_s)
        unit.take_outputs()
        return unit
    unit.connected(now_s=now_s)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=now_s)
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=now_s)
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=now_s)
    unit.take_outputs()
    return unit


def unit_in_bootloader(**changes: Any) -> VirtualUnit:
    """A unit that was switched on and asked into its bootloader, at time 0."""
    unit = fabricate(describe(**changes))
    unit.power_on(now_s=0.0)
    return enter_bootloader(unit)


@dataclass(frozen=True, slots=True)
class BankState:
    """A bank's entry, to compare."""

    size: int
    crc: int
    code: int

    @classmethod
    def of(cls, bank: Bank) -> BankState:
        return cls(bank.size, bank.crc, bank.code)


EMPTY_BANK = BankState(0, 0, 0)


def banks(settings: SettingsRam) -> tuple[BankState, BankState]:
    """Both banks, to compare."""
    return BankState.of(settings.bank_0), BankState.of(settings.bank_1)


def application_bank(image: bytes) -> BankState:
    """The entry of a valid application."""
    return BankState(len(image), zlib.crc32(image), Bank.APPLICATION)


def set_bank(bank: Bank, state: BankState) -> None:
    bank.set(size=state.size, crc=state.crc, code=state.code)
