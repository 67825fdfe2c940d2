"""The table of the API: what is served, and what ``openapi.json`` describes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.line.statistics.grouping import By
from firmline.web.api.answers import Answer, Given, Line
from firmline.web.api.questions import FILTERS, MOST_ENTRIES, MOST_RUNS, USUAL_RUNS
from firmline.web.api.schemas import TEXT, TIME, WHOLE, Schema

ROOT: Final = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address of the API.

    Attributes:
        path: Below the root, as OpenAPI writes it.
        answer: What is answered.
        schema: The name of its schema.
        summary: What it is, in a line.
        takes: The parameters that may be given.
        in_path: The one that is part of the address; empty: none is.
    """

    path: str
    answer: Callable[[Line, Given], Answer]
    schema: str
    summary: str
    takes: tuple[str, ...] = ()
    in_path: str = ""


PARAMETERS: Final[dict[str, tuple[str, Schema]]] = {
    "product": ("Units of this product.", TEXT),
    "serial": ("Units with this serial number, in full.", TEXT),
    "recipe": ("Runs by recipes of this name.", TEXT),
    "batch": ("Units of this batch.", TEXT),
    "station": ("Runs at this station.", TEXT),
    "slot": ("Runs in this slot.", {**WHOLE, "minimum": 1, "maximum": 10_000}),
    "since": ("Runs that began then or later.", TIME),
    "until": ("Runs that began before.", TIME),
    "by": ("What the yields are divided by.", {**TEXT, "enum": [each.value for each in By]}),
    "campaign": ("The name of a campaign.", TEXT),
    "after": ("What the page before gave to go on with.", TEXT),
    "limit": (
        f"How many; of runs usually {USUAL_RUNS}, and at most {MOST_RUNS}.",
        {**WHOLE, "minimum": 1, "maximum": MOST_ENTRIES},
    ),
}
ENDPOINTS: Final = (
    Endpoint(
        path="/health", answer=Line.health, schema="Health", summary="The records can be read."
    ),
    Endpoint(
        path="/runs",
        answer=Line.runs,
        schema="Runs",
        summary="Ended runs in the order in which they began, a page at a time.",
        takes=(*FILTERS, "after", "limit"),
    ),
    Endpoint(
        path="/units/{serial}",
        answer=Line.unit,
        schema="Unit",
        summary="Everything that was done to the units with a serial number.",
        takes=("product",),
        in_path="serial",
    ),
    Endpoint(
        path="/yields",
        answer=Line.yields,
        schema="Yields",
        summary="First-, second- and last-pass yield, with intervals of 95 %.",
        takes=(*FILTERS, "by"),
    ),
    Endpoint(
        path="/stations",
        answer=Line.stations,
        schema="Stations",
        summary="The stations that have sent runs.",
    ),
    Endpoint(
        path="/campaigns",
        answer=Line.campaigns,
        schema="Campaigns",
        summary="All campaigns as they stand, the newest first.",
    ),
    Endpoint(
        path="/campaigns/{campaign}",
        answer=Line.campaign,
        schema="CampaignInFull",
        summary="A campaign with its units, and what happened to it.",
        in_path="campaign",
    ),
    Endpoint(
        path="/audit",
        answer=Line.audit,
        schema="Audit",
        summary="The audit trail, a page at a time; for engineers and release managers.",
        takes=("after", "limit"),
    ),
)
