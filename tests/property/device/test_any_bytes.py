"""Whatever a host writes, in whatever order: the unit never fails, and never runs a mixture."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.bootloader.init_decoder import UndecodableError, decode
from firmline.device.bootloader.prevalidation import RefusalError, prevalidate
from firmline.device.fabrication import fabricate
from firmline.device.radio_face import Indicate, Notify, ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from unit.device.makers import (
    ADDRESS,
    BANK_0,
    PAGE,
    blob,
    describe,
    init_command,
    make_board,
    make_store,
    number,
    pair,
    signed_packet,
)

SIZE = 5_000
SHORT, LONG = synthetic_bytes("short", 64), synthetic_bytes("long", PAGE + 200)
LARGE_SIZE = 0x75000 - BANK_0 - 4
PACKETS = {
    "short": signed_packet(init_command(SHORT)),
    "long": signed_packet(init_command(LONG)),
    "wrong hash": signed_packet(init_command(SHORT, digest=bytes(32))),
    "large": signed_packet(init_command(SHORT, app_size=LARGE_SIZE)),
    "unsigned": blob(1, blob(2, init_command(SHORT))),
}
Action = Callable[[VirtualUnit, float], None]


def write(channel: Channel, *writes: bytes) -> Action:
    def act(unit: VirtualUnit, now_s: float) -> None:
        for data in writes:
            unit.receive(channel, data, now_s=now_s)

    return act


def send(packet: bytes) -> Action:
    """Create, write and execute an init packet."""
    size = len(packet).to_bytes(4, "little")

    def act(unit: VirtualUnit, now_s: float) -> None:
        unit.receive(Channel.CONTROL, b"\x01\x01" + size, now_s=now_s)
        unit.receive(Channel.PACKET, packet, now_s=now_s)
        unit.receive(Channel.CONTROL, b"\x04", now_s=now_s)

    return act


def send_object(image: bytes, start: int) -> Action:
    """Create and write the object of an image that begins at ``start``."""
    data = image[start : start + PAGE]
    create = b"\x01\x02" + len(data).to_bytes(4, "little")

    def act(unit: VirtualUnit, now_s: float) -> None:
        unit.receive(Channel.CONTROL, create, now_s=now_s)
        for at in range(0, len(data), 240):
            unit.receive(Channel.PACKET, data[at : at + 240], now_s=now_s)

    return act


def ask_in(unit: VirtualUnit, now_s: float) -> None:
    """Connect, subscribe, and ask the application into the bootloader."""
    unit.connected(now_s=now_s)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=now_s)
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=now_s)
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=now_s)
    connect(unit, now_s)


def connect(unit: VirtualUnit, now_s: float) -> None:
    unit.connected(now_s=now_s)
    unit.subscribed(Channel.CONTROL, True, now_s=now_s)


CHANNELS = st.sampled_from(list(Channel))
WORDS = st.one_of(
    st.sampled_from([0, 1, 4, 64, 200, 512, 513, PAGE - 4, PAGE, PAGE + 200, 2 * PAGE]),
    st.integers(0, 0xFFFF_FFFF),
)
CREATES = st.tuples(st.sampled_from([1, 2, 2, 3]), WORDS).map(
    lambda made: b"\x01" + bytes([made[0]]) + made[1].to_bytes(4, "little")
)
REQUESTS = st.one_of(
    CREATES,
    st.sampled_from([b"\x03", b"\x04", b"\x04", b"\x06\x01", b"\x06\x02", b"\x06\x05"]),
    st.integers(0, 3).map(lambda count: b"\x02" + count.to_bytes(2, "little")),
)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(write, CHANNELS, st.binary(max_size=300)),
    REQUESTS.map(lambda request: write(Channel.CONTROL, request)),
    REQUESTS.map(lambda request: write(Channel.CONTROL, request)),
    st.binary(max_size=40).map(lambda data: write(Channel.PACKET, data)),
    st.sampled_from(list(PACKETS.values())).map(send),
    st.sampled_from([(SHORT, 0), (LONG, 0), (LONG, PAGE)]).map(lambda made: send_object(*made)),
    st.sampled_from([connect, ask_in, ask_in]),
    st.just(write(Channel.CONTROL, b"\x0c")),
    st.just(lambda unit, now_s: unit.disconnected(now_s=now_s)),
    st.builds(
        lambda channel, on: lambda unit, now_s: unit.subscribed(channel, on, now_s=now_s),
        CHANNELS,
        st.booleans(),
    ),
    CHANNELS.map(
        lambda channel: lambda unit, now_s: unit.indication_confirmed(channel, now_s=now_s)
    ),
    st.just(lambda unit, now_s: unit.wake(now_s=now_s)),
    st.sampled_from(list(ResetKind)).map(
        lambda kind: lambda unit, now_s: unit.reset(kind, now_s=now_s)
    ),
)


def old_image() -> bytes:
    return fabricate(describe(size=SIZE)).board.flash.read(BANK_0, SIZE)


REVISIONS = {
    f"3+{zlib.crc32(old_image()):08x}",
    f"4+{zlib.crc32(SHORT):08x}",
    f"4+{zlib.crc32(LONG):08x}",
}


def check(unit: VirtualUnit) -> None:
    """What is true of a unit that is on, whatever was done to it."""
    in_application = unit.mode is UnitMode.APPLICATION
    assert unit.mode is not None
    assert unit.firmware_revision in (REVISIONS if in_application else {None})
    assert unit.advertisement is not None
    assert unit.advertisement.address == (ADDRESS if in_application else ADDRESS.plus_one())
    assert (unit.next_wake_s() is None) is in_application
    for output in unit.take_outputs():
        if isinstance(output, Notify):
            assert output.channel is Channel.CONTROL
            assert output.data[0] == 0x60
        elif isinstance(output, Indicate):
            assert output.data[0] == 0x20


@given(st.lists(st.tuples(ACTIONS, st.floats(0, 200)), max_size=40))
def test_no_bytes_in_any_order_make_it_fail_or_run_a_mixture(
    actions: list[tuple[Action, float]],
) -> None:
    unit = fabricate(describe(size=SIZE))
    unit.power_on(now_s=0)
    now_s = 0.0
    ask_in(unit, now_s)
    for act, pause_s in actions:
        now_s += pause_s
        act(unit, now_s)
        check(unit)
    unit.reset(ResetKind.POWER, now_s=now_s)
    check(unit)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_init_packet_or_undecodable(data: bytes) -> None:
    try:
        packet = decode(data)
    except UndecodableError:
        return
    assert packet.signed_range in data


FIELDS = st.lists(
    st.one_of(
        st.builds(number, st.integers(1, 30), st.integers(0, 1 << 66)),
        st.builds(blob, st.integers(1, 30), st.binary(max_size=40)),
        st.builds(pair, st.sampled_from([8, 10]), st.integers(0, 300), st.binary(max_size=70)),
    ),
    max_size=12,
)


@given(FIELDS)
def test_an_init_command_of_any_fields_is_read_within_its_limits_or_not_at_all(
    fields: list[bytes],
) -> None:
    try:
        command = decode(blob(1, blob(2, b"".join(fields)))).command
    except UndecodableError:
        return
    assert len(command.sd_req) <= 16
    assert len(command.hash) <= 32
    assert len(command.boot_validations) <= 3
    assert all(kind <= 0xFF and len(data) <= 64 for kind, data in command.boot_validations)
    numbers = (command.sd_size, command.bl_size, command.app_size, *command.sd_req)
    assert all(0 <= value <= 0xFFFF_FFFF for value in numbers)


BOARD = make_board()
SETTINGS = make_store(BOARD).ram
GOOD = PACKETS["short"]


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_packet_that_was_changed_is_accepted_only_where_nothing_signed_changed(
    position: int, change: int
) -> None:
    changed = bytearray(GOOD)
    changed[position] ^= change
    try:
        packet = decode(bytes(changed))
        prevalidate(packet, BOARD, SETTINGS)
    except (UndecodableError, RefusalError):
        return
    original = decode(GOOD)
    assert packet.signed_range == original.signed_range
    assert packet.command == original.command
