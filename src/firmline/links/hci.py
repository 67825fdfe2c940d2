"""The road over an HCI controller: a dongle, or whatever speaks HCI (``hci:``)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec

from firmline.links.base import Link
from firmline.links.bumble.options import HciOptions
from firmline.links.extras import extra_missing


@asynccontextmanager
async def open_hci(
    options: HciOptions, *, packet_log: Callable[[bytes], None] | None = None
) -> AsyncIterator[Link]:
    """Open the radio behind a controller; it is given back at the end.

    Args:
        options: What the target says.
        packet_log: Takes a btsnoop file of everything that passes, as it passes.

    Raises:
        InputError: ``TARGET_MALFORMED``.
        TransportError: NOT_AVAILABLE.
    """
    if find_spec("bumble") is None:
        raise extra_missing("hci", "HCI controllers need Bumble")
    from firmline.links.bumble.transport import open_link  # noqa: PLC0415 - Bumble is heavy

    async with open_link(options, packet_log=packet_log) as link:
        yield link
