"""The schemas of the answers (JSON Schema 2020-12, as OpenAPI 3.1 takes it)."""

from __future__ import annotations

from typing import Any, Final

from firmline.line.campaigns.decision import CampaignState, UnitState
from firmline.line.outcomes import StepOutcome

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
TEXT_OR_NONE: Final[Schema] = {"type": ["string", "null"]}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
NUMBER_OR_NONE: Final[Schema] = {"type": ["number", "null"]}
FLAG: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
TIME_OR_NONE: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
OUTCOME: Final[Schema] = {"type": "string", "enum": [each.value for each in StepOutcome]}


def _of(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(**properties: Schema) -> Schema:
    """An object with all of these; more may be added by a later version."""
    return {"type": "object", "properties": properties, "required": [*properties]}


CAMPAIGN: Final[dict[str, Schema]] = {
    "campaign": TEXT,
    "title": TEXT,
    "product": TEXT,
    "recipe": _object(name=TEXT, version=TEXT, sha256=TEXT),
    "priority": WHOLE,
    "state": {"type": "string", "enum": [each.value for each in CampaignState]},
    "reason": TEXT,
    "made_by": TEXT,
    "released_by": TEXT,
    "changed_at": TIME,
    "groups": _many(
        _object(
            name=TEXT,
            open=FLAG,
            success_percent=NUMBER,
            units={"type": "object", "additionalProperties": WHOLE},
        )
    ),
    "stations": _many(
        _object(
            station=TEXT,
            online=FLAG,
            seen_at=TIME_OR_NONE,
            queued=WHOLE,
            working=WHOLE,
            sentence=TEXT,
        )
    ),
}
UNIT: Final = _object(product=TEXT, serial=TEXT)
COUNTED: Final = _object(**{each.value: WHOLE for each in StepOutcome})
SCHEMAS: Final[dict[str, Schema]] = {
    "Health": _object(status={"const": "ok"}, firmline=TEXT, audit_entries=WHOLE),
    "Limits": _object(
        least=NUMBER_OR_NONE,
        most=NUMBER_OR_NONE,
        marginal_least=NUMBER_OR_NONE,
        marginal_most=NUMBER_OR_NONE,
        equals=TEXT,
    ),
    "Measurement": _object(
        name=TEXT,
        number=NUMBER_OR_NONE,
        text=TEXT,
        unit=TEXT,
        limits=_of("Limits"),
        outcome=OUTCOME,
        is_marginal=FLAG,
    ),
    "Attachment": _object(name=TEXT, sha256=TEXT, size=WHOLE, media_type=TEXT),
    "Phase": _object(
        run=WHOLE,
        position=WHOLE,
        name=TEXT,
        began_at=TIME,
        ended_at=TIME,
        outcome=OUTCOME,
        code=TEXT,
        message=TEXT,
        measurements=_many(_of("Measurement")),
        attachments=_many(_of("Attachment")),
    ),
    "Diagnosis": _object(
        run=WHOLE,
        at=TIME,
        firmline=TEXT,
        causes=_many(_object(cause=TEXT, family=TEXT, probability=NUMBER)),
        next_test=TEXT,
    ),
    "Run": _object(
        type={"const": "run"},
        station=TEXT,
        run=WHOLE,
        attempt=WHOLE,
        seconds=NUMBER,
        unit=UNIT,
        slot=WHOLE,
        began_at=TIME,
        ended_at=TIME,
        outcome=OUTCOME,
        code=TEXT,
        message=TEXT,
        recipe=_object(name=TEXT, version=TEXT, sha256=TEXT),
        firmline=TEXT,
        operator=TEXT,
        batch=TEXT,
        lots=_many(_object(part=TEXT, lot=TEXT)),
        address=TEXT,
        is_golden=FLAG,
        phases=_many(_of("Phase")),
        diagnoses=_many(_of("Diagnosis")),
    ),
    "HalfDone": _object(
        type={"const": "half_done"}, station=TEXT, run=WHOLE, unit=UNIT, slot=WHOLE, began_at=TIME
    ),
    "Rework": _object(type={"const": "rework"}, station=TEXT, unit=UNIT, at=TIME),
    "Runs": _object(runs=_many(_of("Run")), after=TEXT_OR_NONE),
    "Unit": _object(
        serial=TEXT,
        runs=_many(_of("Run")),
        half_done=_many(_of("HalfDone")),
        reworks=_many(_of("Rework")),
    ),
    "Share": _object(
        count=WHOLE, of=WHOLE, share=NUMBER_OR_NONE, low=NUMBER_OR_NONE, high=NUMBER_OR_NONE
    ),
    "Yield": _object(
        group=TEXT,
        units=WHOLE,
        first_pass=_of("Share"),
        second_pass=_of("Share"),
        last_pass=_of("Share"),
        runs=WHOLE,
        outcomes=COUNTED,
    ),
    "Yields": _object(
        by=TEXT_OR_NONE,
        first_at=TIME_OR_NONE,
        last_at=TIME_OR_NONE,
        golden_runs=WHOLE,
        all=_of("Yield"),
        groups=_many(_of("Yield")),
    ),
    "Stations": _object(
        stations=_many(
            _object(
                station=TEXT, runs=WHOLE, outcomes=COUNTED, last_at=TIME_OR_NONE, half_done=WHOLE
            )
        )
    ),
    "Campaigns": _object(campaigns=_many(_object(**CAMPAIGN))),
    "CampaignInFull": _object(
        **CAMPAIGN,
        units=_many(
            _object(
                serial=TEXT,
                group=TEXT,
                station=TEXT,
                state={"type": "string", "enum": [each.value for each in UnitState]},
                why=TEXT,
            )
        ),
        events=_many(_object(at=TIME, who=TEXT, what=TEXT, why=TEXT, serial=TEXT)),
    ),
    "Audit": _object(
        entries=_many(
            _object(
                sequence=WHOLE,
                at=TEXT,
                actor=TEXT,
                role=TEXT,
                action=TEXT,
                subject=TEXT,
                details=TEXT,
                previous=TEXT,
                digest=TEXT,
            )
        ),
        after={"type": ["integer", "null"]},
        head=_object(sequence=WHOLE, digest=TEXT),
    ),
    "Problem": _object(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT, code=TEXT, next=TEXT),
}
