"""The two conditions of a comparison, and how each is brought about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.cli.experiment_bench import cycle_power
from firmline.cli.experiment_person import wait_for
from firmline.cli.style import printable
from firmline.errors import Code, InputError, shortened
from firmline.links.supplies.base import Setting, Supply
from firmline.links.supplies.uri import parse_setting
from firmline.links.supplies.virtual import VirtualSupply
from firmline.links.target import Target
from firmline.links.wanted import WantedTarget, check_targets

BENCH_V: Final = 3.0
"""Of a laboratory supply where nobody names a voltage: what the current figures are told for."""
OWN: Final = frozenset({"cell", "own", "own supply", "as it is"})
"""Words for what a virtual unit hangs on by its file."""
MOST_LABEL: Final = 60
"""Longest name of a condition, characters; ours: it stands in a table."""


class Factor(StrEnum):
    """What differs between the conditions."""

    SUPPLY = "supply"
    POWER_CYCLE = "power-cycle"
    HOST = "host"
    UNIT = "unit"
    OTHER = "other"


_USUAL: Final = {
    Factor.SUPPLY: ("cell", "bench"),
    Factor.POWER_CYCLE: ("as it is", "power-cycled"),
    Factor.HOST: ("host 1", "host 2"),
    Factor.UNIT: ("unit 1", "unit 2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The two, ``a`` and ``b``.

    Attributes:
        factor: What differs.
        labels: Their names, for people.
        settings: Of the supply; ``None``: the person's affair, or the unit's own.
        targets: One for each, one for both, or none.
    """

    factor: Factor
    labels: tuple[str, str]
    settings: tuple[Setting | None, Setting | None]
    targets: tuple[Target, ...]

    def index(self, side: str | float) -> int:
        """Of ``a`` or ``b`` in the pairs above."""
        return 0 if side == "a" else 1

    def label(self, side: str | float) -> str:
        """Its name."""
        return self.labels[self.index(side)]

    def loses_power(self) -> bool:
        """Whether a real unit loses its power when it is switched from one to the other."""
        if self.factor is Factor.POWER_CYCLE:
            return True
        is_bridged = any("parallel" in label.casefold() for label in self.labels)
        return self.factor is Factor.SUPPLY and not is_bridged


def conditions_of(
    factor: Factor, a: str | None, b: str | None, *, targets: Sequence[Target], supply: Supply
) -> Conditions:
    """Read the two conditions.

    Raises:
        InputError: They are one and the same, or cannot be brought about.
    """
    _check_targets(factor, targets)
    usual = _USUAL.get(factor, ("", ""))
    if factor in (Factor.HOST, Factor.UNIT) and len(targets) == 2:
        usual = (printable(targets[0].shown), printable(targets[1].shown))
    labels = (_label(a, usual[0], "--a"), _label(b, usual[1], "--b"))
    settings: tuple[Setting | None, Setting | None] = (None, None)
    if factor is Factor.SUPPLY:
        settings = (_setting(labels[0], supply), _setting(labels[1], supply))
    is_same = _plain(labels[0]) == _plain(labels[1])
    if is_same or (settings[0] is not None and settings[0] == settings[1]):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"Both conditions are {shortened(labels[1])!r}, and there is nothing to compare.",
            hint="Name with --a how the unit is now, and with --b what may make a difference.",
        )
    return Conditions(factor=factor, labels=labels, settings=settings, targets=tuple(targets))


def _label(given: str | None, usual: str, option: str) -> str:
    label = printable(" ".join((given if given is not None else usual).split()))
    if not label:
        raise InputError(
            Code.OPTION_MISSING,
            f"{option} is missing: it names a condition of the comparison.",
            hint='Name both: --a "old cable" --b "new cable".',
        )
    if len(label) > MOST_LABEL:
        raise InputError(
            Code.USAGE,
            f"{option} is longer than {MOST_LABEL} characters.",
            hint="Give the condition a short name.",
        )
    return label


def _plain(label: str) -> str:
    return label.casefold()


def _check_targets(factor: Factor, targets: Sequence[Target]) -> None:
    """See that there are as many units as conditions need."""
    if len(targets) < 2:
        return
    if factor not in (Factor.HOST, Factor.UNIT):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"With --factor {factor} both conditions are of one unit, and two targets are named.",
            hint="Give --to once; two targets are compared with --factor host or --factor unit.",
        )
    if factor is Factor.UNIT:
        check_targets([WantedTarget(target=each) for each in targets])
    if targets[0].text == targets[1].text:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"Both targets are {shortened(targets[0].shown)!r}, and there is nothing to compare.",
            hint="Name the unit over another radio or port for the second host.",
        )


def _setting(label: str, supply: Supply) -> Setting | None:
    """What a condition says of the supply; ``None``: a person, or the unit's own.

    Raises:
        InputError: ``SUPPLY_MALFORMED``: this supply cannot be told so.
    """
    found = parse_setting(label)
    if found is not None or supply.by_hand:
        return found
    word = _plain(label)
    if word == "bench":
        return Setting(voltage_v=BENCH_V)
    if isinstance(supply, VirtualSupply) and word in OWN:
        return None
    raise InputError(
        Code.SUPPLY_MALFORMED,
        f"{supply.name} cannot be set to {shortened(label)!r}.",
        hint="Write a voltage, such as 3.0V or 3.0V,20ohm; or have a person switch between"
        " conditions with --supply person.",
    )


class Switch:
    """Brings about conditions, and has a person do what it cannot.

    Args:
        conditions: The two.
        supply: What feeds the unit; open.
        setting: Of the supply where the conditions name none.
        is_taken_up: Whether runs were carried out before: nobody knows how the unit was left.
    """

    def __init__(
        self, conditions: Conditions, supply: Supply, setting: Setting, *, is_taken_up: bool = False
    ) -> None:
        self._conditions = conditions
        self._supply = supply
        self._setting = setting
        self._is_taken_up = is_taken_up
        self._now: str | float | None = None

    def __call__(self, side: str | float) -> None:
        """Bring it about; what is so already is left alone."""
        conditions, supply = self._conditions, self._supply
        setting = conditions.settings[conditions.index(side)]
        if conditions.factor is Factor.POWER_CYCLE:
            self._cycle(side)
        elif len(conditions.targets) == 2:
            pass  # each has its own
        elif setting is not None and not (supply.by_hand and None in conditions.settings):
            supply.apply(setting)
        elif isinstance(supply, VirtualSupply) and conditions.factor is Factor.SUPPLY:
            supply.own()
        elif side != self._now:
            self._have_switched(side)
        self._now = side

    def _cycle(self, side: str | float) -> None:
        if side == "b":
            cycle_power(self._supply, self._setting)
        elif not (self._supply.by_hand or isinstance(self._supply, VirtualSupply)):
            self._supply.apply(self._setting)

    def _have_switched(self, side: str | float) -> None:
        label = self._conditions.label(side)
        if self._now is None and self._is_taken_up:
            wait_for(f"The next run is '{label}': if the unit is so now, touch nothing.")
        elif self._now is None and side == "a":
            wait_for(f"The first run is '{label}': if the unit is so now, touch nothing.")
        else:
            wait_for(f"Now '{label}': change this and nothing else.")
