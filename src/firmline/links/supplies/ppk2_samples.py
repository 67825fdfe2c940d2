"""What a Power Profiler Kit II says: its calibration as text, and its samples as bytes.

A sample is a 32-bit word, little-endian: bits 0 to 13 the converter's value, 14 to 16 the range of
measurement (0 to 4), 18 to 23 a counter, 24 to 31 eight digital inputs. There are 100,000 of them a
second, so a whole trace is decoded with a table of all values and ranges, when it is over.

These are facts of the instrument's protocol, which its maker publishes as the source of its program
(github.com/NordicSemiconductor/pc-nrfconnect-ppk); none of that program, nor of any other, is here.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from firmline.links.supplies.current_trace import CurrentTrace

RATE_HZ: Final = 100_000
END: Final = b"END"
"""Stands behind the calibration."""
RANGES: Final = 5
_VALUE_BITS: Final = 14
_VALUE_MASK: Final = (1 << _VALUE_BITS) - 1
_RANGE_MASK: Final = 0x7
_COUNTER_SHIFT: Final = 18
_COUNTERS: Final = 64
_TABLE_MASK: Final = 0x1FFFF
"""Value and range together."""
_STEP_V: Final = 1.8 / 163_840
"""Volts of a step of the converter, over the gain in front of it."""
_USUAL: Final[Mapping[str, tuple[float, ...]]] = {
    "R": (1031.64, 101.65, 10.15, 0.94, 0.043),
    "GS": (1.0,) * RANGES,
    "GI": (1.0,) * RANGES,
    "O": (0.0,) * RANGES,
    "S": (0.0,) * RANGES,
    "I": (0.0,) * RANGES,
    "UG": (1.0,) * RANGES,
}
"""Of an instrument that tells no calibration: measuring resistors (ohms), gains and offsets."""
_UNSETTLED: Final = 3
"""Samples behind a change of the range that are not settled: the running mean stands for them."""
_SHARE, _SHARE_WIDEST = 0.18, 0.06
"""Of a sample in the running mean, and of one in the widest range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What turns values of the converter into amperes.

    Attributes:
        numbers: By name, one for each range.
        is_told: Whether the instrument has told all of them.
    """

    numbers: Mapping[str, tuple[float, ...]]
    is_told: bool

    @classmethod
    def parse(cls, text: bytes) -> Self | None:
        """Read what the instrument says, up to its end; ``None``: that is no calibration."""
        said: dict[str, float] = {}
        for line in text.decode("ascii", errors="replace").splitlines():
            name, colon, value = line.partition(":")
            if colon:
                said[name.strip()] = _number(value)
        if END not in text or not any(f"R{place}" in said for place in range(RANGES)):
            return None
        is_told = True
        numbers = {}
        for name, usual in _USUAL.items():
            found = [said.get(f"{name}{place}", math.nan) for place in range(RANGES)]
            good = [math.isfinite(each) and (name != "R" or each > 0) for each in found]
            is_told = is_told and all(good)
            numbers[name] = tuple(
                each if is_good else usual[place]
                for place, (each, is_good) in enumerate(zip(found, good, strict=True))
            )
        return cls(numbers=numbers, is_told=is_told)

    def table(self, *, voltage_v: float) -> list[float]:
        """Amperes for every value in every range, by value and range as they stand in a word."""
        table: list[float] = []
        for place in range(1 << 3):
            amperes = self._of_range(place, voltage_v=voltage_v)
            table += map(amperes, range(1 << _VALUE_BITS))
        return table

    def amperes(self, word: int, *, voltage_v: float) -> float:
        """Amperes of one sample, without the running mean behind a change of the range."""
        of_range = self._of_range((word >> _VALUE_BITS) & _RANGE_MASK, voltage_v=voltage_v)
        return of_range(word & _VALUE_MASK)

    def _of_range(self, place: int, *, voltage_v: float) -> Callable[[int], float]:
        """What turns a value of the converter into amperes, in one range."""
        r, gs, gi, o, s, i, ug = (self.numbers[name][min(place, RANGES - 1)] for name in _USUAL)

        def amperes(value: int) -> float:
            raw = (4 * value - o) * _STEP_V / r
            return ug * (raw * (gs * raw + gi) + s * voltage_v + i)

        return amperes


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def decode(content: bytes, calibration: Calibration, *, voltage_v: float) -> CurrentTrace:
    """The current of a whole trace.

    Args:
        content: The samples as they came; a last one that is cut off is left out.
        calibration: Of the instrument.
        voltage_v: At which the unit was fed.
    """
    words = array("I")
    words.frombytes(content[: len(content) - len(content) % words.itemsize])
    if sys.byteorder == "big":
        words.byteswap()
    table = calibration.table(voltage_v=voltage_v)
    trace = CurrentTrace(rate_hz=RATE_HZ)
    smooth = _Smooth(table)
    expected: int | None = None
    piece = RATE_HZ // 1000
    for start in range(0, len(words), piece):
        part = words[start : start + piece]
        first = (part[0] >> _COUNTER_SHIFT) % _COUNTERS
        if expected is not None and first != expected:
            trace.lose((first - expected) % _COUNTERS)
        last = (part[-1] >> _COUNTER_SHIFT) % _COUNTERS
        inside = (last - first - len(part) + 1) % _COUNTERS
        trace.add(smooth.amperes(part))
        if inside:
            trace.lose(inside)
        expected = (last + 1) % _COUNTERS
    return trace


class _Smooth:
    """Amperes of words; where the range changes, the running mean for the samples behind it."""

    def __init__(self, table: Sequence[float]) -> None:
        self._table = table
        self._range: int | None = None
        self._mean: float | None = None
        self._unsettled = 0

    def amperes(self, words: Sequence[int]) -> list[float]:
        """Of words one behind the other."""
        table = self._table
        ranges = {(word >> _VALUE_BITS) & _RANGE_MASK for word in words}
        if ranges == {self._range} and not self._unsettled:
            values = [table[word & _TABLE_MASK] for word in words]
            self._mean = values[-1]
            return values
        return [self._one(word) for word in words]

    def _one(self, word: int) -> float:
        value = self._table[word & _TABLE_MASK]
        place = (word >> _VALUE_BITS) & _RANGE_MASK
        if self._range is not None and place != self._range:
            self._unsettled = _UNSETTLED
        self._range = place
        share = _SHARE_WIDEST if place >= RANGES - 1 else _SHARE
        self._mean = value if self._mean is None else share * value + (1 - share) * self._mean
        if self._unsettled:
            self._unsettled -= 1
            return self._mean
        return value
