"""How one attempt of a step went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmline.diagnosis.trace_words import OF_THE_STATION
from firmline.errors import FirmlineError, InputError, LocalProtocolError, StoreError
from firmline.line.outcomes import StepOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one attempt of a step went, before its limits are judged.

    Attributes:
        outcome: How it ended.
        code: The stable code of what went wrong; empty: nothing.
        message: It in a sentence; of what went well, what was seen.
        hint: The next thing to do; empty: what the code says in general.
        measured: What was measured, by the names of the recipe; a text is no number.
    """

    outcome: StepOutcome = StepOutcome.PASS
    code: str = ""
    message: str = ""
    hint: str = ""
    measured: Mapping[str, float | str] = field(default_factory=dict)


def of_error(error: FirmlineError) -> StepResult:
    """The result of a step that ended with an error."""
    is_station = isinstance(
        error, InputError | StoreError | LocalProtocolError
    ) or error.code.startswith(OF_THE_STATION)
    return StepResult(
        outcome=StepOutcome.ERROR if is_station else StepOutcome.FAIL,
        code=str(error.code),
        message=error.message,
        hint=error.hint,
    )
