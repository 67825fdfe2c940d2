"""How long a unit with a serial bootloader may be silent after the last object.

It restarts and copies the image to its place: the same pages are erased and the same words written
once more, and its settings are saved after every eight pages at most (bootloader spec, section 9).
How long its flash takes for that has just been seen: a bootloader for UART or USB stands still for
its flash, so that the transfer contains every erase and every word, and the EXECUTE of the init
packet one saving of the settings. Where we have not sent all of the image, the slowest flash there
is counts.
"""

from __future__ import annotations

from typing import Final

from firmline.updater.flash_bounds import LONGEST_ERASE_S, LONGEST_WORD_S, PAGE_SIZE, WORD_SIZE
from firmline.updater.progress import Progress

PAGES_PER_SAVING: Final = 8
"""Bootloader spec, section 1: NRF_BL_FW_COPY_PROGRESS_STORE_STEP."""
SLOWEST_PAGE_S: Final = LONGEST_ERASE_S + PAGE_SIZE / WORD_SIZE * LONGEST_WORD_S
"""A page, erased and written."""
SLOWEST_SAVING_S: Final = 2 * (LONGEST_ERASE_S + 224 * LONGEST_WORD_S)
"""Two settings pages of 224 words (bootloader spec, section 8.2)."""
SAVINGS_AROUND: Final = 3
"""After the last object, after the copy, and one for what is not counted above."""
ROOM: Final = 1.2
"""For the CRC of the image, taken twice, and flash that is slower the second time; ours."""


def longest_activation_s(progress: Progress) -> float:
    """The longest that the activation of this image may take, without the boot behind it.

    Args:
        progress: Of the image, complete.
    """
    slowest_s = slowest_activation_s(progress.size)
    if not progress.is_whole or progress.init_execute_s is None:
        return slowest_s
    seen_s = progress.transfer_s + _savings(progress.size) * progress.init_execute_s
    return min(ROOM * seen_s, slowest_s)


def slowest_activation_s(size: int) -> float:
    """The longest that the activation of an image takes on the slowest flash there is.

    Args:
        size: Of the image, bytes.
    """
    return ROOM * (_pages(size) * SLOWEST_PAGE_S + _savings(size) * SLOWEST_SAVING_S)


def _pages(size: int) -> int:
    return -(-size // PAGE_SIZE)


def _savings(size: int) -> float:
    """How often the settings are saved."""
    return SAVINGS_AROUND + _pages(size) / PAGES_PER_SAVING
