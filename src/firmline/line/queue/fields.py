"""Campaigns for programs: what ``firmline line campaign --json`` prints, and the API answers."""

from __future__ import annotations

from typing import Any

from firmline.line.queue.stations import StationView
from firmline.line.queue.views import CampaignView, EventView, UnitView
from firmline.line.records.digest import plain


def campaign_fields(view: CampaignView) -> dict[str, Any]:
    """A campaign as it stands."""
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
        "changed_at": plain(view.changed_at),
        "groups": [
            {
                "name": group.name,
                "open": group.is_open,
                "success_percent": group.success_percent,
                "units": {str(state): count for state, count in sorted(group.states.items())},
            }
            for group in view.groups
        ],
        "stations": [station_fields(station) for station in view.stations],
    }


def station_fields(station: StationView) -> dict[str, Any]:
    """A station, and its planned work."""
    return {
        "station": station.name,
        "online": station.is_online,
        "seen_at": plain(station.seen_at),
        "queued": station.queued,
        "working": station.working,
        "sentence": station.sentence,
    }


def unit_fields(unit: UnitView) -> dict[str, Any]:
    """A unit of a campaign."""
    told = {name: getattr(unit, name) for name in unit.__slots__}
    return {**told, "state": str(unit.state)}


def event_fields(event: EventView) -> dict[str, Any]:
    """Something that happened to a campaign."""
    return {name: plain(getattr(event, name)) for name in event.__slots__}
