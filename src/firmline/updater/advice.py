"""What to do about a refusal, from what the package says (never from what is only guessed)."""

from __future__ import annotations

from firmline.errors import Code, TargetRefusedError
from firmline.formats.init_command import FwType, InitCommand
from firmline.formats.known_softdevices import describe_fwid
from firmline.protocol.refusals import INIT_PACKET_PHASE


def advice(error: TargetRefusedError, command: InitCommand, *, fwid: int | None = None) -> str:
    """The next thing to do, naming the package's own numbers; empty where they do not matter.

    Args:
        error: What the unit said.
        command: What the package says.
        fwid: The SoftDevice that the unit's radio says it has, where it was asked.
    """
    wanted = ", ".join(describe_fwid(fwid) for fwid in command.sd_req) or "none"
    match error.code:
        case Code.REFUSED_SOFTDEVICE:
            text = _softdevice_advice(wanted, fwid)
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


def _softdevice_advice(wanted: str, fwid: int | None) -> str:
    if fwid is None:
        return (
            f"The package names SoftDevice {wanted} (--sd-req). Find out which SoftDevice this"
            " unit has, then make a package that names it, or use the package for this product."
        )
    return (
        f"The package names SoftDevice {wanted} (--sd-req), and this unit's radio says that it has"
        f" {describe_fwid(fwid)}. Use the package for this product, or make one that names"
        f" 0x{fwid:04X}."
    )


def _needs_higher_version(command: InitCommand) -> bool:
    """Bootloaders must be strictly newer, applications may be the same (spec section 5.2)."""
    return command.kind in (FwType.BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER)
