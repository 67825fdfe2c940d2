"""Whose log a text is, and the evidence in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.logs.android import ANDROID
from firmline.diagnosis.logs.ios import IOS
from firmline.diagnosis.logs.lines import MAX_LINE, MAX_LINES, Text, decode, lines_with
from firmline.diagnosis.logs.mcuboot import MCUBOOT
from firmline.diagnosis.logs.mcumgr import MCUMGR
from firmline.diagnosis.logs.nrfutil import NRFUTIL
from firmline.diagnosis.logs.prose import is_prose
from firmline.diagnosis.logs.signs import Tool
from firmline.diagnosis.logs.story import Story
from firmline.diagnosis.vocabulary import vocabulary

TOOLS: Final = (ANDROID, IOS, NRFUTIL, MCUBOOT, MCUMGR)
"""Every tool whose logs are known."""
SURELY: Final = 2
"""Marks of a second tool from which on a log is of both; ours."""
FEW_LINES: Final = 50
LEAST_USED: Final = 0.02
"""Share of the lines of a longer text that tell something, below which, and without any step, it is
no log of that tool; ours: its own logs have ten times as many."""
_STARTED: Final = "what that does is not in the log"
_NAMES: Final = f"{', '.join(tool.name for tool in TOOLS[:-1])} nor {TOOLS[-1].name}"


def read_log(content: bytes) -> Incident | None:
    """The evidence of a log.

    A log of no tool that is known is no evidence, and that is said. What the log does not show is
    left out: half of one has the last step it shows, and no failure.

    Args:
        content: Of the file, in any encoding.

    Returns:
        What was seen; None: the file is no text.
    """
    text = decode(content)
    if text is None:
        return None
    marks = marks_in(text.text)
    tool = _best(marks, TOOLS)
    if tool is None:
        lines = "its line has" if text.count == 1 else f"none of its {text.count} lines has"
        return Incident(unused=(f"It is a log of neither {_NAMES}: {_nothing(lines)}.",))
    heard = _heard(text, tool, marks)
    if _only_names(text, heard, marks):
        why = f"Lines of it name {heard[0].tool.name}, and none tells of a step of an update."
        return Incident(unused=(why,))
    return _incident(text, heard, marks)


def _heard(text: Text, tool: Tool, marks: frozenset[str]) -> tuple[_Heard, ...]:
    """What the lines of a tool tell, and of two that may be in one log: a host and MCUboot."""
    if tool is not MCUBOOT:
        mine = _read(text, tool)
        return (mine, _read(text, MCUBOOT)) if _has(marks, MCUBOOT) else (mine,)
    host = _best(marks, tuple(each for each in TOOLS if each is not MCUBOOT))
    if host is None:
        return (_read(text, MCUBOOT),)
    beside = _read(text, host)
    if _has(marks, host) or beside.story.shows_failure:
        return (beside, _read(text, MCUBOOT))
    return (_read(text, MCUBOOT),)


def _only_names(text: Text, heard: tuple[_Heard, ...], marks: frozenset[str]) -> bool:
    """Whether it only speaks of a tool, as the history of a project does, and is none of its logs.

    No line tells of a step; and the tool is known by its name alone, or by a few of many lines.
    """
    if any(each.story.has_begun or each.story.has_ended for each in heard):
        return False
    used = len(frozenset().union(*(each.used for each in heard)))
    if text.count > FEW_LINES and used < text.count * LEAST_USED:
        return True
    names = frozenset().union(*(each.tool.names for each in heard))
    mine = frozenset().union(*(each.tool.marks for each in heard))
    return not used and marks & mine <= names


def _nothing(lines: str) -> str:
    return f"{lines} {'nothing' if lines.startswith('its') else 'anything'} that is known"


def marks_in(text: str) -> frozenset[str]:
    """The marks of all tools that a text has, each looked for once, as that takes time."""
    return frozenset(mark for tool in TOOLS for mark in tool.marks if mark in text)


def _has(marks: frozenset[str], tool: Tool) -> bool:
    """Whether a log has lines of a tool, too: one mark alone may be another's word."""
    return len(marks.intersection(tool.marks)) >= SURELY


def recognise(text: str) -> Tool | None:
    """The tool that a log is of: the one of whose marks it has the most; None: it has none's.

    Of Android and iOS with as many it is of iOS: ``[DFU]`` is what apps of both write in front.
    """
    return _best(marks_in(text), TOOLS)


def _best(marks: frozenset[str], tools: tuple[Tool, ...]) -> Tool | None:
    counted = [(len(marks.intersection(tool.marks)), tool) for tool in tools]
    count, tool = max(counted, key=lambda each: (each[0], each[1] is IOS))
    return tool if count else None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the lines of one tool tell.

    Attributes:
        tool: Which.
        story: What they come to.
        used: Numbers of the lines that tell anything.
    """

    tool: Tool
    story: Story
    used: frozenset[int]

    def evidence(self) -> Iterator[Evidence]:
        """What is known by the tool, and what its lines come to."""
        for name, value in self.tool.facts:
            where = f"a log of {self.tool.name}"
            yield Evidence(field=name, value=value, origin=Origin.LOG, where=where)
        yield from self.story.evidence()


def _read(text: Text, tool: Tool) -> _Heard:
    story = Story()
    used = set()
    words = tuple(sign.word for sign in tool.signs)
    for line, places in lines_with(text, words):
        for place in places:
            told = tool.signs[place].of(line.text)
            if told is not None:
                used.add(line.number)
                story.hear(told, line)
    return _Heard(tool, story, frozenset(used))


def _incident(text: Text, heard: tuple[_Heard, ...], marks: frozenset[str]) -> Incident:
    """What was seen: first by the one that shows a failure, of two the host."""
    order = sorted(heard, key=lambda each: each.story.has_ended_well)
    incident = Incident(
        prose=is_prose(text),
        unused=_unused(text, heard, marks),
        ended_well=all(each.story.has_ended_well for each in heard),
        failure_unseen=_is_unseen(heard),
    )
    for each in order:
        known = incident.by_field()
        incident = incident.with_more(
            told
            for told in each.evidence()
            if vocabulary()[told.field].many or told.field not in known
        )
    return incident


def _is_unseen(heard: tuple[_Heard, ...]) -> bool:
    """Whether it shows neither a failure nor, by all who wrote it, a good end."""
    is_well = all(each.story.has_ended_well for each in heard)
    return not is_well and not any(each.story.shows_failure for each in heard)


def _unused(text: Text, heard: tuple[_Heard, ...], marks: frozenset[str]) -> tuple[str, ...]:
    """What the log does not tell, one sentence each."""
    told = []
    mine = [each.tool for each in heard]
    names = " and ".join(tool.name for tool in mine)
    others = [tool.name for tool in TOOLS if tool not in mine and _has(marks, tool)]
    if others:
        told.append(f"It has lines of {' and '.join(others)} as well: give each log by itself.")
    used = len(frozenset().union(*(each.used for each in heard)))
    if used < text.count:
        rest = f"{text.count - used} of its {text.count} lines say nothing that is known"
        told.append(f"It was read as a log of {names}; {rest}.")
    told += _ends(heard)
    if text.count > MAX_LINES:
        told.append(f"Only its first {MAX_LINES} lines were read.")
    if text.shortened:
        told.append(f"Of {text.shortened} lines only the first {MAX_LINE} characters were read.")
    return tuple(told)


def _got_to(phase: str) -> str:
    return f"the last step in it is {phase} ({vocabulary()['phase'].meanings[phase]})"


def _ends(heard: tuple[_Heard, ...]) -> Iterator[str]:
    """How it ended, as far as it shows that."""
    if not any(each.story.has_begun or each.story.has_ended_well for each in heard):
        yield "It shows no step of an update."
    for each in heard:
        story = each.story
        if story.has_started_an_image:
            yield f"{each.tool.name} has started an image, and nothing failed before: {_STARTED}."
        elif story.has_ended_well:
            yield "The update in the log succeeded: nothing of it is to be explained."
        elif story.has_begun and not story.has_ended and not story.shows_failure:
            yield f"It has no end, and shows nothing that failed: {_got_to(story.phase)}."
