"""A bootloader that was found where it is, and not sent there by us: what it may be at the end of.

Whoever sent it its last image may have been killed a moment ago. A bootloader with a radio takes up
other requests while the last EXECUTE waits for its flash, and while it writes its settings; by then
the init packet and the progress are gone, and all that tells is the address of the image, which it
shows in the place of a CRC (bootloader spec, sections 7 and 16.2 S9). A CREATE in that time zeroes
the address in what is being written: SDK 15.3 then copies the image from nowhere at each boot, for
ever.

A unit that is in the middle of an image, or was updated at any time before, looks the same. Only
that it restarts, or does not, tells them apart. Nobody else has asked it anything since we came, so
that the time from then on counts: who was looked for in vain in its application first is not waited
for again.

A bootloader for UART or USB stands still for its flash, so that nobody meets it like that.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, RemoteProtocolError, TransportError, TransportReason
from firmline.links.base import Connection
from firmline.protocol.reading import read_progress
from firmline.updater.dialogue import Dialogue

SETTLES_S: Final = 8.0
"""From a last EXECUTE to the reset behind it: 1.1 s for its object and about 1 s for the hash, then
both settings pages, where 90 chunks of 20 bytes at up to 5 ms and two erases of 90 ms, each tried
up to nine times (bootloader spec, sections 8.2 and 14), are 5.7 s."""


async def see_settled(connection: Connection, dialogue: Dialogue, *, rest_s: float) -> None:
    """See that a bootloader that was found has no image to put in place.

    Args:
        connection: To it.
        dialogue: Over that; nothing was created in it.
        rest_s: What is left of :data:`SETTLES_S`; not above 0: it needs not even to be asked.

    Raises:
        TransportError: LOST: it had one, and has restarted for that; or the link failed.
        RemoteProtocolError: Its answers made no sense.
    """
    if rest_s <= 0 or await _is_fresh(dialogue):
        return
    try:
        hci_reason = await connection.wait_closed(timeout_s=rest_s)
    except TransportError as error:
        if error.reason is not TransportReason.TIMEOUT:
            raise
    else:
        raise TransportError(
            Code.LINK_LOST,
            "The unit restarted by itself: its bootloader was at the end of an image that it was"
            " sent before.",
            reason=TransportReason.LOST,
            hint="Try again: what it was sent before is in place by then, if it was whole.",
            hci_reason=hci_reason,
        )
    await dialogue.settle()  # the answer to somebody else's EXECUTE may have come


async def _is_fresh(dialogue: Dialogue) -> bool:
    """Whether it can have no image to put in place."""
    try:
        return (await dialogue.run(read_progress())).is_fresh
    except RemoteProtocolError:  # it answered somebody else's EXECUTE, or makes no sense later on
        return False
