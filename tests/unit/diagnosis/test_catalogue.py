"""The catalogue of causes: every entry is complete, consistent, and found by what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from firmline.data import load_table, names_in
from firmline.diagnosis.catalogue import FOLDER, UNKNOWN, Cause, catalogue
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import CASES_FOLDER, cases

SHARED = Path(__file__).parents[4] / "shared" / "data" / "incidents"
CAUSES = sorted(catalogue())
SOURCE = re.compile(r"spec [0-9., ]+|physics [0-9, ]+|stacks [0-9]|peer [0-9]|https://\S+")
MANY_CONSISTENT = 0.999
"""Chances of one field's values are at most 1 together; what is left is the others'."""


@pytest.mark.parametrize("slug", CAUSES)
def test_an_entry_says_all_that_a_reader_needs(slug: str) -> None:
    cause = catalogue()[slug]
    for text in (cause.title, cause.meaning, cause.arises, cause.fix, cause.prevent):
        assert text.strip() == text
        assert len(text) > 10
    assert not cause.title.endswith(".")
    assert cause.meaning.endswith(".")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert slug != UNKNOWN


@pytest.mark.parametrize("slug", CAUSES)
def test_what_is_seen_has_chances_reasons_and_sources(slug: str) -> None:
    cause = catalogue()[slug]
    rows = [*cause.seen.values(), *cause.family.seen.values()]
    assert len(cause.seen) >= 4
    for row in rows:
        assert len(row.because) > 5
        assert SOURCE.fullmatch(row.source), row.source
        if not vocabulary()[row.field].many:
            assert sum(row.chances.values()) <= MANY_CONSISTENT
    assert "not_cured_by" not in cause.seen  # it follows from what cures


@pytest.mark.parametrize("slug", CAUSES)
def test_what_is_excluded_is_not_said_to_be_seen(slug: str) -> None:
    cause = catalogue()[slug]
    for field, values in cause.excludes.items():
        about = cause.about(field)
        assert not set(values) & set(about.chances if about else ())


def typical(cause: Cause) -> Incident:
    """What is likeliest to be seen of a cause, in every field that it speaks of."""
    evidence = []
    for field in cause.seen:
        about = cause.about(field)
        assert about is not None
        value = max(about.chances, key=lambda each: about.chances[each])
        evidence.append(Evidence(field=field, value=value, origin=Origin.REPORT))
    return Incident(evidence=tuple(evidence))


@pytest.mark.slow
@pytest.mark.parametrize("slug", CAUSES)
def test_what_an_entry_says_is_typical_leads_to_it(slug: str) -> None:
    ranking = rank(typical(catalogue()[slug]))
    assert ranking.causes[0].slug == slug
    assert next(iter(ranking.families)) == catalogue()[slug].family.slug


def test_every_cause_has_a_case_and_every_case_a_cause() -> None:
    assert {case.cause for case in cases()} == set(catalogue())


def test_rows_of_one_field_exclude_each_for_its_own_reason() -> None:
    flags = catalogue()["unit-out-of-reach"].excludes["flags"]
    assert {"link_still_up", "hangs_at_softdevice_enable", "passes_in_between"} <= set(flags)
    assert len(set(flags.values())) == 3


def test_each_file_is_one_family() -> None:
    for name in names_in(FOLDER):
        table = load_table(f"{FOLDER}/{name}")
        assert "family" in table
        assert all(catalogue()[slug].family.slug == name for slug in table if slug != "family")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the project's shared data is not here")
def test_the_public_cases_are_those_of_the_shared_data() -> None:
    shared, ours = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (SHARED / "dev.jsonl", CASES_FOLDER / "cases.jsonl")
    )
    public = {row["id"]: row for row in ours if not row["id"].startswith("mechanism-")}
    assert {row["id"]: row["evidence"] for row in shared} == {
        name: row["evidence"] for name, row in public.items()
    }
    assert all(public[row["id"]]["cause"] == row["cause"] for row in shared)
    assert all(catalogue()[row["cause"]].family.slug == row["family"] for row in shared)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the project's shared data is not here")
def test_the_catalogue_has_every_cause_of_the_shared_data() -> None:
    text = (SHARED / "CAUSES.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \| \d+ \|", text, re.MULTILINE)) <= set(catalogue())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the project's shared data is not here")
def test_the_vocabulary_is_that_of_the_shared_data() -> None:
    text = (SHARED / "EVIDENCE.md").read_text(encoding="utf-8")
    fields = re.split(r"^### ", text[text.index("## Fields") :], flags=re.MULTILINE)[1:]
    assert {re.match(r"\w+", field)[0] for field in fields} == set(vocabulary())  # type: ignore[index]
    for field in fields:
        name = field.split()[0]
        values = re.findall(r"^\| `(\w+)` \(\d+\)", field, re.MULTILINE)
        if values:
            found_by_firmline = {
                value
                for value, about in load_table("evidence")[name].get("values", {}).items()
                if about.get("of") in ("autopsy", "experiment", "log", "test")
            }
            assert set(values) == set(vocabulary()[name].meanings) - found_by_firmline
            assert not found_by_firmline or name == "flags"
