"""Images that the unit does not have to be sent: an update that broke off between two goes on.

Pure. Whether the next image fits what is there is for the unit to check, by its init packet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, TargetRefusedError
from firmline.updater.ending import TITLES
from firmline.values import ImageKind

_WITH_BOOTLOADER: Final = frozenset({ImageKind.BOOTLOADER, ImageKind.SOFTDEVICE_BOOTLOADER})


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """An image behind which the update went on although the unit did not take it.

    Attributes:
        kind: What it was.
        may_have_taken: Whether it was sent whole before, and only the answer to its last EXECUTE
            was not heard.
    """

    kind: ImageKind
    may_have_taken: bool


def says_it_has_it(error: TargetRefusedError, kind: ImageKind) -> bool:
    """Whether a refusal says that the unit's bootloader is no older than the image's.

    A bootloader has to be strictly newer (bootloader spec, section 5). A SoftDevice is compared
    with the version of the application, which says nothing of the SoftDevice.
    """
    return kind in _WITH_BOOTLOADER and error.code == Code.REFUSED_FW_VERSION


def in_words(passed: Iterable[PassedOver]) -> str:
    """What the last sentences of a success say of them; empty where there are none."""
    return "".join(f" {_sentence(each)}" for each in passed)


def _sentence(passed: PassedOver) -> str:
    has = "the unit has this version of the bootloader, or a newer one"
    if passed.may_have_taken:
        return (
            f"Its {TITLES[passed.kind]} was sent once, its last answer was not heard, and it did"
            f" not have to be sent again: {has}."
        )
    return f"Its {TITLES[passed.kind]} did not have to be sent: {has}."
