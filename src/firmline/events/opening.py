"""A trace begins: what wrote it, of which images, over what, how patiently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmline.events.base import Event, Scalar
from firmline.values import ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStarted(Event):
    """A trace begins: the first line of its file.

    Attributes:
        trace_format: Version of the format; this one is 1.
        firmline: Version of the program that writes it.
        python: Version of Python.
        platform: System, its release, and machine; nothing of the host's or the user's name.
        started_at: The time at ``at_s``, UTC, as ``2026-03-01T12:30:00.250Z``.
    """

    trace_format: int
    firmline: str
    python: str
    platform: str
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDescribed(Event):
    """What an image of the package says of itself, in its init packet.

    Attributes:
        index: Which, counted from 0.
        kind: What the package calls it.
        fw_type: What the init packet calls it.
        size: Bytes.
        init_packet_size: Bytes.
        fw_version: Version; ``None``: it names none.
        hw_version: Hardware it is for; ``None``: it names none.
        sd_req: FWIDs of the SoftDevices it may meet.
        hash_type: How ``digest`` was made.
        digest: Of the image, in the order in which it is printed everywhere.
        signature_type: How the init packet is signed; ``None``: it is not.
        boot_validations: How the image is checked at every boot.
        is_debug: Whether the version checks are to be left out.
    """

    index: int
    kind: ImageKind
    fw_type: str
    size: int
    init_packet_size: int
    fw_version: int | None
    hw_version: int | None
    sd_req: tuple[int, ...]
    hash_type: str
    digest: bytes
    signature_type: str | None
    boot_validations: tuple[str, ...]
    is_debug: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDeclared(Event):
    """What the link to the unit can do, as it declares.

    Attributes:
        link: ``radio``, ``port`` or ``usb``.
        capabilities: By name (:class:`~firmline.links.base.LinkCapabilities`,
            :class:`~firmline.links.base.SerialCapabilities`).
    """

    link: str
    capabilities: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingPlanned(Event):
    """How long is waited for what.

    Attributes:
        prn: Packets after which the unit confirms unasked; 0: none; ``None``: nothing is sent.
        pacing: Pauses for the unit's flash, by name (:mod:`firmline.protocol.pacing`), seconds.
        timeouts: The longest waits, by name (:mod:`firmline.updater.timeouts`), seconds.
    """

    prn: int | None
    pacing: Mapping[str, Scalar]
    timeouts: Mapping[str, Scalar]
