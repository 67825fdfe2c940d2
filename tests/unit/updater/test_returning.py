"""When a unit that has taken its last image is known to stay in its bootloader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import TransportError, TransportReason
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.radio.homecoming import Return
from firmline.updater.radio.returning import LISTENS_S, STAYS_S, returns, silent_until_s, stays
from firmline.updater.radio.settling import SETTLES_S
from unit.updater.fakes import transport_error

RETURN_S = 60.0
CONTINUATION_S = 10.0
"""For which a bootloader waits behind a new SoftDevice (bootloader spec, section 1)."""
Heard = Callable[[float], bool]
"""Whether a bootloader is in the air at a time."""


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def unit(
    *,
    bootloader: Heard = lambda _at_s: False,
    application_s: float | None = None,
    from_s: float = 0.0,
    own: bool | TransportReason = True,
) -> tuple[bool, float]:
    """A unit that has just taken its last image; whether it returned, and when that was known.

    Args:
        bootloader: When a bootloader is in the air.
        application_s: When its application is; ``None``: never.
        from_s: When its image can be in place.
        own: Whether the bootloader is its own, or why that cannot be asked.
    """
    began_s = now_s()

    async def comes_back() -> bool:
        await asyncio.sleep(RETURN_S if application_s is None else application_s)
        return application_s is not None

    async def hears(timeout_s: float) -> bool:
        for _ in range(round(timeout_s / 0.1)):
            if bootloader(now_s() - began_s):
                return True
            await asyncio.sleep(0.1)
        return False

    async def is_its_own() -> bool:
        if isinstance(own, TransportReason):
            raise transport_error(own)
        return own

    stays_away = stays(hears, now_s=now_s, from_s=began_s + from_s)
    told = await returns(comes_back(), stays_away, is_its_own)
    return told, now_s() - began_s


def tell(story: Coroutine[Any, Any, tuple[bool, float]]) -> tuple[bool, float]:
    return run_in_virtual_time(story)


def test_a_bootloader_that_stays_is_an_answer() -> None:
    came_back, after_s = tell(unit(bootloader=lambda _at_s: True, from_s=20.0))
    assert not came_back
    assert 20.0 + STAYS_S <= after_s <= 20.0 + STAYS_S + 2 * LISTENS_S


def test_what_was_heard_before_the_image_can_be_in_place_does_not_count() -> None:
    came_back, _ = tell(unit(bootloader=lambda at_s: at_s < 20.0, from_s=20.0, application_s=59.0))
    assert came_back


@pytest.mark.parametrize("begins_s", [0.0, 7.0, 33.3])
def test_one_that_waits_for_another_image_first_is_still_waited_for(begins_s: float) -> None:
    came_back, after_s = tell(
        unit(
            bootloader=lambda at_s: begins_s <= at_s < begins_s + CONTINUATION_S,
            application_s=begins_s + CONTINUATION_S + 10.0,
        )
    )
    assert came_back
    assert after_s == pytest.approx(begins_s + CONTINUATION_S + 10.0)


def test_one_that_comes_and_goes_has_not_stayed() -> None:
    came_back, after_s = tell(
        unit(bootloader=lambda at_s: at_s % 10.0 < 7.0, application_s=RETURN_S - 1)
    )
    assert came_back
    assert after_s == RETURN_S - 1


@given(st.floats(0.0, RETURN_S - 0.5), st.floats(0.0, STAYS_S - 2 * LISTENS_S), st.floats(0.0, 40))
def test_an_application_behind_a_bootloader_that_has_not_stayed_is_never_missed(
    application_s: float, heard_for_s: float, from_s: float
) -> None:
    begins_s = max(0.0, application_s - heard_for_s)
    came_back, after_s = tell(
        unit(
            bootloader=lambda at_s: begins_s <= at_s < application_s,
            application_s=application_s,
            from_s=from_s,
        )
    )
    assert came_back
    assert after_s == pytest.approx(application_s)


@pytest.mark.parametrize("own", [False, TransportReason.TIMEOUT, TransportReason.LOST])
def test_a_bootloader_that_is_another_s_or_cannot_be_asked_ends_nothing(
    own: bool | TransportReason,
) -> None:
    assert tell(unit(bootloader=lambda _at_s: True, own=own, application_s=50.0)) == (True, 50.0)
    assert tell(unit(bootloader=lambda _at_s: True, own=own)) == (False, RETURN_S)


def test_a_radio_that_fails_is_told_and_leaves_nothing_behind() -> None:
    async def story() -> None:
        async def comes_back() -> bool:
            await asyncio.sleep(RETURN_S)
            return False

        async def hears(_timeout_s: float) -> bool:
            raise transport_error(TransportReason.NOT_AVAILABLE)

        async def is_its_own() -> bool:
            raise AssertionError("Nobody stayed.")

        with pytest.raises(TransportError) as caught:
            await returns(comes_back(), stays(hears, now_s=now_s, from_s=0.0), is_its_own)
        assert caught.value.reason is TransportReason.NOT_AVAILABLE
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_in_virtual_time(story())


def test_one_that_was_not_let_go_has_longer_to_settle() -> None:
    told = {
        ended: silent_until_s(Return(size=150_000, ended_by_unit=ended, after_s=None), now_s=5.0)
        for ended in (True, False, None)
    }
    assert told[False] == told[None] == told[True] + SETTLES_S
    # 37 pages of the slowest flash there is, written once more: 16 s, and the settings.
    assert 5.0 + 16.0 < told[True] < 5.0 + 30.0
