"""An empty queue on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firmline.line.campaigns.plan import plan
from firmline.line.campaigns.reading import read_campaign
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.open import open_campaigns
from firmline.line.records.address import parse_address
from unit.line.campaigns_world import WHOLE


@pytest.fixture
def book(postgresql_url: str) -> Iterator[CampaignBook]:
    """No campaign yet."""
    opened = open_campaigns(parse_address(postgresql_url))
    yield opened
    opened.close()


@pytest.fixture
def running(book: CampaignBook) -> CampaignBook:
    """The campaign of ``campaigns_world``, released and started: its canary is open."""
    make(book)
    book.release("spring", who="bob")
    book.start("spring", who="ann")
    return book


def make(book: CampaignBook, text: str = WHOLE) -> None:
    campaign = read_campaign(text, where="c.toml")
    book.make(campaign, plan(campaign, {}), document=text, who="ann")
