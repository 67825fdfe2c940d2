"""Whether a file is a text that somebody has written, and no log.

A page of documentation, a README or a letter quotes the words by which logs are known; so does the
history of a project, as git prints it. What tells a text from a log is its lines: paragraphs go on
in the next line, and have sentence behind sentence. A program begins its lines anew, and says one
thing in each.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from firmline.diagnosis.logs.lines import Text

LOOKED_AT: Final = 2000
"""Lines at the front that are looked at; ours."""
LINES: Final = 8
"""So many written lines make a text; ours: tools print fewer."""
SHARE: Final = 0.08
"""And so large a share of all lines; ours: the project's own pages have 10 to 60 %, the samples of
logs 0, and one of four lines two."""
WORDS: Final = 6
"""Words that a written line has at least; ours."""
PLAIN: Final = 0.7
"""Share of these that are nothing but letters; ours: a log has numbers, times and names."""
_WORD: Final = re.compile(r"[(\"'`*\[]*[A-Za-z'\u2019-]{1,20}[)\"'`*\]]*[.,;:!?]*")
_HISTORY: Final = re.compile(r"(?:commit [0-9a-f]{7,40}|diff --git a/.* b/.*|From [0-9a-f]{40} .*)")
"""How git begins what it tells of a change: messages and files, which quote logs."""
_SENTENCES: Final = re.compile(r"[a-z)`*]\. [A-Z]")


def is_prose(text: Text) -> bool:
    """Whether a text was written for people to read."""
    lines = list(islice(text.lines(), LOOKED_AT))
    if any(_HISTORY.fullmatch(each.text.rstrip()) for each in lines):
        return True
    written = sum(_is_written(each.text) for each in lines)
    return written >= LINES and written >= SHARE * len(lines)


def _is_written(line: str) -> bool:
    """Whether a line goes on with a sentence, or has more than one."""
    words = line.split()
    if len(words) < WORDS or not (words[0][0].islower() or _SENTENCES.search(line)):
        return False
    return sum(_WORD.fullmatch(each) is not None for each in words) >= PLAIN * len(words)
