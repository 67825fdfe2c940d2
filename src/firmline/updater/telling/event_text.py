"""Events in words: a label and a text for each event that a person wants to read."""

from __future__ import annotations

from collections.abc import Mapping

from firmline import events
from firmline.errors import Code, printable
from firmline.events import Event, UnitMode
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.softdevice import softdevice_version_text
from firmline.values import ImageKind

Described = tuple[str, str] | None
STEPS = {
    "resume": "connecting anew",
    "reenter": "entering the bootloader again",
    "longer-delay": "waiting longer for the unit's flash",
    "longer-interval": "connecting with a longer interval",
    "receipts": "asking for receipts",
    "smaller-packets": "sending smaller packets",
    "denser-checkpoints": "saving progress after every object",
    "fresh-start": "starting the image afresh",
    "restart": "restarting the unit's bootloader",
    "await-reset": "waiting until the bootloader restarts by itself",
}
"""What is done about what went wrong (:class:`firmline.updater.ladder.Step`)."""

REFUSALS = frozenset(code for code in Code if code.name.startswith("REFUSED_"))
"""What the unit itself has said no with."""


def describe(event: Event) -> Described:
    """A short label and one line, or ``None`` for what only programs want to know."""
    return (
        _describe_road(event)
        or _describe_others(event)
        or _describe_port(event)
        or _describe_transfer(event)
        or _describe_repair(event)
    )


def full_line(fields: Mapping[str, object], *, at_s: float | None) -> str:
    """An event with all its fields, on one line that is safe to print.

    Args:
        fields: The event in JSON.
        at_s: The time to show; ``None``: none is known.
    """
    facts = (f"{name} {value}" for name, value in fields.items() if name not in ("type", "at_s"))
    time = " " * 14 if at_s is None else f"{at_s:14.6f}"
    return f"{time}  {printable(fields['type']):<20}  {printable(', '.join(facts))}".rstrip()


def _bond(event: events.LinkEncrypted) -> str:
    if event.replaced_bond:
        return "a new bond in the place of one that the unit had forgotten"
    return "a new bond, which both sides keep" if event.new_bond else "its bond"


def _describe_road(event: Event) -> Described:
    """Finding, connecting, restarting."""
    match event:
        case events.UnitSeen():
            signal = f", {event.rssi_dbm} dBm" if event.rssi_dbm is not None else ""
            name = event.name or "a unit without a name"
            described: Described = ("seen", f"{name} at {event.address}{signal}")
        case events.LinkEncrypted():
            described = ("encrypted", f"the link, with {_bond(event)}")
        case events.ApplicationSeen():
            described = ("runs", _information(event))
        case events.RadioVersionSeen(company=0x0059):  # Nordic's; of others it means nothing here
            described = (
                "has",
                f"SoftDevice FWID {describe_fwid(event.subversion)}, says its radio",
            )
        case events.EnteringBootloader():
            where = f"at {event.address}" if event.address else f"as {event.name}"
            described = ("restarts", f"into its bootloader, {where}")
        case events.InspectionStarted():
            described = ("inspect", f"{event.unit}, {_how(event)}")
        case events.Connected(mode=UnitMode.BOOTLOADER):
            described = ("connected", f"to its bootloader, MTU {event.mtu}")
        case events.LinkLost(expected=False):
            reason = f" (reason 0x{event.hci_reason:02X})" if event.hci_reason is not None else ""
            described = ("lost", f"the link{reason}")
        case _:
            described = None
    return described


def _describe_others(event: Event) -> Described:
    """Units beside the one that is meant."""
    match event:
        case events.OtherUnitSeen():
            what = "another bootloader" if event.bootloader else "another unit's application"
            return "beside", f"{what} at {event.address}"
        case events.NeighbourAwaited():
            return "waits", f"for the unit that shares {event.address} with it"
        case _:
            return None


def _describe_port(event: Event) -> Described:
    """What happens on a serial port."""
    match event:
        case events.PortOpened():
            speed = f" at {event.baud} bits per second" if event.baud else ""
            flow = ", RTS/CTS" if event.flow_control and event.baud else ""
            described: Described = ("opened", f"{event.port}{speed}{flow}")
        case events.UsbUnitSeen():
            described = _plugged(event)
        case events.BootloaderAnswered():
            described = ("answers", "its bootloader")
        case events.VersionSeen():
            described = ("has", f"{_version(event)}, {event.size:,} bytes")
        case events.SessionRepeated():
            described = _repeated(event)
        case events.TextHeard():
            described = ("prints", event.text)
        case _:
            described = None
    return described


def _how(event: events.InspectionStarted) -> str:
    if event.with_probes:
        return "with probes"
    return "in its bootloader" if event.enters else "without touching it"


def _version(event: events.VersionSeen) -> str:
    if event.image == "softdevice":
        return f"SoftDevice {softdevice_version_text(event.version)}"
    return f"{event.image} {event.version}"


def _repeated(event: events.SessionRepeated) -> tuple[str, str]:
    if event.code in REFUSALS:
        return "asks", f"once more, since a line may spoil an answer: {event.reason}"
    return "goes on", f"after this: {event.reason}"


def _plugged(event: events.UsbUnitSeen) -> tuple[str, str]:
    where = f" at {event.port}" if event.port else ""
    unit = f"serial number {event.serial_number} ({event.usb_id}{where})"
    match event.mode:
        case UnitMode.APPLICATION:
            said = event.version or "an application that says nothing of its version"
            return "runs", f"{said}, {unit}"
        case UnitMode.BOOTLOADER:
            return "plugged", f"in as its bootloader, {unit}"
        case None:
            return "plugged", f"in, {unit}"


def _describe_transfer(event: Event) -> Described:
    """What is sent, and what becomes of it."""
    match event:
        case events.UpdateStarted():
            kinds = " and ".join(map(_title, event.images))
            unit = event.unit.removesuffix(":")  # usb: is the only one that is plugged in
            text = f"{event.package} to {unit}: {kinds}, {event.total_size:,} bytes"
            described: Described = ("update", text)
        case events.Resumed(object_type="data"):
            described = ("resumes", f"at {event.offset:,} bytes")
        case events.ImagePassedOver():
            described = ("passes by", f"the {_title(event.kind)}: the unit has this or a newer one")
        case events.ProgressSaved():
            described = ("saved", f"{event.offset:,} bytes, which a power cut leaves in place")
        case events.LadderStepped():
            described = ("goes on", f"by {STEPS.get(event.step, event.step)}: {event.reason}")
        case events.ImageSent():
            text = f"all {event.size:,} bytes; the unit restarts to activate them"
            described = ("accepted", text)
        case _:
            described = None
    return described


def _describe_repair(event: Event) -> Described:
    """What did not arrive, or hardly."""
    match event:
        case events.ObjectRepeated():
            is_data = event.object_type == "data"
            what = f"the object at {event.offset:,}" if is_data else "the init packet"
            return "repeats", f"{what}, which arrived damaged (attempt {event.attempt})"
        case events.ObjectLost():
            return "repeats", f"the object at {event.offset:,}, which did not arrive whole"
        case events.StartedAfresh():
            return "starts", "afresh: the unit held the beginning of another image"
        case events.FlashStarved():
            least_ms = 1000 * event.least_s
            why = "radio events may be too close together for it"
            return (
                "slow",
                f"its flash has not written {event.size} bytes in {least_ms:.0f} ms: {why}",
            )
        case _:
            return None


def _information(event: events.ApplicationSeen) -> str:
    information = event.information
    revision = information.get("firmware_revision")
    if revision is None:
        return "an application that says nothing of its version"
    serial = information.get("serial_number")
    return f"firmware {revision}" + (f", serial number {serial}" if serial else "")


def _title(kind: ImageKind) -> str:
    return kind.value.replace("_", " + ")
