"""Every build, any bytes, power that goes, flash that loses operations, settings that lie.

Whatever happens, the unit raises nothing; and as long as only the power goes, it never runs a
mixture of two images.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.bootloader.settings_ram import SIZE as SETTINGS_SIZE
from firmline.device.bootloader.settings_ram import Bank, SettingsRam
from firmline.device.bootloader.settings_store import CURRENT_VERSION
from firmline.device.fabrication import fabricate
from firmline.device.profile import PROFILES, BootloaderProfile
from firmline.device.radio_face import Indicate, Notify, ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.slip import encode_frame
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    FWID,
    PAGE,
    SETTINGS_PAGE,
    describe,
    enter_bootloader,
    init_command,
    signed_packet,
    softdevice_image,
)

pytestmark = pytest.mark.slow

SIZE = 5_000
SHORT, LONG = synthetic_bytes("short", 64), synthetic_bytes("long", PAGE + 200)
SOFTDEVICE = softdevice_image(size=0x8000)
PACKETS = {
    "short": signed_packet(init_command(SHORT)),
    "long": signed_packet(init_command(LONG)),
    "no SoftDevice": signed_packet(init_command(SHORT, sd_req=(0, FWID))),
    "bootloader": signed_packet(init_command(LONG, kind=2)),
    "SoftDevice": signed_packet(init_command(SOFTDEVICE, kind=1)),
    "wrong hash": signed_packet(init_command(SHORT, digest=bytes(32))),
}
Action = Callable[[VirtualUnit, float], None]
EVERY_PROFILE = pytest.mark.parametrize(
    "profile", PROFILES.values(), ids=lambda profile: profile.name
)


def write(unit: VirtualUnit, frame: bytes, now_s: float) -> None:
    """One request or one write of data, on the transport that the unit has."""
    if not unit.board.profile.is_ble:
        unit.receive(Channel.SERIAL, encode_frame(frame), now_s=now_s)
    elif frame[:1] == b"\x08":
        unit.receive(Channel.PACKET, frame[1:], now_s=now_s)
    else:
        unit.receive(Channel.CONTROL, frame, now_s=now_s)


def frames(*requests: bytes) -> Action:
    def act(unit: VirtualUnit, now_s: float) -> None:
        for request in requests:
            write(unit, request, now_s)

    return act


def line(data: bytes) -> Action:
    """Bytes as they are, on every channel."""

    def act(unit: VirtualUnit, now_s: float) -> None:
        for channel in Channel:
            unit.receive(channel, data, now_s=now_s)

    return act


def data_frames(data: bytes) -> list[bytes]:
    return [b"\x08" + data[start : start + 64] for start in range(0, len(data), 64)]


def init(packet: bytes) -> Action:
    size = len(packet).to_bytes(4, "little")
    return frames(b"\x01\x01" + size, *data_frames(packet), b"\x04")


def image(content: bytes) -> Action:
    """All objects of an image, the last EXECUTE included."""
    requests: list[bytes] = []
    for start in range(0, len(content), PAGE):
        piece = content[start : start + PAGE]
        requests += [b"\x01\x02" + len(piece).to_bytes(4, "little"), *data_frames(piece), b"\x04"]
    return frames(*requests)


def into_bootloader(unit: VirtualUnit, now_s: float) -> None:
    """By way of the application where that runs, and on to a link where there is a radio."""
    if unit.mode is UnitMode.APPLICATION:
        enter_bootloader(unit, now_s=now_s)
    connect(unit, now_s)


def connect(unit: VirtualUnit, now_s: float) -> None:
    if unit.board.profile.is_ble:
        unit.connected(now_s=now_s)
        unit.subscribed(Channel.CONTROL, True, now_s=now_s)


def reset(kind: ResetKind) -> Action:
    return lambda unit, now_s: unit.reset(kind, now_s=now_s)


def cut(number: int) -> Action:
    def act(unit: VirtualUnit, _now_s: float) -> None:
        unit.board.flash.faults.cut_in = number

    return act


def drop(number: int) -> Action:
    return lambda unit, _now_s: unit.board.flash.drop_operation(number)


def register(value: int) -> Action:
    def act(unit: VirtualUnit, _now_s: float) -> None:
        unit.board.registers.gpregret = value

    return act


OPERATIONS = st.one_of(st.integers(1, 12), st.integers(1, 500), st.integers(1, 6_000))
TRANSFERS: list[Action] = [init(packet) for packet in PACKETS.values()]
TRANSFERS += [image(content) for content in (SHORT, LONG, LONG, SOFTDEVICE)]
REQUESTS = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\x03", b"\x04", b"\x06\x01", b"\x06\x02", b"\x06\x05", b"\x0c", b"\x09"]),
    st.sampled_from([0, 1, 64, 512, 513, PAGE, PAGE + 200, 0xFFFF_FFFF]).map(
        lambda size: b"\x01\x02" + size.to_bytes(4, "little")
    ),
    st.binary(max_size=70).map(lambda data: b"\x08" + data),
)
HOSTS: list[st.SearchStrategy[Action]] = [
    REQUESTS.map(frames),
    st.lists(REQUESTS, max_size=6).map(lambda requests: frames(*requests)),
    st.binary(max_size=300).map(line),
    st.lists(
        st.sampled_from([b"\xc0", b"\xdb", b"\x08", b"\x0c\xc0", b"\x04\xc0"]), max_size=20
    ).map(lambda pieces: line(b"".join(pieces))),
    st.sampled_from(TRANSFERS),
    st.sampled_from([into_bootloader, into_bootloader, connect]),
    st.just(lambda unit, now_s: unit.disconnected(now_s=now_s)),
    st.just(lambda unit, now_s: unit.wake(now_s=now_s)),
    st.sampled_from(list(ResetKind)).map(reset),
    st.integers(0, 0xFF).map(register),
]
CUTS = OPERATIONS.map(cut)
DROPS = OPERATIONS.map(drop)


def run(
    profile: BootloaderProfile, actions: list[tuple[Action, float]]
) -> tuple[VirtualUnit, float]:
    unit = fabricate(describe(profile=profile, size=SIZE))
    unit.power_on(now_s=0)
    now_s = 0.0
    into_bootloader(unit, now_s)
    for act, pause_s in actions:
        now_s += pause_s
        act(unit, now_s)
        check_face(unit)
    return unit, now_s


def check_face(unit: VirtualUnit) -> None:
    """What the unit shows fits what it is."""
    is_ble = unit.board.profile.is_ble
    assert (unit.advertisement is not None) is (is_ble and unit.mode is not None)
    assert (unit.next_wake_s() is not None) is (unit.mode is UnitMode.BOOTLOADER)
    assert (unit.firmware_revision is not None) is (unit.mode is UnitMode.APPLICATION)
    for output in unit.take_outputs():
        if isinstance(output, Notify):
            assert output.channel is (Channel.CONTROL if is_ble else Channel.SERIAL)
            assert output.data[0] == 0x60
            assert is_ble or output.data.find(0xC0) == len(output.data) - 1
        elif isinstance(output, Indicate):
            assert is_ble


OLD = fabricate(describe(size=SIZE)).board.flash.read(BANK_0, SIZE)
REVISIONS = {f"3+{zlib.crc32(OLD):08x}"}
REVISIONS |= {f"4+{zlib.crc32(content):08x}" for content in (SHORT, LONG)}


@EVERY_PROFILE
@given(data=st.data())
def test_power_may_go_at_any_time_and_no_mixture_ever_runs(
    profile: BootloaderProfile, data: st.DataObject
) -> None:
    actions = data.draw(
        st.lists(st.tuples(st.one_of(*HOSTS, CUTS), st.floats(0, 200)), max_size=25)
    )
    unit, now_s = run(profile, actions)
    assert unit.mode is not None
    unit.board.flash.faults.cut_in = None
    unit.reset(ResetKind.POWER, now_s=now_s)
    if unit.mode is UnitMode.APPLICATION:
        assert unit.firmware_revision in REVISIONS


@EVERY_PROFILE
@given(data=st.data())
def test_flash_may_lose_operations_too_and_the_unit_never_fails(
    profile: BootloaderProfile, data: st.DataObject
) -> None:
    steps = st.tuples(st.one_of(*HOSTS, CUTS, DROPS, DROPS), st.floats(0, 200))
    run(profile, data.draw(st.lists(steps, max_size=25)))


# Settings that somebody forged, with CRCs that are right.


WORDS = st.one_of(
    st.sampled_from([0, 1, 4, 0x5000, BANK_0, BANK_0 + 4, 0x40000, SETTINGS_PAGE, 0xFFFF_FFFF]),
    st.sampled_from([0x8000_0000, 0xFFFF_F000, 0xFFFF_FFFC, 0x7FFFC, 0x80000]),
    st.integers(0, 0xFFFF_FFFF),
)
FIELDS = (
    "version",
    "app_version",
    "bootloader_version",
    "write_offset",
    "sd_size",
    "command_size",
    "command_offset",
    "data_object_size",
    "image_crc",
    "image_offset",
    "image_offset_last",
    "update_start_address",
)
CODES = st.sampled_from(
    [0, Bank.APPLICATION, Bank.SOFTDEVICE, Bank.BOOTLOADER, Bank.SOFTDEVICE_BOOTLOADER, 0x77]
)
BANKS = st.fixed_dictionaries({"size": WORDS, "crc": WORDS, "code": CODES})


@st.composite
def settings_pages(draw: st.DrawFn) -> bytes:
    """A settings page as somebody with a debug probe could leave it."""
    base = fabricate(describe(size=SIZE)).board.flash.read(SETTINGS_PAGE, SETTINGS_SIZE)
    ram = SettingsRam(base)
    for name, value in draw(st.dictionaries(st.sampled_from(FIELDS), WORDS, max_size=5)).items():
        setattr(ram, name, value)
    if draw(st.booleans()):  # an init packet that was executed
        packet = draw(st.sampled_from(list(PACKETS.values())))
        ram.version = CURRENT_VERSION
        ram.write_init_command(0, packet)
        ram.command_size = ram.command_offset = len(packet)
    for bank in draw(st.lists(st.sampled_from([ram.bank_0, ram.bank_1]), max_size=2)):
        bank.set(**draw(BANKS))
    for entry in (ram.softdevice_validation, ram.application_validation):
        if draw(st.booleans()):
            entry.set(draw(st.integers(0, 5)), draw(st.binary(max_size=64)))
    ram.update_crcs()
    return bytes(ram.data)


@EVERY_PROFILE
@given(
    page=settings_pages(),
    size_word=st.none() | WORDS,
    params=st.none() | st.tuples(WORDS, WORDS),
    actions=st.lists(st.one_of(*HOSTS), max_size=12),
)
def test_settings_that_somebody_forged_make_it_silent_at_worst(
    profile: BootloaderProfile,
    page: bytes,
    size_word: int | None,
    params: tuple[int, int] | None,
    actions: list[Action],
) -> None:
    unit = fabricate(describe(profile=profile, size=SIZE))
    unit.board.flash.load(SETTINGS_PAGE, page)
    unit.board.flash.load(BACKUP_PAGE, page)
    if size_word is not None:
        unit.board.flash.load(0x3008, size_word.to_bytes(4, "little"))
    if params is not None:
        words = b"".join(word.to_bytes(4, "little") for word in (0x4D42_5243, *params))
        unit.board.flash.load(BACKUP_PAGE, words)
    unit.power_on(now_s=0)
    unit.board.registers.gpregret = 0xB1
    unit.reset(ResetKind.SOFT, now_s=0)
    connect(unit, 0)
    for act in actions:
        act(unit, 0)
        write(unit, b"\x0b\x01", 0)
        write(unit, b"\x0b\x02", 0)
        check_face(unit)
