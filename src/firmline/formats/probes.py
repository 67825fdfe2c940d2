"""Probes: init packets that no unit can accept; how far one comes says something of the unit.

A bootloader checks an init packet in a fixed order, signature, type, hash type, hardware version,
SoftDevice, version, size, and each check refuses in a way of its own (spec init-packet-probe).

Rules of this module:

* Every probe announces an image of 0 bytes and has the debug flag off. The check of the size comes
  last before anything is written, so no probe can change a unit.
* What a probe asks for is in its four fields; all other bytes of its init command follow from them.

Which SoftDevices a probe names (rule of ``sd_req``, secure-dfu-bootloader spec, section 5.2;
recorded from SDK 15.3 and 17.1 over both transports, e.g. ``init/*/sdreq1/0``,
``init/*/bootloader/1`` and ``happy/sdk15.3-uart-256k/mbronly-0-e`` of the transcripts):

* FWIDs: it passes where one of them is the unit's; with no SoftDevice it never passes.
* none at all: it passes only where the unit has no SoftDevice.
* ``0`` alone: an application's or a bootloader's passes on every unit. So versions are asked for
  without knowing the SoftDevice, and a pack needs one set of versions per hardware version, not one
  per SoftDevice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from firmline.errors import Code, InputError
from firmline.formats.init_packet import (
    MAX_SD_REQ,
    FwType,
    InitCommand,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.formats.keys import Signer
from firmline.formats.known_softdevices import known_softdevices
from firmline.formats.probes_versions import VersionLimits
from firmline.values import U32_MAX, Fwid, FwVersion

MAX_PROBES = 8192
"""Probes in one pack; ours: about 1.5 MB, and a second to check them all."""
MAX_HW_VERSIONS = 16
MAX_SOFTDEVICES = 512
"""Ours; Nordic has released far fewer."""
PROBE_TYPES = (FwType.APPLICATION, FwType.BOOTLOADER)
_WHATEVER_SOFTDEVICE = (Fwid(0),)  # "needs none": passes whichever the unit has


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question.

    Attributes:
        kind: The type of image whose version is compared: APPLICATION or BOOTLOADER.
        hw_version: The hardware version that it names.
        sd_req: The FWIDs that it names, at most 16.
        fw_version: The version that it names.
    """

    kind: FwType
    hw_version: int
    sd_req: tuple[Fwid, ...]
    fw_version: FwVersion


def version_probe(kind: FwType, hw_version: int, limit: int) -> Probe:
    """Asks whether the installed version is at most ``limit``; any SoftDevice will do.

    An application may have the installed version, a bootloader's must be higher (section 5.2).
    """
    named = limit + 1 if kind is FwType.BOOTLOADER else limit
    return Probe(
        kind=kind, hw_version=hw_version, sd_req=_WHATEVER_SOFTDEVICE, fw_version=FwVersion(named)
    )


def softdevice_probe(hw_version: int, fwids: tuple[Fwid, ...]) -> Probe:
    """Asks whether the unit's SoftDevice is one of ``fwids``; of none: whether it has none."""
    return Probe(
        kind=FwType.APPLICATION, hw_version=hw_version, sd_req=fwids, fw_version=FwVersion(0)
    )


def first_half(fwids: tuple[Fwid, ...]) -> tuple[Fwid, ...]:
    """The part of two or more FWIDs that is asked for next."""
    return fwids[: len(fwids) // 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCatalogue:
    """What can be asked: by a pack's probes, or with a key at hand.

    Attributes:
        hw_versions: Hardware versions a unit may have, the likeliest first; at least one.
        softdevices: FWIDs its SoftDevice may have, the likeliest first; 0 is not one.
        app_limits: Where the application's version is asked for.
        bootloader_limits: Where the bootloader's version is asked for.

    Raises:
        InputError: ``PROBE_PACK_MALFORMED``: a number is missing, comes twice or is out of range.
            ``PROBE_TOO_MANY``: more hardware versions or SoftDevices than anybody has.
    """

    hw_versions: tuple[int, ...]
    softdevices: tuple[Fwid, ...]
    app_limits: VersionLimits
    bootloader_limits: VersionLimits

    def __post_init__(self) -> None:
        for name, numbers, highest, most in (
            ("hardware versions", self.hw_versions, U32_MAX, MAX_HW_VERSIONS),
            ("SoftDevices", self.softdevices, 0xFFFF, MAX_SOFTDEVICES),
        ):
            if len(numbers) > most:
                raise InputError(
                    Code.PROBE_TOO_MANY,
                    f"{len(numbers)} {name} are too many to ask for; at most {most} are.",
                )
            out_of_range = not all(0 <= number <= highest for number in numbers)
            if out_of_range or len(set(numbers)) < len(numbers):
                raise _malformed(f"The {name} come twice or are not from 0 to {highest}.")
        if not self.hw_versions:
            raise _malformed("Probes need a hardware version.")
        if 0 in self.softdevices:
            raise _malformed("The FWID 0 means no SoftDevice, which is asked for in any case.")

    @property
    def count(self) -> int:
        """How many probes :meth:`probes` makes."""
        versions = len(self.app_limits) + len(self.bootloader_limits)
        return len(self.hw_versions) * (versions + len(self.softdevices) + 1)

    @property
    def softdevice_groups(self) -> list[tuple[Fwid, ...]]:
        """The FWIDs in groups of as many as one probe can name."""
        starts = range(0, len(self.softdevices), MAX_SD_REQ)
        return [self.softdevices[start : start + MAX_SD_REQ] for start in starts]

    def check_count(self, name: str) -> None:
        """Refuse more probes than a pack holds.

        Args:
            name: What to call the pack in a message.

        Raises:
            InputError: ``PROBE_TOO_MANY``.
        """
        if self.count > MAX_PROBES:
            raise InputError(
                Code.PROBE_TOO_MANY,
                f"{name} would need {self.count:,} probes; at most {MAX_PROBES:,} are signed.",
            )

    def probes(self) -> Iterator[Probe]:
        """Every probe that a search may ask for, always in the same order."""
        for hw_version in self.hw_versions:
            for limit in self.app_limits:
                yield version_probe(FwType.APPLICATION, hw_version, limit)
            for limit in self.bootloader_limits:
                yield version_probe(FwType.BOOTLOADER, hw_version, limit)
            for group in self.softdevice_groups:
                yield softdevice_probe(hw_version, group)
                yield from (softdevice_probe(hw_version, half) for half in _halves(group))
            yield softdevice_probe(hw_version, ())


def with_known_softdevices(further: Iterable[Fwid] = ()) -> tuple[Fwid, ...]:
    """``further`` FWIDs, then all that are known, the newest first (they rise); each once."""
    known = sorted((softdevice.fwid for softdevice in known_softdevices()), reverse=True)
    return tuple(dict.fromkeys((*further, *known)))


def encode_probe_command(probe: Probe) -> bytes:
    """The init command of a probe; a signature covers exactly these bytes."""
    return encode_init_command(
        InitCommand(
            kind=probe.kind,
            fw_version=probe.fw_version,
            hw_version=probe.hw_version,
            sd_req=probe.sd_req,
            hash=hash_firmware(b""),
        )
    )


def sign_probe(probe: Probe, signer: Signer) -> bytes:
    """The init packet of a probe."""
    command = encode_probe_command(probe)
    return encode_init_packet(command, signer.sign(command))


class ProbeSource(Protocol):
    """Where the init packets of a search come from: a pack, or a key."""

    @property
    def catalogue(self) -> ProbeCatalogue:
        """What can be asked."""

    def packet(self, probe: Probe) -> bytes:
        """The init packet of a probe of the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOnDemand:
    """Probes that are signed when they are needed (:class:`ProbeSource`).

    Attributes:
        catalogue: What is asked; with :meth:`VersionLimits.every` any version is told exactly.
        signer: The key.
    """

    catalogue: ProbeCatalogue
    signer: Signer

    def packet(self, probe: Probe) -> bytes:
        """Sign a probe."""
        return sign_probe(probe, self.signer)


def _halves(group: tuple[Fwid, ...]) -> Iterator[tuple[Fwid, ...]]:
    """Every half that bisecting a group may ask for; a second half needs no probe of its own."""
    if len(group) > 1:
        half = first_half(group)
        yield half
        yield from _halves(half)
        yield from _halves(group[len(half) :])


def _malformed(message: str) -> InputError:
    return InputError(Code.PROBE_PACK_MALFORMED, message)
