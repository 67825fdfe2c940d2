"""What a trace has to say before anything is sent: the images, the link, and how long is waited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

from firmline.events import ImageDescribed, LinkDeclared, PortOpened, Scalar, TimingPlanned
from firmline.formats.package import Package, PackageImage
from firmline.links.base import Link, PortLink
from firmline.links.usb.link import UsbLink
from firmline.protocol.pacing import Pacing
from firmline.updater.timeouts import Timeouts

AnyLink = Link | PortLink | UsbLink
"""Every kind of road to a unit."""


def describe_images(package: Package) -> Iterator[ImageDescribed]:
    """Each image, as its init packet describes it."""
    for index, image in enumerate(package.images):
        yield _described(index, image)


def _described(index: int, image: PackageImage) -> ImageDescribed:
    packet, command = image.init_packet, image.init_packet.command
    signature_type = packet.signature_type
    return ImageDescribed(
        index=index,
        kind=image.kind,
        fw_type=command.kind.name.lower(),
        size=len(image.firmware),
        init_packet_size=len(packet.encoded),
        fw_version=None if command.fw_version is None else int(command.fw_version),
        hw_version=command.hw_version,
        sd_req=tuple(int(fwid) for fwid in command.sd_req),
        hash_type=command.hash_type.name.lower(),
        digest=command.hash[::-1],
        signature_type=None if signature_type is None else signature_type.name.lower(),
        boot_validations=tuple(check.type.name.lower() for check in command.boot_validations),
        is_debug=command.is_debug,
    )


def declare_link(link: AnyLink) -> LinkDeclared:
    """What the link says that it can do."""
    match link:
        case UsbLink():
            kind = "usb"
        case PortLink():
            kind = "port"
        case _:
            kind = "radio"
    return LinkDeclared(link=kind, capabilities=scalars(link.capabilities))


def port_opened(link: PortLink) -> PortOpened:
    """The port that was opened."""
    can = link.capabilities
    return PortOpened(
        port=link.name,
        baud=can.baud,
        flow_control=can.flow_control,
        exclusive=can.exclusive,
    )


def plan_timing(
    link: AnyLink,
    timeouts: Timeouts,
    *,
    pacing: Pacing | None = None,
    prn: int | None = None,
) -> TimingPlanned:
    """The waits that this link has use for.

    Args:
        link: The road; those of serial ports mean nothing on a radio.
        timeouts: The longest waits.
        pacing: Pauses for the unit's flash; ``None``: no image is sent.
        prn: As :class:`~firmline.events.TimingPlanned` has it.
    """
    waits = scalars(timeouts)
    if not isinstance(link, PortLink | UsbLink):
        waits = {name: value for name, value in waits.items() if not name.startswith("serial.")}
    return TimingPlanned(prn=prn, pacing={} if pacing is None else scalars(pacing), timeouts=waits)


def scalars(value: object, prefix: str = "") -> dict[str, Scalar]:
    """The fields of a dataclass by name; those of one inside it behind a point."""
    found: dict[str, Scalar] = {}
    if not is_dataclass(value):
        return found
    for field in fields(value):
        inner = getattr(value, field.name)
        name = f"{prefix}{field.name}"
        match inner:
            case Enum():
                found[name] = inner.value
            case bool() | int() | float() | str() | None:
                found[name] = inner
            case _:
                found |= scalars(inner, f"{name}.")
    return found
