"""The init packet that a bootloader has left in its settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmline.errors import InputError

if TYPE_CHECKING:
    from firmline.formats.init_command import InitPacket
    from firmline.formats.settings_page import SettingsPage


def stored_packet(page: SettingsPage) -> InitPacket | InputError | None:
    """The init packet in a page; ``None``: no whole one; an error: what is there makes no sense."""
    from firmline.formats.init_packet import decode_init_packet  # noqa: PLC0415 - protobuf is slow

    progress = page.progress
    size = progress.command_size
    if not 0 < size <= len(page.init_command) or progress.command_offset != size:
        return None
    try:
        return decode_init_packet(page.init_command[:size])
    except InputError as problem:
        return problem
