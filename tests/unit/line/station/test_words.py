"""What is scanned or typed at a station."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.line.recipe.serial_numbers import SerialPattern
from firmline.line.station import words

SERIALS = SerialPattern(r"SN-\d{4}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SN-0001\n", words.ScanUnit("SN-0001")),
        ("  SN-0001 \r\n", words.ScanUnit("SN-0001")),
        ("slot 3", words.ChooseSlot(3)),
        ("SLOT-3", words.ChooseSlot(3)),
        ("ok", words.Acknowledge(None)),
        ("ok 2", words.Acknowledge(2)),
        ("stop 12", words.Abort(12)),
        ("batch 2026-47 A", words.SetBatch("2026-47 A")),
        ("batch", words.SetBatch("")),
        ("operator Jana", words.SetOperator("Jana")),
        ("rework SN-0001", words.Rework("SN-0001", "")),
        ("Rework SN-0001 new clip ", words.Rework("SN-0001", "new clip")),
        ("slots", words.ShowSlots()),
        ("?", words.ShowHelp()),
        ("Quit", words.Quit()),
        ("\n", None),
    ],
)
def test_each_word_is_understood(line: str, said: object) -> None:
    assert words.understood(line, SERIALS) == said


@pytest.mark.parametrize(
    "line",
    ["SN-1", "sn-0001", "slot", "slot x", "stop", "rework", "ok 2 3", "\x1b[31m", "x" * 5000],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(InputError) as caught:
        words.understood(line, SERIALS)
    assert caught.value.code is Code.STATION_COMMAND
    assert len(caught.value.message) < 200


def test_a_serial_number_is_one_whatever_else_it_could_mean() -> None:
    assert words.understood("ok", SerialPattern("[a-z]{2}")) == words.ScanUnit("ok")


def test_every_word_of_the_help_is_understood() -> None:
    for text, _ in words.HELP:
        for word in text.split(", "):
            line = word.replace("SERIAL", "SN-0001").replace("N", "1", 1)
            line = line.replace("S1-", "SN-")
            assert words.understood(line, SERIALS) is not None, word
