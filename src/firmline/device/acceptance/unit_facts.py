"""From what was read of a unit to the terms that describe it (:mod:`.unit_terms`).

Rules of this module:

* Only what the radio, the bootloader or its refusals said becomes a term. What an application says
  of itself is words for people: its revision need not be the number that a bootloader compares.
* Where a fact is known in several ways, the one that is nearest to what the bootloader checks
  counts: a probe, then a query, then the radio.
* A version that is known within a range is not known; but it contradicts a term outside the range.
* A user's term completes the facts and never overrules one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from firmline.device.acceptance.unit_terms import DEFAULT_PROFILE, NO_SOFTDEVICE, TERMS
from firmline.device.chips import chip
from firmline.device.profile import PROFILES, MemoryMap
from firmline.device.unit_file import DEFAULT_PUBLIC_KEY
from firmline.errors import Code, InputError
from firmline.events import FactFound, How, UnitMode
from firmline.formats.keys import PublicKey
from firmline.formats.known_softdevices import (
    KnownSoftDevice,
    describe_fwid,
    parse_softdevice,
    softdevice_that_ends_at,
)
from firmline.formats.package import Package
from firmline.formats.probes_versions import VersionRange
from firmline.values import parse_number

FACTS: Final[Mapping[str, str]] = {
    "chip": "chip",
    "softdevice": "softdevice_fwid",
    "softdevice-end": "softdevice_end",
    "bootloader-start": "bootloader_start",
    "bootloader-version": "bootloader_version",
    "hw-version": "hw_version",
    "app-version": "app_version",
    "app-size": "app_size",
}
"""The fact that gives a term its value."""
UART_PROFILE: Final = "sdk15.3-uart"
USB_PROFILE: Final = "sdk15.3-usb"
"""The builds of the same SDK as the one that is assumed over a radio."""
_ORDER: Final = (How.PROBE, How.QUERY, How.REMOTE_VERSION)
_RANGE: Final = " to "
_SOMEBODY_ELSES_KEY: Final = (
    "cead59ab6abd73a07f46c9e0b1dc6342ff31d1f2330a4909385654f0ac981f15"
    "397bcfdbaa2978e6c61f91bf6101f5abca42a328c167b9f016496a74a11a02c8"
)
"""The point 0xB0B0 * G of P-256, little-endian: stands for a key that is only known not to be the
one of the probes."""


def terms_of_facts(facts: Iterable[FactFound], given: Mapping[str, str]) -> dict[str, str]:
    """The terms of a unit that was read, with the user's own added, as far as they are known.

    Args:
        facts: What was read.
        given: The user's terms, as ``split_terms`` has them.

    Raises:
        InputError: ``OPTION_CONFLICT``: a term says something else than the unit.
    """
    known = list(facts)
    terms = dict(given)
    for term, name in FACTS.items():
        fact = _best(known, name)
        if fact is None:
            continue
        if term in given and not _agree(term, given[term], fact.value):
            raise _contradiction(term, given[term], fact)
        if _RANGE not in fact.value:
            terms[term] = fact.value
    if "softdevice" not in terms and (meant := _softdevice_of_version(known)) is not None:
        terms["softdevice"] = str(meant.fwid)
    return terms


def require(terms: Mapping[str, str], facts: Iterable[FactFound]) -> None:
    """See that chip and SoftDevice are known.

    Raises:
        InputError: ``OPTION_MISSING``: one of them is neither read nor given.
    """
    for term in ("chip", "softdevice"):
        if term not in terms:
            raise _missing(term, facts, ", and without it the package cannot be checked.")


def chip_missing(facts: Iterable[FactFound]) -> InputError:
    """The error of a unit that a package may well pass, as far as the chip decides nothing.

    Args:
        facts: What was read of it.
    """
    return _missing(
        "chip", facts, ": what is known lets the package pass, and nothing more can be checked."
    )


def _missing(term: str, facts: Iterable[FactFound], consequence: str) -> InputError:
    return InputError(
        Code.OPTION_MISSING,
        f"The unit does not say {TERMS[term].partition(',')[0]}{consequence}",
        hint=f"Add --for {term}=...: {TERMS[term]}.{_more_to_ask(list(facts), term)}",
    )


def inferred(facts: Iterable[FactFound], given: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences about terms that no fact says by itself."""
    known = list(facts)
    if "softdevice" in given or _best(known, "softdevice_fwid") is not None:
        return ()
    meant = _softdevice_of_version(known)
    if meant is None:
        return ()
    return (f"its SoftDevice is {meant}, as the version and the end that it tells are",)


def _softdevice_of_version(known: list[FactFound]) -> KnownSoftDevice | None:
    """A bootloader that is asked says version and end of its SoftDevice, and not the FWID."""
    version, end = _best(known, "softdevice_version"), _best(known, "softdevice_end")
    if version is None or end is None:
        return None
    return softdevice_that_ends_at(version.value, int(end.value, 0))


def likely_build(facts: Iterable[FactFound]) -> str:
    """The build of the SDK's examples that a unit's bootloader probably is, where nobody says.

    Over a radio it is one for Bluetooth LE. One that answers at a port was built for USB or UART,
    which begin at different addresses; and an application that was asked over USB has one for that.

    Args:
        facts: What was read.
    """
    known = list(facts)
    if any(fact.how is How.USB for fact in known):
        return USB_PROFILE
    told = {fact.fact: fact.value for fact in known if fact.how is How.QUERY}
    if told.get("mode") != UnitMode.BOOTLOADER:
        return DEFAULT_PROFILE
    row = chip(told["chip"]) if "chip" in told else None
    if row is not None and row.has_usb and "bootloader_start" in told:
        usual = MemoryMap.of(row, PROFILES[USB_PROFILE]).bootloader_start
        return USB_PROFILE if int(told["bootloader_start"], 0) == usual else UART_PROFILE
    return UART_PROFILE


def _more_to_ask(known: list[FactFound], term: str) -> str:
    """What would tell a term, of a unit that was read in its application alone.

    A bootloader that is reached by USB says its chip, and what it has in flash; over a radio it
    says nothing, and probes tell the SoftDevice.
    """
    if term == "chip" and not any(fact.how is How.USB for fact in known):
        return ""
    if any(fact.fact == "mode" and fact.value == UnitMode.BOOTLOADER for fact in known):
        return ""
    return " Or have its bootloader asked: --enter, --probes or --key-file."


def key_of_facts(
    facts: Iterable[FactFound],
    *,
    probes_key: PublicKey | None,
    given: PublicKey | None,
    package: Package,
) -> PublicKey | None:
    """The key that the unit's bootloader trusts; ``None``: not known, as far as it matters here.

    Args:
        facts: What was read.
        probes_key: The key that signed the probes, where there were any.
        given: The key that the user says it is.
        package: What is checked: where a key is only known not to be that of the probes, a package
            signed with that one is refused, and of others nothing is known.

    Raises:
        InputError: ``OPTION_CONFLICT``: the user says another key than the unit.
    """
    trusted = _best(list(facts), "key_ok")
    if trusted is None or probes_key is None:
        return given
    if (trusted.value == "yes") != (given == probes_key) and given is not None:
        does = "trusts" if trusted.value == "yes" else "does not trust"
        raise InputError(
            Code.OPTION_CONFLICT,
            f"--for names another key than the unit: its bootloader {does} the key of the probes.",
            hint="Leave key out of --for: the probes have told what there is to know.",
        )
    if trusted.value == "yes":
        return probes_key
    return given or (_another_than(probes_key) if _is_signed_by(package, probes_key) else None)


def _is_signed_by(package: Package, key: PublicKey) -> bool:
    packets = [image.init_packet for image in package.images]
    return any(
        packet.signature is not None and key.verify(packet.signed_bytes, packet.signature)
        for packet in packets
    )


def _another_than(key: PublicKey) -> PublicKey:
    stand_in = PublicKey.from_le_bytes(bytes.fromhex(_SOMEBODY_ELSES_KEY))
    if stand_in != key:
        return stand_in
    return PublicKey.from_le_bytes(bytes.fromhex(DEFAULT_PUBLIC_KEY))


def _best(facts: list[FactFound], name: str) -> FactFound | None:
    found = [fact for fact in facts if fact.fact == name and fact.how in _ORDER]
    return min(found, key=lambda fact: _ORDER.index(fact.how), default=None)


def _agree(term: str, given: str, value: str) -> bool:
    """Whether a term and a fact can be true together."""
    if term == "chip":
        return given.lower() == value
    name = f"{term} in --for"
    if term == "softdevice":
        if NO_SOFTDEVICE in (given.lower(), value):
            return given.lower() == value
        return parse_softdevice(given, name=name) == int(value, 0)
    number = parse_number(given, name=name)
    first, _, last = value.partition(_RANGE)
    return number in VersionRange(first=int(first, 0), last=int(last or first, 0))


def _contradiction(term: str, given: str, fact: FactFound) -> InputError:
    value = fact.value
    if term == "softdevice" and value != NO_SOFTDEVICE:
        value = describe_fwid(int(value, 0))
    return InputError(
        Code.OPTION_CONFLICT,
        f"--for says {term}={given[:40]}, and the unit has {value} ({fact.how.replace('_', ' ')}).",
        hint=f"Leave {term} out of --for, or look whether this is the unit that is meant.",
    )
