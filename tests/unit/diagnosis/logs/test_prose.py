"""A text that somebody has written is no log, whatever words of one it quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.logs.lines import decode
from firmline.diagnosis.logs.prose import LINES, is_prose
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.reading import read_incident
from firmline.errors import Code, InputError
from unit.diagnosis.logs.samples import EXPECTED, incident, sample

PROJECT = Path(__file__).parents[4]
PARAGRAPH = (
    "Whoever updates a unit for the first time should read this page first, because\n"
    "much of what goes wrong has been decided long before anything is sent over a\n"
    "radio or a line. The page names the questions that have to be answered by the\n"
    "people who build the bootloader, and those that only the line itself can give\n"
    "an answer to when all of the units are there, and nobody has time for reading.\n"
)
NOTHING = "nrfutil dfu serial is what some of them have used before\n"


def text_is_prose(text: str) -> bool:
    read = decode(text.encode())
    assert read is not None
    return is_prose(read)


@pytest.mark.parametrize("name", EXPECTED)
def test_no_sample_of_a_log_is_taken_for_a_text(name: str) -> None:
    assert not incident(sample(name)).prose


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/how-to/find-out-why.md", "docs/explanation/which-unit.md", "LICENSE"],
)
def test_pages_are_texts(path: str) -> None:
    assert text_is_prose((PROJECT / path).read_text(encoding="utf-8"))


def test_a_few_written_lines_make_no_text() -> None:
    assert not text_is_prose(PARAGRAPH)
    assert text_is_prose(PARAGRAPH * 3)


def test_lines_with_several_sentences_are_written_too() -> None:
    line = "The unit was there. Then somebody took the cell out of it and it was gone.\n"
    assert text_is_prose(line * LINES)
    assert not text_is_prose(line * (LINES - 1))


def test_a_note_within_a_long_log_makes_no_text_of_it() -> None:
    row = "I/DfuBaseService(1234): 12:34:56.789 Writing packet no 17 of 345 to handle 0x0e\n"
    assert not text_is_prose(PARAGRAPH * 2 + row * 200)


def test_a_text_that_shows_nothing_is_refused() -> None:
    text = PARAGRAPH * 3 + NOTHING
    assert incident(text).shows_nothing
    with pytest.raises(InputError, match="reads like a text that somebody has written") as caught:
        read_incident(text.encode(), name="README.md")
    assert caught.value.code == Code.REPORT_MALFORMED


STEP = "mcumgr image upload app.bin\nError: NMP timeout\n"


def test_a_text_that_quotes_a_log_ranks_the_unknown_first() -> None:
    quoted = read_incident((PARAGRAPH * 3 + STEP).encode(), name="page.md")
    assert quoted.prose
    assert rank(quoted).causes[0].slug == UNKNOWN
    alone = read_incident(STEP.encode(), name="log.txt")
    assert not alone.prose
    assert rank(alone).causes[0].probability < rank(quoted).causes[0].probability


def test_a_code_that_a_unit_answered_counts_in_a_letter_too() -> None:
    letter = PARAGRAPH * 3 + sample("nrfutil-ble-version").decode()
    read = incident(letter)
    assert read.prose
    assert rank(read).causes[0].slug == "pkg-wrong-sd-req"
    alone = rank(incident(sample("nrfutil-ble-version"))).causes[0]
    assert rank(read).causes[0].probability < 0.8 < alone.probability


def test_a_log_that_tells_of_the_tool_alone_leaves_the_cause_open() -> None:
    read = incident(NOTHING)
    assert read.shows_nothing
    assert not read.prose
    assert rank(read).causes[0].slug == UNKNOWN
    assert rank(read).causes[0].probability > 0.95


def test_what_a_person_says_of_the_tool_is_no_such_log() -> None:
    told = Incident().with_more([Evidence(field="transport", value="uart", origin=Origin.PERSON)])
    assert not told.shows_nothing
    assert not Incident().shows_nothing
    assert rank(told).causes[0].probability < 0.5


HISTORY = (
    "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@example.com>\n\n"
    "    boot: say that *** Booting MCUboot *** comes first\n\n    I: Swap type: test\n"
)


@pytest.mark.parametrize(
    "front",
    ["", "diff --git a/log.txt b/log.txt\n", "From " + "0" * 40 + " Mon Sep 17 00:00:00 2001\n"],
)
def test_the_history_of_a_project_quotes_logs_and_is_none(front: str) -> None:
    assert text_is_prose(front + HISTORY)
    assert rank(incident(front + HISTORY)).causes[0].slug == UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "Update MCUboot to 2.1\nboot: mcuboot: mend a line\n",
        "nrfutil was here\n",
        "This page is about mcumgr.\nAnd more.\n",
        "a line of something\n" * 99 + "nrfutil dfu serial -p COM7\n",
        HISTORY.replace("*** Booting MCUboot ***", "MCUboot").replace("I: Swap type: test", ""),
    ],
)
def test_what_only_names_a_tool_is_no_log_of_it(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_incident(text.encode(), name="given")
    assert refused.value.code is Code.REPORT_MALFORMED
    assert "none tells of a step" in refused.value.message


def test_a_few_lines_of_a_tool_before_its_first_step_are_a_log() -> None:
    read = incident("nrfutil dfu serial -pkg app.zip -p COM7\nsomething\n")
    assert read.by_field()["transport"] == ("uart",)
