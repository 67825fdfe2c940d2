"""One piece of work with one unit, as a command carries it out.

Rules of this module: everything that a command names is read, and every output is seen to take the
place of no input, before a road is opened; and what was kept survives however the work ends.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from firmline.cli.autopsy_input import read_memory_file
from firmline.cli.btsnoop_file import BtsnoopFile
from firmline.cli.event_output import Listener
from firmline.cli.files import keep_apart
from firmline.cli.parameters import KeySource, key_source
from firmline.cli.running import run_with
from firmline.cli.secrets_input import load_public_key
from firmline.cli.trace_file import TraceFile, keep_events
from firmline.cli.unit_choice import load_unit
from firmline.device.dump import describe_dump
from firmline.errors import Code, StoreError, TransportError, TransportReason
from firmline.events import Event, Reporter
from firmline.links.open import check_packet_log, open_target
from firmline.links.open_many import OpenedTarget
from firmline.links.target import Scheme, Target
from firmline.links.wanted import WantedTarget

_T = TypeVar("_T")


def prepare_unit(
    target: Target,
    *,
    trace: Path | None,
    btsnoop: Path | None = None,
    inputs: Iterable[KeySource | None] = (),
) -> WantedTarget:
    """Read what a target names, and see that its outputs can be had.

    Args:
        target: The unit.
        trace: Where every event is to be kept.
        btsnoop: Where every packet is to be kept.
        inputs: What the command reads besides.

    Raises:
        InputError: A unit file or key cannot be read, an output would take the place of an input,
            or there are no packets to keep.
    """
    is_virtual = target.scheme is Scheme.SIM
    unit = load_unit(target.where) if is_virtual else None
    flash = Path(target.options["flash"]) if is_virtual and "flash" in target.options else None
    if unit is not None and flash is not None:
        unit = describe_dump(unit, read_memory_file(flash))
    key = key_source(target.options["key"]) if is_virtual and "key" in target.options else None
    for output in (trace, btsnoop):
        if output is not None:
            keep_apart(output, *inputs, key, flash)
    if btsnoop is not None:
        check_packet_log(target, unit=unit)
    trusted_key = None if key is None else load_public_key(key)
    return WantedTarget(target=target, unit=unit, trusted_key=trusted_key)


class UnitSession:
    """Opens the road to a unit, works on it, and keeps what happens.

    Args:
        wanted: The unit.
        trace: Where every event is kept.
        btsnoop: Where every packet between host and controller is kept.

    Raises:
        InputError: ``OPTION_CONFLICT``: the two are one file, or one that was read.
    """

    def __init__(self, wanted: WantedTarget, *, trace: Path | None, btsnoop: Path | None) -> None:
        self._wanted = wanted
        self._trace = trace
        self._trace_file: TraceFile | None = None
        self._packets = None if btsnoop is None else BtsnoopFile(btsnoop, trace=trace)

    def run(
        self,
        work: Callable[[OpenedTarget, Reporter], Coroutine[Any, Any, _T]],
        *,
        make_listener: Callable[[], Listener] | None,
        not_begun: Callable[[TransportError], Iterable[Event]],
    ) -> _T:
        """Carry it out.

        Args:
            work: Is done over the road; whatever it reports is kept before it goes on.
            make_listener: Makes who hears the events besides the trace.
            not_begun: The events of work whose road could not be opened, which is evidence, too.

        Raises:
            InputError: The target cannot be used.
            TransportError: The road is not available.
            StoreError: A file cannot be begun.
            KeyboardInterrupt: A signal to end came; the work has come to its end, and is kept.
        """
        try:
            with ExitStack() as stack:
                return run_with(self._wanted.target, self._over_road(stack, work, make_listener))
        except TransportError as error:
            self._keep_failure(error, not_begun)
            raise
        except KeyboardInterrupt:
            self._keep_failure(_interrupted(), not_begun)
            raise

    def _keep_failure(
        self, error: TransportError, not_begun: Callable[[TransportError], Iterable[Event]]
    ) -> None:
        """Keep why the road never opened; what happened on an open one is in the trace already."""
        if self._trace is not None and self._trace_file is None:
            keep_events(self._trace, not_begun(error))

    @property
    def problems(self) -> tuple[StoreError, ...]:
        """Why the trace, or the file of the packets, broke off, where they did."""
        kept = (self._trace_file, self._packets)
        return tuple(file.problem for file in kept if file is not None and file.problem is not None)

    @property
    def trace_kept(self) -> Path | None:
        """Where the trace is; ``None``: nobody asked for one, or it broke off."""
        return self._trace if self._trace_file is None else self._trace_file.kept

    async def _over_road(
        self,
        stack: ExitStack,
        work: Callable[[OpenedTarget, Reporter], Coroutine[Any, Any, _T]],
        make_listener: Callable[[], Listener] | None,
    ) -> _T:
        wanted = self._wanted
        packet_log = None if self._packets is None else stack.enter_context(self._packets).write
        async with open_target(
            wanted.target,
            unit=wanted.unit,
            trusted_key=wanted.trusted_key,
            packet_log=packet_log,
        ) as opened:
            listeners: list[Listener] = []
            if self._trace is not None:
                self._trace_file = stack.enter_context(TraceFile(self._trace))
                listeners.append(self._trace_file)
            if make_listener is not None:
                listeners.append(stack.enter_context(make_listener()))

            def report(event: Event) -> None:
                for listener in listeners:
                    listener.hear(event)

            return await work(opened, report)


def _interrupted() -> TransportError:
    return TransportError(
        Code.INTERRUPTED,
        "The command was interrupted before the road to the unit was open.",
        reason=TransportReason.LOST,
    )
