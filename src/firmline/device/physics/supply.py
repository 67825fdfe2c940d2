"""What a unit hangs on: a source behind a resistance, and a capacitor at the chip.

Under a constant current the voltage runs exponentially towards ``V_oc - I * R`` with the time
constant ``R * C``. Below the brown-out threshold the chip is reset; without a load the capacitor
fills again, and the chip starts anew. The numbers are those of the physics spec, sections 2 to 4.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

from firmline.device.chips import Chip

BROWN_OUT_V: Final = 1.6
"""Brown-out reset in System ON: between 1.5 and 1.7 V (section 2)."""
START_V: Final = 1.7
"""Lowest VDD at which the chip runs (section 2)."""
MAX_V: Final = 3.6
"""Highest VDD (section 2)."""
REMEMBERED_S: Final = 0.3
"""How far back a draw may begin that is told later than another; ours."""
START_TIME_S: Final = 0.002
"""From enough voltage to the first instruction; assumed."""
BREAK_DOWN_S: Final = 0.1
"""How long a source stays away that a load has broken down; assumed."""
COIN_CELL_MAH: Final = 230.0
"""Capacity of a CR2032 down to 2.0 V: 225 to 240 mAh (section 4)."""
PASSIVATION_CHARGE_MAS: Final = 50.0
"""Charge after which a load has broken a third of a passivation film's resistance; assumed."""


class Load(StrEnum):
    """What a unit is doing, as far as its current goes."""

    SLEEP = "sleep"
    CPU = "cpu"
    RADIO = "radio"
    """CPU and radio together."""
    FLASH = "flash"
    """The CPU is halted while flash is erased or written (section 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Currents:
    """Milliamperes of each load at 3 V (section 3)."""

    sleep: float = 0.003
    cpu: float
    radio: float
    flash: float = 4.0

    @classmethod
    def of(cls, chip: Chip, *, dcdc: bool = True) -> Self:
        """What a chip draws, with its DC/DC converter or without."""
        if dcdc:
            return cls(cpu=chip.cpu_ma, radio=chip.radio_ma)
        return cls(cpu=chip.ldo_cpu_ma, radio=chip.ldo_radio_ma)

    def amperes(self, load: Load) -> float:
        """The current of a load, in amperes."""
        return {
            Load.SLEEP: self.sleep,
            Load.CPU: self.cpu,
            Load.RADIO: self.radio,
            Load.FLASH: self.flash,
        }[load] / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An open-circuit voltage behind a resistance; by itself a laboratory supply of 3.0 V.

    Attributes:
        open_circuit_v: Volts without a load.
        resistance_ohm: Inner resistance and contacts together.
        passivation_ohm: A film on a cell that was stored for long; load breaks it.
        capacitance_uf: Capacitor at the chip, microfarads.
        currents: What the unit draws.
        power_fail_v: Below this the chip's power-fail comparator holds flash operations back;
            0: the comparator is off, as in the SDK's bootloader (bootloader spec, section 14).
    """

    open_circuit_v: float = 3.0
    resistance_ohm: float = 0.1
    passivation_ohm: float = 0.0
    capacitance_uf: float = 10.0
    currents: Currents
    power_fail_v: float = 0.0

    @classmethod
    def coin_cell(
        cls,
        *,
        currents: Currents,
        used_mah: float = 0.0,
        temperature_c: float = 23.0,
        contact_ohm: float = 0.0,
        passivation_ohm: float = 0.0,
        capacitance_uf: float = 10.0,
        power_fail_v: float = 0.0,
    ) -> Self:
        """A CR2032 (section 4).

        Its resistance is about 10 ohms fresh, 18 to 20 to 150 mAh, 30 at 170 mAh and steeper from
        there; at -20 degrees about five times that. Its open voltage falls by 0.2 V to a quarter of
        its charge, and to 2.0 V when it is empty.

        Args:
            currents: What the unit draws.
            used_mah: Charge taken so far.
            temperature_c: Degrees Celsius.
            contact_ohm: Of the holder.
            passivation_ohm: Film that storage has left.
            capacitance_uf: Capacitor at the chip, microfarads.
            power_fail_v: Threshold of the power-fail comparator; 0: off.
        """
        cold = 1.0 + 4.0 * max(0.0, 23.0 - temperature_c) / 43.0
        return cls(
            open_circuit_v=_interpolate(_OPEN_CIRCUIT_V, used_mah),
            resistance_ohm=_interpolate(_RESISTANCE_OHM, used_mah) * cold + contact_ohm,
            passivation_ohm=passivation_ohm,
            capacitance_uf=capacitance_uf,
            currents=currents,
            power_fail_v=power_fail_v,
        )


_RESISTANCE_OHM: Final = ((0.0, 10.0), (20.0, 18.0), (150.0, 20.0), (170.0, 30.0), (230.0, 120.0))
_OPEN_CIRCUIT_V: Final = ((0.0, 3.1), (172.5, 2.9), (230.0, 2.0))
"""Charge taken in mAh, and the value there; in between, straight lines."""


def _interpolate(points: tuple[tuple[float, float], ...], at: float) -> float:
    for (left, low), (right, high) in pairwise(points):
        if at <= right:
            return low + (high - low) * (max(at, left) - left) / (right - left)
    return points[-1][1]


@dataclass(slots=True)
class _Segment:
    """A time with one load.

    Attributes:
        end_s: Its end; it begins where the one before ends.
        load: What was drawn.
        before_v: The voltage at its beginning.
        film_ohm: The resistance of the cell's film at its beginning.
    """

    start_s: float
    end_s: float
    load: Load
    before_v: float
    film_ohm: float


class Supply:
    """The voltage at the chip over time; it begins settled, without a load.

    Where two loads are drawn at the same time, the larger counts: processor, radio and flash take
    turns, and the models of the radio's and the flash's time do not see each other's pauses.

    Args:
        source: What feeds it.

    Attributes:
        voltage: Volts at the time of the last draw.
        lowest: The lowest voltage so far.
        not_carried: Loads under which its own source breaks down at once, whatever they draw: a
            contact, a fuse or a protection that opens.
        broken_down_under: Which of them it was, until the chip is reset for it.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.voltage = source.open_circuit_v
        self.lowest = source.open_circuit_v
        self.not_carried: frozenset[Load] = frozenset()
        self.broken_down_under: Load | None = None
        self._at_s = 0.0
        self._film_ohm = source.passivation_ohm
        self._past: deque[_Segment] = deque()
        self._own = source

    @property
    def is_own(self) -> bool:
        """Whether it is its own source that feeds it, with all that is wrong with that."""
        return self.source is self._own

    def feed_from(self, source: Source | None) -> None:
        """Another source feeds it from now on, without a gap.

        Args:
            source: A stronger one, put in parallel to its own, or in its place; ``None``: its own.
        """
        self.source = self._own if source is None else source

    def draw(self, load: Load, start_s: float, end_s: float) -> float | None:
        """Draw a load from one time to another; what was drawn by nobody was sleep.

        Returns:
            The time of the brown-out, or ``None`` where there is none.
        """
        if start_s > self._at_s:
            self._pass(Load.SLEEP, start_s)
        if self.is_own and load in self.not_carried and end_s > start_s:
            self.broken_down_under = load
            self.voltage = self.lowest = 0.0
            return start_s
        failed_s = self._draw_again(load, start_s, end_s) if start_s < self._at_s else None
        if failed_s is None and end_s > self._at_s:
            failed_s = self._pass(load, end_s)
        while self._past and self._past[0].end_s < self._at_s - REMEMBERED_S:
            self._past.popleft()
        return failed_s

    def brown_out(self, at_s: float) -> float | None:
        """The chip was reset at this time and draws nothing: when it starts; ``None``: never."""
        if self.broken_down_under is not None:
            at_s += BREAK_DOWN_S
            self.broken_down_under = None
        self._begin_anew(BROWN_OUT_V, at_s)
        wait_s = self.time_to(START_V)
        if wait_s is None:
            return None
        self._pass(Load.SLEEP, at_s + wait_s + START_TIME_S)
        return self._at_s

    def sag(self) -> None:
        """It gives way for a moment, below what the chip needs."""
        self.lowest = 0.0

    def measure_anew(self) -> None:
        """From now on :attr:`lowest` is the lowest voltage since now."""
        self.lowest = self.voltage

    def interrupt(self, at_s: float) -> None:
        """The source was taken away and brought back: settled, as at the beginning."""
        self._begin_anew(self.source.open_circuit_v, at_s)

    def time_to(self, voltage: float) -> float | None:
        """Seconds of sleep until the voltage is there again; ``None``: it never is."""
        if self.voltage >= voltage:
            return 0.0
        target = self._target_v(Load.SLEEP)
        if target <= voltage:
            return None
        return self._tau_s * math.log((target - self.voltage) / (target - voltage))

    def _begin_anew(self, voltage: float, at_s: float) -> None:
        self.voltage = voltage
        self._at_s = at_s
        self._past.clear()

    @property
    def _resistance_ohm(self) -> float:
        return self.source.resistance_ohm + self._film_ohm

    @property
    def _tau_s(self) -> float:
        return self._resistance_ohm * self.source.capacitance_uf * 1e-6

    def _target_v(self, load: Load) -> float:
        sag_v = self.source.currents.amperes(load) * self._resistance_ohm
        return self.source.open_circuit_v - sag_v

    def _draw_again(self, load: Load, start_s: float, end_s: float) -> float | None:
        """Go back to ``start_s`` and come again with the larger load, up to ``end_s``."""
        again: list[_Segment] = []
        while self._past and self._past[-1].end_s > start_s:
            again.append(self._past.pop())
        if not again:
            return None
        self._at_s, self.voltage = again[-1].start_s, again[-1].before_v
        self._film_ohm = again[-1].film_ohm
        amperes = self.source.currents.amperes
        for segment in reversed(again):
            for until_s in (start_s, end_s, segment.end_s):
                until_s = min(until_s, segment.end_s)  # noqa: PLW2901 - a piece of the segment
                if until_s <= self._at_s:
                    continue
                inside = start_s <= self._at_s < end_s
                larger = max(load, segment.load, key=amperes) if inside else segment.load
                failed_s = self._pass(larger, until_s)
                if failed_s is not None:
                    return failed_s
        return None

    def _pass(self, load: Load, end_s: float) -> float | None:
        """Let time pass under one load; the time of the brown-out, if there is one."""
        start_s, before, duration_s = self._at_s, self.voltage, end_s - self._at_s
        target, tau_s = self._target_v(load), self._tau_s
        self._past.append(_Segment(start_s, end_s, load, before, self._film_ohm))
        fall = math.exp(-duration_s / tau_s) if tau_s else 0.0
        self.voltage = target + (before - target) * fall
        self.lowest = min(self.lowest, self.voltage)
        self._at_s = end_s
        if self._film_ohm:
            charge_mas = self.source.currents.amperes(load) * 1000 * duration_s
            self._film_ohm *= math.exp(-charge_mas / PASSIVATION_CHARGE_MAS)
        if self.voltage >= BROWN_OUT_V or load is Load.SLEEP:
            return None
        if before <= BROWN_OUT_V:
            return start_s
        return start_s + tau_s * math.log((before - target) / (BROWN_OUT_V - target))
