"""What a bootloader's own word on its flash proves at the end of an update."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.formats.package import PackageImage
from firmline.formats.softdevice import softdevice_in_image, softdevice_version_text
from firmline.protocol.codes import ImageType
from firmline.updater.ending import TITLES
from firmline.updater.not_in_place import SETTINGS_TEST
from firmline.updater.road import Seen
from firmline.updater.serial.talk import Versions
from firmline.values import ImageKind

BRINGS: Final = {
    ImageKind.APPLICATION: (ImageType.APPLICATION,),
    ImageKind.SOFTDEVICE: (ImageType.SOFTDEVICE,),
    ImageKind.BOOTLOADER: (ImageType.BOOTLOADER,),
    ImageKind.SOFTDEVICE_BOOTLOADER: (ImageType.SOFTDEVICE, ImageType.BOOTLOADER),
}
"""What an image changes of what a bootloader tells of its flash."""
WORDS: Final = {ImageType.SOFTDEVICE: "SoftDevice", ImageType.BOOTLOADER: "bootloader"}


def left_in_bootloader(image: PackageImage, before: Versions, after: Versions) -> VerifyError:
    """What is to be said of a unit that should run its application and is in its bootloader.

    Args:
        image: The application that it took.
        before: What the bootloader told of its flash before the update.
        after: What the bootloader tells of its flash now.
    """
    command = image.init_packet.command
    there = after.get(ImageType.APPLICATION)
    if there is None:
        return VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            "The unit took the whole image but is in its bootloader again, which knows of no"
            f" valid application{_SETTINGS_LOST if _are_settings_lost(before, after) else ''}.",
            hint=SETTINGS_TEST,
        )
    same = (there.version, there.size) == (command.fw_version, len(image.firmware))
    which = "which it has put in place" if same else f"with version {there.version} in place"
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        f"The unit took the whole image, {which}, but is in its bootloader again: something"
        " keeps it there (its button, or what its application has left behind).",
    )


_SETTINGS_LOST: Final = ": it tells version 0 of itself, as one does whose settings are lost"


def _are_settings_lost(before: Versions, after: Versions) -> bool:
    """Whether a bootloader tells no version of itself any more: it reads that from its settings."""
    was, now = before.get(ImageType.BOOTLOADER), after.get(ImageType.BOOTLOADER)
    return was is not None and now is not None and was.version > 0 and now.version == 0


def see_versions(image: PackageImage, before: Versions, after: Versions) -> Seen:
    """See that a bootloader tells the versions that an image brings, and told others before.

    A bootloader reads its own version from its settings. One whose settings are damaged tells other
    versions as well: only those that were sent prove anything.

    Args:
        image: What was sent; no application.
        before: What the bootloader told before the update.
        after: What it tells now.

    Returns:
        What was seen.

    Raises:
        VerifyError: It tells what was not sent, the same as before, nothing now, or told nothing
            before.
    """
    doubt = _doubt_about_versions(image, before, after)
    if doubt:
        lost = _are_settings_lost(before, after)
        raise VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole image and is in its bootloader, which {doubt}"
            f"{', and its settings are lost with its version' if lost else ''}.",
            hint=SETTINGS_TEST if lost else "",
        )
    verb = "are" if len(BRINGS[image.kind]) > 1 else "is"
    return Seen(
        proof=Proof.BOOTLOADER,
        message=f"The unit's bootloader tells that its new {TITLES[image.kind]} {verb} in place.",
    )


def _doubt_about_versions(image: PackageImage, before: Versions, after: Versions) -> str:
    """What speaks against the new version, as the end of a sentence; empty: nothing does."""
    brings, sent = BRINGS[image.kind], _versions_sent(image)
    told = {each: after[each].version for each in brings if each in after}
    silent = [WORDS[each] for each in brings if each not in told]
    others = [each for each in told if told[each] != sent.get(each, told[each])]
    same = [each for each in brings if after.get(each) == before.get(each)]
    if silent:
        return f"tells nothing of its {' and '.join(silent)} now"
    if others:
        return ", and ".join(
            f"tells version {_text(each, told[each])} of its {WORDS[each]},"
            f" where {_text(each, sent[each])} was sent"
            for each in others
        )
    if not before:
        return "told nothing of its flash before, so there is nothing to compare with"
    # Of two that are as they were sent, one that has changed shows that both were put in place.
    if len(same) == len(brings) or any(each not in sent for each in same):
        return f"tells the same {' and '.join(WORDS[each] for each in same)} as before"
    return ""


def _text(image: ImageType, version: int) -> str:
    return softdevice_version_text(version) if image is ImageType.SOFTDEVICE else str(version)


def _versions_sent(image: PackageImage) -> dict[ImageType, int]:
    """The versions that an image brings, where it says so."""
    command = image.init_packet.command
    softdevice = softdevice_in_image(image.firmware[: image.sd_size])
    versions = {
        ImageType.SOFTDEVICE: None if softdevice is None else softdevice.version,
        ImageType.BOOTLOADER: command.fw_version,
    }
    return {
        each: version
        for each, version in versions.items()
        if each in BRINGS[image.kind] and version is not None
    }


def kept_from_application(seen: Seen, after: Versions) -> VerifyError:
    """What is to be said of a unit that had an application and stays in its bootloader.

    Args:
        seen: What its bootloader proves.
        after: What that tells of its flash now.
    """
    if ImageType.APPLICATION in after:
        why = (
            "stays there: something keeps it (its button, or what its application has left behind)"
        )
        hint = ""
    else:
        why = "knows of no valid application any more"
        hint = "Send it its application again: what this package brought may have taken its place."
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        f"{seen.message.removesuffix('.')}, but the unit is in it and {why}.",
        hint=hint,
    )
