"""What is known of a unit: facts, each as text and with how it is known, and what is missing.

Names of facts are for programs and stay (``docs/reference/commands.md``). A fact that is known in
two ways comes twice: where the two do not agree, that is worth more than either.

Rules of this module: nothing is derived that was not read. A number that has no name stays a
number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.device.chips import Chip, chip, chip_names
from firmline.events import FactFound, How, UnitMode
from firmline.formats.probes import ProbeCatalogue
from firmline.formats.softdevice import softdevice_version_text
from firmline.links.base import RemoteVersion
from firmline.links.gatt import LEGACY_DFU_SERVICE, SMP_SERVICE
from firmline.protocol.answers import HardwareVersion
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ImageType
from firmline.protocol.probing import Findings
from firmline.protocol.reading import HeldObjects, ToldVersions
from firmline.updater.ending import Information

NONE: Final = "none"
YES, NO = "yes", "no"
SOFTDEVICE_FWID: Final = "softdevice_fwid"
WANTED: Final = (
    *("chip", SOFTDEVICE_FWID, "hw_version"),
    *("bootloader_version", "app_version", "key_ok"),
)
"""What a person wants to know of every unit."""
OF_BOOTLOADER: Final = frozenset({"chip", "bootloader_version", "app_version"})
"""What a bootloader says without probes, unless it is built with the reduced protocol."""


class DfuService(StrEnum):
    """The update service that an application offers."""

    BUTTONLESS = "buttonless"
    BONDED = "buttonless_bonded"
    EXPERIMENTAL = "buttonless_experimental"
    LEGACY = "legacy"
    SMP = "smp"
    NONE = NONE


LEGACY_BOOTLOADER: Final = "legacy_bootloader"
"""The mode of a unit whose bootloader is older than SDK 12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that is not known.

    Attributes:
        fact: Its name.
        why: One sentence: why not, and what would tell.
    """

    fact: str
    why: str


def _fact(fact: str, value: object, how: How) -> FactFound:
    return FactFound(fact=fact, value=str(value), how=how)


def facts_of_radio(version: RemoteVersion) -> Iterator[FactFound]:
    """What LL_VERSION_IND says: the FWID where the radio is Nordic's (bluetooth-stacks, rule 6)."""
    fwid = version.softdevice_fwid
    if fwid is not None:
        yield _fact(SOFTDEVICE_FWID, f"0x{fwid:04X}", How.REMOTE_VERSION)
    else:
        yield _fact("radio_company", f"0x{version.company:04X}", How.REMOTE_VERSION)


def facts_of_application(
    services: frozenset[str], channels: frozenset[Channel]
) -> Iterator[FactFound]:
    """The mode, and which update service it offers."""
    yield _fact("mode", UnitMode.APPLICATION.value, How.SERVICES)
    if Channel.BUTTONLESS in channels:
        service = DfuService.BUTTONLESS
    elif Channel.BUTTONLESS_BONDED in channels:
        service = DfuService.BONDED
    elif Channel.BUTTONLESS_EXPERIMENTAL in channels:
        service = DfuService.EXPERIMENTAL
    elif LEGACY_DFU_SERVICE in services:
        service = DfuService.LEGACY
    elif SMP_SERVICE in services:
        service = DfuService.SMP
    else:
        service = DfuService.NONE
    yield _fact("dfu_service", service.value, How.SERVICES)


def facts_of_information(information: Information) -> Iterator[FactFound]:
    """The strings of the Device Information Service, as they are."""
    for field, text in information.items():
        yield _fact(field, text, How.DIS)


def facts_of_progress(progress: HeldObjects) -> Iterator[FactFound]:
    """What the bootloader holds of an update that was begun, in bytes; 0 of none."""
    yield _fact("init_packet_held", progress.init_packet, How.QUERY)
    yield _fact("image_held", progress.image, How.QUERY)


def facts_of_versions(versions: ToldVersions) -> Iterator[FactFound]:
    """What a bootloader says that is not built with the reduced protocol."""
    if versions.hardware is not None:
        yield from _facts_of_hardware(versions.hardware)
    for image in versions.images:
        match image.image_type:
            case ImageType.BOOTLOADER:
                yield _fact("bootloader_version", image.version, How.QUERY)
                yield _fact("bootloader_start", f"0x{image.address:X}", How.QUERY)
            case ImageType.SOFTDEVICE:
                yield _fact("softdevice_version", softdevice_version_text(image.version), How.QUERY)
                yield _fact("softdevice_end", f"0x{image.size:X}", How.QUERY)
            case ImageType.APPLICATION:
                yield _fact("app_version", image.version, How.QUERY)
                yield _fact("app_size", image.size, How.QUERY)
            case _:
                pass
    kinds = {image.image_type for image in versions.images}
    if kinds and ImageType.SOFTDEVICE not in kinds:
        yield _fact(SOFTDEVICE_FWID, NONE, How.QUERY)
    if kinds and ImageType.APPLICATION not in kinds:
        yield _fact("app_size", 0, How.QUERY)


def _facts_of_hardware(hardware: HardwareVersion) -> Iterator[FactFound]:
    row = known_chip(hardware)
    if row is not None:
        yield _fact("chip", row.name, How.QUERY)
    yield _fact("chip_part", f"0x{hardware.part:X}", How.QUERY)
    yield _fact("chip_variant", _variant(hardware.variant), How.QUERY)
    yield _fact("flash_size", hardware.flash_size, How.QUERY)
    yield _fact("ram_size", hardware.ram_size, How.QUERY)


def known_chip(hardware: HardwareVersion) -> Chip | None:
    """The row of the chip table with this part and these sizes.

    The variant tells packages and revisions apart as well, which make no difference here.
    """
    rows = (chip(name) for name in chip_names())
    return next(
        (
            row
            for row in rows
            if (row.part, row.flash_size, row.ram_size)
            == (hardware.part, hardware.flash_size, hardware.ram_size)
        ),
        None,
    )


def _variant(variant: int) -> str:
    """FICR INFO.VARIANT: four ASCII characters, e.g. 0x41414530 is AAE0."""
    text = variant.to_bytes(4, "big").decode("ascii", "replace")
    return text if text.isascii() and text.isalnum() else f"0x{variant:08X}"


def facts_of_findings(findings: Findings) -> Iterator[FactFound]:
    """What the search of probes has found by now; one that is a range says so."""
    if findings.key_ok is not None:
        yield _fact("key_ok", YES if findings.key_ok else NO, How.PROBE)
    if findings.hw_version is not None:
        yield _fact("hw_version", findings.hw_version, How.PROBE)
    if findings.app_version is not None:
        yield _fact("app_version", findings.app_version, How.PROBE)
    softdevice = findings.softdevice
    if softdevice is not None and softdevice.fwid is not None:
        yield _fact(SOFTDEVICE_FWID, softdevice.fwid, How.PROBE)
    elif softdevice is not None and not softdevice.is_present:
        yield _fact(SOFTDEVICE_FWID, NONE, How.PROBE)
    if findings.bootloader_version is not None:
        yield _fact("bootloader_version", findings.bootloader_version, How.PROBE)


def what_is_missing(
    facts: Iterable[FactFound],
    *,
    in_bootloader: bool,
    catalogue: ProbeCatalogue | None,
    findings: Findings,
) -> tuple[Missing, ...]:
    """What is not known of a unit that was read to the end, and why.

    Args:
        facts: What is known.
        in_bootloader: Whether its bootloader was asked.
        catalogue: What was asked with probes; ``None``: there were none.
        findings: What came of them.
    """
    known = {fact.fact for fact in facts}
    return tuple(
        Missing(fact=name, why=_why(name, in_bootloader, catalogue, findings))
        for name in WANTED
        if name not in known
    )


def _why(
    name: str, in_bootloader: bool, catalogue: ProbeCatalogue | None, findings: Findings
) -> str:
    if name == "chip" and in_bootloader:
        why = "Its bootloader does not say (reduced protocol), and probes cannot tell."
    elif name in OF_BOOTLOADER and not in_bootloader and catalogue is None:
        why = "Its bootloader may say so, which was not entered (--enter, --probes or --key-file)."
    elif catalogue is None:
        why = "It takes signed probes to ask its bootloader: --probes or --key-file."
    elif findings.key_ok is False:
        why = "Its bootloader does not trust the key of the probes, so they tell nothing more."
    elif findings.key_ok and findings.hw_version is None:
        asked = ", ".join(map(str, catalogue.hw_versions))
        rest = "" if name == "hw_version" else ", which hides the rest"
        why = f"Its hardware version is none of those asked for ({asked}){rest}."
    elif name == SOFTDEVICE_FWID and findings.softdevice is not None:
        count = len(catalogue.softdevices)
        why = f"It has a SoftDevice that is none of the {count} that were asked for."
    else:
        why = "The search of probes ended before."
    return why
