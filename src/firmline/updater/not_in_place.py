"""What is said of a unit that has accepted an image and does not have it in place.

Pure. The bootloader answers the last EXECUTE before it writes its settings, and puts the image in
place when it boots (bootloader spec, sections 7 and 9). In between its power may fail, a worn page
may not keep what is written, or the copy may fail without a word. What can be asked afterwards says
which; what is left open is named with the test that tells.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TargetRefusedError, VerifyError
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import PackageImage
from firmline.formats.softdevice import softdevice_in_image
from firmline.protocol.reading import HeldObjects
from firmline.updater.ending import TITLES
from firmline.values import ImageKind

SETTINGS_TEST: Final = (
    "Leave its supply in place and give the trace to firmline diagnose. Then send the package again"
    " with a bench supply in parallel to the unit's own: a unit on which that ends in the same way"
    " has a settings page, or a flash, that does not keep what is written; one on which it does not"
    " had a supply that broke down."
)
KEPT_TEST: Final = (
    "Give the trace to firmline diagnose before anything is cleared. Then reset the unit by its"
    " pin, with its button free and its supply in place; remove its power only if it has no such"
    " pin: if its application runs then, something kept it in its bootloader; if not, what it put"
    " in place is not valid, and the package has to be sent again."
)


def stays_in_bootloader(image: ImageKind, held: HeldObjects | None) -> VerifyError:
    """The unit has accepted the last image, and is in its bootloader instead of its application.

    Args:
        image: What the last image was.
        held: What its bootloader tells of an update; ``None``: it could not be asked.
    """
    title = TITLES.get(image, "application")
    if held is None:
        why, hint = f"either it did not find {_FOUND[image]} valid, or something keeps it there", ""
    elif held:
        why = "it restarted before it had saved that it has all of it"
        hint = SETTINGS_TEST
    elif held.is_fresh:
        why = "its settings hold nothing of that, so they were not kept"
        hint = SETTINGS_TEST
    else:
        why = (
            f"its settings have it as complete, so either it did not find {_FOUND[image]} valid, or"
            " something keeps it there (its button, or what its application has left behind)"
        )
        hint = ""
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        f"The unit took the whole {title} but is in its bootloader again: {why}.",
        hint=hint or KEPT_TEST,
    )


_FOUND: Final = {
    ImageKind.APPLICATION: "the new application",
    ImageKind.SOFTDEVICE: "its application and the new SoftDevice",
    ImageKind.BOOTLOADER: "its application",
    ImageKind.SOFTDEVICE_BOOTLOADER: "its application and the new SoftDevice",
}
"""What a bootloader has to find valid before it starts the application."""


def lacks_what_it_took(
    error: TargetRefusedError, image: PackageImage, before: PackageImage, *, fwid: int | None
) -> TargetRefusedError | None:
    """Another error for an image that is refused for the SoftDevice that was sent just before it.

    Args:
        error: What the unit said of ``image``.
        image: What it refuses.
        before: What it has accepted in this update, just before.
        fwid: The SoftDevice that the unit's radio says it has, where it was asked.

    Returns:
        ``None``: the package itself may be wrong: it brings no SoftDevice, or not the one that its
        image names, or the unit's radio says that this one is there.
    """
    brought = softdevice_in_image(before.firmware[: before.sd_size]) if before.sd_size else None
    if error.code is not Code.REFUSED_SOFTDEVICE or brought is None or brought.fwid == fwid:
        return None
    if brought.fwid not in image.init_packet.command.sd_req:
        return None
    title = TITLES.get(image.kind, "application")
    them = "them" if before.kind is ImageKind.SOFTDEVICE_BOOTLOADER else "it"
    radio = "" if fwid is None else f", and its radio says that it has {describe_fwid(fwid)}"
    return TargetRefusedError(
        Code.NOT_IN_PLACE,
        f"The unit accepted the {TITLES[before.kind]} and has not put {them} in place: it refuses"
        f" the {title} behind it because it does not have the SoftDevice"
        f" {describe_fwid(brought.fwid)}, which it was just sent{radio}"
        f" (result {error.result:02X}, extended error {error.ext_error or 0:02X}).",
        result=error.result,
        ext_error=error.ext_error,
        hint=SETTINGS_TEST,
        **error.context,
    )
