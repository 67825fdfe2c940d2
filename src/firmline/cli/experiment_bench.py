"""The bench on which an experiment is run: units, supply, and the person who switches by hand.

Whatever it can switch by itself it does: one of two targets, a supply's voltage, its power. The
rest a person is told in one sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmline.cli.experiment_attempts import Attempts
from firmline.cli.experiment_file import RunsFile, current_csv
from firmline.cli.experiment_person import accepts, say, wait_for
from firmline.cli.files import write_file
from firmline.cli.interruption import interruptions
from firmline.cli.style import printable
from firmline.cli.unit_session import prepare_unit
from firmline.errors import Code, InputError
from firmline.links.supplies.base import Limits, Setting, Supply, check_setting
from firmline.links.supplies.current_trace import CurrentTrace
from firmline.links.supplies.open import supply_of
from firmline.links.supplies.uri import SupplyKind, parse_supply
from firmline.links.supplies.virtual import VirtualSupply
from firmline.links.target import Scheme, Target
from firmline.links.wanted import WantedTarget
from firmline.updater.experiments.runs import Run

OFF_S: Final = 3.0
"""How long power is taken away, seconds: as the diagnosis' own test of a power cycle."""
_WARNING: Final = (
    "The unit will lose its power between runs. What only power holds (its RAM and reset reason,"
    " receive buffers that were lost, a register that keeps it in its bootloader) is gone then, and"
    " nobody can look at it any more. Do first what destroys nothing: keep a trace of the failure"
    " (firmline update ... --trace FILE), see whether the unit restarts, try another host, bridge"
    " the seated cell with a bench supply (--factor supply --b parallel). firmline diagnose FILE"
    " plans these tests."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyOptions:
    """What feeds the unit; what the options of a command line say.

    Attributes:
        uri: Which supply; ``None``: the virtual unit's own, or a person.
        limits: Between which voltages a unit may be fed.
        limit_a: The current limit, amperes.
        accepts_power_loss: Whether the unit may lose its power.
    """

    uri: str | None
    limits: Limits
    limit_a: float
    accepts_power_loss: bool

    def supply(self, targets: Sequence[Target]) -> Supply:
        """The supply, not opened yet.

        Raises:
            InputError: It is not understood, or feeds no such unit.
        """
        are_virtual = bool(targets) and all(each.scheme is Scheme.SIM for each in targets)
        usual = SupplyKind.SIM if are_virtual else SupplyKind.PERSON
        uri = parse_supply(self.uri or usual.value)
        if uri.kind is SupplyKind.SIM and not are_virtual:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--supply sim feeds virtual units, and the unit is none.",
                hint="Name what feeds it: person, scpi:RESOURCE or ppk2:PORT.",
            )
        if uri.kind in (SupplyKind.SCPI, SupplyKind.PPK2) and are_virtual:
            raise InputError(
                Code.OPTION_CONFLICT,
                f"A virtual unit does not hang on {uri.kind}:, and its runs would say nothing.",
                hint="Leave --supply out: a virtual unit has a supply of its own.",
            )
        return supply_of(
            uri,
            ask=wait_for,
            warn=lambda sentence: say(printable(sentence)),
            limit_a=self.limit_a,
            limits=self.limits,
        )

    def check(self, settings: Sequence[Setting], supply: Supply) -> None:
        """See that the supply may and can do all that, before anything is switched.

        Raises:
            InputError: ``SUPPLY_LIMITS`` or ``SUPPLY_CANNOT``.
        """
        for setting in settings:
            check_setting(setting, supply.abilities, self.limits, name=supply.name)

    def have_power_loss_accepted(self) -> None:
        """Warn of what would be lost, before anything is.

        Raises:
            InputError: ``POWER_LOSS_NOT_ACCEPTED``.
        """
        if self.accepts_power_loss:
            say(_WARNING)
        elif not accepts(_WARNING):
            raise InputError(
                Code.POWER_LOSS_NOT_ACCEPTED,
                "In this experiment the unit loses its power, and nobody has accepted that.",
            )


@contextmanager
def opened(supply: Supply, told: list[str]) -> Iterator[None]:
    """Have a supply open; however it ends, it is left in a safe state, which is told.

    Args:
        supply: Which.
        told: Takes the state it was left in.
    """
    try:
        supply.open()
        yield
    finally:
        with interruptions.finishing():
            state = supply.close()
            if state:
                told.append(state)
                say(printable(state))


class Bench:
    """Carries out runs.

    Args:
        attempts: What is tried.
        supply: What feeds the unit; open.
        log: Where runs are kept.
        unit_of: Which unit a condition means; ``None``: the person has it.
        bring: Brings about a condition.
    """

    def __init__(
        self,
        attempts: Attempts,
        *,
        supply: Supply,
        log: RunsFile | None,
        unit_of: Callable[[str | float], WantedTarget | None],
        bring: Callable[[str | float], None],
    ) -> None:
        self._attempts = attempts
        self._supply = supply
        self._log = log
        self._unit_of = unit_of
        self._bring = bring

    def __call__(self, condition: str | float, number: int) -> Run:
        """Bring about the condition, and run.

        Raises:
            FirmlineError: No further run can be carried out.
            StoppedByPersonError: Somebody has had enough.
        """
        self._bring(condition)
        wanted = self._unit_of(condition)
        keeps_trace = self._log is not None and wanted is not None
        trace = self._log.beside(number, ".jsonl") if self._log and keeps_trace else None
        if isinstance(self._supply, VirtualSupply) and wanted is not None:
            wanted = replace(wanted, unit=self._supply.feed(wanted.description))
        current: CurrentTrace | None = None
        self._supply.begin_trace()
        try:
            ended = self._attempts.once(wanted or _NOBODY, trace)
        finally:
            current = self._supply.end_trace()
        current_file = self._keep_current(current, number)
        self._supply.check_still_fed()  # how it ended says nothing of the unit where it was not
        return Run(
            number=number,
            condition=condition,
            ended=ended,
            trace="" if trace is None or not trace.exists() else trace.name,
            current=None if current is None else current.summary(),
            current_file=current_file,
        )

    def _keep_current(self, current: CurrentTrace | None, number: int) -> str:
        if current is None or self._log is None:
            return ""
        path = self._log.beside(number, ".csv")
        write_file(path, current_csv(current), replace=False)
        return path.name


_NOBODY: Final = WantedTarget(target=Target(text="", scheme=Scheme.SIM, where=""))
"""Where a person carries out the run, who has the unit."""


def wanted_units(
    targets: Sequence[Target], *, log: Path | None, package: Path | None
) -> list[WantedTarget]:
    """Read what the targets name.

    Raises:
        InputError: One cannot be used.
    """
    return [prepare_unit(each, trace=log, inputs=[package]) for each in targets]


def cycle_power(supply: Supply, setting: Setting) -> None:
    """Take the power away for a while, and bring it back."""
    if supply.by_hand:
        wait_for(f"Take the unit's supply away for {OFF_S:g} seconds, and bring it back.")
        return
    supply.switch_off()
    if isinstance(supply, VirtualSupply):
        return
    time.sleep(OFF_S)
    supply.apply(setting)
