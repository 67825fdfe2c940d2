"""What of the evidence cannot all be true, and what of it is used all the same.

Rules of this module:

* A contradiction is told, always. What is not used for it is not used in silence.
* A trace of firmline's own is true as it is: of an update that is tried again it tells how far the
  image came, and that the unit was not reached any more.
* Of two that cannot both be true the more certain one is used: what a unit or firmline's own trace
  has recorded before what a log of another tool shows, that before what somebody has written down
  or says; of the same origin, a code that was copied before what was described. Where nothing makes
  one more certain, neither is used: one of them is false, and nobody knows which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.likelihood import BEFORE_DATA
from firmline.diagnosis.vocabulary import vocabulary

CERTAINTY: Final = {
    Origin.UNIT: 4,
    Origin.TRACE: 4,
    Origin.LOG: 2,
    Origin.REPORT: 0,
    Origin.PERSON: 0,
}
"""How certain what each of them says is, beside the others; of two that are the same, equally."""
COPIED: Final = frozenset({"result_code", "ext_error", "host_code"})
"""Fields whose values are read off, not described: one step more certain than others."""
READ_OUT: Final = frozenset(
    {"reset_reason_brownout", "reset_reason_lockup", "reset_reason_not_soft", "watchdog_reset_seen"}
)
"""Flags that are read out of a register, likewise."""
NO_RADIO: Final = frozenset({"uart", "usb", "smp_serial", "wire"})
RADIO: Final = frozenset({"ble", "smp_ble"})
NOT_BY_WIRE: Final = RADIO | NO_RADIO - {"wire"}
BEHIND_SDK_12: Final = frozenset({"sdk_13_14", "sdk_15", "sdk_16", "sdk_17"})
"""How the SDKs that are newer than 12.3 begin: the last one that has the nRF51 (its release
notes)."""
NOT_EXTENDED: Final = frozenset(vocabulary()["result_code"].meanings) - {"r0B", "refused"}
"""Results behind which no extended error comes (bootloader spec, section 2.2)."""
OPPOSITES: Final = (
    ("prn_on", "prn_off"),
    ("watchdog_reset_seen", "watchdog_does_not_fire"),
    ("battery_low", "supply_measured_ok"),
    ("softdevice_fault_seen", "no_softdevice_in_flash"),
)
"""Flags of which one is the other's denial. Those that a unit can show one after the other, such as
to advertise and not to, are none."""
_SOME: Final = frozenset({"first_packets", "first_object", "fixed_offset", "random_offset", "end"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Two things that are never true of one failure.

    Attributes:
        one: Field of the first.
        values: Its values of which that is so.
        other: Field of the second.
        others: How its values begin of which that is so; of none that is named: all.
        because: Why.
    """

    one: str
    values: frozenset[str]
    other: str
    others: frozenset[str] = frozenset({""})
    because: str

    def found_in(self, incident: Incident) -> tuple[list[Evidence], list[Evidence]]:
        """Either side of it, as far as it was seen."""
        seen = [each for each in incident.evidence if each.seen]
        return (
            [each for each in seen if each.field == self.one and each.value in self.values],
            [
                each
                for each in seen
                if each.field == self.other and each.value.startswith(tuple(self.others))
            ],
        )


def _are(*values: str) -> frozenset[str]:
    return frozenset(values)


RULES: Final = (
    Rule(
        one="unit_resets",
        values=_are("no"),
        other="flags",
        others=READ_OUT,
        because="a reason for a reset is there after a reset only",
    ),
    Rule(
        one="unit_resets",
        values=_are("no"),
        other="failure_kind",
        others=_are("unit_reset"),
        because="that is a restart",
    ),
    Rule(
        one="unit_resets",
        values=_are("no"),
        other="end_state",
        others=_are("reset_loop"),
        because="that is a row of restarts",
    ),
    Rule(
        one="unit_resets",
        values=_are("once", "repeatedly"),
        other="end_state",
        others=_are("unchanged"),
        because="unchanged means that it never restarted",
    ),
    Rule(
        one="phase",
        values=BEFORE_DATA,
        other="progress",
        others=_SOME,
        because="no data of the image is sent before its transfer",
    ),
    Rule(
        one="phase",
        values=_are("final_execute", "activation"),
        other="progress",
        others=_are("none", "first_packets", "first_object"),
        because="the whole image is there by then",
    ),
    Rule(
        one="phase",
        values=_are("programming"),
        other="transport",
        others=NOT_BY_WIRE,
        because="a debugger programs by wire",
    ),
    Rule(
        one="phase",
        values=_are("programming"),
        other="result_code",
        others=_are("r0", "l", "b", "s"),
        because="that is a bootloader's answer, and a debugger asks none",
    ),
    Rule(
        one="chip",
        values=_are("nrf51", "nrf52832"),
        other="transport",
        others=_are("usb"),
        because="that chip has no USB of its own",
    ),
    Rule(
        one="chip",
        values=_are("nrf51"),
        other="sdk",
        others=BEHIND_SDK_12,
        because="that SDK has no nRF51",
    ),
    Rule(
        one="result_code",
        values=NOT_EXTENDED,
        other="ext_error",
        because="an extended error comes with result 0B only",
    ),
    *(
        Rule(
            one="flags",
            values=_are(one),
            other="flags",
            others=_are(other),
            because="one is the other's opposite",
        )
        for one, other in OPPOSITES
    ),
    Rule(
        one="transport",
        values=RADIO,
        other="host_code",
        others=_are("no_ping", "ack_timeout", "port_gone"),
        because="that is of a serial line",
    ),
    Rule(
        one="transport",
        values=NO_RADIO,
        other="host_code",
        others=_are("gatt_", "hci_", "ios_", "att_", "dfu_4096"),
        because="that is of Bluetooth",
    ),
    Rule(
        one="transport",
        values=NO_RADIO,
        other="host_tool",
        others=_are("android", "ios", "phone", "web_bluetooth", "linux_ble", "desktop_dongle"),
        because="that works over Bluetooth",
    ),
    Rule(
        one="transport",
        values=RADIO,
        other="host_tool",
        others=_are("nrfutil_serial", "adafruit_nrfutil", "file_copy"),
        because="that works over a line",
    ),
    Rule(
        one="transport",
        values=NO_RADIO,
        other="flags",
        others=_are("sniffer_no_connect_request", "bonded_buttonless", "only_bonded_hosts"),
        because="that is of Bluetooth",
    ),
    Rule(
        one="bootloader",
        values=_are("legacy"),
        other="result_code",
        others=_are("r0", "s0"),
        because="that is another protocol's answer",
    ),
    Rule(
        one="bootloader",
        values=_are("secure"),
        other="result_code",
        others=_are("l", "s"),
        because="that is another protocol's answer",
    ),
    Rule(
        one="bootloader",
        values=_are("mcuboot"),
        other="result_code",
        others=_are("r0", "l", "b"),
        because="that is another protocol's answer",
    ),
    Rule(
        one="bootloader",
        values=_are("legacy", "mcuboot"),
        other="ext_error",
        because="only the secure bootloader answers with one",
    ),
    Rule(
        one="failure_kind",
        values=_are("none"),
        other="result_code",
        because="an answer that refuses is an error",
    ),
    Rule(
        one="failure_kind",
        values=_are("none"),
        other="ext_error",
        because="an answer that refuses is an error",
    ),
    Rule(
        one="failure_kind",
        values=_are("none"),
        other="host_code",
        because="a code of the host's is an error",
    ),
    Rule(
        one="host_tool",
        values=_are("android"),
        other="host_code",
        others=_are("ios_", "nrfutil_13"),
        because="that is another tool's code",
    ),
    Rule(
        one="host_tool",
        values=_are("ios"),
        other="host_code",
        others=_are("gatt_", "dfu_", "nrfutil_13"),
        because="that is another tool's code",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What cannot all be true.

    Attributes:
        sentence: Which, why, and what is used of it.
        unused: Evidence that is not used for it.
        is_of_one: Whether the same source says both, so that what else it says is doubtful, too.
    """

    sentence: str
    unused: tuple[Evidence, ...]
    is_of_one: bool


def contradictions(incident: Incident) -> tuple[str, ...]:
    """Where the evidence cannot all be true, one sentence each."""
    across = (each.sentence for each in _across_fields(incident))
    return (*incident.contradictions(), *across)


def consistent(incident: Incident) -> Incident:
    """The same without what is false, or may be, because it contradicts something else."""
    unused = [each for found in _across_fields(incident) for each in found.unused]
    if not unused:
        return incident
    left = tuple(each for each in incident.evidence if each not in unused)
    return replace(incident, evidence=left)


def doubts(incident: Incident) -> int:
    """How often a source contradicts itself."""
    return sum(each.is_of_one for each in _across_fields(incident))


def _across_fields(incident: Incident) -> Iterator[Contradiction]:
    for rule in RULES:
        one, other = rule.found_in(incident)
        if one and other and {each.origin for each in (*one, *other)} != {Origin.TRACE}:
            yield _judged(rule, one, other)
    yield from _of_cures(incident)


def _of_cures(incident: Incident) -> Iterator[Contradiction]:
    """What the same source says to have helped and not to have: it says nothing.

    Of two sources both may be true: to try again may fail first, and pass later.
    """
    seen = [each for each in incident.evidence if each.seen]
    helped = [each for each in seen if each.field == "cured_by"]
    for one in helped:
        both = [
            each
            for each in seen
            if each.field == "not_cured_by" and (each.value, each.origin) == (one.value, one.origin)
        ]
        if both:
            yield Contradiction(
                sentence=f"{one.value} is told to have helped, and not to have: neither is used.",
                unused=(one, *both),
                is_of_one=True,
            )


def _judged(rule: Rule, one: list[Evidence], other: list[Evidence]) -> Contradiction:
    """Which side is used."""
    sides = f"{_told(one)}, and {_told(other)}"
    mine, theirs = max(map(_certainty, one)), max(map(_certainty, other))
    match (mine > theirs) - (mine < theirs):
        case 1:
            used, unused = f"the more certain is used, {rule.one}", tuple(other)
        case -1:
            used, unused = f"the more certain is used, {rule.other}", tuple(one)
        case _:
            used, unused = "neither is used", (*one, *other)
    sentence = f"{sides}, but {rule.because}: {used}."
    is_of_one = len({each.origin for each in (*one, *other)}) == 1
    return Contradiction(sentence=sentence, unused=unused, is_of_one=is_of_one)


def _told(side: list[Evidence]) -> str:
    values = " and ".join(each.value for each in side)
    return f"{side[0].field} is told to be {values}"


def _certainty(evidence: Evidence) -> int:
    is_copied = evidence.field in COPIED or evidence.value in READ_OUT
    return CERTAINTY[evidence.origin] + is_copied
