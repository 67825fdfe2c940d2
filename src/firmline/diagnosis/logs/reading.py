"""Whose log a text is, and the evidence in it."""

from __future__ import annotations

from typing import Final

from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.logs.android import ANDROID
from firmline.diagnosis.logs.ios import IOS
from firmline.diagnosis.logs.lines import MAX_LINE, MAX_LINES, Text, decode
from firmline.diagnosis.logs.mcuboot import MCUBOOT
from firmline.diagnosis.logs.mcumgr import MCUMGR
from firmline.diagnosis.logs.nrfutil import NRFUTIL
from firmline.diagnosis.logs.signs import Tool
from firmline.diagnosis.logs.story import Story

TOOLS: Final = (ANDROID, IOS, NRFUTIL, MCUBOOT, MCUMGR)
"""Every tool whose logs are known."""
SURELY: Final = 2
"""Marks of a second tool from which on a log is of both; ours."""
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
    tool = recognise(text.text)
    if tool is None:
        lines = "its line has" if text.count == 1 else f"none of its {text.count} lines has"
        return Incident(unused=(f"It is a log of neither {_NAMES}: {_nothing(lines)}.",))
    return _read(text, tool)


def _nothing(lines: str) -> str:
    return f"{lines} {'nothing' if lines.startswith('its') else 'anything'} that is known"


def _has(text: str, tool: Tool) -> bool:
    """Whether a log has lines of a tool, too: one mark alone may be another's word."""
    return sum(mark in text for mark in tool.marks) >= SURELY


def recognise(text: str) -> Tool | None:
    """The tool that a log is of: the one of whose marks it has the most; None: it has none's."""
    counted = [(sum(mark in text for mark in tool.marks), tool) for tool in TOOLS]
    count, tool = max(counted, key=lambda each: each[0])
    return tool if count else None


def _read(text: Text, tool: Tool) -> Incident:
    story = Story()
    used = 0
    for line in text.lines():
        text_of_line, tells = line.text, False
        for sign in tool.signs:
            # Looked for here as well: of most lines no sign has its word, and calls cost time.
            told = sign.of(text_of_line) if sign.word in text_of_line else None
            if told is not None:
                tells = True
                story.hear(told, line)
        used += tells
    facts = (
        Evidence(field=name, value=value, origin=Origin.LOG, where=f"a log of {tool.name}")
        for name, value in tool.facts
    )
    unused = _unused(text, tool, story, used)
    incident = Incident(unused=unused, ended_well=story.has_ended_well)
    return incident.with_more((*facts, *story.evidence()))


def _unused(text: Text, tool: Tool, story: Story, used: int) -> tuple[str, ...]:
    """What the log does not tell, one sentence each."""
    told = []
    others = [other.name for other in TOOLS if other is not tool and _has(text.text, other)]
    if others:
        told.append(f"It has lines of {' and '.join(others)} as well: give each log by itself.")
    if used < text.count:
        rest = f"{text.count - used} of its {text.count} lines say nothing that is known"
        told.append(f"It was read as a log of {tool.name}; {rest}.")
    if story.has_started_an_image:
        told.append(f"{tool.name} has started an image, and nothing failed before: {_STARTED}.")
    elif story.has_ended_well:
        told.append("The update in the log succeeded: nothing of it is to be explained.")
    elif not story.has_begun:
        told.append("It shows no step of an update.")
    elif not story.has_ended:
        told.append("It has no end: where it breaks off is taken for the last step begun.")
    if text.count > MAX_LINES:
        told.append(f"Only its first {MAX_LINES} lines were read.")
    if text.shortened:
        told.append(f"Of {text.shortened} lines only the first {MAX_LINE} characters were read.")
    return tuple(told)
