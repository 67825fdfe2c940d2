"""What a line of a log can tell, and the tables that say by which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one line tells.

    Attributes:
        phase: The step that begins with it, in the words of the vocabulary; empty: none.
        fault: What goes wrong, in the words of ``failure_kind``; empty: nothing.
        values: Evidence: fields and values. Of a fault it is told only if that one counts.
        answer: The result of a unit's answer whose giver the line does not name: what it means is
            told by the step.
        request: The opcode that it answers; 0: it is not told.
        of_select: Whether it is a refusal of the first question that a bootloader is asked about an
            object, so that nothing of that was sent yet.
        lasting: Whether the fault stays one whatever comes behind it: an image that is refused,
            behind which the old one is started.
        in_bootloader: Whether what the host talks to from here on is the bootloader.
        executes: Whether an object is executed, which is the init packet's, or one of the image's.
        last: Whether the last object of the image is being sent.
        offset: Bytes of the image that the unit has confirmed.
        size: Size of the image in bytes.
        percent: How much of the image the host has sent, 0 to 100.
        succeeded: Whether the update has ended well.
        started: Whether an image was started, behind which the log shows no more.
        reached: A step that is under way, if none behind it is: it may have begun before.
        reached_from: The only step behind which that is so; empty: any step before it.
        within: The step in which the fault is one; empty: in any.
    """

    phase: str = ""
    fault: str = ""
    values: tuple[tuple[str, str], ...] = ()
    answer: int | None = None
    request: int = 0
    of_select: bool = False
    lasting: bool = False
    in_bootloader: bool = False
    executes: bool = False
    last: bool = False
    offset: int | None = None
    size: int | None = None
    percent: int | None = None
    succeeded: bool = False
    started: bool = False
    reached: str = ""
    reached_from: str = ""
    within: str = ""


Reader = Callable[[re.Match[str]], Told | None]
"""What a line tells, of what was found in it; None: nothing after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One row of a table: what a line tells that has certain words.

    Attributes:
        word: What the line has, letter by letter.
        told: What that tells.
        pattern: What it has as well; None: the word is enough.
        read: Reads what it tells out of what the pattern has found, in place of ``told``.
    """

    word: str
    told: Told = field(default_factory=Told)
    pattern: re.Pattern[str] | None = None
    read: Reader | None = None

    def of(self, line: str) -> Told | None:
        """What a line tells by this sign; None: it has not got it."""
        if self.word not in line:
            return None
        if self.pattern is None:
            return self.told
        found = self.pattern.search(line)
        if found is None:
            return None
        return self.told if self.read is None else self.read(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool whose logs are known.

    Attributes:
        name: As people call it.
        marks: Words of which no other tool's log has any; how many of them it has says whose it is.
        names: Those of the marks that any text may have, since they are what it is called.
        facts: What is known by its being a log of this tool.
        signs: Its table. Every sign that a line has is heard, in this order.
    """

    name: str
    marks: tuple[str, ...]
    names: frozenset[str] = frozenset()
    facts: tuple[tuple[str, str], ...]
    signs: tuple[Sign, ...]


def begins(phase: str, *words: str) -> tuple[Sign, ...]:
    """Each of the words says that a step begins."""
    return tuple(Sign(word=word, told=Told(phase=phase)) for word in words)


def fails(
    fault: str, *words: str, phase: str = "", values: tuple[tuple[str, str], ...] = ()
) -> tuple[Sign, ...]:
    """Each of the words says that something goes wrong, in a step if it names one."""
    return tuple(
        Sign(word=word, told=Told(phase=phase, fault=fault, values=values)) for word in words
    )


def tells(name: str, value: str, *words: str, in_bootloader: bool = False) -> tuple[Sign, ...]:
    """Each of the words says that something is so."""
    told = Told(values=((name, value),), in_bootloader=in_bootloader)
    return tuple(Sign(word=word, told=told) for word in words)


def succeeds(*words: str) -> tuple[Sign, ...]:
    """Each of the words says that the update has ended well."""
    return tuple(Sign(word=word, told=Told(succeeded=True)) for word in words)


def reads(word: str, pattern: str, read: Reader) -> Sign:
    """What a line with the word tells is read out of what the pattern finds in it."""
    return Sign(word=word, pattern=re.compile(pattern), read=read)


MAX_OFFSET: Final = 2**32 - 1
"""Offsets and sizes have four bytes on the wire (bootloader spec, section 2.1)."""


def number(digits: str, *, base: int = 10) -> int | None:
    """A number out of a log; None: no offset and no size can be that large."""
    value = int(digits, base) if len(digits) <= 10 else MAX_OFFSET + 1
    return value if value <= MAX_OFFSET else None
