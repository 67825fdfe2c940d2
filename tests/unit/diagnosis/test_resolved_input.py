"""Counts of resolved runs: what is read, what is refused, how far they move the chances."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.catalogue import UNKNOWN, catalogue
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.priors import CATALOGUE_RUNS, MOST_LEARNED, learned_from, priors
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.resolved_input import MAX_COUNT, read_resolved
from firmline.errors import Code, InputError

COIN, LEAK = "power-brownout-coincell", "rx-buffer-leak"


@pytest.mark.parametrize(
    "text",
    [
        f"cause,count\n{COIN},3\n{LEAK},0\n",
        f"Cause;Count\r\n{COIN};3\r\n\r\n{LEAK};0",
        f"line,count,cause\nA,3,{COIN}\nB,0,{LEAK}\n",
        json.dumps({COIN: 3, LEAK: 0}),
        f' {{"{COIN}": 3,\n"{LEAK}": "0"}}\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_and_an_object_say_the_same(text: str, encoding: str) -> None:
    assert read_resolved(text.encode(encoding), name="it") == {COIN: 3, LEAK: 0}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cause,count\nfull-moon,3\n", "'full-moon' in line 2, which is no cause"),
        ('{"full-moon": 3}', "'full-moon' in the object, which is no cause"),
        (f"cause,count\n{COIN},-3\n", "no whole number"),
        (f"cause,count\n{COIN},3.5\n", "no whole number"),
        (f"cause,count\n{COIN},\n", "no whole number"),
        (f"cause,count\n{COIN},\u0663\n", "no whole number"),
        (f'{{"{COIN}": true}}', "no whole number"),
        (f'{{"{COIN}": -1}}', "no whole number"),
        (f'{{"{COIN}": 1e999}}', "no whole number"),
        (f'{{"{COIN}": null}}', "no whole number"),
        (f"cause,count\n{COIN},{MAX_COUNT + 1}\n", "at most are taken"),
        (f"cause,count\n{COIN},{'9' * 5000}\n", "no whole number"),
        (f"cause,count\n{COIN},1\n{COIN},2\n", "a second time in line 3"),
        (f'{{"{COIN}": 1, "{COIN}": 2}}', "a second time"),
        (f"cause,count\n{COIN},0\n", "holds no resolved run"),
        ("cause,count\n", "holds no resolved run"),
        ("", "no columns"),
        ("cause,runs\nx,1\n", "no columns"),
        (f"cause,count\n{COIN},1,2\n", "3 columns in line 2"),
        ("cause,count\n" + "\n" * 1100 + f"{COIN},1\n", "more than 1000 lines"),
        (f'cause,count\n"{COIN},1\n', "damaged in line"),
        ("[1]", "no JSON object"),
        ("{", "begins like JSON"),
        ("[" * 100_000, "begins like JSON"),
        ('{"evidence": {"phase": "scan"}}', "which is no cause"),
    ],
)
def test_what_is_no_count_of_a_cause_is_refused_in_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read_resolved(text.encode(), name="counts.csv")
    assert refused.value.code is Code.TABLE_MALFORMED
    assert problem in refused.value.message
    assert len(refused.value.message) < 400


def test_a_name_that_is_nearly_right_is_put_right() -> None:
    with pytest.raises(InputError) as refused:
        read_resolved(b"cause,count\nrx-bufer-leak,3\n", name="it")
    assert "'rx-buffer-leak'" in refused.value.hint


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        assert read_resolved(content, name="it")
    except InputError as refused:
        assert refused.code is Code.TABLE_MALFORMED  # noqa: PT017 - either is right


counts = st.dictionaries(
    st.sampled_from([*catalogue(), UNKNOWN]), st.integers(0, MAX_COUNT), max_size=12
)


@given(counts)
def test_chances_stay_chances_and_no_cause_is_forgotten(resolved: dict[str, int]) -> None:
    moved, before = priors(resolved), priors({})
    assert sum(moved.values()) == pytest.approx(1.0)
    least = CATALOGUE_RUNS / (CATALOGUE_RUNS + MOST_LEARNED)
    assert all(moved[slug] >= before[slug] * least * 0.999 for slug in before)


@given(counts)
def test_what_is_told_of_the_move_is_what_was_moved(resolved: dict[str, int]) -> None:
    learned, before, after = learned_from(resolved), priors({}), priors(resolved)
    assert learned.runs == sum(resolved.values())
    assert learned.weight <= MOST_LEARNED
    assert {each.slug for each in learned.moved} == {
        slug for slug, runs in resolved.items() if runs
    }
    for slug in set(before) - {each.slug for each in learned.moved}:
        assert after[slug] / before[slug] == pytest.approx(learned.others)


def test_a_code_that_decides_still_decides_against_any_number_of_runs() -> None:
    codes = {"result_code": "r0B", "ext_error": "x05"}
    evidence = tuple(Evidence(field=f, value=v, origin=Origin.UNIT) for f, v in codes.items())
    ranking = rank(Incident(evidence=evidence), resolved={COIN: MAX_COUNT})
    assert ranking.causes[0].slug == "pkg-version-not-higher"
