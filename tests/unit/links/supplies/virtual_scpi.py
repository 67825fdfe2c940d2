"""A bench supply with real outputs and loads, in the place of PyVISA: what pyvisa-sim cannot be."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest

IDENTITY = "ACME Instruments,PS-300,SN42,1.0"
NAME = "ACME Instruments PS-300"


@dataclass(kw_only=True)
class Output:
    """One output and what hangs on it.

    Attributes:
        volts: It is set to.
        limit_a: Its current limit.
        is_on: Whether it is on.
        load_ohm: What hangs on it.
        most_seen_v: The most that the load has ever got.
    """

    volts: float = 5.0
    limit_a: float = 1.0
    is_on: bool = False
    load_ohm: float = inf
    most_seen_v: float = 0.0

    def look(self) -> tuple[float, float]:
        """Volts and amperes at its terminals."""
        if not self.is_on:
            return 0.0, 0.0
        volts = min(self.volts, self.limit_a * self.load_ohm)
        return volts, volts / self.load_ohm


@dataclass(kw_only=True)
class VirtualBench:
    """The instrument.

    Attributes:
        outputs: Its outputs.
        selected: Which of them commands go to, 1 is the first.
        errors: Its error queue.
        told: Every command and question, in order.
        interrupt_at: Ctrl-C comes in this exchange of bytes; 1 is the first.
        cuts_writes: A command that is broken off is half out; else nothing of it is.
        timeouts_at: In these exchanges an answer comes too late.
        exchanges: So many there were.
        partial: The half of a command that is out.
        answers: Those that nobody has fetched yet.
        is_deaf: It does not answer any more.
    """

    outputs: list[Output] = field(default_factory=lambda: [Output()])
    selected: int = 1
    errors: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    interrupt_at: int = 0
    cuts_writes: bool = False
    timeouts_at: tuple[int, ...] = ()
    exchanges: int = 0
    partial: str = ""
    answers: deque[str] = field(default_factory=deque)
    is_deaf: bool = False

    def plugged_in(self, monkeypatch: pytest.MonkeyPatch) -> VirtualBench:
        """Have PyVISA find it."""
        monkeypatch.setattr("pyvisa.ResourceManager", lambda _visa: self)
        return self

    def open_resource(self, *_words: Any, **_options: Any) -> VirtualBench:
        """As PyVISA's."""
        return self

    def clear(self) -> None:
        """Not every backend can."""
        raise NotImplementedError

    def close(self) -> None:
        """As PyVISA's."""

    def write(self, command: str) -> None:
        """As PyVISA's."""
        if self._comes_a_signal():
            self.partial += command[: len(command) // 2] if self.cuts_writes else ""
            raise KeyboardInterrupt
        if self.is_deaf:
            raise TimeoutError("it is deaf")
        whole, self.partial = self.partial + command, ""
        self._obey(whole)

    def read(self) -> str:
        """As PyVISA's; an answer that is not fetched stays."""
        if self._comes_a_signal():
            raise KeyboardInterrupt
        if self.exchanges in self.timeouts_at or not self.answers:
            raise TimeoutError("no answer")
        return self.answers.popleft()

    def query(self, question: str) -> str:
        """As PyVISA's."""
        self.write(question)
        return self.read()

    def _comes_a_signal(self) -> bool:
        self.exchanges += 1
        if self.interrupt_at and self.exchanges == self.interrupt_at:
            self.interrupt_at = 0
            return True
        return False

    def _obey(self, command: str) -> None:
        self.told.append(command)
        output = self.outputs[self.selected - 1]
        if command.endswith("?"):
            self._answer(command, output)
        else:
            self._carry_out(command.split(), output)
        output.most_seen_v = max(output.most_seen_v, output.look()[0])

    def _answer(self, question: str, output: Output) -> None:
        volts, amperes = output.look()
        known = {
            "*IDN?": IDENTITY,
            "OUTP?": str(int(output.is_on)),
            "VOLT?": f"{output.volts:.4f}",
            "CURR?": f"{output.limit_a:.4f}",
            "MEAS:VOLT?": f"{volts:.4f}",
            "MEAS:CURR?": f"{amperes:.5f}",
            "INST:NSEL?": str(self.selected),
        }
        if question == "SYST:ERR?":
            self.answers.append(self.errors.pop(0) if self.errors else '+0,"No error"')
        elif question in known:
            self.answers.append(known[question])
        else:
            self.errors.append('-113,"Undefined header"')

    def _carry_out(self, words: list[str], output: Output) -> None:
        match words:
            case ["INST:NSEL", number] if 1 <= int(number) <= len(self.outputs):
                self.selected = int(number)
            case ["OUTP", "ON" | "OFF" as word]:
                output.is_on = word == "ON"
            case ["VOLT", value]:
                output.volts = float(value)
            case ["CURR", value]:
                output.limit_a = float(value)
            case []:
                pass
            case _:
                self.errors.append('-113,"Undefined header"')
