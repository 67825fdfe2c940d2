"""The units of a new campaign, from where its groups say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from firmline.errors import Code, InputError, shortened
from firmline.line.campaigns.campaign import Campaign, Group
from firmline.line.campaigns.plan import Planned, plan, read_units
from firmline.line.loading import Reader
from firmline.line.records.tables import runs

if TYPE_CHECKING:
    from firmline.line.queue.campaigns import CampaignBook


def load_campaign(
    book: CampaignBook, campaign: Campaign, *, beside: Path, read: Reader
) -> tuple[Planned, ...]:
    """The units of a campaign: from its file, from CSV files beside it, and from batches.

    Args:
        book: Whose records know the units of a batch.
        campaign: What is planned.
        beside: The folder of its file.
        read: Reads a file.

    Raises:
        InputError: ``CAMPAIGN_UNITS``, or a file cannot be read.
    """
    given: dict[int, Sequence[tuple[str, str]]] = {}
    for place, group in enumerate(campaign.groups):
        if group.units.file:
            given[place] = _of_file(beside / group.units.file, read)
        elif group.units.batch:
            given[place] = _of_batch(book, campaign, group)
    return plan(campaign, given)


def _of_file(path: Path, read: Reader) -> tuple[tuple[str, str], ...]:
    where = shortened(path)
    try:
        text = read(path, what="list of units").decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            Code.CAMPAIGN_UNITS, f"{where} is no UTF-8 text.", hint="Save it as UTF-8."
        ) from None
    return read_units(text, where=where)


def _of_batch(book: CampaignBook, campaign: Campaign, group: Group) -> tuple[tuple[str, str], ...]:
    """Its units, in the order of their serial numbers."""
    query = (
        select(runs.c.serial)
        .where(
            runs.c.batch == group.units.batch,
            runs.c.product == campaign.product,
            runs.c.is_golden.is_(False),
        )
        .distinct()
        .order_by(runs.c.serial)
    )
    with book.database.reading() as connection:
        return tuple((serial, "") for serial in connection.execute(query).scalars())
