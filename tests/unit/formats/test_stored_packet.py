"""The init packet in a settings page: whole, in part, or none at all."""

from __future__ import annotations

import pytest

from firmline.errors import InputError
from firmline.formats.init_command import FwType, HashType, InitCommand, InitPacket
from firmline.formats.init_packet import encode_init_command, encode_init_packet
from firmline.formats.settings_page import Progress, SettingsPage
from firmline.formats.stored_packet import stored_packet
from firmline.values import FwVersion

COMMAND = InitCommand(
    kind=FwType.APPLICATION,
    fw_version=FwVersion(7),
    hw_version=52,
    sd_req=(0x0100,),
    app_size=1000,
    hash_type=HashType.SHA256,
    hash=bytes(32),
)
PACKET = encode_init_packet(encode_init_command(COMMAND), None)


def page(content: bytes, *, size: int | None = None, offset: int | None = None) -> SettingsPage:
    """One that holds this, all of it unless another number is named."""
    whole = len(content) if size is None else size
    progress = Progress(command_size=whole, command_offset=whole if offset is None else offset)
    return SettingsPage(progress=progress, init_command=content.ljust(512, b"\xff"))


def test_a_whole_packet_is_decoded() -> None:
    packet = stored_packet(page(PACKET))

    assert isinstance(packet, InitPacket)
    assert packet.command == COMMAND


@pytest.mark.parametrize(
    "empty",
    [
        page(b""),
        page(PACKET, offset=len(PACKET) - 1),
        page(PACKET, offset=len(PACKET) + 1),
        page(PACKET, size=513),
    ],
    ids=["nothing", "a part", "more than its length", "longer than the page has room"],
)
def test_what_is_no_whole_packet_is_none(empty: SettingsPage) -> None:
    assert stored_packet(empty) is None


def test_what_makes_no_sense_is_told_and_not_raised() -> None:
    problem = stored_packet(page(b"\xff" * 40))

    assert isinstance(problem, InputError)
    assert problem.message
