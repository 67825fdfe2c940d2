"""What a unit hangs on: a source behind a resistance, and a capacitor at the chip.

Under a constant current the voltage runs exponentially towards ``V_oc - I * R`` with the time
constant ``R * C``. Below the brown-out threshold the chip is reset; without a load the capacitor
fills again, and the chip starts anew. The numbers are those of the physics spec, sections 2 to 4.
"""

from __future__ import annotations

import math
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
START_TIME_S: Final = 0.002
"""From enough voltage to the first instruction; assumed."""
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


class Supply:
    """The voltage at the chip over time; it begins settled, without a load.

    Args:
        source: What feeds it.

    Attributes:
        voltage: Volts at the time of the last draw.
        lowest: The lowest voltage so far.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.voltage = source.open_circuit_v
        self.lowest = source.open_circuit_v
        self._at_s = 0.0
        self._film_ohm = source.passivation_ohm

    def draw(self, load: Load, start_s: float, end_s: float) -> float | None:
        """Draw a load from one time to another; before it, since the last draw, the unit slept.

        A time that is drawn already is not drawn again: the unit does one thing at a time.

        Returns:
            The time of the brown-out, or ``None`` where there is none.
        """
        if start_s > self._at_s:
            self._settle(Load.SLEEP, start_s)
        start_s = self._at_s
        if end_s <= start_s:
            return None
        before, target, tau_s = self.voltage, self._target_v(load), self._tau_s
        self._settle(load, end_s)
        self.lowest = min(self.lowest, self.voltage)
        if self.voltage >= BROWN_OUT_V:
            return None
        if before <= BROWN_OUT_V:
            return start_s
        return start_s + tau_s * math.log((before - target) / (BROWN_OUT_V - target))

    def brown_out(self, at_s: float) -> float | None:
        """The chip was reset at this time and draws nothing: when it starts; ``None``: never."""
        self.voltage = BROWN_OUT_V
        self._at_s = at_s
        wait_s = self.time_to(START_V)
        if wait_s is None:
            return None
        self._settle(Load.SLEEP, at_s + wait_s + START_TIME_S)
        return self._at_s

    def interrupt(self, at_s: float) -> None:
        """The source was taken away and brought back: settled, as at the beginning."""
        self.voltage = self.source.open_circuit_v
        self._at_s = at_s

    def time_to(self, voltage: float) -> float | None:
        """Seconds of sleep until the voltage is there again; ``None``: it never is."""
        if self.voltage >= voltage:
            return 0.0
        target = self._target_v(Load.SLEEP)
        if target <= voltage:
            return None
        return self._tau_s * math.log((target - self.voltage) / (target - voltage))

    @property
    def _resistance_ohm(self) -> float:
        return self.source.resistance_ohm + self._film_ohm

    @property
    def _tau_s(self) -> float:
        return self._resistance_ohm * self.source.capacitance_uf * 1e-6

    def _target_v(self, load: Load) -> float:
        sag_v = self.source.currents.amperes(load) * self._resistance_ohm
        return self.source.open_circuit_v - sag_v

    def _settle(self, load: Load, end_s: float) -> None:
        duration_s = end_s - self._at_s
        target, tau_s = self._target_v(load), self._tau_s
        fall = math.exp(-duration_s / tau_s) if tau_s else 0.0
        self.voltage = target + (self.voltage - target) * fall
        self._at_s = end_s
        if self._film_ohm:
            charge_mas = self.source.currents.amperes(load) * 1000 * duration_s
            self._film_ohm *= math.exp(-charge_mas / PASSIVATION_CHARGE_MAS)
