"""The fault matrix: every fault on every link, and no false success among the endings."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.cli.sim_faults import cell
from firmline.device.cuts.flows import Flow
from firmline.device.faults.plan import FAULTS, BrownOut, LinkLoss, LostPackets, PowerCutAt
from firmline.errors import Code
from firmline.events import Outcome
from firmline.updater.fault_matrix.cases import BEFORE_COMMIT, Case, cases, fault_text
from firmline.updater.fault_matrix.endings import Ending, Truth, Verdict
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject
from firmline.updater.fault_matrix.trial import run_case

GOLDEN = Path(__file__).parent.parent / "golden" / "fault_matrix.toml"
CODES = {str(code) for code in Code}


def test_every_fault_is_on_every_link_where_it_does_something() -> None:
    for link in LinkKind:
        met = {case.fault.name for case in cases([Subject(link)]) if case.applies}
        there = {
            name for name, kind in FAULTS.items() if link is LinkKind.RADIO or not kind.needs_radio
        }
        assert met == there


def test_cases_are_chosen_by_fault_and_by_unit() -> None:
    chosen = cases([Subject(LinkKind.UART), Subject(LinkKind.USB)], fault="link-loss")
    assert {case.fault.name for case in chosen} == {"link-loss"}
    assert {case.link for case in chosen} == {LinkKind.UART, LinkKind.USB}
    assert not any(case.applies for case in chosen)


def test_a_fault_is_told_by_its_name_and_what_is_not_as_usual() -> None:
    assert fault_text(LinkLoss()) == "link-loss"
    assert fault_text(LinkLoss(after_packets=0, times=3)) == "link-loss after_packets=0 times=3"
    assert fault_text(BrownOut(load="radio")) == "brown-out load=radio"


def test_a_page_is_told_by_what_is_in_it_for_its_address_differs() -> None:
    texts = {case.text for case in cases(map(Subject, LinkKind), fault="worn-page")}
    assert texts == {"worn-page (image)", "worn-page (settings)"}


ENDED = Ending(
    case=Case(LostPackets(), Subject(LinkKind.RADIO)),
    outcome=Outcome.UPDATED,
    code="",
    message="",
    truth=Truth.NEW,
    struck=True,
    steps=(),
    seconds=1.0,
)


@pytest.mark.parametrize(
    ("outcome", "truth", "verdict"),
    [
        (Outcome.UPDATED, Truth.NEW, Verdict.RECOVERED),
        (Outcome.UPDATED, Truth.OLD, Verdict.FALSE_SUCCESS),
        (Outcome.UPDATED, Truth.BOOTLOADER, Verdict.FALSE_SUCCESS),
        (Outcome.UPDATED, Truth.NOTHING, Verdict.FALSE_SUCCESS),
        (Outcome.UNVERIFIED, Truth.NEW, Verdict.UNVERIFIED),
        (Outcome.REFUSED, Truth.OLD, Verdict.REFUSED),
        (Outcome.FAILED, Truth.NEW, Verdict.REFUSED),
    ],
)
def test_a_verdict_is_what_was_said_beside_what_is_true(
    outcome: Outcome, truth: Truth, verdict: Verdict
) -> None:
    assert replace(ENDED, outcome=outcome, truth=truth).verdict is verdict


@pytest.mark.slow
def test_the_power_that_goes_before_the_commit_leaves_the_old_application_and_no_success() -> None:
    ending = run_case(Case(PowerCutAt(operation=BEFORE_COMMIT), Subject(LinkKind.RADIO)))
    assert (ending.truth, ending.verdict) == (Truth.OLD, Verdict.UNVERIFIED)


@pytest.mark.slow
def test_the_same_case_comes_to_the_same_ending() -> None:
    case = Case(LostPackets(share=0.1), Subject(LinkKind.RADIO))
    assert run_case(case) == run_case(case)


def told(ending: Ending) -> str:
    """A case as the golden file has it: how it ended, and what the unit runs."""
    return f"{cell(ending)}, runs {ending.truth.value}"


SUBJECTS = [
    *(Subject(link, sdk) for sdk in Sdk for link in LinkKind),
    *(
        Subject(link, flow=flow)
        for flow in Flow
        if flow is not Flow.APPLICATION
        for link in LinkKind
    ),
]


def name_of(subject: Subject) -> str:
    """A unit and what it is sent, as the golden file has them."""
    return f"{subject.flow} over {subject.link}, SDK {subject.sdk}"


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS, ids=name_of)
def test_every_fault_is_recovered_from_or_refused_and_none_makes_a_false_success(
    subject: Subject,
) -> None:
    endings = [run_case(case) for case in cases([subject]) if case.applies]
    assert Verdict.FALSE_SUCCESS not in {ending.verdict for ending in endings}
    for ending in endings:
        reason = (ending.code in CODES) and bool(ending.message)
        assert reason == (ending.verdict is not Verdict.RECOVERED), fault_text(ending.case.fault)
        assert ending.seconds < 300
    assert {ending.case.text: told(ending) for ending in endings} == golden()[name_of(subject)]


def golden() -> dict[str, dict[str, str]]:
    """How every case ends, by unit and fault; made anew by running this module."""
    return tomllib.loads(GOLDEN.read_text(encoding="utf-8"))


def write_golden() -> None:
    """Write what is true now; whoever does it reads the difference."""
    lines = ["# How updates of faulty units end. Made by tests/integration/test_fault_matrix.py."]
    for subject in SUBJECTS:
        lines += ["", f'["{name_of(subject)}"]']
        lines += [
            f'"{case.text}" = "{told(run_case(case))}"' for case in cases([subject]) if case.applies
        ]
    GOLDEN.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
