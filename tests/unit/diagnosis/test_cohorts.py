"""One unit, or a batch: exact tests, corrected, and no verdict where there is none."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.cohort import ALPHA, Row
from firmline.diagnosis.cohort_chance import chance_of_as_many
from firmline.diagnosis.cohort_input import MAX_COLUMNS, Table, read_table
from firmline.diagnosis.cohorts import compare_cohorts
from firmline.errors import Code, InputError


def rows(*told: tuple[str, bool, str]) -> list[Row]:
    """Units with a lot."""
    return [Row(unit=unit, failed=failed, factors={"lot": lot}) for unit, failed, lot in told]


@given(st.data())
def test_the_chance_is_that_of_fishers_exact_test(data: st.DataObject) -> None:
    """Beside the definition, counted with whole numbers."""
    all_units = data.draw(st.integers(1, 40))
    all_failed = data.draw(st.integers(0, all_units))
    units = data.draw(st.integers(0, all_units))
    failed = data.draw(st.integers(0, min(units, all_failed)))
    ways = sum(
        comb(all_failed, k) * comb(all_units - all_failed, units - k)
        for k in range(failed, min(units, all_failed) + 1)
    )
    exact = ways / comb(all_units, units)
    assert chance_of_as_many(failed, units, all_failed, all_units) == pytest.approx(exact)


def test_a_lot_that_fails_stands_out() -> None:
    good = [(f"g{number}", number == 0, "7") for number in range(40)]
    bad = [(f"b{number}", number < 8, "8") for number in range(10)]
    comparison = compare_cohorts(rows(*good, *bad))
    assert comparison.cohorts[0].stands_out
    assert comparison.verdict.startswith("It is lot = 8: 8 of 10 units with it failed, and 1 of 40")
    assert not comparison.cohorts[1].stands_out


def test_one_unit_is_one_unit() -> None:
    told = [(str(number), number == 3, "7" if number % 2 else "8") for number in range(20)]
    assert compare_cohorts(rows(*told)).verdict.startswith("One unit failed, and nothing")


@pytest.mark.parametrize(
    ("failed", "verdict"), [([False] * 5, "No unit failed."), ([True] * 5, "Every unit failed")]
)
def test_without_both_there_is_nothing_to_compare(failed: list[bool], verdict: str) -> None:
    told = [(str(number), bad, str(number % 2)) for number, bad in enumerate(failed)]
    assert compare_cohorts(rows(*told)).verdict.startswith(verdict)


@pytest.mark.slow
def test_chance_alone_rarely_stands_out() -> None:
    """Of 200 lines where nothing has to do with it, with eight factors each."""
    drawn = random.Random(4)
    alarms = 0
    for _ in range(200):
        told = [
            Row(
                unit=str(number),
                failed=drawn.random() < 0.2,
                factors={f"f{place}": str(drawn.randrange(3)) for place in range(8)},
            )
            for number in range(60)
        ]
        alarms += any(each.stands_out for each in compare_cohorts(told).cohorts)
    assert alarms <= 200 * ALPHA


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=30))
def test_corrected_chances_are_no_smaller_and_in_order(told: list[tuple[str, bool]]) -> None:
    table = rows(*((str(number), failed, lot) for number, (lot, failed) in enumerate(told)))
    cohorts = compare_cohorts(table).cohorts
    assert all(each.chance <= each.corrected <= 1 for each in cohorts)
    assert [each.corrected for each in cohorts] == sorted(each.corrected for each in cohorts)


def test_a_unit_counts_once_as_failed_if_it_ever_did() -> None:
    table = rows(("1", False, "7"), ("1", True, "8"), ("1", False, "7"), ("2", False, "7"))
    comparison = compare_cohorts([*table, *rows(("3", False, "7"))])
    assert (comparison.units, comparison.failed) == (3, 1)
    assert comparison.cohorts[0].value == "8"


def test_what_divides_nothing_is_said() -> None:
    told = [
        Row(unit=str(n), failed=n == 1, factors={"same": "x", "own": str(n), "lot": str(n % 2)})
        for n in range(4)
    ]
    comparison = compare_cohorts(told)
    assert len(comparison.unused) == 2
    assert {each.factor for each in comparison.cohorts} == {"lot"}


def test_what_is_not_known_of_a_unit_is_not_compared() -> None:
    table = rows(("1", True, ""), ("2", True, "8"), ("3", False, "7"), ("4", False, "7"))
    assert all(each.units + each.other_units == 3 for each in compare_cohorts(table).cohorts)


# Tables.


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_of_any_kind_is_read(delimiter: str) -> None:
    lines = ["\ufeffSerial", "Result", "lot"], ["1", "PASS", "7"], ["2", " Failed ", '"8"']
    text = "\r\n".join(delimiter.join(line) for line in lines)
    read = read_table(text.encode(), name="t.csv")
    assert [(each.unit, each.failed, each.factors["lot"]) for each in read.rows] == [
        ("1", False, "7"),
        ("2", True, "8"),
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("cp1252"),
        lambda text: b"sep=;\r\n" + text.encode("cp1252"),
    ],
    ids=["utf-16", "utf-16-without-mark", "utf-8-mark", "windows", "excel"],
)
def test_a_table_is_read_as_spreadsheets_write_it(write: Callable[[str], bytes]) -> None:
    text = "Unit;Ergebnis;Prüfplatz;\r\n1;PASS;Süd;\r\n2;fail;Nord;;;\r\n3;pass;n/a;\r\n"
    read = read_table(write(text), name="t.csv", outcome_column="ergebnis")
    assert [each.factors for each in read.rows] == [
        {"Prüfplatz": "Süd"},
        {"Prüfplatz": "Nord"},
        {"Prüfplatz": ""},
    ]


def test_what_the_station_did_not_finish_is_no_failure_of_the_unit() -> None:
    content = b"unit,outcome,lot\n1,pass,7\n2,ERROR,7\n3,aborted,8\n,fail,8\n4,Timeout,8\n5,,8\n"
    read = read_table(content, name="t.csv")
    assert [each.unit for each in read.rows] == ["1"]
    station, nameless = read.left_out
    assert station.startswith("4 attempts have no verdict on the unit, by fault of the station")
    assert station.endswith("(ERROR: 1, aborted: 1, Timeout: 1, none: 1): left out.")
    assert nameless == "1 line names no unit: left out."


@pytest.mark.slow
def test_a_large_table_is_compared_within_seconds() -> None:
    """Of as many rows as a line has in a week, with the columns that it records."""
    drawn = random.Random(1)
    told = [
        Row(
            unit=str(number),
            failed=drawn.random() < 0.03,
            factors={
                "station": str(drawn.randrange(4)),
                "module": f"m{drawn.randrange(200)}",
                "when": f"2026-11-{number // 200 + 1:02}T08:{number % 60:02}:00",
            },
        )
        for number in range(5000)
    ]
    assert compare_cohorts(told).first is None


def test_columns_may_be_named() -> None:
    read = read_table(b"a,b,c\n1,0,x\n", name="t", unit_column="A", outcome_column="b")
    assert read == Table(rows=(Row(unit="1", failed=True, factors={"c": "x"}),))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column that names the unit"),
        (b"\xff\xfe", "no column that names the unit"),
        (b"\x00\x01\x02\x03" * 9, "is no text"),
        (b"unit,lot\n1,2\n", "no column that says how it ended"),
        (b"unit,outcome\n1\n", "has 1 column in line 2, not 2"),
        (b"unit,outcome\n1,perhaps\n", "'perhaps' in line 2: neither pass nor fail"),
        (b"unit,unit,outcome\n", "two columns of one name"),
        (b'unit,outcome\n"1,pass\n', "damaged in line"),
        (",".join(map(str, range(MAX_COLUMNS + 1))).encode(), "columns, and"),
        (b"unit,outcome\n1,pass\x00\n", "neither pass nor fail"),
    ],
)
def test_what_is_no_such_table_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_table(content, name="t.csv")
    assert caught.value.code is Code.TABLE_MALFORMED
    assert says in caught.value.message


def read_or_refused(content: bytes) -> None:
    try:
        compare_cohorts(read_table(content, name="t").rows)
    except InputError as refused:
        code = refused.code
    else:
        return
    assert code is Code.TABLE_MALFORMED


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    read_or_refused(content)
    read_or_refused(b"unit,outcome,lot\n" + content)
