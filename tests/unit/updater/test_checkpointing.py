"""When an update has the unit save its progress."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.errors import Code
from firmline.events import Event, stamp
from firmline.updater.checkpointing import AUTO, MOST_SHARE, SpacedCheckpoints, Spacing
from firmline.values import ImageKind

SIZE = 100 * 4096
STARTED = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=SIZE)


@dataclass
class Work:
    """An image on its way: objects that take their time, and checkpoints that do.

    Attributes:
        saved: Offsets that were saved.
        asked: How often it was asked to.
    """

    spacing_s: Spacing = AUTO
    object_s: float = 1.0
    cost_s: float = 0.2
    refuses: bool = False
    lost: frozenset[int] = frozenset()
    is_framed: bool = False
    now_s: float = 100.0
    saved: list[int] = field(default_factory=list)
    asked: int = 0
    in_checkpoints_s: float = 0.0

    def __post_init__(self) -> None:
        self.checkpoints = SpacedCheckpoints(now_s=lambda: self.now_s, spacing_s=self.spacing_s)
        self.hear(STARTED)

    @property
    def select(self) -> bytes:
        """With which it is asked to: as it goes over the air, or in a frame."""
        return b"\x06\x01\xc0" if self.is_framed else b"\x06\x01"

    def hear(self, event: Event) -> None:
        self.checkpoints.hear(stamp(event, self.now_s))

    def do(self, first: int, last: int, size: int = SIZE) -> None:
        """Objects from one up to another."""
        for number in range(first + 1, last + 1):
            self.now_s += self.object_s
            offset = number * 4096
            self.hear(events.ObjectCreated(object_type="data", offset=offset - 4096, size=4096))
            is_due = offset < size and self.checkpoints.is_due(offset, size)
            if number in self.lost:
                self.hear(events.ObjectLost(object_type="data", offset=offset - 4096))
                continue
            self.hear(events.ObjectExecuted(object_type="data", offset=offset))
            if is_due:
                self.asked += 1
                self.hear(events.RequestSent(request="object_select", data=self.select))
                self.now_s += self.cost_s
                self.in_checkpoints_s += self.cost_s
                if not self.refuses:
                    self.saved.append(number)
                    self.hear(events.ProgressSaved(offset=offset))


def test_progress_is_saved_after_so_much_work_and_not_where_little_is_left() -> None:
    work = Work()
    work.do(0, 100)
    assert work.saved == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    short = Work()
    short.do(0, 12, size=12 * 4096)
    assert short.saved == []
    longer = Work()
    longer.do(0, 13, size=13 * 4096)
    assert longer.saved == [10]


def test_an_object_that_was_lost_where_one_was_due_is_followed_by_one_that_is_not() -> None:
    """Ahead of the answers it is asked before it is known whether the object was taken over."""
    work = Work(lost=frozenset({10, 20, 21}))
    work.do(0, 60)
    assert work.saved == [11, 22, 32, 42, 52]


def test_off_is_never() -> None:
    work = Work(spacing_s=None)
    work.do(0, 100)
    assert work.asked == 0


@pytest.mark.parametrize("is_framed", [False, True])
def test_what_costs_more_is_done_less_often(is_framed: bool) -> None:
    work = Work(cost_s=0.6, is_framed=is_framed)
    work.do(0, 100)
    assert work.saved == [10, 30, 50, 70, 90]


@given(object_s=st.floats(0.05, 5), cost_s=st.floats(0.01, 3))
def test_checkpoints_that_nobody_asked_for_never_take_more_than_their_share_but_for_the_first(
    object_s: float, cost_s: float
) -> None:
    work = Work(object_s=object_s, cost_s=cost_s)
    work.do(0, 100)
    rest_s = work.in_checkpoints_s - (cost_s if work.saved else 0)
    assert rest_s <= MOST_SHARE * 100 * object_s + 1e-6


@given(
    object_s=st.floats(0.05, 5),
    cost_s=st.floats(0.01, 3),
    spacing_s=st.floats(1, 60),
)
def test_who_names_a_spacing_loses_no_more_work_than_that_and_an_object(
    object_s: float, cost_s: float, spacing_s: float
) -> None:
    """Whatever it costs; but for the end, where little is left."""
    work = Work(spacing_s=spacing_s, object_s=object_s, cost_s=cost_s)
    work.do(0, 100)
    places = [0, *work.saved]
    steps = [after - before for before, after in itertools.pairwise(places)]
    assert all((step - 1) * object_s <= spacing_s + 1e-6 for step in steps)
    assert (100 - places[-1] - 1) * object_s <= 1.25 * spacing_s + object_s + 1e-6


def test_a_spacing_of_a_second_is_kept_to_the_end() -> None:
    work = Work(spacing_s=1.0, object_s=0.5, cost_s=0.4)
    work.do(0, 20, size=20 * 4096)
    assert work.saved == [2, 4, 6, 8, 10, 12, 14, 16, 18]


def test_a_unit_that_does_not_save_is_asked_once() -> None:
    work = Work(refuses=True)
    work.do(0, 100)
    assert work.asked == 1


@pytest.mark.parametrize(
    "failed",
    [
        events.LadderStepped(step="resume", fault="link-lost", attempt=1, reason="", code="x"),
        events.SessionRepeated(reason="", code="x", attempt=2),
    ],
)
def test_a_session_that_broke_in_a_checkpoint_proves_nothing_against_the_unit(
    failed: Event,
) -> None:
    work = Work(refuses=True)
    work.do(0, 10)
    assert work.asked == 1
    work.refuses = False
    work.hear(failed)
    work.hear(events.Resumed(object_type="data", offset=10 * 4096))
    work.do(10, 40)
    assert work.saved == [11, 21, 31]


def test_a_unit_that_lost_its_progress_over_a_checkpoint_is_not_asked_again() -> None:
    work = Work(refuses=True)
    work.do(0, 10)
    work.hear(
        events.LadderStepped(
            step="resume", fault="x", attempt=1, reason="", code=Code.PROGRESS_LOST
        )
    )
    work.do(0, 100)
    assert work.asked == 1


def test_work_of_an_earlier_update_is_not_counted() -> None:
    work = Work()
    work.hear(events.Resumed(object_type="data", offset=50 * 4096))
    work.do(50, 70)
    assert work.saved == [60, 70]


def test_after_a_reset_work_is_counted_from_what_was_saved() -> None:
    work = Work(spacing_s=9.9)
    work.do(0, 18)
    work.hear(events.Resumed(object_type="data", offset=10 * 4096))
    work.do(10, 31)
    assert work.saved == [10, 20, 30]


def test_after_a_lost_link_the_work_that_is_still_in_ram_counts() -> None:
    work = Work(spacing_s=9.9)
    work.do(0, 18)
    work.hear(events.Resumed(object_type="data", offset=18 * 4096))
    work.do(18, 25)
    assert work.saved == [10, 20]


def test_an_image_that_starts_afresh_has_nothing_saved() -> None:
    work = Work()
    work.do(0, 15)
    work.hear(events.StartedAfresh(offset=4096, crc=1))
    work.do(0, 12)
    assert work.saved == [10, 10]
