"""Tests that try: something is done to unit or host, and the update is sent once more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final

from firmline.device.faults.plan import NO_FAULTS
from firmline.device.radio_face import ResetKind
from firmline.diagnosis.diagnostic_tests import Test
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.events import UnitMode
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.updater.bench.attempt import AS_USUAL, How
from firmline.updater.bench.bench import LEFT_ALONE_S, Bench
from firmline.updater.fault_matrix.subjects import LinkKind

Doing = Callable[[Bench], AbstractAsyncContextManager[How]]
"""What is done before the attempt, and put back behind it."""

RETRY: Final = "retry"
SMALL_MTU: Final = 23
FEW_PACKETS: Final = 4
WAIT_BEHIND_CREATE_S: Final = 0.4


class NotPossibleError(Exception):
    """The test cannot be begun on this unit in its present state."""


async def try_it(bench: Bench, test: Test) -> tuple[Evidence, ...] | None:
    """Do what the test tries; ``None``: it cannot be begun.

    Behind an attempt that has passed the unit has to be seen failing again, as nothing would be
    learned otherwise; if it does not fail any more, nothing is.
    """
    doing = TRIES.get(test.action)
    if doing is None:
        return None
    if not await bench.still_fails():
        return ()
    try:
        async with doing(bench) as how:
            attempt = await bench.attempt(how, behind_action=test.action != RETRY)
    except NotPossibleError:
        return None
    told = (test.outcome(passed=attempt.passed, origin=Origin.TRACE),)
    return (*told, *bench.how_often()) if test.action == RETRY else told


def _sending(how: How, *links: LinkKind) -> Doing:
    """Something about the host alone, on these links; none: on each."""

    @asynccontextmanager
    async def doing(bench: Bench) -> AsyncIterator[How]:
        if links and bench.link not in links:
            raise NotPossibleError
        yield how

    return doing


def _resetting(kind: ResetKind) -> Doing:
    """A reset from outside."""

    @asynccontextmanager
    async def doing(bench: Bench) -> AsyncIterator[How]:
        await bench.reset(kind)
        yield AS_USUAL

    return doing


def _fed_by(feed: Callable[[Bench], None]) -> Doing:
    """Something else in the cell's place; the unit loses its power before the try and behind it."""

    @asynccontextmanager
    async def doing(bench: Bench) -> AsyncIterator[How]:
        feed(bench)
        await bench.reset(ResetKind.POWER)
        yield AS_USUAL
        bench.feed_from_own()
        await bench.reset(ResetKind.POWER)

    return doing


@asynccontextmanager
async def _restart_application(bench: Bench) -> AsyncIterator[How]:
    """By its own command, which an application takes that runs."""
    if bench.runs is not UnitMode.APPLICATION:
        raise NotPossibleError
    await bench.reset(ResetKind.SOFT)
    yield AS_USUAL


@asynccontextmanager
async def _leave_bootloader_alone(bench: Bench) -> AsyncIterator[How]:
    """Until it restarts by itself."""
    if bench.runs is not UnitMode.BOOTLOADER:
        raise NotPossibleError
    await bench.place.wait(LEFT_ALONE_S)
    yield AS_USUAL


@asynccontextmanager
async def _bridge(bench: Bench) -> AsyncIterator[How]:
    """The bench supply in parallel to the seated cell."""
    bench.feed_from_bench()
    try:
        yield AS_USUAL
    finally:
        bench.feed_from_own()


@asynccontextmanager
async def _send_good_package(bench: Bench) -> AsyncIterator[How]:
    yield How(package=bench.setup.good_package)


@asynccontextmanager
async def _write_settings(bench: Bench) -> AsyncIterator[How]:
    """The page that fits the application as the factory had it."""
    bench.probe.program_settings(replace(bench.setup.unit, faults=NO_FAULTS))
    await bench.reset(ResetKind.POWER)
    yield AS_USUAL


@asynccontextmanager
async def _program_all(bench: Bench) -> AsyncIterator[How]:
    bench.probe.program_all(replace(bench.setup.unit, faults=NO_FAULTS))
    await bench.reset(ResetKind.POWER)
    yield AS_USUAL


RADIO: Final = LinkKind.RADIO
TRIES: Final[Mapping[str, Doing]] = {
    RETRY: _sending(AS_USUAL),
    "other_host": _sending(How(from_other_host=True)),
    "package_change": _send_good_package,
    "slower_pace": _sending(How(prn=FEW_PACKETS, pacing=FOR_BLUETOOTH), RADIO),
    "smaller_mtu": _sending(How(mtu=SMALL_MTU), RADIO),
    "delay": _sending(How(pacing=replace(FOR_BLUETOOTH, after_free_s=WAIT_BEHIND_CREATE_S)), RADIO),
    "host_longer_timeout": _sending(How(is_patient=True)),
    # A virtual host's radio is powered anew for every attempt.
    "dongle_reset": _sending(AS_USUAL, RADIO),
    "host_bt_toggle": _sending(AS_USUAL, RADIO),
    "app_restart": _restart_application,
    "soft_reset": _leave_bootloader_alone,
    "pin_reset": _resetting(ResetKind.PIN),
    "supply_in_parallel": _bridge,
    "debugger_attached": _sending(AS_USUAL),
    "cell_reseated": _resetting(ResetKind.POWER),
    "power_cycle": _resetting(ResetKind.POWER),
    "long_power_off": _resetting(ResetKind.POWER),
    "new_cell": _fed_by(Bench.feed_from_new_cell),
    "bench_supply": _fed_by(Bench.feed_from_bench),
    "full_dfu": _sending(AS_USUAL),
    "settings_regenerated": _write_settings,
    "reflash": _program_all,
}
"""What a bench with a virtual unit can try, by the vocabulary's actions. There is no bond to
remove, no permission to give, no other program, nothing attached that could be unplugged."""
