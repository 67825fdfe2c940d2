"""What to do about a refusal, from what the package says (never from what is only guessed)."""

from __future__ import annotations

from collections.abc import Mapping

from firmline.errors import Code, TargetRefusedError
from firmline.formats.init_command import FwType, InitCommand
from firmline.formats.known_softdevices import describe_fwid, softdevice_that_ends_at
from firmline.formats.softdevice import softdevice_version_text
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.protocol.refusals import INIT_PACKET_PHASE

Told = Mapping[ImageType, FirmwareVersion]


def advice(
    error: TargetRefusedError,
    command: InitCommand,
    *,
    fwid: int | None = None,
    versions: Told | None = None,
) -> str:
    """The next thing to do, naming the package's own numbers; empty where they do not matter.

    Args:
        error: What the unit said.
        command: What the package says.
        fwid: The SoftDevice that the unit's radio says it has, where it was asked.
        versions: What the unit's bootloader says is in its flash, where it says anything.
    """
    wanted = ", ".join(describe_fwid(fwid) for fwid in command.sd_req) or "none"
    match error.code:
        case Code.REFUSED_SOFTDEVICE:
            text = f"The package names SoftDevice {wanted} (--sd-req){_installed(fwid, versions)}"
        case Code.REFUSED_HW_VERSION:
            text = (
                f"The package is for hardware version {command.hw_version} (--hw-version). Use the"
                " package for this product."
            )
        case Code.REFUSED_FW_VERSION:
            relation = "not higher than" if _needs_higher_version(command) else "lower than"
            text = (
                f"The package has version {command.fw_version}, which is {relation} the unit's."
                " Make a package with a higher version."
            )
        case Code.REFUSED_OBJECT if error.context.get("phase") == INIT_PACKET_PHASE:
            text = (
                "Sign the package with the key whose public half this unit's bootloader was built"
                " with; firmline keys display --key pk shows the public half of a key."
            )
        case Code.REFUSED_OBJECT:
            text = _image_advice(command)
        case Code.REFUSED_INIT_COMMAND if command.kind is FwType.EXTERNAL_APPLICATION:
            text = (
                "This bootloader takes no application for another chip; make the package without"
                " --external-app."
            )
        case Code.REFUSED_RESOURCES:
            text = (
                f"The image has {command.firmware_size} bytes. Make it smaller, or use a bootloader"
                " with more room."
            )
        case _:
            text = ""
    return text


def _image_advice(command: InitCommand) -> str:
    """The init packet was accepted and the image was not (spec section 7)."""
    if command.sd_size:
        return (
            "The signature was accepted, so the key is right. Check that the image is a SoftDevice"
            " of the installed one's family; one of another major version goes over Bluetooth LE"
            " only together with a bootloader made for it."
        )
    return (
        "The init packet was accepted, but not the image's boot validation: make the package again,"
        " with the key this unit trusts or another --app-boot-validation."
    )


def _installed(fwid: int | None, versions: Told | None) -> str:
    """Which SoftDevice the unit has, as far as it was told, and what to do with that."""
    if fwid is not None:
        return (
            f", and this unit's radio says that it has {describe_fwid(fwid)}. Use the package for"
            f" this product, or make one that names 0x{fwid:04X}."
        )
    if versions:
        return _told_by_bootloader(versions.get(ImageType.SOFTDEVICE))
    return (
        ". Find out which SoftDevice this unit has, then make a package that names it, or use the"
        " package for this product."
    )


def _told_by_bootloader(told: FirmwareVersion | None) -> str:
    """A bootloader tells version and end of the SoftDevice, and not the FWID that it checks."""
    if told is None:
        return (
            ", and this unit's bootloader tells of none in its flash. Use the package for this"
            " product, or make one for units without (--sd-req 0x00)."
        )
    version = softdevice_version_text(told.version)
    says = f", and this unit's bootloader tells of version {version}, up to 0x{told.size:X}"
    known = softdevice_that_ends_at(version, told.size)
    if known is None:
        return (
            f"{says}. Use the package for this product, or find out the FWID of that one and make a"
            " package that names it."
        )
    return (
        f"{says}, as {known.title} has it. Use the package for this product; or, if that is the"
        f" one, make a package that names {known.fwid}."
    )


def _needs_higher_version(command: InitCommand) -> bool:
    """Bootloaders must be strictly newer, applications may be the same (spec section 5.2)."""
    return command.kind in (FwType.BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER)
