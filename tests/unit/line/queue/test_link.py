"""The link of a station to its queue: how it ends, whatever the server does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from firmline.errors import FirmlineError
from firmline.line.queue.link import END_S, QueueLink
from firmline.line.queue.open import open_campaigns
from firmline.line.records.address import parse_address
from postgresql_server import Server
from unit.line.campaigns_world import RECIPE
from unit.line.queue.conftest import make
from unit.line.queue.desk_world import ask

pytestmark = pytest.mark.slow
PATIENCE_S = 20.0


@pytest.fixture
def server() -> Iterator[Server]:
    """One that may be stopped."""
    found = Server()
    yield found
    found.remove()


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_ends_in_seconds_where_the_server_does_not_answer(server: Server) -> None:
    address = parse_address(server.new_place())
    book = open_campaigns(address)
    make(book)
    book.release("spring", who="bob")
    book.start("spring", who="ann")
    problems: list[FirmlineError | None] = []

    def linked() -> QueueLink:
        link = QueueLink(
            address, "north", recipe=RECIPE, slots=4, at_once=4, troubled=problems.append
        )
        link.start()
        until(link.waiting)
        return link

    def end(link: QueueLink) -> float:
        began_s = time.monotonic()
        link.stop()
        assert not link._thread.is_alive()
        return time.monotonic() - began_s

    assert end(linked()) < END_S, "it gives back its jobs, and does not have to be cut off"
    assert ask(book.database, "SELECT count(*) FROM procrastinate_jobs WHERE status='doing'") == [
        (0,)
    ]
    link = linked()
    with server.silent():
        assert end(link) < END_S + 2
    link = linked()  # what was not given back is taken again
    book.close()
    server.stop("immediate")
    assert end(link) < END_S + 2
    server.start()
    link = linked()
    assert {job.serial for job in link.waiting()} <= {"SN-0001", "SN-0002"}, "the canary"
    end(link)
