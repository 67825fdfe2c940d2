"""A unit that has taken its last image: waited for in its application, and heard in its bootloader.

Rules of this module:

* Only an application that is seen is a return; the whole time is given to it as long as nobody
  knows better.
* A bootloader that advertises puts no image in place: it does that before it has a radio, and is
  silent meanwhile (bootloader spec, sections 9 and 10). So one that is heard again and again after
  its activation can be over has stayed where it is, and no application comes.
* A bootloader that is heard once has not stayed. One that was not let go may take up to
  :data:`~firmline.updater.radio.settling.SETTLES_S` until it restarts, one behind a new SoftDevice
  waits for another image first: it has to be heard for longer than that.
* Who is heard where the unit's bootloader would be is connected to before it counts: it may be the
  next unit's. Where nobody can be asked, the whole time is waited.

A bootloader with a bond has its application's address, and is looked into there
(:meth:`firmline.updater.radio.application.RadioApplication.opened`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from firmline.errors import TransportError
from firmline.updater.activation import slowest_activation_s
from firmline.updater.radio.homecoming import Return
from firmline.updater.radio.settling import SETTLES_S

STAYS_S: Final = 12.0
"""For how long a bootloader is heard that stays. Behind a new SoftDevice it waits 10 s for another
image before it starts its application (bootloader spec, sections 1 and 9)."""
LISTENS_S: Final = 1.0
"""For a bootloader to be heard: it advertises every 25 ms (section 11), 40 times in this time."""


def silent_until_s(back: Return, *, now_s: float) -> float:
    """Until when a unit may be silent since it puts its image in place, on the link's clock.

    Args:
        back: What is known of its return.
        now_s: The end of its connection, or later.
    """
    settles_s = 0.0 if back.ended_by_unit else SETTLES_S
    return now_s + settles_s + slowest_activation_s(back.size)


async def stays(
    hears: Callable[[float], Awaitable[bool]], *, now_s: Callable[[], float], from_s: float
) -> None:
    """Wait until a bootloader has been heard for long enough; for ever, where none is.

    Args:
        hears: Whether it is heard within so many seconds.
        now_s: The link's clock.
        from_s: From when on it counts.

    Raises:
        TransportError: The radio itself failed.
    """
    await asyncio.sleep(max(0.0, from_s - now_s()))
    first_s: float | None = None
    while first_s is None or now_s() - first_s < STAYS_S:
        began_s = now_s()
        if not await hears(LISTENS_S):
            first_s = None
        elif first_s is None:
            first_s = began_s
        # A link that answers at once, since it hears somebody else there, is not asked in a row.
        await asyncio.sleep(max(0.0, began_s + LISTENS_S - now_s()))


async def returns(
    comes_back: Awaitable[bool],
    stays_away: Awaitable[None],
    is_its_own: Callable[[], Awaitable[bool]],
) -> bool:
    """Whether a unit comes back, or the time for that is over; sooner where it cannot any more.

    Args:
        comes_back: Whether its application is seen in the time that it has.
        stays_away: Returns when its bootloader, or that of another unit, has stayed.
        is_its_own: Whether that is the unit's own.

    Raises:
        TransportError: The radio itself failed; or it is known by its name only, and another unit
            has that, too.
    """
    back, away = asyncio.ensure_future(comes_back), asyncio.ensure_future(stays_away)
    try:
        await asyncio.wait({back, away}, return_when=asyncio.FIRST_COMPLETED)
        if not back.done():
            away.result()
            if await _says_so(is_its_own) and not back.done():
                return False
        return await back
    finally:
        for task in (back, away):
            task.cancel()
        await asyncio.gather(back, away, return_exceptions=True)


async def _says_so(is_its_own: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it was asked and is; who could not be asked is nobody's."""
    try:
        return await is_its_own()
    except TransportError:
        return False
