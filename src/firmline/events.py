"""The typed events of an update: the one stream that everyone reads.

Progress bars, traces, records and the diagnosis read this stream and nothing else. An event is a
plain fact, frozen, with the time it was seen (``at_s``: seconds on the link's monotonic clock).
Rooms without a clock make events unstamped; who reports one stamps it. What an event means is not
its business; what happened is.

How events are written and read is in :mod:`firmline.formats.event_json`. Traces are read by other
versions of firmline: no event and no field is renamed or removed, and a new field of an existing
event has a default.
"""

# ruff: noqa: PLC0414 - what is imported as itself belongs to this module for everyone else

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmline.event_base import Event as Event
from firmline.event_base import How as How
from firmline.event_base import Outcome as Outcome
from firmline.event_base import Proof as Proof
from firmline.event_base import Scalar as Scalar
from firmline.event_base import UnitMode as UnitMode
from firmline.event_base import stamp as stamp
from firmline.opening_events import ImageDescribed as ImageDescribed
from firmline.opening_events import LinkDeclared as LinkDeclared
from firmline.opening_events import TimingPlanned as TimingPlanned
from firmline.opening_events import TraceStarted as TraceStarted
from firmline.values import BleAddress, ImageKind, RadioAddress

BUTTONLESS_REQUESTS: Final = ("enter_bootloader", "set_advertising_name")
"""What :class:`RequestSent` and :class:`Refused` call the requests of the buttonless service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStarted(Event):
    """An update begins.

    Attributes:
        unit: The target as the user named it.
        package: The package's file name.
        package_sha256: SHA-256 of the package, hexadecimal.
        images: The kinds of its images, in the order they are sent.
        total_size: Firmware bytes in all.
    """

    unit: str
    package: str
    package_sha256: str
    images: tuple[ImageKind, ...]
    total_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionStarted(Event):
    """A unit is to be read.

    Attributes:
        unit: The target as the user named it.
        with_probes: Whether its bootloader is entered and asked with probes.
        public_key: Of the key that signed them, 64 bytes in hexadecimal; empty without probes.
    """

    unit: str
    with_probes: bool
    public_key: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching(Event):
    """The radio is looking for exactly one unit.

    Attributes:
        address: Its address; ``None``: it is looked for by its name.
        expected_mode: The program that should answer there.
        name: The name that it advertises, where that is what it is looked for by.
    """

    address: RadioAddress | None
    expected_mode: UnitMode | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen(Event):
    """The unit was seen in the air."""

    address: RadioAddress
    name: str
    rssi_dbm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherUnitSeen(Event):
    """Another unit is in the air at the address where the unit's bootloader will appear.

    Attributes:
        address: That address.
        name: Its advertised name, cleaned.
        bootloader: Whether it is a bootloader, so that the unit must not jump.
    """

    address: RadioAddress
    name: str
    bootloader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourAwaited(Event):
    """The unit's turn has not come: a unit that shares an address with it is updated first.

    A unit's bootloader has the address after its application's, which is the next unit's where
    units were made in a row.

    Attributes:
        address: The address that both have.
    """

    address: BleAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOpened(Event):
    """A serial port is open.

    Attributes:
        port: As the user named it.
        baud: Bits per second; ``None``: bytes take no time of their own.
        flow_control: Whether bytes wait where the unit cannot take them.
        exclusive: Whether no other program can open it meanwhile.
    """

    port: str
    baud: int | None
    flow_control: bool
    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbUnitSeen(Event):
    """The unit is plugged in, as the program that runs now shows itself.

    Attributes:
        serial_number: Its USB serial number, cleaned.
        usb_id: Vendor and product, as ``1915:521F``.
        mode: Which program it is; ``None``: it does not show.
        port: Its serial port; ``None``: it has none.
        version: What its application says of its version, cleaned; ``None``: nothing.
    """

    serial_number: str
    usb_id: str
    mode: UnitMode | None
    port: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BootloaderAnswered(Event):
    """A serial bootloader answered a PING; ``after_s``: so long after it was first looked for."""

    after_s: float


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
class TextHeard(Event):
    """Something that is no frame was heard on the port; ``text`` is cleaned and capped."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Event):
    """A connection is open; ``mode`` is told by the services the unit has."""

    address: RadioAddress
    mode: UnitMode
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalMeasured(Event):
    """How strong the unit is heard on the connection that was just opened.

    Reported where the link can tell, and its controller does so at once.

    Attributes:
        address: The address it was connected under.
        rssi_dbm: As this computer's radio hears it.
    """

    address: RadioAddress
    rssi_dbm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEncrypted(Event):
    """The link is encrypted with a bond.

    Attributes:
        address: The address it was connected under.
        new_bond: The bond was made just now.
        replaced_bond: It was made in the place of one for which the unit had no keys any more.
    """

    address: RadioAddress
    new_bond: bool
    replaced_bond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSeen(Event):
    """The application was seen running, with what it says of itself.

    Attributes:
        address: The address it was connected under.
        information: Strings of its Device Information Service by field name; empty: none.
    """

    address: RadioAddress
    information: Mapping[str, str]


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
class EnteringBootloader(Event):
    """The application agreed to restart into the bootloader.

    Attributes:
        address: Where the bootloader is expected; ``None``: this computer shows no addresses.
        name: The name that it was given, by which it is recognised then.
    """

    address: RadioAddress | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(Event):
    """The connection is gone.

    Attributes:
        hci_reason: The controller's reason (0x08 timeout, 0x13 remote user, ...), where known.
        expected: Whether the protocol had the unit restart at this point.
    """

    hci_reason: int | None
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStarted(Event):
    """The transfer of one image begins; ``index`` counts from 0."""

    kind: ImageKind
    index: int
    init_packet_size: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent(Event):
    """A request went out (not the data packets; see :class:`PacketsSent`)."""

    request: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(Event):
    """The unit answered."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPassedOver(Event):
    """The latest answer was a second copy of an earlier one to this request: it changed nothing."""

    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The unit already had this much of an object, and its CRC was right."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated(Event):
    """An object of ``size`` bytes was created at ``offset`` of the image (or init packet)."""

    object_type: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketsSent(Event):
    """Data packets were handed to the link.

    Attributes:
        object_type: ``command`` or ``data``.
        count: Packets.
        offset: Bytes of the image (or init packet) sent so far.
        size: Bytes of it in all.
    """

    object_type: str
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrcChecked(Event):
    """The unit reported how much it has; compared with what was sent."""

    object_type: str
    offset: int
    crc: int
    expected_offset: int
    expected_crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRepeated(Event):
    """An object arrived damaged and is created again; ``attempt`` counts from 2."""

    object_type: str
    offset: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLost(Event):
    """An object that was sent ahead did not arrive whole; it is sent again step by step."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashLearned(Event):
    """How long the unit's flash takes at most, as its answers show; seconds.

    Attributes:
        erase_s: The erase at the head of an object.
        packet_s: One packet.
        object_s: A whole object, its erase included.
        least_object_s: The least that one was seen to cost, without the ways through the air.
    """

    erase_s: float
    packet_s: float
    object_s: float
    least_object_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRepeated(Event):
    """Something was lost on a serial line; the image goes on where the unit says it is.

    Attributes:
        reason: What had happened.
        code: The error that it would have been.
        attempt: Sessions without progress so far, counted from 2.
    """

    reason: str
    code: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStepped(Event):
    """Something went wrong over a radio, or a unit on USB was lost; what is done about it now.

    Attributes:
        step: What is done, e.g. ``resume`` (:class:`firmline.updater.ladder.Step`).
        fault: What was observed, e.g. ``link-lost`` (:class:`firmline.updater.ladder.Observed`).
        attempt: Steps without progress so far, this one included.
        reason: What had happened, in a sentence.
        code: The error that it would have been.
    """

    step: str
    fault: str
    attempt: int
    reason: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAfresh(Event):
    """The unit held another image's progress; its init packet is created anew."""

    offset: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectExecuted(Event):
    """The unit executed an object; ``offset`` bytes of the image (or init packet) are done."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSaved(Event):
    """The unit has saved its progress in flash; a power cut now costs nothing before ``offset``."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """The unit said no.

    Attributes:
        request: What it refused.
        result: Result code (spec section 2.2).
        ext_error: Extended error (spec section 2.3), where there is one.
    """

    request: str
    result: int
    ext_error: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSent(Event):
    """The unit accepted the last object; it now restarts to activate the image."""

    kind: ImageKind
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFinished(Event):
    """The end of the stream.

    Attributes:
        outcome: How it ended.
        code: The stable error code; empty for ``updated``.
        message: One sentence for people.
        size: Firmware bytes the unit accepted.
        duration_s: From start to end, seconds.
        transfer_s: The part of it from the first object to the answer to the last, seconds.
        limit_share: How much of the unit's own speed limit was reached, 1 being all of it;
            ``None``: nobody knows the limit.
        proof: What shows that the unit has what was sent; ``None``: nothing does.
    """

    outcome: Outcome
    code: str
    message: str
    size: int
    duration_s: float
    transfer_s: float
    limit_share: float | None = None
    proof: Proof | None = None
