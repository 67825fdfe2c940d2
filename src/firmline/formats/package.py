"""A package: the images of an update, each with its init packet.

Rules of this module: a :class:`Package` that was read is complete and agrees with itself. Every
image is as long as its init packet says and has the hash that it says; whether a unit would take it
is another question, and not asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from firmline.errors import Code, InputError
from firmline.formats.init_packet import (
    FwType,
    HashType,
    InitPacket,
    decode_init_packet,
    hash_firmware,
)
from firmline.formats.manifest import (
    KIND_TITLES,
    MANIFEST_NAME,
    PROBES_NAME,
    ManifestEntry,
    format_manifest,
    parse_manifest,
)
from firmline.formats.mcuboot.recognition import (
    is_hex_with_image,
    is_mcuboot_image,
    wrong_family,
)
from firmline.formats.package_zip import EARLIEST, read_entries, write_entries
from firmline.values import ImageKind

FW_TYPES = {
    ImageKind.APPLICATION: (FwType.APPLICATION, FwType.EXTERNAL_APPLICATION),
    ImageKind.SOFTDEVICE: (FwType.SOFTDEVICE,),
    ImageKind.BOOTLOADER: (FwType.BOOTLOADER,),
    ImageKind.SOFTDEVICE_BOOTLOADER: (FwType.SOFTDEVICE_BOOTLOADER,),
}
# The order in which a unit takes images: what runs first is replaced first (nrfutil does the same).
UPDATE_ORDER = (
    ImageKind.SOFTDEVICE_BOOTLOADER,
    ImageKind.SOFTDEVICE,
    ImageKind.BOOTLOADER,
    ImageKind.APPLICATION,
)


class BootPart(NamedTuple):
    """What one boot validation covers.

    Attributes:
        kind: The program; of SoftDevice + bootloader one of the two.
        data: Its bytes, which an ECDSA signature or a hash is over (spec section 16.2 S4).
    """

    kind: ImageKind
    data: bytes


def boot_parts(kind: ImageKind, firmware: bytes, *, sd_size: int) -> tuple[BootPart, ...]:
    """What the boot validations of an image cover, in the order of its init packet's entries.

    Args:
        kind: Of the image.
        firmware: Its bytes.
        sd_size: How many of them, from the beginning, are SoftDevice.

    Returns:
        One for each entry that a bootloader uses; entries beyond are used by none.
    """
    if kind is not ImageKind.SOFTDEVICE_BOOTLOADER:
        return (BootPart(kind, firmware),)
    return (
        BootPart(ImageKind.SOFTDEVICE, firmware[:sd_size]),
        BootPart(ImageKind.BOOTLOADER, firmware[sd_size:]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageImage:
    """One image of a package.

    Attributes:
        kind: What the manifest calls it.
        firmware: The bytes a unit gets; for SoftDevice + bootloader both, in that order.
        init_packet: What a unit gets before.
        bin_name: The entry that holds ``firmware``.
        dat_name: The entry that holds the init packet.
    """

    kind: ImageKind
    firmware: bytes
    init_packet: InitPacket
    bin_name: str
    dat_name: str

    @property
    def sd_size(self) -> int:
        """How many bytes of ``firmware``, from its beginning, are SoftDevice."""
        return self.init_packet.command.sd_size

    @property
    def bl_size(self) -> int:
        """How many bytes of ``firmware``, up to its end, are bootloader."""
        return self.init_packet.command.bl_size

    @property
    def boot_parts(self) -> tuple[BootPart, ...]:
        """What its boot validations cover, as :func:`boot_parts`."""
        return boot_parts(self.kind, self.firmware, sd_size=self.sd_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The images of one update.

    Attributes:
        images: At least one, each kind at most once, in the order in which a unit takes them.
    """

    images: tuple[PackageImage, ...]

    def image(self, kind: ImageKind) -> PackageImage | None:
        """The image of a kind; None if the package has none."""
        return next((image for image in self.images if image.kind is kind), None)


def read_package(content: bytes, *, name: str) -> Package:
    """Read a package, and check that it agrees with itself.

    Args:
        content: The bytes of the zip file.
        name: What to call it in a message.

    Raises:
        InputError: Any ``PACKAGE_*`` or ``INIT_PACKET_*`` code, or ``FILE_EMPTY``.
    """
    if is_mcuboot_image(content) or is_hex_with_image(content):
        raise wrong_family(name, "one image")
    files = read_entries(content, name=name)
    if PROBES_NAME in files:
        raise InputError(
            Code.PACKAGE_NO_MANIFEST,
            f"{name} is a probe pack, not a DFU package: there is no firmware in it.",
            hint="Look at it with: firmline pkg probes --show",
        )
    if MANIFEST_NAME not in files:
        raise InputError(
            Code.PACKAGE_NO_MANIFEST,
            f"{name} is a zip file without {MANIFEST_NAME}, so it is not a DFU package.",
        )
    entries = parse_manifest(files[MANIFEST_NAME], name=name)
    images = [_read_image(entry, files, name) for entry in entries]
    images.sort(key=lambda image: UPDATE_ORDER.index(image.kind))
    return Package(images=tuple(images))


def write_package(package: Package, *, time: datetime = EARLIEST) -> bytes:
    """Write a package as a zip file; the same package and time always give the same bytes.

    Init packets are written as they were received.

    Args:
        package: What.
        time: When it was made, as its entries will say; the default is the earliest that a zip can
            hold.

    Raises:
        InputError: ``PACKAGE_UNSAFE_NAME`` or ``PACKAGE_DUPLICATE_NAME`` for the entries' names,
            ``NUMBER_OUT_OF_RANGE`` for a time before 1980 or after 2107.
    """
    entries = [_manifest_entry(image) for image in package.images]
    manifest = format_manifest(entries)
    parse_manifest(manifest, name="The new package")
    files = {MANIFEST_NAME: manifest}
    for image in package.images:
        files[image.bin_name] = image.firmware
        files[image.dat_name] = image.init_packet.encoded
    return write_entries(files, time=time)


def _manifest_entry(image: PackageImage) -> ManifestEntry:
    both = image.kind is ImageKind.SOFTDEVICE_BOOTLOADER
    return ManifestEntry(
        kind=image.kind,
        bin_file=image.bin_name,
        dat_file=image.dat_name,
        sd_size=image.sd_size if both else None,
        bl_size=image.bl_size if both else None,
    )


def _read_image(entry: ManifestEntry, files: dict[str, bytes], name: str) -> PackageImage:
    for file in (entry.bin_file, entry.dat_file):
        if file not in files:
            raise InputError(
                Code.PACKAGE_ENTRY_MISSING,
                f"The manifest of {name} names {file[:60]!a}, which is not in the package.",
            )
    image = PackageImage(
        kind=entry.kind,
        firmware=files[entry.bin_file],
        init_packet=decode_init_packet(
            files[entry.dat_file], name=f"The init packet {entry.dat_file} in {name}"
        ),
        bin_name=entry.bin_file,
        dat_name=entry.dat_file,
    )
    check_image(image, name=name, sizes=(entry.sd_size, entry.bl_size))
    return image


def check_image(
    image: PackageImage, *, name: str, sizes: tuple[int | None, int | None] = (None, None)
) -> None:
    """See that an image and its init packet agree.

    Args:
        image: The image.
        name: What to call the file that it is in.
        sizes: Of SoftDevice and bootloader, where something else names them, too.

    Raises:
        InputError: ``PACKAGE_IMAGE_MISMATCH``.
    """
    if (problem := _disagreement(image, sizes)) is not None:
        raise InputError(
            Code.PACKAGE_IMAGE_MISMATCH,
            f"The {KIND_TITLES[image.kind]} in {name} does not match its init packet: {problem}.",
            hint="The package is corrupt or was changed after it was signed. Build it again.",
            kind=image.kind.value,
        )


def _disagreement(image: PackageImage, sizes: tuple[int | None, int | None]) -> str | None:
    command = image.init_packet.command
    if command.kind not in FW_TYPES[image.kind]:
        return f"the packet is for an image of kind {command.kind.name}"
    if len(image.firmware) != command.firmware_size:
        return f"{len(image.firmware)} bytes instead of {command.firmware_size}"
    for size, expected in zip(sizes, (command.sd_size, command.bl_size), strict=True):
        if size not in (None, expected):
            return f"the manifest speaks of a part of {size} bytes, the packet of {expected}"
    if command.hash_type is HashType.SHA256 and hash_firmware(image.firmware) != command.hash:
        return "its SHA-256 is another one"
    return None
