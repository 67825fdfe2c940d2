"""Nordic's Power Profiler Kit II as a supply: it feeds the unit and records its current.

A driver of our own: the package that is named ppk2-api is under GPL-2.0, which a program under
Apache-2.0 cannot be shipped with, and the few commands that are needed are soon written. The
instrument does not measure its voltage, and limits no current below its own 1 A; so its current is
looked at each time it was switched and watched during a run, and it is switched off where that is
above the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing
from firmline.links.serial.problems import cannot_open
from firmline.links.supplies.base import USUAL_LIMIT_A, Abilities, Reading, Setting
from firmline.links.supplies.current_trace import CurrentTrace
from firmline.links.supplies.ppk2_reader import POWER_OFF, Reader, Watch
from firmline.links.supplies.ppk2_samples import END, RATE_HZ, Calibration, decode

if TYPE_CHECKING:
    from serial import Serial

START, STOP = b"\x06", b"\x07"
"""Of the samples."""
POWER: Final = b"\x0c"
"""1: the unit is fed; 0: it is not."""
VOLTAGE: Final = b"\x0d"
"""Millivolts, two bytes, big-endian."""
MODE: Final = b"\x11"
SOURCE: Final = b"\x02"
"""It feeds the unit itself; 1 would be to measure what another supply gives."""
METADATA: Final = b"\x19"
LEAST_V, MOST_V = 0.8, 5.0
"""What it gives (PPK2 user guide: source meter mode)."""
ANSWER_S: Final = 2.0
"""Until its calibration is there; ours."""
QUIET_S: Final = 0.1
"""Of silence, behind which nothing of an earlier run is on its way; ours."""
LOOK_S: Final = 0.05
"""How long its current is looked at; ours: a few connection events."""
SETTLE_S: Final = 0.2
"""Until a unit's capacitors are charged; ours."""
READ_S: Final = 0.05
"""A read waits so long at most, so that a thread of readings ends soon; ours."""


class Ppk2Supply:
    """A Power Profiler Kit II at a serial port.

    Args:
        port: Its port; of the two it may have, the first.
        limit_a: Current above which it is switched off again, amperes.
        warn: Says a sentence at once, when it was switched off in the middle of a run.
    """

    def __init__(
        self,
        port: str,
        *,
        limit_a: float = USUAL_LIMIT_A,
        warn: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.name = f"The PPK2 at {shortened(port)}"
        self.abilities = Abilities(measures=True, traces=True, least_v=LEAST_V, most_v=MOST_V)
        self.by_hand = False
        self._port_name = port
        self._limit_a = limit_a
        self._warn = warn
        self._cut_off_a: float | None = None
        self._port: Serial | None = None
        self._calibration: Calibration | None = None
        self._volts = 0.0
        self._is_on = False
        self._was_touched = False
        self._reader: Reader | None = None

    def open(self) -> None:
        """Find it, and read its calibration; switches nothing.

        Raises:
            TransportError: ``LINK_EXTRA_MISSING``, ``SUPPLY_NONSENSE``, or the port's own.
        """
        try:
            from serial import Serial, SerialException  # noqa: PLC0415 - an extra
        except ImportError:
            raise extra_missing("supply", "A PPK2 needs pyserial") from None
        try:
            self._port = Serial(self._port_name, timeout=READ_S, write_timeout=1.0, exclusive=True)
        except (SerialException, OSError, ValueError) as problem:
            raise cannot_open(self._port_name, problem) from None
        self._write(STOP)
        self._drain()
        self._write(METADATA)
        said = self._read_until_end()
        self._calibration = Calibration.parse(said)
        if self._calibration is None:
            raise TransportError(
                Code.SUPPLY_NONSENSE,
                f"What is at {shortened(self._port_name)} does not answer as a PPK2 does:"
                f" {shortened(said[:40]) if said else 'it says nothing'}.",
                reason=TransportReason.NOT_AVAILABLE,
                hint="A PPK2 has two ports: take the other one, and close nRF Connect.",
            )

    def apply(self, setting: Setting) -> Reading:
        """Set the voltage, switch on, and see that the current is below the limit.

        Raises:
            TransportError: ``SUPPLY_SHORT``, ``SUPPLY_LOST``.
        """
        self._was_touched = True
        if not self._is_on:
            self._write(MODE + SOURCE)
        self._write(VOLTAGE + round(setting.voltage_v * 1000).to_bytes(2, "big"))
        self._write(POWER + b"\x01")
        self._volts, was_on, self._is_on = setting.voltage_v, self._is_on, True
        if not was_on:
            time.sleep(SETTLE_S)
        current_a = self._look()
        if current_a > self._limit_a:
            self.switch_off()
            raise self._over(current_a)
        return Reading(current_a=current_a)

    def _over(self, current_a: float) -> TransportError:
        return TransportError(
            Code.SUPPLY_SHORT,
            f"{self.name} gave {current_a * 1e3:.1f} mA at {self._volts:g} V, which is more than"
            f" {self._limit_a * 1e3:g} mA, and was switched off.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    def _look(self) -> float:
        """The mean current of a moment."""
        self._read_on(watch=None).wait_for(round(LOOK_S * RATE_HZ) * 4)
        trace = self.end_trace()
        summary = None if trace is None else trace.summary()
        if summary is None:
            raise self._lost("it sends no samples")
        return summary.mean_a

    def switch_off(self) -> None:
        """Feed the unit no longer.

        Raises:
            TransportError: ``SUPPLY_LOST``.
        """
        self._was_touched = True
        self._write(POWER_OFF)
        self._is_on = False

    def begin_trace(self) -> None:
        """Record from now on.

        Raises:
            TransportError: ``SUPPLY_LOST``.
        """
        if not self._is_on or self._reader is not None or self._calibration is None:
            return
        self._read_on(
            watch=Watch(
                self._calibration,
                voltage_v=self._volts,
                limit_a=self._limit_a,
                cut=lambda current_a: self._warn(self._over(current_a).message),
            )
        )

    def _read_on(self, *, watch: Watch | None) -> Reader:
        self._write(START)
        self._reader = Reader(self._open_port(), watch=watch)
        self._reader.start()
        return self._reader

    def end_trace(self) -> CurrentTrace | None:
        """What was recorded.

        Raises:
            TransportError: ``SUPPLY_LOST``.
        """
        reader, self._reader = self._reader, None
        if reader is None or self._calibration is None:
            return None
        try:
            self._write(STOP)
        finally:
            content = reader.end()
        self._drain()
        if reader.watch is not None and reader.watch.over_a is not None:
            self._cut_off_a, self._is_on = reader.watch.over_a, False
        if reader.problem is not None:
            raise self._lost(reader.problem)
        return decode(content, self._calibration, voltage_v=self._volts)

    def check_still_fed(self) -> None:
        """See that the unit was not cut off in the middle of a run.

        Raises:
            TransportError: ``SUPPLY_SHORT``.
        """
        current_a, self._cut_off_a = self._cut_off_a, None
        if current_a is not None:
            raise self._over(current_a)

    def close(self) -> str:
        """Switch the unit's power off, if it was touched: nobody can ask it what it was before."""
        if self._port is None:
            return ""
        try:
            if not self._was_touched:
                return ""
            self._write(POWER_OFF)
            self._write(STOP)
        except TransportError:
            return (
                f"Careful: {self.name} does not answer, and nobody knows whether it feeds the unit;"
                " unplug it."
            )
        else:
            return f"{self.name} is off: the unit has no power."
        finally:
            if self._reader is not None:
                self._reader.end()
                self._reader = None
            with suppress(OSError):
                self._port.close()
            self._port = None

    def _read_until_end(self) -> bytes:
        said = bytearray()
        deadline_s = time.monotonic() + ANSWER_S
        while END not in said and time.monotonic() < deadline_s and len(said) < 100_000:
            said += self._read()
        return bytes(said)

    def _drain(self) -> None:
        """Wait until nothing comes any more."""
        deadline_s = time.monotonic() + ANSWER_S
        quiet_s = time.monotonic() + QUIET_S
        while time.monotonic() < min(deadline_s, quiet_s):
            if self._read():
                quiet_s = time.monotonic() + QUIET_S

    def _read(self) -> bytes:
        try:
            return bytes(self._open_port().read(4096))
        except OSError as problem:
            raise self._lost(str(problem)) from None

    def _write(self, command: bytes) -> None:
        try:
            self._open_port().write(command)
        except OSError as problem:  # a SerialException is one
            raise self._lost(str(problem)) from None

    def _open_port(self) -> Serial:
        if self._port is None:
            raise self._lost("it is not open")
        return self._port

    def _lost(self, why: str) -> TransportError:
        return TransportError(
            Code.SUPPLY_LOST,
            f"{self.name} does not answer any more: {shortened(' '.join(why.split()))}.",
            reason=TransportReason.LOST,
        )
