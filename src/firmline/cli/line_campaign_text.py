"""Campaigns in words, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from firmline.cli.style import printable
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
    from firmline.line.queue.stations import StationView
    from firmline.line.queue.views import CampaignView


def say_done(book: CampaignBook, name: str, *, as_json: bool) -> None:
    """Something was done to a campaign: how it stands now."""
    view = campaign_view(book.database, name)
    if as_json:
        click.echo(json.dumps({"type": "result", **_json(view)}))
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
            told = {each: getattr(unit, each) for each in unit.__slots__}
            click.echo(json.dumps({"type": "unit", **told}))
        for event in happened:
            told = {each: getattr(event, each) for each in event.__slots__}
            told["at"] = event.at.isoformat()
            click.echo(json.dumps({"type": "event", **told}))
        click.echo(json.dumps({"type": "result", **_json(view)}))
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
            click.echo(json.dumps({"type": "campaign", **_json(view)}))
        for station in stations:
            click.echo(json.dumps({"type": "station", **_json_of_station(station)}))
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


def _json(view: CampaignView) -> dict[str, Any]:
    campaign = view.campaign
    return {
        "campaign": campaign.name,
        "title": campaign.title,
        "product": campaign.product,
        "recipe": {each: getattr(campaign.recipe, each) for each in campaign.recipe.__slots__},
        "priority": campaign.priority,
        "state": str(view.state),
        "reason": view.reason,
        "made_by": view.made_by,
        "released_by": view.released_by,
        "changed_at": view.changed_at.isoformat(),
        "groups": [
            {
                "name": group.name,
                "open": group.is_open,
                "success_percent": group.success_percent,
                "units": {str(state): count for state, count in sorted(group.states.items())},
            }
            for group in view.groups
        ],
        "stations": [_json_of_station(station) for station in view.stations],
    }


def _json_of_station(station: StationView) -> dict[str, Any]:
    return {
        "station": station.name,
        "online": station.is_online,
        "seen_at": None if station.seen_at is None else station.seen_at.isoformat(),
        "queued": station.queued,
        "working": station.working,
        "sentence": station.sentence,
    }
