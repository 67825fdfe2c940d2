"""What flash of the family takes at the least and at the most, whichever chip it is.

Bounds, not estimates: which chip a unit has is seldom known, and what is worked out of these must
hold for all of them. Seconds; all of it from the physics spec, section 1, where a chip's own
figures are in ``data/chips.toml``.
"""

from __future__ import annotations

from typing import Final

PAGE_SIZE: Final = 4096
"""Bytes that are erased at once, on every nRF52; as many as a whole data object has (bootloader
spec, section 4)."""
WORD_SIZE: Final = 4
"""Bytes that are written at once."""
SHORTEST_ERASE_S: Final = 2.05e-3
"""Of a page: the nRF52832's least."""
SHORTEST_WORD_S: Final = 41e-6
"""Of a word: the nRF52840's."""
LONGEST_ERASE_S: Final = 0.0897
"""Of a page: the nRF52832's most."""
LONGEST_WORD_S: Final = 338e-6
"""Of a word: the nRF52832's most."""
