"""Which cause a virtual fault is: the table is whole, and a trace tells no more than tests."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from firmline.data import load_table
from firmline.device.faults.plan import (
    FAULTS,
    ApplicationCrash,
    BrownOut,
    CrystalDead,
    Fault,
    HostGone,
)
from firmline.diagnosis.catalogue import catalogue
from firmline.updater.bench.truths import like_traces, truth_of
from firmline.updater.fault_matrix.cases import Case, cases
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject

ROWS: list[dict[str, Any]] = load_table("fault_causes")["rows"]
LINKS = {link.value for link in LinkKind}
EVERY = [Subject(link, sdk) for link in LinkKind for sdk in Sdk]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['fault']} {row.get('links', 'any')}")
def test_every_row_is_of_the_catalogue_and_of_the_links(row: dict[str, Any]) -> None:
    assert set(row) <= {"fault", "links", "cause", "alike", "traces", "because"}
    links = set(row.get("links", LINKS))
    assert links <= LINKS
    assert set(row.get("traces", {})) <= links
    assert set(row.get("traces", {}).values()) <= set(like_traces())
    assert {row["cause"], *row.get("alike", ())} <= set(catalogue())
    assert row["cause"] not in row.get("alike", ())
    assert row["fault"].split(" ")[0] in FAULTS
    assert row["because"].endswith(".")


def test_no_fault_has_two_rows_on_a_link() -> None:
    keys = Counter((row["fault"], link) for row in ROWS for link in row.get("links", LINKS))
    assert [key for key, number in keys.items() if number > 1] == []


def test_every_row_is_of_a_case_of_the_matrix() -> None:
    texts = {
        text
        for case in cases(EVERY)
        for text in (case.text, case.fault.name, f"{case.fault.name} {case.subject.sdk}")
    }
    assert {row["fault"] for row in ROWS} <= texts


@pytest.mark.parametrize("name", sorted(load_table("fault_causes")["traces"]))
def test_what_a_trace_leaves_open_is_of_several_causes_and_used(name: str) -> None:
    each = like_traces()[name]
    assert set(load_table("fault_causes")["traces"][name]) == {"shows", "causes", "because"}
    assert len(set(each.causes)) == len(each.causes) > 1
    assert set(each.causes) <= set(catalogue())
    assert any(name in row.get("traces", {}).values() for row in ROWS)
    assert each.because.endswith(".")
    assert not each.shows.endswith(".")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fault"])
def test_the_cause_is_one_of_those_that_its_trace_leaves_open(row: dict[str, Any]) -> None:
    for name in row.get("traces", {}).values():
        assert row["cause"] in like_traces()[name].causes


def truth(fault: Fault, link: LinkKind) -> tuple[frozenset[str], frozenset[str]]:
    found = truth_of(Case(fault, Subject(link, Sdk.SDK15_3)))
    return found.accepted, found.accepted_of_traces


def test_who_has_the_trace_alone_may_take_it_for_more() -> None:
    by_tests, by_trace = truth(ApplicationCrash(), LinkKind.RADIO)
    assert by_tests == {"jump-app-crashes", "jump-flag-misuse", "jump-bond-config"}
    assert by_trace - by_tests == {"jump-bootloader-missing", "power-brownout-coincell"}


def test_what_a_trace_shows_depends_on_the_link() -> None:
    by_tests, by_radio = truth(BrownOut(), LinkKind.RADIO)
    assert by_radio == by_tests == {"power-brownout-coincell"}
    assert "wdt-not-fed" in truth(BrownOut(), LinkKind.UART)[1]


def test_the_row_that_says_most_is_taken() -> None:
    of_bootloader, of_application = (
        truth_of(Case(CrystalDead(program=program), Subject(LinkKind.RADIO, Sdk.SDK15_3))).trace
        for program in ("bootloader", "application")
    )
    assert of_bootloader is not None
    assert of_bootloader.name == "silent-behind-jump"
    assert of_application is not None
    assert of_application.name == "never-heard"


def test_a_fault_from_which_every_update_recovers_has_no_row() -> None:
    with pytest.raises(KeyError, match="no row for host-gone"):
        truth_of(Case(HostGone(), Subject(LinkKind.RADIO, Sdk.SDK15_3)))
