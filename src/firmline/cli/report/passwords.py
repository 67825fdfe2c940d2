"""What looks like a password, a PIN or a token in a text, so that it is not sent along.

Rules of this module: rather a log too few that is embedded than a password that gets out. What a
program has hidden already (``...``, ``***``) and a setting without a secret (``null``, ``false``)
are none.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.lines import text_of
from firmline.errors import without_secrets

_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|key|code)|(?<![a-z])pwd|secret|credentials?"
    r"|(?<![a-z])(?:psk|ltk|irk|csrk)|(?:access|auth|api|refresh|id|session)[_-]?(?:token|key))"
)
"""How what is kept secret is called, at the end of whatever it belongs to."""
_NONE: Final = r"(?!\.\.\.|\*\*|<|(?:true|false|null|none|no|yes)\b)"
"""What stands for a secret and is none."""
_VALUE: Final = rf"[\"'\\]*{_NONE}[^\s\"'\\,;)}}\]]"

_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NAME}[\"'\\]*[ \t]*[:=]>?[ \t]*{_VALUE}",
        rf"--(?:[a-z]{{1,20}}-){{0,3}}{_NAME}[ \t]+{_VALUE}",
        rf"{_NAME}[ \t]+is[ \t]+{_VALUE}",
        r"(?<![a-z])pin(?:[ _-]?(?:code|value))?[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*\d{4}",
        r"(?<![a-z])token[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*[\w.+/-]{8}",
        rf"authorization[\"'\\]*[ \t]*[:=][ \t]*{_VALUE}",
        r"(?<![a-z])bearer[ \t]+[\w.~+/-]{8}",
        r"(?<![a-z0-9])(?:gh[pousr]_[a-z0-9]{20}|akia[a-z0-9]{16}|eyj[\w-]{10,100}\.eyj[\w-]{10})",
    )
)
"""As programs write them: NAME=x, "name": "x", --name x; the header of a request (RFC 7235, 6750);
tokens by how they begin (JSON Web Tokens: RFC 7519, section 3.1)."""


_WORDS: Final = (
    *("pass", "pwd", "secret", "credential", "psk", "ltk", "irk", "csrk", "token", "key", "pin"),
    *("authorization", "bearer", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "akia", "eyj", "://"),
)
"""Of which a line with any of these, or with a secret of a URI, has at least one."""
_LIKE_ASCII: Final = "\u0130\u0131\u017f\u212a"
"""Letters that a pattern takes for i, s and k where the case does not count, and others do not."""


def holds_password(content: bytes) -> bool:
    """Whether there is what looks like a password, a PIN or a token in a text of any encoding."""
    decoded = text_of(content)
    text = _suspicious(content.decode("latin-1") if decoded is None else decoded)
    return without_secrets(text) != text or any(each.search(text) for each in _PATTERNS)


def _suspicious(text: str) -> str:
    """The lines of a text that may hold a secret, as no secret goes on behind the end of a line.

    Most lines of a large trace have none of the words, and to look for all patterns in them takes
    ten times as long.
    """
    if any(each in text for each in _LIKE_ASCII):
        return text
    small = text.lower()
    lines: dict[int, int] = {}
    for word in _WORDS:
        at = small.find(word)
        while at >= 0:
            end = small.find("\n", at)
            end = len(small) if end < 0 else end
            lines[small.rfind("\n", 0, at) + 1] = end
            at = small.find(word, end)
    return "\n".join(text[begin:end] for begin, end in sorted(lines.items()))
