"""``firmline line webhooks``: added, listed, removed, and sent again."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from unit.cli.program import Program, assert_failed

HOOKS = ("line", "webhooks")
DB = ("--db", "shift.db")
URL = "https://mes.example/firmline"


def test_a_webhook_comes_and_goes(firmline: Program) -> None:
    made = firmline(*HOOKS, "add", URL, *DB, "--only-failed")
    hook = made.err.split()[5].rstrip(":")
    assert len(made.out.strip()) == 64
    listed = firmline(*HOOKS, "list", *DB)
    assert listed.out == f"{hook}  {URL}: failed runs; 0 waiting, 0 given up\n1 in shift.db.\n"
    assert made.out.strip() not in listed.out
    assert firmline(*HOOKS, "retry", hook, *DB).out == f"0 are sent to {hook} again.\n"
    assert firmline(*HOOKS, "remove", hook, *DB).out == f"{hook} is told no more; 0 untold.\n"
    assert firmline(*HOOKS, "list", *DB).out == "There are no webhooks.\n"


def test_programs_are_told_the_same(firmline: Program) -> None:
    made = firmline(*HOOKS, "add", URL, *DB, "--json").result
    assert (made["url"], made["wants"], len(made["secret"])) == (URL, "ended", 64)
    first, result = firmline(*HOOKS, "list", *DB, "--json").json_lines
    assert (first["id"], first["waiting"], first["dead"]) == (made["id"], 0, 0)
    assert result["webhooks"] == 1
    assert firmline(*HOOKS, "remove", made["id"], *DB, "--json").result["untold"] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "mes.example"), Code.WEBHOOK_MALFORMED),
        (("add", "http://u:p@mes/\x1b[2J"), Code.WEBHOOK_MALFORMED),
        (("add", URL, "--secret", "x"), Code.USAGE),
    ],
)
def test_mistakes_are_told(firmline: Program, words: tuple[str, ...], code: Code) -> None:
    assert_failed(firmline(*HOOKS, *words, *DB), code)


@pytest.mark.parametrize("word", ["remove", "retry"])
def test_a_webhook_that_is_not_there_is_told(firmline: Program, word: str) -> None:
    firmline(*HOOKS, "add", URL, *DB)
    assert_failed(firmline(*HOOKS, word, "nothing", *DB), Code.WEBHOOK_UNKNOWN)
