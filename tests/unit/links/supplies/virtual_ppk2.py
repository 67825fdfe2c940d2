"""A Power Profiler Kit II at a pseudo-terminal, from the facts of its protocol."""

from __future__ import annotations

import os
import pty
import select
import struct
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

RESISTORS = (1003.3506, 101.5865, 10.3027, 0.9636, 0.0564)
"""Ohms; of the order of a real instrument's."""
TOP_A = (50e-6, 500e-6, 5e-3, 50e-3, 1.0)
"""The most that each range measures, amperes."""
STEP_V = 1.8 / 163_840
LENGTHS = {0x06: 1, 0x07: 1, 0x0C: 2, 0x0D: 3, 0x11: 2, 0x19: 1}
PIECE = 500
"""Samples that are sent at once: 5 ms of them."""


def metadata() -> str:
    """What it says of itself."""
    lines = ["Calibrated: 1"]
    lines += [f"R{n}: {value:.4f}" for n, value in enumerate(RESISTORS)]
    for name, value in (("GS", 0), ("GI", 1), ("O", 0), ("S", 0), ("I", 0), ("UG", 1)):
        lines += [f"{name}{n}: {value}" for n in range(5)]
    return "\n".join([*lines, "VDD: 3000", "HW: 10173", "mode: 2", "IA: 57", "END", ""])


def word(amperes: float, counter: int) -> int:
    """The sample that stands for a current."""
    place = next((n for n, top in enumerate(TOP_A) if amperes <= top), 4)
    value = round(amperes / STEP_V * RESISTORS[place] / 4)
    return min(value, 0x3FFF) | place << 14 | (counter % 64) << 18


class VirtualPpk2:
    """The instrument; it runs in a thread of its own.

    Args:
        amperes: The unit's current over time since it was switched on; by its sample's number.
        says: What it answers instead of its metadata.
        loses: Every so many pieces of the stream, samples are lost.
    """

    def __init__(
        self,
        amperes: Callable[[int], float] = lambda _sample: 0.004,
        *,
        says: bytes | None = None,
        loses: int = 0,
    ) -> None:
        self.commands: list[bytes] = []
        self.voltage_v = 0.0
        self.is_on = False
        self.mode = 0
        self._amperes = amperes
        self._says = metadata().encode() if says is None else says
        self._loses = loses
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._sample = 0
        self._samples_flow = False
        self._due_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def is_off_soon(self) -> bool:
        """Whether it feeds the unit no longer, once it has read what it was told."""
        deadline_s = time.monotonic() + 5
        while self.is_on and time.monotonic() < deadline_s:
            time.sleep(0.005)
        return not self.is_on

    def unplug(self) -> None:
        """It is gone."""
        if not self._ends.is_set():
            self._ends.set()
            self._thread.join()
            os.close(self._theirs)
            os.close(self._ours)

    def _live(self) -> None:
        pending = b""
        while not self._ends.is_set():
            readable, _, _ = select.select([self._ours], [], [], 0.002)
            if readable:
                pending += os.read(self._ours, 256)
                pending = self._obey(pending)
            if self._samples_flow and time.monotonic() >= self._due_s:
                self._due_s += PIECE / 100_000
                self._send_samples()

    def _obey(self, pending: bytes) -> bytes:
        """Carry out what is whole; what is left."""
        while pending:
            length = LENGTHS.get(pending[0], 1)
            if len(pending) < length:
                break
            command, pending = pending[:length], pending[length:]
            self.commands.append(command)
            self._carry_out(command)
        return pending

    def _carry_out(self, command: bytes) -> None:
        match command[0]:
            case 0x06:
                self._samples_flow, self._due_s = True, time.monotonic()
            case 0x07:
                self._samples_flow = False
            case 0x0C:
                self.is_on = command[1] == 1
            case 0x0D:
                self.voltage_v = int.from_bytes(command[1:], "big") / 1000
            case 0x11:
                self.mode = command[1]
            case 0x19:
                for start in range(0, len(self._says), 64):  # as a serial line delivers it
                    os.write(self._ours, self._says[start : start + 64])

    def _send_samples(self) -> None:
        first = self._sample
        self._sample += PIECE
        if self._loses and (first // PIECE) % self._loses == self._loses - 1:
            first += 7
        words = [
            word(self._amperes(n) if self.is_on else 0.0, n) for n in range(first, self._sample)
        ]
        content = struct.pack(f"<{len(words)}I", *words)
        while content and not self._ends.is_set():
            _, writable, _ = select.select([], [self._ours], [], 0.1)
            if writable:
                content = content[os.write(self._ours, content[:2048]) :]
            elif not self._samples_flow:
                return


@contextmanager
def virtual_ppk2(
    amperes: Callable[[int], float] = lambda _sample: 0.004,
    *,
    says: bytes | None = None,
    loses: int = 0,
) -> Iterator[VirtualPpk2]:
    """One that is plugged in."""
    with VirtualPpk2(amperes, says=says, loses=loses) as instrument:
        yield instrument
