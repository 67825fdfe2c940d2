"""A package that hands a Zigbee OTA Upgrade file to the DFU server of a Zigbee network.

Two packages in one, as nrfutil 6.1.7 makes them: the inner one, for the devices, is one image with
its init packet in a Zigbee OTA Upgrade file; the outer one carries that file as an external
application, for the unit that serves it, and has versions of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage
from firmline.formats.init_command import ANY_SOFTDEVICE, BootValidationType
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.zigbee_ota import (
    ANY_IMAGE_TYPE,
    ANY_MANUFACTURER,
    ZigbeeOta,
    encode_zigbee_ota,
)
from firmline.values import FwVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class ZigbeeSpec:
    """What the Zigbee side of a package says.

    Attributes:
        ota_hw_version: Hardware version of the unit that serves the file.
        ota_fw_version: Version of the outer package.
        manufacturer: As in :class:`~firmline.formats.zigbee_ota.ZigbeeOta`.
        image_type: Likewise.
        comment: Likewise.
        hw_versions: Likewise.
    """

    ota_hw_version: int
    ota_fw_version: FwVersion = FwVersion(0)  # noqa: RUF009 - frozen, as every int
    manufacturer: int = ANY_MANUFACTURER
    image_type: int = ANY_IMAGE_TYPE
    comment: str = ""
    hw_versions: tuple[int, int] | None = None


def build_zigbee_package(spec: PackageSpec, zigbee: ZigbeeSpec) -> tuple[Package, ZigbeeOta]:
    """The package for the server, and the file in it.

    Args:
        spec: The package for the devices; one image, and not for another chip.
        zigbee: The rest.

    Raises:
        InputError: ``PACKAGE_COMBINATION``, ``NUMBER_OUT_OF_RANGE``, ``ZIGBEE_COMMENT``, and what
            :func:`~firmline.formats.package_build.build_package` raises.
    """
    given = [spec.application, spec.softdevice, spec.bootloader]
    if len([image for image in given if image is not None]) != 1 or spec.external_app:
        raise InputError(
            Code.PACKAGE_COMBINATION,
            "A Zigbee package holds exactly one image: an application, a SoftDevice or a"
            " bootloader.",
            hint="Make a package of each.",
        )
    (inner,) = build_package(spec).images
    version = inner.init_packet.command.fw_version
    if version is None:
        raise InputError(
            Code.OPTION_MISSING,
            "A Zigbee package needs the version of its image, also in debug mode.",
        )
    ota = ZigbeeOta(
        manufacturer=zigbee.manufacturer,
        image_type=zigbee.image_type,
        file_version=version,
        comment=zigbee.comment,
        init_packet=inner.init_packet.encoded,
        firmware=inner.firmware,
        hw_versions=zigbee.hw_versions,
    )
    content = encode_zigbee_ota(ota)
    outer = replace(
        spec,
        application=FirmwareImage(
            data=content.ljust(-(-len(content) // 4) * 4, b"\xff"),
            address=None,
            source_name=ota.file_name,
        ),
        softdevice=None,
        bootloader=None,
        hw_version=zigbee.ota_hw_version,
        application_version=zigbee.ota_fw_version,
        bootloader_version=None,
        sd_req=(ANY_SOFTDEVICE,),
        sd_id=(),
        app_boot_validation=BootValidationType.VALIDATE_GENERATED_CRC,
        external_app=True,
    )
    return build_package(outer), ota
