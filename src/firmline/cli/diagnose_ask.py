"""``firmline diagnose --ask``: a person is asked what was seen, the most telling question first."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from firmline.cli.diagnosis_text import percent
from firmline.cli.style import paint
from firmline.diagnosis.asking import Kind, Question, next_question
from firmline.diagnosis.evidence import Evidence, Incident
from firmline.diagnosis.ranking import Ranking, rank

_CODE: Final = re.compile(r"(?:0x)?[0-9a-f]{1,3}")
_IS_CODED: Final = re.compile(r"[a-z][0-9A-F]{2}")
SHOWN: Final = 3
"""Causes that are shown between two questions."""
MAX_LINE: Final = 1000
"""Longest answer that is read, bytes; ours."""
YES_NO: Final = {"y": "yes", "yes": "yes", "n": "no", "no": "no"}
STOP: Final = frozenset({"q", "quit", "stop"})
CODED: Final = frozenset({"result_code", "ext_error"})
"""Fields whose values are codes of the unit, one letter and two hexadecimal digits: they are asked
for by code, since a number could be the code or a place in the list."""
UNKNOWN: Final = frozenset({"", "?", "d", "don't know"})


def ask(incident: Incident, resolved: Mapping[str, int]) -> Incident:
    """Ask until no answer would tell more, or nobody wants to answer any more.

    Questions go to standard error, so that the diagnosis is all that is printed.

    Args:
        incident: What is known already.
        resolved: How often each cause was found in resolved runs.

    Returns:
        The same, and what was answered.
    """
    _say("Enter alone means don't know, q stops.")
    asked: set[str] = set()
    while (
        question := next_question(incident, rank(incident, resolved=resolved), asked=asked)
    ) is not None:
        asked.add(question.key)
        _say("")
        try:
            answer = _answer(question)
        except EOFError:
            break
        if answer is not None:
            incident = incident.with_more([answer])
            _say(_standing(rank(incident, resolved=resolved)))
    return incident


def _answer(question: Question) -> Evidence | None:
    """What somebody says; ``None``: they do not know.

    Raises:
        EOFError: They have had enough.
    """
    _say(paint(question.text, bold=True))
    coded = question.field in CODED
    for number, (value, meaning) in enumerate(question.choices, 1):
        _say(f"  {value:7}  {meaning}" if coded else f"  {number:2}  {meaning}")
    asks = "code, such as 0x05 or 5" if coded else "number"
    while True:
        words = _line(asks if question.kind is Kind.CHOICE else "y/n")
        if words in STOP:
            raise EOFError
        if words in UNKNOWN:
            return None
        said = _said(question, words)
        if said is not None:
            if coded and said.lower() != words:
                _say(f"  taken as {said}: {dict(question.choices)[said]}")
            return question.answered(said)
        _say("  That is no answer to this; Enter alone means don't know.")


def _said(question: Question, words: str) -> str | None:
    """The answer that is meant; ``None``: none of them."""
    if question.kind is not Kind.CHOICE:
        return YES_NO.get(words)
    values = [value for value, _ in question.choices]
    named = next((value for value in values if value.lower() == words), None)
    if named is None and question.field in CODED:
        return _coded(values, words)
    if named is None and words.isascii() and words.isdigit():
        place = int(words[:9])
        return values[place - 1] if 0 < place <= len(values) else None
    return named


def _coded(values: Sequence[str], words: str) -> str | None:
    """The value with the code that is meant: 0x0B, 0B and 11 alike; of several, the likeliest."""
    if not _CODE.fullmatch(words):
        return None
    digits = words.removeprefix("0x")
    is_decimal = digits == words and digits.isdigit() and not digits.startswith("0")
    code = int(digits, 10 if is_decimal else 16)
    return next(
        (each for each in values if _IS_CODED.fullmatch(each) and int(each[1:], 16) == code), None
    )


def _line(what: str) -> str:
    """One line of the person's.

    Raises:
        EOFError: There is none any more.
    """
    click.echo(f"  {what}: ", nl=False, err=True)
    line = sys.stdin.buffer.readline(MAX_LINE)
    if not line:
        _say("")
        raise EOFError
    return line.decode(errors="replace").strip().lower()


def _standing(ranking: Ranking) -> str:
    """Where the causes stand, in one line."""
    first = ranking.causes[:SHOWN]
    return "  now: " + ", ".join(f"{each.slug} {percent(each.probability)}" for each in first)


def _say(text: str) -> None:
    click.echo(text, err=True)
