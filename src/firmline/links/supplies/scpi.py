"""A bench supply that speaks SCPI, over whatever PyVISA reaches: network, USB, GPIB, serial port.

Only what SCPI-99 (volume 2, and volume 4 for power supplies) calls common is used: ``VOLT``,
``CURR``, ``OUTP``, ``MEAS:VOLT?``, ``MEAS:CURR?``, ``SYST:ERR?`` and, for a supply with several
outputs, ``INST:NSEL``. Nothing is believed: settings are read back, and the voltage is measured.

A bench supply may feed something else. One that is found on and could not be the unit's (more volts
than a unit may get, more current than it draws) is not touched; and at the end an output is
switched on again only where nothing went wrong, and stays on only where it reaches its voltage.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.supplies.base import USUAL_LIMIT_A, Abilities, Limits, Reading, Setting
from firmline.links.supplies.current_trace import CurrentTrace
from firmline.links.supplies.scpi_talk import ScpiTalk

SETTLE_S: Final = 2.0
"""Until the voltage is there; ours: large output capacitors and slow start-up included."""
LOOK_S: Final = 0.1
"""Between two looks at the voltage; ours."""
TOLERANCE: Final = 0.02
TOLERANCE_V: Final = 0.03
"""How far the measured voltage may be off, as a part of it and in volts: the larger counts; ours,
several times the accuracy of a cheap bench supply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """As what a supply was found.

    Attributes:
        is_on: Whether its output was on.
        voltage_v: Volts it was set to.
        limit_a: Its current limit, amperes.
    """

    is_on: bool
    voltage_v: float
    limit_a: float


class ScpiSupply:
    """A bench supply.

    Args:
        resource: Its VISA resource name.
        channel: Which output, 1 is the first; ``None``: it has one, or the one that is selected.
        visa: The VISA library, as PyVISA names it; empty: PyVISA's choice.
        limit_a: The current limit, amperes.
        limits: Between which voltages a unit may be fed.
    """

    def __init__(
        self,
        resource: str,
        *,
        channel: int | None = None,
        visa: str = "",
        limit_a: float = USUAL_LIMIT_A,
        limits: Limits | None = None,
    ) -> None:
        self.abilities = Abilities(current_limit=True, measures=True)
        self.by_hand = False
        self._talk = ScpiTalk(resource, visa=visa)
        self._channel = channel
        self.name = self._talk.name
        self._selected: float | None = None
        """The output that was selected before ours."""
        self._limit_a = limit_a
        self._limits = limits or Limits()
        self._found: _Found | None = None
        self._now_v: float | None = None
        """What the unit is fed with; ``None``: it is not."""
        self._was_touched = False
        self._went_wrong = False

    def open(self) -> None:
        """Find it, and see that it is a supply which is free; switches nothing.

        Raises:
            TransportError: ``LINK_EXTRA_MISSING``, ``SUPPLY_NOT_FOUND``, ``SUPPLY_NONSENSE``,
                ``SUPPLY_IN_USE``.
        """
        is_ours = False
        try:
            self._talk.open()
            self.name = self._talk.name
            if self._channel is not None:
                self.name += f" output {self._channel}"
                self._selected = self._talk.number("INST:NSEL?")
                self._select()
            self._found = _Found(
                is_on=self._is_on(),
                voltage_v=self._talk.number("VOLT?"),
                limit_a=self._talk.number("CURR?"),
            )
            self._check_free(self._found)
            is_ours = True
        finally:
            if not is_ours:
                self._let_go()

    def _check_free(self, found: _Found) -> None:
        """See that one that is on may be the unit's, before its voltage is changed."""
        if not found.is_on:
            return
        reading = self._measure()
        why = ""
        if found.voltage_v > self._limits.most_v:
            why = f"{found.voltage_v:g} V, and a unit may get {self._limits.most_v:g} V"
        elif (reading.current_a or 0.0) > self._limit_a:
            why = (
                f"{_milli(reading.current_a)} mA at {found.voltage_v:g} V, and a unit may draw"
                f" {_milli(self._limit_a)} mA"
            )
        elif not _reaches(found.voltage_v, reading):
            why = f"{reading.voltage_v:.3f} V where it is set to {found.voltage_v:g} V"
        if why:
            raise TransportError(
                Code.SUPPLY_IN_USE,
                f"{self.name} is on already and gives {why}: it seems to feed something else, and"
                " was not touched.",
                reason=TransportReason.NOT_AVAILABLE,
            )

    def apply(self, setting: Setting) -> Reading:
        """Set current limit and voltage, see that they were taken, switch on, and measure.

        Raises:
            TransportError: ``SUPPLY_REFUSED``, ``SUPPLY_SHORT``, ``SUPPLY_LOST``.
        """
        self._was_touched = True
        try:
            self._select()
            self._set("CURR", self._limit_a)
            self._set("VOLT", setting.voltage_v)
            reading = self._switch_on(setting.voltage_v)
        except TransportError:
            self._went_wrong = True
            raise
        self._now_v = setting.voltage_v
        return reading

    def _switch_on(self, volts: float) -> Reading:
        """Switch on; where the voltage is not reached, it is off again at once."""
        self._talk.tell("OUTP ON")
        if not self._is_on():
            raise self._talk.refused(
                f"{self.name} does not switch its output on.",
                hint="Look at its front panel: a protection may have tripped.",
            )
        deadline_s = time.monotonic() + SETTLE_S
        while not _reaches(volts, reading := self._measure()):
            if time.monotonic() >= deadline_s:
                self.switch_off()
                raise self._short(volts, reading)
            time.sleep(LOOK_S)
        return reading

    def check_still_fed(self) -> None:
        """See that the unit is still fed as it was set.

        Raises:
            TransportError: ``SUPPLY_SHORT``: it is not, and the output is off. ``SUPPLY_LOST``.
        """
        volts = self._now_v
        if volts is None:
            return
        try:
            self._select()
            is_on, reading = self._is_on(), self._measure()
            if not is_on or not _reaches(volts, reading):
                self.switch_off()
                raise self._short(volts, reading)
        except TransportError:
            self._went_wrong = True
            raise

    def _measure(self) -> Reading:
        return Reading(
            voltage_v=self._talk.number("MEAS:VOLT?"), current_a=self._talk.number("MEAS:CURR?")
        )

    def _short(self, volts: float, reading: Reading) -> TransportError:
        return TransportError(
            Code.SUPPLY_SHORT,
            f"{self.name} gave {reading.voltage_v:.3f} V and {_milli(reading.current_a)} mA where"
            f" it was set to {volts:g} V with a limit of {_milli(self._limit_a)} mA, and was"
            " switched off.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    def _set(self, what: str, value: float) -> None:
        """Set a value, and see that it was taken."""
        self._talk.tell(f"{what} {value:.4f}")
        taken = self._talk.number(f"{what}?")
        if abs(taken - value) > max(0.001, 0.01 * value):
            raise self._talk.refused(
                f"{self.name} was told {what} {value:g}, and has {taken:g}.",
                hint="See which range and which output of it is selected (?channel=2).",
            )

    def _select(self) -> None:
        """Select our output, also where somebody has turned to another one since."""
        if self._channel is None:
            return
        self._talk.tell(f"INST:NSEL {self._channel}")
        taken = self._talk.number("INST:NSEL?")
        if taken != self._channel:
            raise self._talk.refused(
                f"{self.name} cannot be selected: the instrument stays at output {taken:g}.",
                hint="See how many outputs it has; ?channel=1 is the first.",
            )

    def switch_off(self) -> None:
        """Switch the output off.

        Raises:
            TransportError: ``SUPPLY_LOST``, ``SUPPLY_REFUSED``.
        """
        self._was_touched = True
        self._now_v = None
        self._select()
        self._talk.tell("OUTP OFF")
        if self._is_on():
            raise self._talk.refused(f"{self.name} does not switch its output off.")

    def begin_trace(self) -> None:
        """It records no current."""

    def end_trace(self) -> CurrentTrace | None:
        """Nothing."""
        return None

    def close(self) -> str:
        """Bring it back to what it was found as, where that is safe; else off."""
        if not self._talk.is_open:
            return ""
        try:
            return self._as_found()
        except TransportError as problem:
            return self._off_at_last(problem)
        except BaseException:  # such as a signal: there is nobody to tell it to, and it is safe
            self._off_at_last(None)
            raise
        finally:
            self._let_go()

    def _as_found(self) -> str:
        found = self._found
        if found is None or not self._was_touched:
            return f"{self.name} is as it was found."
        if not found.is_on:
            self.switch_off()
            return f"{self.name} is off, as it was found."
        if self._went_wrong:
            self.switch_off()
            return (
                f"{self.name} is off. It was found on at {found.voltage_v:g} V, and behind what"
                " went wrong it is not switched on again."
            )
        self._select()
        self._set("VOLT", found.voltage_v)
        self._set("CURR", found.limit_a)
        self._switch_on(found.voltage_v)
        return f"{self.name} is on at {found.voltage_v:g} V, as it was found."

    def _off_at_last(self, problem: TransportError | None) -> str:
        """Switch it off without asking what it thinks of that, and see whether it is."""
        why = "" if problem is None else f" ({problem.message.rstrip('.')})"
        try:
            if self._channel is not None:
                self._talk.tell_blindly(f"INST:NSEL {self._channel}")
            self._talk.tell_blindly("OUTP OFF")
            if not self._is_on():
                return f"{self.name} is off; it could not be left as it was found{why}."
        except TransportError:
            pass
        return (
            f"Careful: nobody knows in which state {self.name} is{why}; look at it, and switch it"
            " off by hand."
        )

    def _let_go(self) -> None:
        """Turn back to the output that was selected before, as far as that can be done."""
        try:
            if self._selected is not None:
                self._talk.tell_blindly(f"INST:NSEL {self._selected:g}")
        except TransportError:
            pass
        finally:
            self._talk.close()

    def _is_on(self) -> bool:
        answer = self._talk.ask("OUTP?")
        if answer.upper() not in {"0", "1", "ON", "OFF"}:
            raise self._talk.nonsense("OUTP?", answer)
        return answer.upper() in {"1", "ON"}


def _reaches(volts: float, reading: Reading) -> bool:
    tolerance_v = max(TOLERANCE_V, TOLERANCE * volts)
    return abs((reading.voltage_v or 0.0) - volts) <= tolerance_v


def _milli(amperes: float | None) -> str:
    return f"{(amperes or 0.0) * 1e3:.4g}"
