"""What every supply is: settings, readings, abilities, and the interface itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from firmline.errors import Code, InputError
from firmline.links.supplies.current_trace import CurrentTrace

LEAST_V: Final = 1.7
"""Lowest VDD of an nRF52 (physics spec, section 2)."""
MOST_V: Final = 3.6
"""Highest VDD of an nRF52 (physics spec, section 2)."""
USUAL_LIMIT_A: Final = 0.05
"""Current limit: three times what an nRF52 draws at most (physics spec, section 3), and little
enough that a short circuit does no harm; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a unit is to be fed with.

    Attributes:
        voltage_v: Volts without a load.
        resistance_ohm: In series with it.
    """

    voltage_v: float
    resistance_ohm: float = 0.0

    def __str__(self) -> str:
        """For people."""
        volts = f"{self.voltage_v:.3g} V" if self.voltage_v < 10 else f"{self.voltage_v:g} V"
        ohms = f" behind {self.resistance_ohm:.4g} ohm" if self.resistance_ohm else ""
        return volts + ohms


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Between which voltages a unit may be fed.

    Attributes:
        least_v: The lowest, volts.
        most_v: The highest, volts.
    """

    least_v: float = LEAST_V
    most_v: float = MOST_V


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a supply measures at its terminals.

    Attributes:
        voltage_v: Volts; ``None``: it does not measure them.
        current_a: Amperes; ``None``: it does not measure them.
    """

    voltage_v: float | None = None
    current_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a supply can do.

    Attributes:
        voltage: The voltage can be set.
        resistance: A series resistance can be set.
        current_limit: The current can be limited.
        switch: It can be switched off and on.
        measures: It measures what it gives.
        traces: It records the current over time.
        least_v: Lowest voltage that it gives.
        most_v: Highest voltage that it gives.
    """

    voltage: bool = True
    resistance: bool = False
    current_limit: bool = False
    switch: bool = True
    measures: bool = False
    traces: bool = False
    least_v: float = 0.0
    most_v: float = 1000.0


class Supply(Protocol):
    """Feeds a unit.

    Attributes:
        name: For people, such as what an instrument calls itself.
        abilities: What it can do.
        by_hand: Whether a person carries it out.
    """

    name: str
    abilities: Abilities
    by_hand: bool

    def open(self) -> None:
        """Find it, and see that it is what it is meant to be; switches nothing.

        Raises:
            TransportError: It is not there, or is something else.
        """

    def apply(self, setting: Setting) -> Reading:
        """Feed the unit so, from now on.

        Raises:
            TransportError: It does not do it, or does not reach its voltage.
        """

    def switch_off(self) -> None:
        """Take the power away.

        Raises:
            TransportError: It does not do it.
        """

    def begin_trace(self) -> None:
        """Record the current from now on, where it can.

        Raises:
            TransportError: It does not do it.
        """

    def end_trace(self) -> CurrentTrace | None:
        """What was recorded since then; ``None``: it does not record.

        Raises:
            TransportError: It was lost meanwhile.
        """

    def check_still_fed(self) -> None:
        """See behind a run that the unit is still fed as it was set, as far as it can be seen.

        Raises:
            TransportError: ``SUPPLY_SHORT``: it is not, and was switched off. ``SUPPLY_LOST``.
        """

    def close(self) -> str:
        """Leave it in a safe state, and let go of it; may be called at any time, and twice.

        Returns:
            In which state it was left, as a sentence. What cannot be reached is not known.
        """


def check_setting(setting: Setting, abilities: Abilities, limits: Limits, *, name: str) -> None:
    """See that a supply may and can feed a unit so, before anything is switched.

    Raises:
        InputError: ``SUPPLY_LIMITS``: it would harm the unit, or is outside of its specification.
            ``SUPPLY_CANNOT``: this supply cannot.
    """
    volts = setting.voltage_v
    if not limits.least_v <= volts <= limits.most_v:
        raise InputError(
            Code.SUPPLY_LIMITS,
            f"{volts:g} V is not between {limits.least_v:g} V and {limits.most_v:g} V, between"
            " which a unit may be fed.",
            hint="An nRF52 is specified for 1.7 V to 3.6 V at VDD, and more destroys it. If the"
            " board has a regulator in front of the chip, say what it takes: --limits 2.5..5.",
        )
    if not abilities.least_v <= volts <= abilities.most_v:
        raise InputError(
            Code.SUPPLY_CANNOT,
            f"{name} gives {abilities.least_v:g} V to {abilities.most_v:g} V, and not {volts:g} V.",
        )
    if setting.resistance_ohm and not abilities.resistance:
        raise InputError(
            Code.SUPPLY_CANNOT,
            f"{name} cannot set a series resistance.",
            hint="Sweep the voltage; or put resistors in by hand, with --supply person.",
        )
