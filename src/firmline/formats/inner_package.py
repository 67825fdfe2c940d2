"""The package inside a package: what a Zigbee DFU server hands on to the devices of its network.

Rules of this module: to the unit that takes the outer package its image is opaque, an external
application. Where that is a Zigbee OTA Upgrade file with an init packet and an image of ours, these
are a package of their own, for other units, and have to agree with each other as every package
does. A file of another maker stays opaque. There is one level: nothing is looked for in what was
found inside.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import InputError
from firmline.formats.init_command import FwType
from firmline.formats.init_packet import decode_init_packet
from firmline.formats.package import FW_TYPES, Package, PackageImage, check_image
from firmline.formats.zigbee_ota import ZigbeeOta, decode_zigbee_ota, looks_like_zigbee_ota


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerPackage:
    """A package for the devices, as another package carries it.

    Attributes:
        ota: The Zigbee OTA Upgrade file that it lies in.
        package: One image; both of its names are that of the file.
    """

    ota: ZigbeeOta
    package: Package


def inner_package(package: Package) -> InnerPackage | None:
    """The package that a package carries to other units; None if it carries none.

    Raises:
        InputError: ``INIT_PACKET_*`` or ``PACKAGE_IMAGE_MISMATCH``: the inner package is corrupt.
    """
    if len(package.images) != 1:
        return None
    (outer,) = package.images
    is_external = outer.init_packet.command.kind is FwType.EXTERNAL_APPLICATION
    if not is_external or not looks_like_zigbee_ota(outer.firmware):
        return None
    try:
        ota = decode_zigbee_ota(outer.firmware, name=outer.bin_name)
    except InputError:  # not as nRF devices have it
        return None
    name = ota.file_name
    init_packet = decode_init_packet(ota.init_packet, name=f"The init packet in {name}")
    kind = next(kind for kind, types in FW_TYPES.items() if init_packet.command.kind in types)
    image = PackageImage(
        kind=kind, firmware=ota.firmware, init_packet=init_packet, bin_name=name, dat_name=name
    )
    check_image(image, name=name)
    return InnerPackage(ota=ota, package=Package(images=(image,)))


def package_levels(package: Package) -> tuple[Package, ...]:
    """A package, and the one inside if there is one.

    Raises:
        InputError: As :func:`inner_package`.
    """
    inner = inner_package(package)
    return (package,) if inner is None else (package, inner.package)
