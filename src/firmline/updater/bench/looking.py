"""Tests that look: at a trace, the air, the probe, an oscilloscope, another unit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Final

from firmline.device.advertising import DFU_SERVICE
from firmline.diagnosis.diagnostic_tests import Test
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.events import EnteringBootloader
from firmline.updater.bench.attempt import Attempt
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.places import Heard
from firmline.updater.bench.probe import Reason
from firmline.updater.fault_matrix.subjects import LinkKind

Look = Callable[[Bench, Test], Awaitable["tuple[Evidence, ...] | None"]]
"""Does a test and says what it shows; ``None``: it cannot be begun on this unit."""

LOW_V: Final = 2.0
"""Below that the supply is low under load, by the words of the test."""
ATTEMPTS: Final = 3
"""How often the test of the time tries."""
SAME_TIME: Final = 0.05
"""How much times differ that are the same, of the longest; as in :mod:`firmline.diagnosis`."""
LISTENED_S: Final = 10.0
LAST_HEARD: Final = 10
"""So many of the last sightings say whether the application was heard at the end."""


async def see_phase(bench: Bench, _test: Test) -> tuple[Evidence, ...] | None:
    """The update once more, with a trace: all that it shows."""
    await bench.attempt()
    return bench.shown().evidence


async def see_end(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Where the unit is now, from outside."""
    heard = await bench.place.listen(LISTENED_S)
    if heard is None:
        return None
    own = bench.unit.address
    addresses = {each.sighting.address for each in heard}
    if any(DFU_SERVICE in each.sighting.services for each in heard):
        return (_seen("end_state", "stuck_in_dfu", test),)
    if own in addresses:
        return (_seen("end_state", "back_in_app", test),)
    return (_seen("end_state", "gone_silent", test),)


async def see_resets(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Unasked changes from the bootloader to the application, heard by a second ear."""
    attempt, heard = await _attempt_heard(bench)
    if heard is None or attempt.passed:
        return None
    own = bench.unit.address
    modes = [each.sighting.address == own for each in heard]
    restarts = sum(now and not before for before, now in pairwise(modes))
    if not restarts and all(modes):
        return ()
    value = ("no", "once")[restarts] if restarts < 2 else "repeatedly"
    return (_seen("unit_resets", value, test),)


async def listen_behind_jump(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Whether a bootloader is heard, and under which address."""
    _, heard = await _attempt_heard(bench)
    if heard is None:
        return None
    own = bench.unit.address
    found = {each.sighting.address for each in heard if DFU_SERVICE in each.sighting.services}
    elsewhere = _flag("host_waits_for_other_address", test, so=bool(found - {own, own.plus_one()}))
    if not bench.has_jumped:
        return (elsewhere,)
    is_silent = not found and own not in {each.sighting.address for each in heard[-LAST_HEARD:]}
    return (elsewhere, _flag("no_advertising_after_jump", test, so=is_silent))


async def _attempt_heard(bench: Bench) -> tuple[Attempt, tuple[Heard, ...] | None]:
    """An attempt as usual, while a second ear listens."""
    if bench.link is not LinkKind.RADIO:
        return await bench.attempt(), None
    heard: list[Heard] = []

    async def listen() -> None:
        while True:
            heard.extend(await bench.place.listen(1.0) or ())

    listening = asyncio.get_running_loop().create_task(listen())
    try:
        attempt = await bench.attempt()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return attempt, tuple(heard)


async def read_reset_reason(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """The reasons of all resets of an attempt, by the probe."""
    async with bench.probe.resets_watched() as reasons:
        attempt = await bench.attempt()
    if attempt.passed or not reasons:
        return ()
    return (
        _flag("reset_reason_brownout", test, so=Reason.POWER in reasons),
        _flag("watchdog_reset_seen", test, so=Reason.WATCHDOG in reasons),
        _flag("reset_reason_lockup", test, so=False),
    )


async def read_clock(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Whether the processor waits for its clock while the unit is silent, or runs."""
    waits: list[bool] = []

    async def look() -> None:
        while True:
            waits.append(bench.probe.processor_awaits_clock)
            await asyncio.sleep(1.0)

    looking = asyncio.get_running_loop().create_task(look())
    try:
        await bench.attempt()
        heard = await bench.place.listen(LISTENED_S)
    finally:
        looking.cancel()
    told = _flag("cpu_waits_for_lf_clock", test, so=any(waits))
    if heard is None:
        return (told,)
    is_mute = not heard and not any(waits)
    return (told, _flag("radio_silent_but_code_runs", test, so=is_mute))


async def see_time(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Whether it always fails, and after the same time."""
    times = [_time_to_failure(await bench.attempt()) for _ in range(ATTEMPTS)]
    told = bench.how_often()
    failed = [each for each in times if each is not None]
    if len(failed) < ATTEMPTS:
        return told
    is_same = max(failed) - min(failed) <= SAME_TIME * max(failed)
    value = "constant" if is_same else "variable"
    return (*told, _seen("time_to_failure", value, test))


def _time_to_failure(attempt: Attempt) -> float | None:
    """Seconds from the last request to restart to the end; ``None``: none, or no failure."""
    jumps = [each.at_s for each in attempt.events if isinstance(each, EnteringBootloader)]
    if attempt.passed or not jumps:
        return None
    return attempt.finished.at_s - jumps[-1]


async def good_unit(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """The same package to another unit of the build."""
    other = bench.good_unit()
    try:
        attempt = await other.attempt()
    finally:
        await other.close()
    return (_seen("unit_scope", "one" if attempt.passed else "all", test),)


async def cell_under_load(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """The lowest voltage at the chip, over an attempt."""
    physics = bench.unit.board.physics
    if physics is None:
        return None
    physics.supply.measure_anew()
    attempt = await bench.attempt()
    is_low = physics.supply.lowest < LOW_V
    if attempt.passed and not is_low:
        return ()
    return (
        _flag("battery_low", test, so=is_low),
        _flag("supply_measured_ok", test, so=not is_low),
    )


async def dump_flash(bench: Bench, _test: Test) -> tuple[Evidence, ...] | None:
    """The autopsy of what the probe reads."""
    return bench.probe.examine().incident.evidence


def _seen(field: str, value: str, test: Test) -> Evidence:
    return Evidence(field=field, value=value, origin=Origin.UNIT, where=test.title)


def _flag(value: str, test: Test, *, so: bool) -> Evidence:
    return Evidence(field="flags", value=value, origin=Origin.UNIT, where=test.title, seen=so)


LOOKS: Final[Mapping[str, Look]] = {
    "see-phase": see_phase,
    "see-end": see_end,
    "see-resets": see_resets,
    "listen-behind-jump": listen_behind_jump,
    "read-reset-reason": read_reset_reason,
    "read-clock": read_clock,
    "see-time": see_time,
    "good-unit": good_unit,
    "cell-under-load": cell_under_load,
    "dump-flash": dump_flash,
}
"""The tests that look, by their names; the sources of a virtual unit cannot be read."""
