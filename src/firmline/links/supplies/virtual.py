"""The supply of a virtual unit: a setting becomes the source that its model hangs on.

Every run of a virtual unit begins with a new one, in the state that its file describes, so nothing
that is done to its supply destroys anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from firmline.device.description import UnitDescription
from firmline.device.physics.supply import Source
from firmline.links.supplies.base import Abilities, Reading, Setting
from firmline.links.supplies.current_trace import CurrentTrace

OWN_OHM: Final = 0.1
"""Of a laboratory supply and its wires (:class:`~firmline.device.physics.supply.Source`)."""


class VirtualSupply:
    """Feeds virtual units."""

    def __init__(self) -> None:
        self.name = "The virtual unit's supply"
        self.abilities = Abilities(resistance=True, least_v=0.0, most_v=10.0)
        self.by_hand = False
        self._setting: Setting | None = None
        self._was_cut = False

    def open(self) -> None:
        """It is there."""

    def apply(self, setting: Setting) -> Reading:
        """Feed the units that are made from now on so."""
        self._setting = setting
        return Reading()

    def own(self) -> None:
        """Feed the units that are made from now on with what their file says."""
        self._setting = None

    def switch_off(self) -> None:
        """What the next unit holds that only power holds is lost."""
        self._was_cut = True

    def begin_trace(self) -> None:
        """The model records no current."""

    def end_trace(self) -> CurrentTrace | None:
        """Nothing."""
        return None

    def check_still_fed(self) -> None:
        """The model sees to it."""

    def close(self) -> str:
        """There is nothing to leave."""
        return ""

    def feed(self, unit: UnitDescription) -> UnitDescription:
        """The unit on this supply, for one run."""
        if self._was_cut:
            self._was_cut = False
            unit = replace(unit, gpregret=0, lost_buffers=0)
        if self._setting is None:
            return unit
        return replace(unit, supply=source_of(self._setting, unit.source))


def source_of(setting: Setting, own: Source) -> Source:
    """A laboratory supply in the place of what a unit hangs on, with that unit's capacitor."""
    return replace(
        own,
        open_circuit_v=setting.voltage_v,
        resistance_ohm=OWN_OHM + setting.resistance_ohm,
        passivation_ohm=0.0,
    )
