"""A bench supply that speaks SCPI, over whatever PyVISA reaches: network, USB, GPIB, serial port.

Only what SCPI-99 (volume 2, and volume 4 for power supplies) calls common is used: ``VOLT``,
``CURR``, ``OUTP``, ``MEAS:VOLT?``, ``MEAS:CURR?``, ``SYST:ERR?`` and, for a supply with several
outputs, ``INST:NSEL``. Nothing is believed: settings are read back, and the voltage is measured.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing
from firmline.links.supplies.base import USUAL_LIMIT_A, Abilities, Reading, Setting
from firmline.links.supplies.current_trace import CurrentTrace

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

TIMEOUT_MS: Final = 2000
"""Until an answer; ours: slow instruments take half a second for a measurement."""
SETTLE_S: Final = 2.0
"""Until the voltage is there; ours: large output capacitors and slow start-up included."""
LOOK_S: Final = 0.1
"""Between two looks at the voltage; ours."""
TOLERANCE: Final = 0.02
TOLERANCE_V: Final = 0.03
"""How far the measured voltage may be off, as a part of it and in volts: the larger counts; ours,
several times the accuracy of a cheap bench supply."""
LONGEST: Final = 200
"""Longest answer that is looked at, characters; ours."""


class ScpiSupply:
    """A bench supply.

    Args:
        resource: Its VISA resource name.
        channel: Which output, 1 is the first; ``None``: it has one, or the one that is selected.
        visa: The VISA library, as PyVISA names it; empty: PyVISA's choice.
        limit_a: The current limit, amperes.
    """

    def __init__(
        self,
        resource: str,
        *,
        channel: int | None = None,
        visa: str = "",
        limit_a: float = USUAL_LIMIT_A,
    ) -> None:
        self.name = f"The supply at {shortened(resource)}"
        self.abilities = Abilities(current_limit=True, measures=True)
        self.by_hand = False
        self._resource_name = resource
        self._channel = channel
        self._visa = visa
        self._limit_a = limit_a
        self._manager: Any = None
        self._resource: MessageBasedResource | None = None
        self._found: tuple[bool, float, float] | None = None
        """Whether it was found on, at how many volts, with which current limit."""
        self._was_touched = False

    def open(self) -> None:
        """Find it, and see that it is a supply; switches nothing.

        Raises:
            TransportError: ``LINK_EXTRA_MISSING``, ``SUPPLY_NOT_FOUND``, ``SUPPLY_NONSENSE``.
        """
        try:
            import pyvisa  # noqa: PLC0415 - an extra
        except ImportError:
            raise extra_missing("supply", "SCPI supplies need PyVISA") from None
        try:
            self._manager = pyvisa.ResourceManager(self._visa)
            self._resource = self._manager.open_resource(
                self._resource_name,
                read_termination="\n",
                write_termination="\n",
                timeout=TIMEOUT_MS,
            )
        except Exception as problem:  # noqa: BLE001 - its backends raise whatever they meet
            self._release()
            raise self._not_found(problem) from None
        try:
            self._identify()
        except TransportError:
            self._release()
            raise

    def _identify(self) -> None:
        identity = self._ask("*IDN?", code=Code.SUPPLY_NOT_FOUND)
        if identity.count(",") < 2:
            raise self._nonsense("*IDN?", identity)
        if self._channel is not None:
            self._tell(f"INST:NSEL {self._channel}")
        self._found = (self._is_on(), self._number("VOLT?"), self._number("CURR?"))
        maker, model = (part.strip() for part in identity.split(",")[:2])
        self.name = shortened(f"{maker} {model}")

    def apply(self, setting: Setting) -> Reading:
        """Set current limit and voltage, see that they were taken, switch on, and measure.

        Raises:
            TransportError: ``SUPPLY_REFUSED``, ``SUPPLY_SHORT``, ``SUPPLY_LOST``.
        """
        self._was_touched = True
        self._set("CURR", self._limit_a)
        self._set("VOLT", setting.voltage_v)
        self._tell("OUTP ON")
        if not self._is_on():
            raise TransportError(
                Code.SUPPLY_REFUSED,
                f"{self.name} does not switch its output on.",
                reason=TransportReason.REFUSED,
                hint="Look at its front panel: a protection may have tripped.",
            )
        return self._settled(setting.voltage_v)

    def _settled(self, volts: float) -> Reading:
        tolerance_v = max(TOLERANCE_V, TOLERANCE * volts)
        deadline_s = time.monotonic() + SETTLE_S
        while True:
            reading = Reading(
                voltage_v=self._number("MEAS:VOLT?"), current_a=self._number("MEAS:CURR?")
            )
            if abs((reading.voltage_v or 0.0) - volts) <= tolerance_v:
                return reading
            if time.monotonic() >= deadline_s:
                raise self._short(volts, reading)
            time.sleep(LOOK_S)

    def _short(self, volts: float, reading: Reading) -> TransportError:
        return TransportError(
            Code.SUPPLY_SHORT,
            f"{self.name} gives {reading.voltage_v:.3f} V and {(reading.current_a or 0) * 1e3:.1f}"
            f" mA where it was set to {volts:g} V with a limit of {self._limit_a * 1e3:g} mA.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    def _set(self, what: str, value: float) -> None:
        """Set a value, and see that it was taken."""
        self._tell(f"{what} {value:.4f}")
        taken = self._number(f"{what}?")
        if abs(taken - value) > max(0.001, 0.01 * value):
            raise TransportError(
                Code.SUPPLY_REFUSED,
                f"{self.name} was told {what} {value:g}, and has {taken:g}.",
                reason=TransportReason.REFUSED,
                hint="See which range and which output of it is selected (?channel=2).",
            )

    def switch_off(self) -> None:
        """Switch the output off.

        Raises:
            TransportError: ``SUPPLY_LOST``, ``SUPPLY_REFUSED``.
        """
        self._was_touched = True
        self._tell("OUTP OFF")
        if self._is_on():
            raise TransportError(
                Code.SUPPLY_REFUSED,
                f"{self.name} does not switch its output off.",
                reason=TransportReason.REFUSED,
            )

    def begin_trace(self) -> None:
        """It records no current."""

    def end_trace(self) -> CurrentTrace | None:
        """Nothing."""
        return None

    def close(self) -> str:
        """Bring it back to what it was found as: on at that voltage, or off."""
        if self._resource is None:
            return ""
        try:
            return self._as_found()
        except TransportError:
            return (
                f"Careful: {self.name} does not answer, and nobody knows in which state it is; look"
                " at it."
            )
        finally:
            self._release()

    def _as_found(self) -> str:
        if self._found is None or not self._was_touched:
            return f"{self.name} is as it was found."
        was_on, volts, amperes = self._found
        if not was_on:
            self.switch_off()
            return f"{self.name} is off, as it was found."
        self._set("VOLT", volts)
        self._set("CURR", amperes)
        self._tell("OUTP ON")
        return f"{self.name} is on at {volts:g} V, as it was found."

    def _release(self) -> None:
        for each in (self._resource, self._manager):
            try:
                if each is not None:
                    each.close()
            except Exception:  # noqa: BLE001, S110 - it is let go of; nothing can be done
                pass
        self._resource = self._manager = None

    def _is_on(self) -> bool:
        answer = self._ask("OUTP?")
        if answer.upper() not in {"0", "1", "ON", "OFF"}:
            raise self._nonsense("OUTP?", answer)
        return answer.upper() in {"1", "ON"}

    def _number(self, question: str) -> float:
        answer = self._ask(question)
        try:
            value = float(answer)
        except ValueError:
            raise self._nonsense(question, answer) from None
        if not math.isfinite(value) or abs(value) > 1e6:  # 9.9e37 is SCPI's "not a number"
            raise self._nonsense(question, answer)
        return value

    def _tell(self, command: str) -> None:
        """Give a command, and see that it was understood."""
        try:
            self._open_resource().write(command)
        except Exception as problem:  # noqa: BLE001 - backends raise whatever they meet
            raise self._lost(problem) from None
        error = self._ask("SYST:ERR?")
        number = error.split(",")[0].strip()
        if number.lstrip("+-").strip("0"):
            raise TransportError(
                Code.SUPPLY_REFUSED,
                f"{self.name} does not take {command!r}: {shortened(error)}.",
                reason=TransportReason.REFUSED,
            )

    def _ask(self, question: str, *, code: Code = Code.SUPPLY_LOST) -> str:
        try:
            answer = self._open_resource().query(question)
        except UnicodeDecodeError:
            raise self._nonsense(question, "bytes that are no text") from None
        except Exception as problem:  # noqa: BLE001 - backends raise whatever they meet
            raise self._lost(problem, code=code) from None
        return str(answer)[:LONGEST].strip()

    def _open_resource(self) -> MessageBasedResource:
        if self._resource is None:
            raise self._lost(ConnectionError("it is not open"))
        return self._resource

    def _not_found(self, problem: Exception) -> TransportError:
        return TransportError(
            Code.SUPPLY_NOT_FOUND,
            f"{self.name} cannot be opened: {_in_short(problem)}.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    def _lost(self, problem: Exception, *, code: Code = Code.SUPPLY_LOST) -> TransportError:
        return TransportError(
            code,
            f"{self.name} does not answer: {_in_short(problem)}.",
            reason=TransportReason.LOST,
        )

    def _nonsense(self, question: str, answer: str) -> TransportError:
        return TransportError(
            Code.SUPPLY_NONSENSE,
            f"{self.name} answers {question} with {shortened(answer)!r}, which no supply does.",
            reason=TransportReason.NOT_AVAILABLE,
        )


def _in_short(problem: Exception) -> str:
    text = " ".join(str(problem).split()) or type(problem).__name__
    return shortened(text).rstrip(".")
