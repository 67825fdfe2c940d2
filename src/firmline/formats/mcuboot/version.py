"""The version of an image, as MCUboot's header has it: ``1.2.3+4``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

_TEXT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,3})(?:\.(\d{1,5})(?:\+(\d{1,10}))?)?)?", re.ASCII)
_LIMITS: Final = (0xFF, 0xFF, 0xFFFF, 0xFFFF_FFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVersion:
    """A version; ``build`` is shown, and not compared unless MCUboot was built to.

    Attributes:
        major: 0 to 255.
        minor: 0 to 255.
        revision: 0 to 65535.
        build: 0 to 4294967295.
    """

    major: int
    minor: int
    revision: int
    build: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read ``1.2.3+4``, later parts optional, as imgtool does; None: it is no such version."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        parts = [int(part or 0) for part in match.groups()]
        if any(part > limit for part, limit in zip(parts, _LIMITS, strict=True)):
            return None
        major, minor, revision, build = parts
        return cls(major=major, minor=minor, revision=revision, build=build)

    @property
    def compared(self) -> tuple[int, int, int]:
        """What MCUboot compares by default (``boot_version_cmp``): all but the build number."""
        return (self.major, self.minor, self.revision)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}+{self.build}"
