"""Campaigns in words, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from firmline.cli.style import printable
from firmline.line.queue.fields import (
    campaign_fields,
    event_fields,
    station_fields,
    unit_fields,
)
from firmline.line.queue.views import (
    all_campaigns,
    campaign_view,
    events_of,
    stations_of_line,
    units_of,
)

if TYPE_CHECKING:
    from firmline.line.campaigns.decision import UnitState
    from firmline.line.queue.campaigns import CampaignBook
    from firmline.line.queue.views import CampaignView


def say_done(book: CampaignBook, name: str, *, as_json: bool) -> None:
    """Something was done to a campaign: how it stands now."""
    view = campaign_view(book.database, name)
    if as_json:
        click.echo(json.dumps({"type": "result", **campaign_fields(view)}))
        return
    click.echo(_head(view))


def say_campaign(
    book: CampaignBook, name: str, *, units: bool, events: bool, as_json: bool
) -> None:
    """Show a campaign."""
    view = campaign_view(book.database, name)
    listed = units_of(book.database, name) if units else ()
    happened = events_of(book.database, name) if events else ()
    if as_json:
        for unit in listed:
            click.echo(json.dumps({"type": "unit", **unit_fields(unit)}))
        for event in happened:
            click.echo(json.dumps({"type": "event", **event_fields(event)}))
        click.echo(json.dumps({"type": "result", **campaign_fields(view)}))
        return
    click.echo(_head(view))
    for number, group in enumerate(view.groups, 1):
        which = "canary" if number == 1 else f"group {number}"
        state = "open" if group.is_open else "not open"
        click.echo(
            f"  {printable(group.name)} ({which}, {state}): {_states(group.states)};"
            f" {group.success_percent:g} % have to pass"
        )
    for station in view.stations:
        if station.sentence:
            click.echo(station.sentence)
    for unit in listed:
        why = f" - {printable(unit.why)}" if unit.why else ""
        click.echo(f"  {printable(unit.serial)}  {unit.group}  {unit.station}  {unit.state}{why}")
    for event in happened:
        whom = f" {printable(event.serial)}" if event.serial else ""
        why = f" - {printable(event.why)}" if event.why else ""
        click.echo(
            f"  {event.at:%Y-%m-%d %H:%M:%S}  {printable(event.who)}  {event.what}{whom}{why}"
        )


def say_all(book: CampaignBook, *, as_json: bool) -> None:
    """List campaigns and stations."""
    views, stations = all_campaigns(book.database), stations_of_line(book.database)
    if as_json:
        for view in views:
            click.echo(json.dumps({"type": "campaign", **campaign_fields(view)}))
        for station in stations:
            click.echo(json.dumps({"type": "station", **station_fields(station)}))
        click.echo(
            json.dumps({"type": "result", "campaigns": len(views), "stations": len(stations)})
        )
        return
    for view in views:
        click.echo(_head(view))
    if not views:
        click.echo("There is no campaign.")
    for station in stations:
        seen = "never seen" if station.seen_at is None else f"seen {station.seen_at:%H:%M:%S} UTC"
        state = "online" if station.is_online else f"offline, {seen}"
        click.echo(f"{station.name}: {state}, {station.queued} queued, {station.working} at work")


def _head(view: CampaignView) -> str:
    campaign = view.campaign
    reason = f": {printable(view.reason)}" if view.reason else ""
    released = f", released by {printable(view.released_by)}" if view.released_by else ""
    return (
        f"{campaign.name} is {view.state}{reason or '.'}\n"
        f"  recipe {campaign.recipe.name} {campaign.recipe.version}, made by"
        f" {printable(view.made_by)}{released}"
    )


def _states(states: Mapping[UnitState, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no units"
