"""Checkpoints: progress of an image that a power cut leaves in place.

A stock bootloader keeps the progress of an image in RAM. But EXECUTE of an init packet that is
already valid writes both settings pages with the progress of that moment (bootloader spec, section
16.1 W7), and a later reset, or on SDK 16 and 17 a lost link, goes on from there. That costs two
page erases, so it is done sparingly: *when* is a :class:`Checkpoints`, *how* is
:func:`save_progress`.

Rules of this module, all of them for one reason (an offset that comes back from flash must have its
bytes in flash):

* Only behind an object that was executed, and before the next one is created. EXECUTE of a data
  object waits until all of it is in flash; CREATE erases only what lies behind it.
* Never behind the last object: its EXECUTE has already saved what is to be activated.
* Flash below a saved offset changes only after a new init packet, whose EXECUTE saves an offset of
  zero, queued in front of the first erasure.
* What the unit has is compared with what it was sent before anything goes on. In the end its
  SHA-256 over the whole image guards the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from firmline import events
from firmline.errors import Code, RemoteProtocolError, TargetRefusedError
from firmline.protocol.answers import Selected
from firmline.protocol.asking import Asking, body_of
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE
from firmline.protocol.requests import ExecuteObject, SelectObject
from firmline.protocol.steps import Report, Talk


class Checkpoints(Protocol):
    """When progress is saved."""

    def is_due(self, offset: int, size: int) -> bool:
        """Whether to save it there.

        Args:
            offset: Bytes of the image that the unit has executed, or will have when the object
                that was just sent is; less than all.
            size: Of the image, bytes.
        """


@dataclass(frozen=True, slots=True)
class EverySoManyBytes:
    """Checkpoints where a multiple of so many bytes was executed.

    Attributes:
        spacing: Bytes, a multiple of the unit's object size; 0: none at all.
    """

    spacing: int = 0

    def is_due(self, offset: int, size: int) -> bool:
        """Whether the offset is one of the multiples."""
        return 0 < offset < size and self.spacing > 0 and offset % self.spacing == 0


NO_CHECKPOINTS: Final = EverySoManyBytes()


def save_progress(asking: Asking, *, offset: int, crc: int) -> Talk[None]:
    """Save the progress behind an executed object; the current object is the image afterwards.

    A bootloader that refuses to is left alone: an event tells, and the image goes on. The second
    EXECUTE repeats that of the last object, which does nothing but answer when the flash is idle
    (section 4): packets behind it find the queue empty.

    Args:
        asking: The conversation.
        offset: Bytes of the image that were executed.
        crc: Their CRC-32.

    Raises:
        RemoteProtocolError: PROGRESS_LOST; the unit has not kept what it had executed.
        TargetRefusedError: It refuses to say.
    """
    yield from asking.ask(SelectObject(object_type=ObjectType.COMMAND), phase=INIT_PACKET_PHASE)
    is_saved = True
    try:
        yield from asking.ask(ExecuteObject(), phase=INIT_PACKET_PHASE)
    except TargetRefusedError:
        is_saved = False
    answer = yield from asking.ask(SelectObject(object_type=ObjectType.DATA), phase=FIRMWARE_PHASE)
    selected = body_of(answer, Selected)
    if (selected.offset, selected.crc) != (offset, crc):
        raise RemoteProtocolError(
            Code.PROGRESS_LOST,
            f"The unit had executed {offset:,} bytes and no longer has them after its progress was"
            " saved.",
            offset=offset,
        )
    yield from asking.ask(
        ExecuteObject(), phase=FIRMWARE_PHASE, tolerate=ResultCode.OPERATION_NOT_PERMITTED
    )
    if is_saved:
        yield Report(event=events.ProgressSaved(offset=offset))
