"""What the traces of a failure tell of the unit, the package, the link and the station."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from firmline import events
from firmline.cli.facts_text import LABELS
from firmline.cli.report.cleaning import clean
from firmline.errors import uri_without_secrets
from firmline.events import Event, How, UnitMode
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.softdevice import softdevice_version_text
from firmline.formats.trace import Trace

NORDIC: Final = 0x0059
"""Company identifier (Bluetooth assigned numbers)."""
WAYS: Final = {
    How.REMOTE_VERSION: "its radio says so",
    How.QUERY: "its bootloader says so",
    How.USB: "it says so over USB",
    How.PROBE: "how it refused probes",
    How.DIS: "its application says so",
    How.BATTERY_SERVICE: "its application says so",
    How.ADVERTISING: "its advertisement",
    How.SERVICES: "the services it offers",
}
MAX_FACTS: Final = 100
"""Different facts that are shown; a unit has about thirty; ours."""
MAX_VALUES: Final = 6
"""Different values of one fact that are shown: a signal is measured at every connection; ours."""
MAX_KEPT: Final = 1024
"""Facts that are kept cleaned: every attempt with a unit tells the same thirty again; ours."""
TELLING: Final = frozenset(
    {
        events.UpdateStarted,
        events.InspectionStarted,
        events.ImageDescribed,
        events.LinkDeclared,
        events.TimingPlanned,
        events.TraceStarted,
        events.UnitSeen,
        events.Connected,
        events.SignalMeasured,
        events.ApplicationSeen,
        events.UsbUnitSeen,
        events.RadioVersionSeen,
        events.VersionSeen,
        events.FactFound,
        events.FlashLearned,
    }
)
"""Events that tell a fact: four of five in a trace are packets, requests, answers and the like."""


class About(StrEnum):
    """What a fact is about."""

    UNIT = "unit"
    PACKAGE = "package"
    LINK = "link"
    STATION = "station"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known.

    Attributes:
        about: What it is about.
        name: What it is, in words.
        value: As text; several that differ stand side by side.
        how: How it is known; may be empty.
    """

    about: About
    name: str
    value: str
    how: str = ""


def facts_of(traces: Iterable[Trace]) -> tuple[Fact, ...]:
    """What the traces of one unit tell, each fact once, in the order in which it was learned.

    Args:
        traces: The one that is explained first.
    """
    found: dict[tuple[About, str], dict[str, Fact]] = {}
    for trace in traces:
        for event in trace.events:
            if type(event) in TELLING:
                for fact in _told(event):
                    found.setdefault((fact.about, fact.name), {}).setdefault(fact.value, fact)
    merged = [_merged(list(known.values())) for known in found.values()]
    return tuple(fact for about in About for fact in merged if fact.about is about)[:MAX_FACTS]


def _merged(known: list[Fact]) -> Fact:
    values = [each.value for each in known[:MAX_VALUES]]
    more = f" and {len(known) - MAX_VALUES} more" if len(known) > MAX_VALUES else ""
    first = known[0]
    ways = "; ".join(dict.fromkeys(each.how for each in known if each.how))
    return Fact(about=first.about, name=first.name, value="; ".join(values) + more, how=ways)


def _told(event: Event) -> Iterator[Fact]:
    """What one event tells."""
    match event:
        case events.UpdateStarted():
            yield _unit("named", _named(event.unit), "whoever started it")
            yield _fact(About.PACKAGE, "file", event.package)
            yield _fact(About.PACKAGE, "SHA-256", event.package_sha256)
        case events.InspectionStarted():
            yield _unit("named", _named(event.unit), "whoever started it")
        case events.ImageDescribed():
            yield from _image(event)
        case events.LinkDeclared() | events.TimingPlanned() | events.TraceStarted():
            yield from _surroundings(event)
        case _:
            yield from _met(event)


def _met(event: Event) -> Iterator[Fact]:
    """What a meeting with the unit tells."""
    match event:
        case events.UnitSeen():
            yield _unit("advertises as", event.name or "(no name)", "its advertisement")
        case events.Connected(mode=UnitMode.APPLICATION):
            yield _unit("address", str(event.address), "where it was connected")
            yield _fact(About.LINK, "MTU", str(event.mtu), "agreed with the unit")
        case events.Connected():
            yield _unit("bootloader's address", str(event.address), "where it was connected")
            yield _fact(About.LINK, "MTU", str(event.mtu), "agreed with the unit")
        case events.SignalMeasured():
            heard = f"{event.rssi_dbm} dBm"
            yield _fact(About.LINK, "signal", heard, "as this computer's radio hears it")
        case events.ApplicationSeen():
            for name, value in event.information.items():
                yield _unit(name.replace("_", " "), value, WAYS[How.DIS])
        case events.UsbUnitSeen():
            yield _unit("serial number", event.serial_number, WAYS[How.USB])
            yield _unit("USB identity", event.usb_id, WAYS[How.USB])
        case _:
            yield from _versions(event)


def _versions(event: Event) -> Iterator[Fact]:
    """What is on the unit."""
    match event:
        case events.RadioVersionSeen(company=company, subversion=fwid) if company == NORDIC:
            yield _unit("SoftDevice", describe_fwid(fwid), WAYS[How.REMOTE_VERSION])
        case events.VersionSeen(image="softdevice"):
            version = softdevice_version_text(event.version)
            yield _unit("SoftDevice version", version, WAYS[How.QUERY])
        case events.VersionSeen():
            told = f"{event.version} ({event.size:,} bytes at 0x{event.address:X})"
            yield _unit(f"{event.image} version", told, WAYS[How.QUERY])
        case events.FactFound():
            name = LABELS.get(event.fact, event.fact.replace("_", " "))
            yield _unit(name, event.value, WAYS[event.how])
        case events.FlashLearned():
            slowest = f"an object {event.object_s:.3f} s, its erase {event.erase_s:.3f} s at most"
            yield _unit("flash", slowest, "how long its answers take")
        case _:
            return


def _image(image: events.ImageDescribed) -> Iterator[Fact]:
    kind = image.kind.value.replace("_", " + ")
    version = "no version" if image.fw_version is None else f"version {image.fw_version}"
    debug = ", marked as debug: its versions are not compared" if image.is_debug else ""
    signature = "not signed" if image.signature_type is None else image.signature_type
    fwids = ", ".join(describe_fwid(fwid) for fwid in image.sd_req) or "any"
    told = {
        "image": f"{version}, {image.size:,} bytes{debug}",
        "for hardware": "any" if image.hw_version is None else str(image.hw_version),
        "for SoftDevice": fwids,
        "hash": f"{image.hash_type} {image.digest.hex()}",
        "signature": signature,
        "checked at boot by": ", ".join(image.boot_validations) or "not told",
    }
    for name, value in told.items():
        yield _fact(About.PACKAGE, f"{kind}: {name}", value, "its init packet")


def _surroundings(
    event: events.LinkDeclared | events.TimingPlanned | events.TraceStarted,
) -> Iterator[Fact]:
    match event:
        case events.LinkDeclared():
            yield _fact(About.LINK, "kind", event.link)
            yield from _listed(event.capabilities, "it can", "it cannot")
        case events.TimingPlanned():
            if event.prn is not None:
                confirmed = f"every {event.prn} packets" if event.prn else "after each object"
                yield _fact(About.LINK, "confirmed", confirmed)
            yield from _listed(event.pacing, "pauses", "")
        case events.TraceStarted():
            yield _fact(About.STATION, "firmline", event.firmline)
            yield _fact(About.STATION, "Python", event.python)
            yield _fact(About.STATION, "system", event.platform)


def _listed(values: Mapping[str, events.Scalar], yes: str, no: str) -> Iterator[Fact]:
    """What is so, what is how much, and what is not so, each on one line."""
    named = {name.removesuffix("_s").replace("_", " "): name for name in values}
    so = [_told_of(words, name, values[name]) for words, name in named.items() if values[name]]
    not_so = [words for words, name in named.items() if values[name] is False]
    if so:
        yield _fact(About.LINK, yes, ", ".join(so))
    if no and not_so:
        yield _fact(About.LINK, no, ", ".join(not_so))


def _told_of(words: str, name: str, value: events.Scalar) -> str:
    if value is True:
        return words
    return f"{words} {value}" + (" s" if name.endswith("_s") else "")


def _named(unit: str) -> str:
    """What the user called it, without options: they name files of this computer."""
    return uri_without_secrets(unit.partition("?")[0])


def _unit(name: str, value: str, how: str) -> Fact:
    return _fact(About.UNIT, name, value, how)


@lru_cache(MAX_KEPT)
def _fact(about: About, name: str, value: str, how: str = "") -> Fact:
    """A fact whose strings are safe to show, and not long."""
    return Fact(about=about, name=clean(name), value=clean(value), how=how)
