"""A supply that a person sets: one clear sentence, and Enter when it is done."""

from __future__ import annotations

from collections.abc import Callable

from firmline.links.supplies.base import USUAL_LIMIT_A, Abilities, Reading, Setting
from firmline.links.supplies.current_trace import CurrentTrace


class PersonSupply:
    """Somebody with a bench supply, or with cells and resistors.

    Args:
        ask: Says a sentence and waits until it is done.
        limit_a: The current limit to set, amperes.
    """

    def __init__(self, ask: Callable[[str], None], *, limit_a: float = USUAL_LIMIT_A) -> None:
        self.name = "The person at the bench"
        self.abilities = Abilities(resistance=True, current_limit=True)
        self.by_hand = True
        self._ask = ask
        self._limit_a = limit_a
        self._setting: Setting | None = None
        self._is_told_the_limit = False

    def open(self) -> None:
        """There is nothing to find."""

    def apply(self, setting: Setting) -> Reading:
        """Have it set; what is set already is not asked for again."""
        if setting == self._setting:
            return Reading()
        limit = "" if self._is_told_the_limit else f", with a current limit of {self._limit_a:g} A,"
        self._ask(f"Feed the unit with {setting}{limit} and see that it is on.")
        self._is_told_the_limit = True
        self._setting = setting
        return Reading()

    def switch_off(self) -> None:
        """Have it switched off."""
        self._ask("Switch the unit's supply off.")
        self._setting = None

    def begin_trace(self) -> None:
        """A person records nothing."""

    def end_trace(self) -> CurrentTrace | None:
        """Nothing."""
        return None

    def check_still_fed(self) -> None:
        """A person sees it."""

    def close(self) -> str:
        """Say in which state it is, as far as it was asked for."""
        if self._setting is None:
            return ""
        return f"The supply is as you have set it last: {self._setting}."
