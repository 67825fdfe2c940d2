"""A finding: one sentence on one file or package, under a name that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.data import load_table


class Slug(StrEnum):
    """Stable names of findings; never used for something else."""

    VECTOR_TABLE = "vector-table"
    LINKED_ELSEWHERE = "linked-elsewhere"
    UICR_INSIDE = "uicr-inside"
    SETTINGS_PAGE_INSIDE = "settings-page-inside"
    GAP = "gap"
    ODD_LENGTH = "odd-length"
    NOT_A_SOFTDEVICE = "not-a-softdevice"
    SD_REQ_MISSES_OWN_SOFTDEVICE = "sd-req-misses-own-softdevice"
    NO_BOOT_VALIDATION = "no-boot-validation"
    UNCHECKED_APPLICATION = "unchecked-application"
    VERSION_NOT_RAISED = "version-not-raised"
    DEBUG_FLAG = "debug-flag"
    EXAMPLE_KEY = "example-key"
    NOT_SIGNED = "not-signed"
    REMOVES_SOFTDEVICE = "removes-softdevice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is probably a mistake.

    Attributes:
        slug: What kind of mistake.
        message: One sentence: what was found, where; to follow a label, so it may begin in lower
            case.
    """

    slug: Slug
    message: str

    @property
    def meaning(self) -> str:
        """Why it matters."""
        return self._text("meaning")

    @property
    def next_step(self) -> str:
        """The next thing to do."""
        return self._text("do")

    def _text(self, name: str) -> str:
        return str(load_table("lint")[self.slug][name])

    def __str__(self) -> str:
        return f"{self.message} [{self.slug}]"
