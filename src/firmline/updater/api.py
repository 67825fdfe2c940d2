"""The public asynchronous interface: one unit, and streams of events from it.

::

    async with firmline.connect("ble:C6:05:04:03:02:01") as unit:
        async for event in unit.update(package):
            ...

Rules of this module:

* A stream is the events of :mod:`firmline.events`, in order, and ends with the last of them
  (``UpdateFinished``, ``InspectionFinished``). What goes wrong with the unit or the road is told
  there and not raised; what a caller gets wrong is raised before anything is sent.
* Whoever stops listening, or is cancelled at any ``await``, stops the work as well: it comes to its
  end before the stream is closed, and the unit is left as after a lost link, to be updated again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar

from firmline.device.description import UnitDescription
from firmline.errors import Code, InputError
from firmline.events import Event, Reporter
from firmline.formats.keys import PublicKey
from firmline.formats.package import Package, read_package, write_package
from firmline.links.open import open_target, run_for_target
from firmline.links.open_many import OpenedTarget
from firmline.links.target import Target, parse_target
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.expectation import Expectation
from firmline.updater.inspection.choice import inspection_over
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, plan_for
from firmline.updater.wishes import (
    check_checkpoints,
    check_coroutine,
    check_expectation,
    check_name,
    check_package,
    check_prn,
    check_report,
    check_timeouts,
    check_uri,
    check_virtual,
)

_T = TypeVar("_T")
_Work = Coroutine[Any, Any, object]
DEFAULT_NAME: Final = "package.zip"
"""What a package is called in the stream where nobody says."""


def nobody(_event: Event) -> None:
    """Hears an event where nobody does but the stream."""


class ConnectedUnit:
    """One unit, behind an open road; made by :func:`connect`.

    Args:
        target: The unit.
        opened: The road to it.
    """

    def __init__(self, target: Target, opened: OpenedTarget) -> None:
        self._target = target
        self._opened = opened
        self._working: asyncio.Task[object] | None = None

    @property
    def name(self) -> str:
        """The unit as it was named, without secrets."""
        return self._target.shown

    def update(
        self,
        package: Package | bytes,
        *,
        name: str = DEFAULT_NAME,
        timeouts: Timeouts | None = None,
        expectation: Expectation | None = None,
        checkpoint_s: Spacing = AUTO,
        prn: int = 0,
        report: Reporter = nobody,
    ) -> AsyncGenerator[Event]:
        """Update the unit.

        Args:
            package: What to send: a package, or the bytes of its file.
            name: What to call it in the stream.
            timeouts: How long to wait for what.
            expectation: What the new application prints on a serial port.
            checkpoint_s: Seconds of work between two checkpoints, 1 to 3600; ``auto``: 10, and more
                where they would take over 3 % of the time; ``None``: none.
            prn: Ask for an unasked CRC after so many packets, up to 65535; 0: as the road needs it.
            report: Hears every event as it happens, also those behind the one at which whoever
                listens to the stream leaves it.

        Returns:
            The stream; its last event is an ``UpdateFinished``.

        Raises:
            InputError: The bytes are no package. NUMBER_MALFORMED, NUMBER_OUT_OF_RANGE, USAGE: what
                is asked for is none of its kind. OPTION_CONFLICT: the unit is at work already; also
                raised when the stream is begun.
        """
        check_package(package)
        check_name(name)
        check_report(report)
        check_timeouts(timeouts)
        check_expectation(expectation)
        check_checkpoints(checkpoint_s)
        check_prn(prn)
        content = package if isinstance(package, bytes) else write_package(package)
        images = read_package(content, name=name) if isinstance(package, bytes) else package
        opened = self._opened
        plan = plan_for(
            images,
            content,
            package_name=name,
            unit_name=self.name,
            pin=opened.pin,
            timeouts=timeouts,
            pacing=opened.pacing,
            prn=prn or opened.prn,
            expectation=expectation,
            checkpoint_s=checkpoint_s,
        )
        return self._stream(
            lambda heard: Update(plan, link=opened.link, report=heard).run(), report
        )

    def inspect(
        self, *, timeouts: Timeouts | None = None, report: Reporter = nobody
    ) -> AsyncGenerator[Event]:
        """Read what the unit is, without taking it into its bootloader.

        Args:
            timeouts: How long to wait for what.
            report: As for an update.

        Returns:
            The stream, with a ``FactFound`` for each thing that is known; its last event is an
            ``InspectionFinished``.

        Raises:
            InputError: NUMBER_MALFORMED, NUMBER_OUT_OF_RANGE, USAGE: what is asked for is none of
                its kind. OPTION_CONFLICT: the unit is at work already.
        """
        check_report(report)
        check_timeouts(timeouts)
        opened = self._opened
        plan = InspectionPlan(unit_name=self.name, pin=opened.pin, timeouts=timeouts or Timeouts())
        return self._stream(
            lambda heard: inspection_over(opened.link, plan, report=heard).run(), report
        )

    def _stream(self, work: Callable[[Reporter], _Work], report: Reporter) -> AsyncGenerator[Event]:
        """The events of some work, which begins with the first of them that is asked for."""
        self._check_idle()
        return self._events(work, report)

    def _check_idle(self) -> None:
        if self._working is not None and not self._working.done():
            raise InputError(
                Code.OPTION_CONFLICT,
                f"{self.name} is at work already.",
                hint="Wait for the end of the stream, or close it, before you begin another.",
            )

    async def _events(
        self, work: Callable[[Reporter], _Work], report: Reporter
    ) -> AsyncGenerator[Event]:
        self._check_idle()
        heard: asyncio.Queue[Event | None] = asyncio.Queue()

        def hear(event: Event) -> None:
            report(event)
            heard.put_nowait(event)

        task = asyncio.ensure_future(work(hear))
        task.add_done_callback(lambda _done: heard.put_nowait(None))
        self._working = task
        try:
            while (event := await heard.get()) is not None:
                yield event
            await task  # a defect of ours is raised here
        finally:
            await _ended(task)

    async def close(self) -> None:
        """Stop what is under way, and wait until it has stopped; harmless when nothing is."""
        if self._working is not None:
            await _ended(self._working)


async def _ended(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait for its end, even where whoever waits is cancelled meanwhile."""
    task.cancel()
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            interrupted = cancelled
    if not task.cancelled():
        task.exception()  # it was raised to whoever listened to the end
    if interrupted is not None:
        raise interrupted


def connect(
    uri: str, *, unit: UnitDescription | None = None, trusted_key: PublicKey | None = None
) -> AbstractAsyncContextManager[ConnectedUnit]:
    """Open the road to a unit; it is given back at the end, and what is under way stopped.

    Args:
        uri: Which unit, as on the command line: ``ble:AA:BB:CC:DD:EE:FF``, ``serial:PORT``,
            ``sim:NAME``.
        unit: The virtual unit that ``sim:`` means; ``None``: the gallery's of that name.
        trusted_key: The key that a virtual unit trusts instead of its own.

    Returns:
        What opens it, behind ``async with``.

    Raises:
        InputError: USAGE, TARGET_MALFORMED: an argument is none of its kind, at once. When it is
            opened: the URI names no unit, or an option there is not.
        TransportError: NOT_AVAILABLE: the road cannot be opened: its extra is not installed, the
            Bluetooth adapter is off or forbidden, the controller of ``hci:`` does not answer, the
            system lists no USB devices. A serial port is opened with the first stream, which tells
            in its last event that it cannot be.
    """
    check_uri(uri)
    check_virtual(unit, trusted_key)
    return _connected(parse_target(uri), unit=unit, trusted_key=trusted_key)


@asynccontextmanager
async def _connected(
    target: Target, *, unit: UnitDescription | None, trusted_key: PublicKey | None
) -> AsyncIterator[ConnectedUnit]:
    async with open_target(target, unit=unit, trusted_key=trusted_key) as opened:
        connected = ConnectedUnit(target, opened)
        try:
            yield connected
        finally:
            await connected.close()


def run(uri: str, main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that uses a unit, as ``asyncio.run`` does, in the time of that unit.

    Hours of a virtual unit pass in seconds; under ``asyncio.run`` it lives in real time.

    Args:
        uri: The unit.
        main: What to run.

    Raises:
        InputError: The URI names no unit, or an option there is not; or there is nothing to run.
    """
    check_coroutine(main)
    try:
        check_uri(uri)
        target = parse_target(uri)
    except InputError:
        main.close()
        raise
    return run_for_target(target, main)
