"""Every sample of a log shows what its table says, in any encoding and with anything in front."""

from __future__ import annotations

import codecs

import pytest

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.evidence import Origin
from firmline.diagnosis.ranking import rank
from unit.diagnosis.logs.samples import EXPECTED, FOLDER, expected, incident, sample, shown


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_shows_what_its_table_says(name: str) -> None:
    assert shown(sample(name)) == expected(name)


def test_every_sample_has_a_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_all_of_it_is_of_the_log_and_has_its_place(name: str) -> None:
    read = incident(sample(name))
    assert {each.origin for each in read.evidence} <= {Origin.LOG}
    assert all(each.where.startswith(("line ", "a log of ")) for each in read.evidence)
    assert not read.contradictions()


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_it_is_read_in_any_encoding(name: str, mark: bytes, encoding: str) -> None:
    text = sample(name).decode()
    assert shown(mark + text.encode(encoding)) == expected(name)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"])
def test_it_is_read_with_any_line_ends(name: str, end: str) -> None:
    text = sample(name).decode()
    assert shown(text.replace("\n", end)) == expected(name)
    assert shown(text.replace("\n", end, 3)) == expected(name)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_stands_in_front_of_its_lines_does_no_harm(name: str) -> None:
    lines = sample(name).decode().splitlines()
    front = "".join(f"[bench 7] \x1b[32m{line}\x1b[0m\n" for line in lines)
    changed = {"time_to_failure"} if "[" in lines[0][:1] else set()
    assert {**shown(front), **dict.fromkeys(changed)} == {
        **expected(name),
        **dict.fromkeys(changed),
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_other_programs_lines_between_its_own_do_no_harm(name: str) -> None:
    lines = sample(name).decode().splitlines()
    mixed = "\n".join(f"{line}\nWhat another program says, 17 times." for line in lines)
    assert shown(mixed) == expected(name)


@pytest.mark.parametrize("name", EXPECTED)
def test_half_a_log_shows_less_and_nothing_else(name: str) -> None:
    lines = sample(name).decode().splitlines(keepends=True)
    whole = expected(name)
    steps = {"phase", "progress", "time_to_failure"}  # how far the half got, not the whole
    for count in range(len(lines)):
        half = shown("".join(lines[:count]))
        for field, values in half.items():
            assert field in steps or set(values) <= set(whole[field]), (count, field)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_half_a_log_in_which_nothing_failed_names_no_cause(name: str) -> None:
    lines = sample(name).decode().splitlines(keepends=True)
    for count in range(1, len(lines)):
        half = incident("".join(lines[:count]))
        if "failure_kind" not in half.by_field():
            assert rank(half).causes[0].slug == UNKNOWN
            assert rank(half).causes[0].probability >= 0.9 or not half.evidence


def test_half_a_log_says_that_it_has_no_end() -> None:
    half = sample("ios-secure-bytes-lost").decode().splitlines()[:9]
    read = incident("\n".join(half))
    assert any("no end" in each for each in read.unused)
    assert "failure_kind" not in read.by_field()
    assert read.by_field()["phase"] == ("init_execute",)


def test_a_log_of_something_else_is_no_evidence_and_the_unknown_comes_first() -> None:
    read = incident(sample("something-else"))
    assert not read.evidence
    assert "none of its 3 lines" in read.unused[0]
    assert rank(read).causes[0].slug == UNKNOWN


def test_what_tells_nothing_is_counted() -> None:
    read = incident(sample("android-logcat-refused"))
    assert read.unused == (
        "It was read as a log of Android; 1 of its 12 lines say nothing that is known.",
    )
