"""What a bootloader's own word on its flash proves at the end of an update."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.formats.package import PackageImage
from firmline.protocol.codes import ImageType
from firmline.updater.ending import TITLES
from firmline.updater.road import Seen
from firmline.updater.serial_talk import Versions
from firmline.values import ImageKind

BRINGS: Final = {
    ImageKind.APPLICATION: (ImageType.APPLICATION,),
    ImageKind.SOFTDEVICE: (ImageType.SOFTDEVICE,),
    ImageKind.BOOTLOADER: (ImageType.BOOTLOADER,),
    ImageKind.SOFTDEVICE_BOOTLOADER: (ImageType.SOFTDEVICE, ImageType.BOOTLOADER),
}
"""What an image changes of what a bootloader tells of its flash."""
WORDS: Final = {ImageType.SOFTDEVICE: "SoftDevice", ImageType.BOOTLOADER: "bootloader"}


def left_in_bootloader(image: PackageImage, after: Versions) -> VerifyError:
    """What is to be said of a unit that should run its application and is in its bootloader.

    Args:
        image: The application that it took.
        after: What the bootloader tells of its flash now.
    """
    command = image.init_packet.command
    there = after.get(ImageType.APPLICATION)
    if there is None:
        return VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            "The unit took the whole image but is in its bootloader again, which knows of no"
            " valid application.",
        )
    same = (there.version, there.size) == (command.fw_version, len(image.firmware))
    which = "which it has put in place" if same else f"with version {there.version} in place"
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        f"The unit took the whole image, {which}, but is in its bootloader again: something"
        " keeps it there (its button, or what its application has left behind).",
    )


def see_versions(kind: ImageKind, before: Versions, after: Versions) -> Seen:
    """See that a bootloader tells other versions than before of what an image brings.

    Args:
        kind: Of the image; no application.
        before: What the bootloader told before the update.
        after: What it tells now.

    Returns:
        What was seen.

    Raises:
        VerifyError: It tells the same, tells nothing now, or told nothing before.
    """
    silent = [WORDS[image] for image in BRINGS[kind] if image not in after]
    same = [WORDS[image] for image in BRINGS[kind] if after.get(image) == before.get(image)]
    if silent:
        doubt = f"tells nothing of its {' and '.join(silent)} now"
    elif not before:
        doubt = "told nothing of its flash before, so there is nothing to compare with"
    elif same:
        doubt = f"tells the same {' and '.join(same)} as before"
    else:
        return Seen(
            proof=Proof.BOOTLOADER,
            message=f"The unit's bootloader tells that its new {TITLES[kind]} is in place.",
        )
    raise VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        f"The unit took the whole image and is in its bootloader, which {doubt}.",
    )
