"""What of an observation follows from another one, so that it says nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from firmline.diagnosis.contradiction_rules import group
from firmline.diagnosis.vocabulary import vocabulary

BEHIND_APPLICATION: Final = frozenset(
    {
        *("enter_bootloader", "find_bootloader", "connect_bootloader", "discover_bootloader"),
        *("init_transfer", "init_execute", "data_transfer", "final_execute"),
    }
)
"""Phases to which an application leads that runs: that it does says nothing there."""
TIMED_OUT: Final = frozenset({"hci_08", "gatt_8"})
"""Codes of a link on which nothing was heard for a while."""
FINAL_HASH: Final = "x0C"
"""The extended error of the last EXECUTE; every other one is of the init packet's."""
TOLD_BESIDE: Final = frozenset({"failure_kind", "host_code"})
"""What a host shows behind an answer of the unit, whichever that is."""

Found = Mapping[str, tuple[str, ...]]
"""The values that were seen, by their field."""


def telling(field: str, values: tuple[str, ...], found: Found) -> tuple[str, ...]:
    """What of a field does not follow from something else: of one with several values, each.

    Args:
        field: Of the vocabulary.
        values: What was seen in it.
        found: What was seen in all.
    """
    if vocabulary()[field].many and field != "cured_by":
        return tuple(each for each in values if not _is_said(field, (each,), found))
    return () if _is_said(field, values, found) else values


def answered_at(ext_error: str) -> str:
    """The phase to which an extended error is an answer (bootloader spec, section 2.3)."""
    return "final_execute" if ext_error == FINAL_HASH else "init_execute"


def _is_said(field: str, values: tuple[str, ...], found: Found) -> bool:
    answers = found.get("ext_error", ())
    return bool(answers and _follows_from_answer(field, values, answers)) or _follows(
        field, values, found
    )


def _follows(field: str, values: tuple[str, ...], found: Found) -> bool:
    phases = found.get("phase", ())
    match field, values:
        case "failure_kind", ("error_code",):
            return "result_code" in found
        case "flags", ("app_ok",):  # it was the application that led to where it failed
            return bool(phases) and BEHIND_APPLICATION.issuperset(phases)
        case "host_code", _ if TIMED_OUT.issuperset(values):  # a unit that restarts ends no link
            return bool({"once", "repeatedly"} & set(found.get("unit_resets", ())))
        case "progress", ("none",):
            return bool(phases) and group("before_data").issuperset(phases)
        case "progress", ("end",):
            return bool(phases) and group("behind_data").issuperset(phases)
        case _:
            return False


def _follows_from_answer(field: str, values: tuple[str, ...], answers: tuple[str, ...]) -> bool:
    """Whether an extended error says it, or says better: which step it answers, and with what."""
    if field == "phase":  # another step than that is somebody's slip
        return not {answered_at(each) for each in answers}.intersection(values)
    return field in TOLD_BESIDE or (field, values) == ("result_code", ("r0B",))
