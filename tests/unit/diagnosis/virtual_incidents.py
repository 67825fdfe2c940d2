"""Virtual incidents: faults of the virtual unit, and which cause of the catalogue each of them is.

A fault may look like several causes: of what a trace shows, nobody could say which. These sets are
named in :data:`ALIKE`, each with what such a trace shows, and any cause of the set counts for each
fault that has it. Of three pairs it is tested that they leave the same evidence; the other sets are
argued. "stays in its bootloader" is wider than it would have to be: some of its traces show more
than the ranking makes use of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from firmline.device.faults.plan import FaultPlan, PowerCutAt
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.ranking import Ranking, rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event, Outcome
from firmline.formats.trace import Trace
from firmline.updater.fault_matrix.cases import Case, cases
from firmline.updater.fault_matrix.endings import Truth
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject
from firmline.updater.fault_matrix.trial import run_faults

SEEDS = (1, 2, 3)
CUTS = (60, 200, 330, 900, 1800, 3300, 4400, 5300, 5420, 5470, 5600, 6500)
"""More places for a power cut, by flash operation: both settings pages, and all over the image."""

ALIKE: dict[str, frozenset[str]] = {
    # It agrees, restarts, and is in its application again: the request was not in place when the
    # bootloader looked, or no bootloader looked.
    "back in its application": frozenset(
        {
            *("jump-flag-misuse", "jump-bond-config", "jump-app-crashes"),
            *("jump-bootloader-missing", "power-brownout-coincell"),
        }
    ),
    # It left its application, and nobody is heard where its bootloader should be.
    "silent behind the jump": frozenset(
        {"lfclk-source-mismatch", "lfclk-crystal-fault", "host-mac-plus-one"}
    ),
    # Nobody is heard from the beginning.
    "never heard": frozenset(
        {
            *("lfclk-source-mismatch", "lfclk-crystal-fault", "hfxo-fault"),
            *("host-permission", "unit-out-of-reach"),
        }
    ),
    # It is heard, and no connection comes about.
    "no connection": frozenset(
        {
            *("power-brownout-coincell", "hfxo-fault"),
            *("transfer-link-drops", "host-connectivity-dongle"),
            "unit-out-of-reach",
        }
    ),
    # No bootloader answers on the line, from the first question on.
    "silent line": frozenset(
        {
            *("serial-flow-control", "serial-softdevice-missing"),
            *("serial-oversize-frame", "serial-line-noise"),
        }
    ),
    # Its application speaks on the line, and nobody can ask it into its bootloader there.
    "application on the line": frozenset(
        {"jump-bootloader-missing", "jump-flag-misuse", "jump-app-holds-restart"}
    ),
    # The bootloader has answered, and the application prints its greeting since: it has restarted,
    # and one attempt does not tell why.
    "restarted on the line": frozenset(
        {
            *("power-brownout-coincell", "power-loss-mid-update"),
            *("wdt-not-fed", "watchdog-rr7-not-fed"),
        }
    ),
    # The bootloader has answered, and does not any more, nor does anything else.
    "line goes silent": frozenset(
        {
            *("power-brownout-coincell", "power-loss-mid-update"),
            *("serial-line-noise", "rx-buffer-leak"),
        }
    ),
    # All was taken, its hash too, and what it put in place is not valid: a page, or one write.
    "damaged copy": frozenset({"flash-page-worn", "flash-op-lost-silently"}),
    # The same over the radio, where the bootloader does not tell whether its application is valid.
    "stays in its bootloader": frozenset(
        {"gpregret-stuck", "entry-pin-asserted", "flash-page-worn", "flash-op-lost-silently"}
    ),
    "kept in its bootloader": frozenset({"gpregret-stuck", "entry-pin-asserted"}),
    # The new application says nothing, and nothing else does.
    "hangs at its start": frozenset(
        {
            *("lfclk-source-mismatch", "lfclk-crystal-fault", "lfclk-restart-anomaly"),
            *("irq-leak-on-handover", "pkg-app-link-address", "bootloader-log-block"),
        }
    ),
    # A loss of power and a sag that is worst at the copy.
    "lost at the copy": frozenset({"power-loss-mid-update", "power-brownout-coincell"}),
}
"""Causes that no trace tells apart, by what it shows."""


def one(slug: str) -> frozenset[str]:
    """The one cause that a trace decides for."""
    return frozenset({slug})


RADIO, UART, USB = LinkKind.RADIO, LinkKind.UART, LinkKind.USB

CAUSE_OF: dict[tuple[str, LinkKind], frozenset[str]] = {
    # Packets that vanish on the way: nothing else than the link is at fault.
    ("lost-packets", RADIO): one("transfer-packets-lost"),
    ("lost-packets", UART): ALIKE["silent line"],  # lost are all: with some it recovers
    ("lost-packets", USB): ALIKE["silent line"],
    # Bits that are turned over on a line that has no sum of its own.
    ("corrupted-packets", UART): one("serial-line-noise"),
    # Packets that are doubled cost receive buffers, until nothing is answered.
    ("duplicated-packets", UART): ALIKE["line goes silent"],
    # The link ends by time-out on every connection, and the unit runs on.
    ("link-loss", RADIO): one("transfer-link-drops"),
    # The power is lost once.
    ("power-cut", RADIO): ALIKE["lost at the copy"],
    ("power-cut", UART): ALIKE["restarted on the line"],
    ("power-cut", USB): ALIKE["lost at the copy"],
    # The supply does not carry a load, each time again.
    ("brown-out", RADIO): one("power-brownout-coincell"),
    ("brown-out load=cpu", RADIO): one("power-brownout-coincell"),
    ("brown-out load=radio", RADIO): ALIKE["no connection"],
    ("brown-out", UART): ALIKE["restarted on the line"],
    ("brown-out load=cpu", UART): ALIKE["restarted on the line"],
    ("brown-out", USB): one("power-brownout-coincell"),
    ("brown-out load=cpu", USB): one("power-brownout-coincell"),
    # One write that is not done: in the image, seen by its hash; in the copy, by nothing but it.
    ("dropped-operation operation=2500", UART): ALIKE["damaged copy"],
    ("dropped-operation operation=2500", USB): ALIKE["damaged copy"],
    ("dropped-operation operation=8000", RADIO): ALIKE["stays in its bootloader"],
    ("dropped-operation operation=8000", UART): ALIKE["damaged copy"],
    ("dropped-operation operation=8000", USB): ALIKE["damaged copy"],
    # A page that keeps its bits. Over the radio it is tried again, which one write would pass.
    ("worn-page (image)", RADIO): one("flash-page-worn"),
    ("worn-page (image)", UART): ALIKE["damaged copy"],
    ("worn-page (image)", USB): ALIKE["damaged copy"],
    ("worn-page (settings)", RADIO): one("settings-page-damaged"),
    ("worn-page (settings)", UART): one("settings-page-damaged"),
    ("worn-page (settings)", USB): one("settings-page-damaged"),
    # Reload register 7: the one that the bootloader does not feed.
    ("watchdog", RADIO): one("watchdog-rr7-not-fed"),
    ("stuck-gpregret", RADIO): ALIKE["stays in its bootloader"],
    ("stuck-gpregret", UART): ALIKE["kept in its bootloader"],
    ("stuck-gpregret", USB): ALIKE["kept in its bootloader"],
    # SDK 17.1 compares exactly, so that the spoilt request is none: it is in its application.
    ("stuck-gpregret 17.1", UART): ALIKE["application on the line"],
    ("bond-mismatch", RADIO): one("host-bond-mismatch"),
    ("wrong-address", RADIO): ALIKE["silent behind the jump"],
    ("application-crash", RADIO): ALIKE["back in its application"],
    ("application-crash when=on-request", RADIO): one("jump-app-crashes"),
    ("application-stays", RADIO): one("jump-app-holds-restart"),
    ("reset-brown-out", RADIO): ALIKE["back in its application"],
    ("crystal", RADIO): ALIKE["silent behind the jump"],
    ("crystal program=application", RADIO): ALIKE["never heard"],
    ("crystal program=application", UART): ALIKE["hangs at its start"],
    ("crystal program=application", USB): ALIKE["never heard"],
    ("bootloader-missing", RADIO): ALIKE["back in its application"],
    ("bootloader-missing", UART): ALIKE["application on the line"],
    ("bootloader-missing", USB): ALIKE["back in its application"],
    ("legacy-bootloader", RADIO): one("protocol-mismatch-legacy-secure"),
}
"""Which cause each fault is, by its text in the fault matrix, or by the beginning of that."""


@dataclass(frozen=True, kw_only=True)
class VirtualIncident:
    """An update of a faulty unit that did not succeed, and what its trace alone comes to."""

    case: Case
    code: str
    incident: Incident
    ranking: Ranking

    @property
    def text(self) -> str:
        """The fault and the link, for people."""
        return f"{self.case.subject.link} {self.case.text}"

    @property
    def causes(self) -> frozenset[str]:
        """What it is: one cause, or the set that no trace tells apart."""
        return causes_of(self.case)

    @property
    def first(self) -> str:
        """What is ranked first."""
        return self.ranking.causes[0].slug

    @property
    def is_right(self) -> bool:
        """Whether that is a cause that it is, or cannot be told from it."""
        return self.first in self.causes

    @property
    def is_family_right(self) -> bool:
        """The same of the likeliest family."""
        families = {catalogue()[slug].family.slug for slug in self.causes}
        return next(iter(self.ranking.families)) in families


def causes_of(case: Case) -> frozenset[str]:
    """Which causes a case is: the row with the most of its text."""
    texts = [f"{case.fault.name} {case.subject.sdk}", case.text, case.fault.name]
    for text in texts:
        if (text, case.link) in CAUSE_OF:
            return CAUSE_OF[text, case.link]
    raise KeyError(f"no row for {case.text} over {case.link}")


def all_cases() -> Iterator[tuple[Case, int]]:
    """Every fault on every link with every SDK, with its seed."""
    for subject in (Subject(link, sdk) for link in LinkKind for sdk in Sdk):
        for case in cases([subject]):
            has_chance = bool(getattr(case.fault, "share", 0.0))
            yield from ((case, seed) for seed in (SEEDS if has_chance else SEEDS[:1]))
        yield from ((Case(PowerCutAt(operation=number), subject), SEEDS[0]) for number in CUTS)


@lru_cache
def virtual_incidents() -> tuple[VirtualIncident, ...]:
    """All that do not succeed, although the unit is not as it should be then."""
    return tuple(found for case, seed in all_cases() if (found := incident_of(case, seed)))


def incident_of(case: Case, seed: int) -> VirtualIncident | None:
    """What comes of a case; ``None``: there is nothing to diagnose."""
    if not case.applies:
        return None
    heard: list[Event] = []
    truth, finished = run_faults(case.subject, FaultPlan(faults=(case.fault,), seed=seed), heard)
    if finished.outcome is Outcome.UPDATED or truth is Truth.NEW:
        return None
    incident = evidence_of_traces([Trace(entries=tuple(heard))])
    return VirtualIncident(case=case, code=finished.code, incident=incident, ranking=rank(incident))
