"""What nothing at hand tells apart stays together, and what would part it is named."""

from __future__ import annotations

import pytest

from firmline.cli.undecided_text import listed, undecided_fields, undecided_sentence
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.next_test import plan
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.undecided import LEFT, Undecided, undecided
from unit.diagnosis.cases import incident

TRIO = {"jump-flag-misuse", "jump-bond-config", "jump-app-crashes"}
EVERYTHING_BUT_SOURCES = tuple(slug for slug in diagnostic_tests() if slug != "read-sources")


def after_tests() -> Incident:
    """A unit that is in its application again, whatever was tried."""
    seen = incident(
        transport="ble",
        bootloader="secure",
        phase="enter_bootloader",
        failure_kind="none",
        end_state="back_in_app",
        unit_resets="once",
        unit_scope="all",
        reproducibility="always",
        not_cured_by=["retry", "pin_reset", "other_host"],
    )
    dump = diagnostic_tests()["dump-flash"]
    return seen.with_more(
        Evidence(field="flags", value=each, origin=Origin.UNIT, seen=False) for each in dump.flags
    )


def found(lacks: tuple[str, ...] = ("sources",)) -> Undecided:
    seen = after_tests()
    result = undecided(seen, rank(seen), lacks=lacks, done=EVERYTHING_BUT_SOURCES)
    assert result is not None
    return result


def test_what_only_the_sources_tell_stays_split() -> None:
    left = found()
    assert {each.slug for each in left.causes} == TRIO
    assert [each.slug for each in left.tests] == ["read-sources"]
    first = left.causes[0].probability
    assert first < 0.75
    assert all(each.probability >= LEFT * first for each in left.causes)


def test_it_says_so_and_what_it_takes() -> None:
    sentence = undecided_sentence(found())
    assert sentence.startswith("jump-bond-config, jump-app-crashes and jump-flag-misuse cannot be")
    assert "cannot be told apart without the sources of application and bootloader" in sentence
    assert "(read-sources, 6 min)" in sentence


def test_where_no_test_would_part_them_that_is_said() -> None:
    seen = after_tests()
    left = undecided(seen, rank(seen), done=tuple(diagnostic_tests()))
    assert left is not None
    assert left.tests == ()
    assert "by any test that is known" in undecided_sentence(left)
    told = undecided_fields(left)
    assert told is not None
    assert told["tests"] == []


def test_for_programs_it_is_names() -> None:
    told = undecided_fields(found())
    assert told is not None
    assert set(told) == {"causes", "tests", "why"}
    assert str(told["causes"]).startswith("['jump-bond-config'")
    assert undecided_fields(None) is None


def test_as_long_as_a_test_tells_more_nothing_is_given_up() -> None:
    seen = after_tests()
    assert plan(seen, rank(seen), done=EVERYTHING_BUT_SOURCES)
    assert undecided(seen, rank(seen), done=EVERYTHING_BUT_SOURCES) is None


def test_the_sources_part_them() -> None:
    seen = after_tests().with_more(
        [
            Evidence(field="flags", value="gpregret_used_by_app", origin=Origin.PERSON),
            Evidence(field="flags", value="bonded_buttonless", origin=Origin.PERSON, seen=False),
        ]
    )
    assert rank(seen).causes[0].slug == "jump-flag-misuse"


@pytest.mark.parametrize(
    "seen",
    [
        incident(result_code="r0B", ext_error="x05"),
        Incident(),
        Incident(ended_well=True),
    ],
    ids=["sure", "unknown", "nothing failed"],
)
def test_what_is_sure_or_not_known_is_not_split(seen: Incident) -> None:
    assert undecided(seen, rank(seen), done=tuple(diagnostic_tests())) is None


def test_names_in_a_row() -> None:
    assert listed(["a"], "or") == "a"
    assert listed(["a", "b"], "or") == "a or b"
    assert listed(["a", "b", "c"], "and") == "a, b and c"
