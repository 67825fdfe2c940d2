"""Reports that somebody, or a program, has written down: JSON with the fields of the vocabulary.

What is not of the vocabulary is not used, and said; the rest of the report counts all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.vocabulary import Field, vocabulary
from firmline.errors import Code, InputError, shortened

MAX_FIELDS: Final = 1000
"""Fields and values of a report that are looked at; ours: a report has at most 23 fields."""
RULED_OUT: Final = "ruled_out"
"""Beside ``evidence``: what was looked for and is not so."""
OBSERVATIONS: Final = "observations"
"""Beside both, in a report that firmline has written: who has said each of them, and where."""
RESULT: Final = "result"
"""The ``type`` of what ``firmline diagnose --json`` prints; its ``evidence`` is a list of them."""
DONE: Final = "done"
"""There, the tests that were done."""


class Keyed(dict[str, object]):
    """An object of JSON that remembers what stands in it more than once.

    Attributes:
        twice: All values of such a key, in their order.
    """

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.twice: dict[str, list[object]] = {}
        if len(self) < len(pairs):
            for key, value in pairs:
                self.twice.setdefault(key, []).append(value)
            self.twice = {key: all_of for key, all_of in self.twice.items() if len(all_of) > 1}


def load_json(content: bytes) -> object:
    """JSON, whose objects remember what stands in them twice.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deeply.
    """
    try:
        return json.loads(content, object_pairs_hook=Keyed)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:  # of which Python tells how to have it read all the same
        message = "a number in it has thousands of digits"
        raise ValueError(message) from None


def read_report(content: bytes, *, name: str, origin: Origin = Origin.REPORT) -> Incident:
    """Read a report.

    Args:
        content: JSON: an object with ``evidence``, and ``ruled_out`` if something was looked for in
            vain; what else it has is not read.
        name: Of the file, for messages.
        origin: Who says so.

    Raises:
        InputError: ``REPORT_MALFORMED``: it is no JSON object, or has no evidence in it.
    """
    try:
        report = load_json(content)
    except (ValueError, RecursionError) as problem:
        raise _malformed(name, f"is no JSON: {_in_short(problem)}") from None
    return incident_of(report, name=name, origin=origin)


def incident_of(report: object, *, name: str, origin: Origin = Origin.REPORT) -> Incident:
    """What a report says, which was read from JSON.

    Raises:
        InputError: ``REPORT_MALFORMED``: it is no object, or has no evidence in it.
    """
    if not isinstance(report, dict):
        raise _malformed(name, f"holds {_kind(report)}, where a report is an object")
    if "evidence" in _twice(report):
        raise _malformed(name, "has 'evidence' twice, and nobody can say which is meant")
    if is_result(report):
        return _of_result(report)
    evidence = report.get("evidence")
    if not isinstance(evidence, dict):
        raise _malformed(name, "has no object 'evidence'")
    incident = _read(evidence, origin=origin, seen=True)
    ruled_out = report.get(RULED_OUT, {})
    if not isinstance(ruled_out, dict):
        return incident.with_more((), [f"'{RULED_OUT}' is {_kind(ruled_out)} and no object."])
    more = _read(ruled_out, origin=origin, seen=False)
    incident = _with_places(
        incident.with_more(more.evidence, more.unused), report.get(OBSERVATIONS)
    )
    return _with_marks(incident, report)


def is_result(document: object) -> bool:
    """Whether it is what ``firmline diagnose --json`` has printed."""
    return (
        isinstance(document, dict)
        and document.get("type") == RESULT
        and isinstance(document.get("evidence"), list)
    )


def done_tests_of(document: object) -> tuple[str, ...]:
    """The tests that were done by then, of what ``firmline diagnose --json`` has printed."""
    if not is_result(document) or not isinstance(document, dict):
        return ()
    done = document.get(DONE)
    told = done[:MAX_FIELDS] if isinstance(done, list) else []
    return tuple(each for each in told if isinstance(each, str) and each in diagnostic_tests())


def _of_result(result: Mapping[str, Any]) -> Incident:
    """What was known when it was printed, with who says so; contradictions are kept."""
    evidence: list[Evidence] = []
    unused: list[str] = []
    for each in result["evidence"][:MAX_FIELDS]:
        try:
            evidence.append(
                Evidence(
                    field=each["field"],
                    value=each["value"],
                    origin=Origin(each["origin"]),
                    where=shortened(each.get("where", "")),
                    seen=each["seen"] is True,
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            unused.append(f"{_quoted(json.dumps(each))} is no evidence.")
    return _with_marks(Incident(unused=tuple(unused)).with_more(evidence), result)


def _with_marks(incident: Incident, document: Mapping[str, Any]) -> Incident:
    """The same, with what is said of all of it: how it ended, and what kind of text it was."""
    return replace(
        incident,
        ended_well=document.get("ended_well") is True,
        unproven=document.get("unproven") is True,
        failure_unseen=document.get("failure_unseen") is True,
        part=document.get("part") is True,
        prose=document.get("prose") is True,
    )


def _with_places(incident: Incident, observations: object) -> Incident:
    """The same, with who says so and where, as far as a report of firmline's own tells that."""
    if not isinstance(observations, list):
        return incident
    told = {
        (each.get("field"), each.get("value"), each.get("seen")): each
        for each in observations[:MAX_FIELDS]
        if isinstance(each, dict)
        and isinstance(each.get("seen"), bool)
        and all(isinstance(each.get(name), str) for name in _PLACE)
    }
    placed = []
    for evidence in incident.evidence:
        found = told.get((evidence.field, evidence.value, evidence.seen))
        if found is not None and found["origin"] in set(Origin):
            evidence = replace(  # noqa: PLW2901 - the same, and more of it
                evidence, origin=Origin(found["origin"]), where=shortened(found["where"])
            )
        placed.append(evidence)
    return replace(incident, evidence=tuple(placed))


_PLACE: Final = ("field", "value", "origin", "where")


def _read(fields: Mapping[str, object], *, origin: Origin, seen: bool) -> Incident:
    evidence: list[Evidence] = []
    unused: list[str] = []
    twice = _twice(fields)
    for name, last in list(fields.items())[:MAX_FIELDS]:
        field, told = vocabulary().get(name), last
        if field is None:
            unused.append(f"There is no field {_quoted(name)}.")
            continue
        if any(each != last for each in twice.get(name, ())):
            if not field.many:
                unused.append(f"{name} stands in it {len(twice[name])} times, and not the same.")
                continue
            told = [value for each in twice[name] for value in _listed(each)]
        evidence += [
            Evidence(field=name, value=value, origin=origin, seen=seen)
            for value in _values(field, told, unused, seen=seen)
        ]
    if len(fields) > MAX_FIELDS:
        unused.append(f"It has {len(fields)} fields, of which {MAX_FIELDS} were looked at.")
    return Incident(unused=tuple(unused)).with_more(evidence)


def _twice(fields: Mapping[str, object]) -> Mapping[str, list[object]]:
    """What stands in an object more than once, if it was read here."""
    return fields.twice if isinstance(fields, Keyed) else {}


def _listed(told: object) -> list[object]:
    return told if isinstance(told, list) else [told]


def _values(field: Field, told: object, unused: list[str], *, seen: bool) -> Iterator[str]:
    """The values of one field; what is none of its own is put to what is not used."""
    values = _listed(told)
    if len(values) > 1 and not field.many and seen:
        unused.append(f"{field.name} takes one value, and has {len(values)}.")
        return
    for value in values[:MAX_FIELDS]:
        if isinstance(value, str) and value in field.meanings:
            yield value
        elif value is not None:
            unused.append(f"{field.name} has no value {_quoted(value)}.")


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.REPORT_MALFORMED, f"{name} {what}.")


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", dict: "an object"}
    return names.get(type(value), "nothing" if value is None else "a number")


def _quoted(value: object) -> str:
    return f"'{shortened(value)}'"


def _in_short(problem: BaseException) -> str:
    """What is wrong with JSON, in one line of no great length."""
    return shortened(problem) if isinstance(problem, ValueError) else "it is nested too deeply"
