"""What is learned of a unit: its versions, and all that an inspection finds."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.events.base import Event, How, UnitMode


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionStarted(Event):
    """A unit is to be read.

    Attributes:
        unit: The target as the user named it.
        with_probes: Whether its bootloader is entered and asked with probes.
        public_key: Of the key that signed them, 64 bytes in hexadecimal; empty without probes.
        enters: Whether an application is taken into its bootloader, with probes or without.
    """

    unit: str
    with_probes: bool
    public_key: str
    enters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFound(Event):
    """Something is known of the unit.

    Attributes:
        fact: What, e.g. ``softdevice_fwid``.
        value: As text; a unit's own strings are cleaned.
        how: How it is known.
    """

    fact: str
    value: str
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioVersionSeen(Event):
    """The unit's radio said who it is (LL_VERSION_IND).

    Attributes:
        version: Bluetooth version as the SIG numbers it; 9 is 5.0.
        company: Company identifier; 0x0059 is Nordic.
        subversion: With Nordic, the FWID of the installed SoftDevice.
    """

    version: int
    company: int
    subversion: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSeen(Event):
    """A bootloader told the version of an image in its flash (FIRMWARE_VERSION).

    Attributes:
        image: ``softdevice``, ``application`` or ``bootloader``.
        version: As a plain number.
        address: Where it begins in flash.
        size: Bytes.
    """

    image: str
    version: int
    address: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRefused(Event):
    """The unit refused a probe, as it has to; which check did so says how far the probe came.

    Attributes:
        image_type: ``application`` or ``bootloader``.
        hw_version: Hardware version that the probe named.
        sd_req: FWIDs that it named; 0 alone: any.
        fw_version: Version that it named.
        result: Result code of the answer.
        ext_error: Its extended error, where there is one.
    """

    image_type: str
    hw_version: int
    sd_req: tuple[int, ...]
    fw_version: int
    result: int
    ext_error: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionFinished(Event):
    """The end of the stream of an inspection.

    Attributes:
        code: The stable error code; empty where nothing went wrong.
        message: One sentence for people.
        left_in: Where the unit was seen last; ``None``: nowhere.
        duration_s: From start to end, seconds; without the wait for its turn beside a neighbour.
    """

    code: str
    message: str
    left_in: UnitMode | None
    duration_s: float
