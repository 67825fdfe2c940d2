"""What ``firmline dfu serial`` and ``usb-serial`` take alike, and the update that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from firmline.cli.dfu_options import (
    connect_delay_option,
    own_options,
    package_option,
    prn_option,
    timeout_option,
)
from firmline.cli.expect_options import expect_options, read_expectation
from firmline.cli.sending_options import Sending
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.links.target import Target
from firmline.updater.expectation import Expectation
from firmline.updater.timeouts import SerialTimeouts, Timeouts


def wired_options(
    *own: Callable[[Any], Any], instead: str, takes: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options of a command over a wire; :meth:`WiredUpdate.read` takes the common ones.

    Args:
        own: The command's own options, which the help has behind ``-pkg``.
        instead: What is done instead of waiting as long as ``-cd`` says.
        takes: What may take as long as ``-t`` says.
    """
    delay, timeout = connect_delay_option(instead), timeout_option(takes)
    options: tuple[Any, ...] = (
        *(package_option, *own, prn_option, delay, timeout),
        *(expect_options, own_options),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredUpdate:
    """An update over a wire, as nrfutil's options say it.

    Attributes:
        package: The package's file.
        prn: Ask for an unasked CRC after every ``prn`` packets.
        delay_s: How long nrfutil would wait before it begins (``-cd``).
        timeout_s: How long the unit may take (``-t``); ``None``: as long as is usual.
        expectation: What the new application prints, if the user knows.
        verbose: Whether to print every event.
        recovers: Whether it goes on behind a fault.
        trace: Where every event is kept.
        as_json: Whether to print for programs.
    """

    package: Path
    prn: int
    delay_s: int
    timeout_s: int | None
    expectation: Expectation | None
    verbose: bool
    recovers: bool
    trace: Path | None
    as_json: bool

    @classmethod
    def read(
        cls,
        *,
        package: Path,
        prn: int,
        connect_delay: int | None,
        timeout: int | None,
        expect: str | None,
        expect_baud: int | None,
        expect_timeout: float | None,
        verbose: int,
        recovers: bool,
        trace: Path | None,
        as_json: bool,
    ) -> WiredUpdate:
        """What the common options say.

        Raises:
            InputError: What is expected cannot be read.
        """
        return cls(
            package=package,
            prn=prn,
            delay_s=connect_delay or 0,
            timeout_s=timeout,
            expectation=read_expectation(expect, baud=expect_baud, timeout_s=expect_timeout),
            verbose=verbose > 0,
            recovers=recovers,
            trace=trace,
            as_json=as_json,
        )

    def timeouts(self, *waits: str) -> Timeouts:
        """How long to wait for what.

        Args:
            waits: Names of the :class:`~firmline.updater.timeouts.SerialTimeouts` that ``-t`` sets,
                and that ``-cd`` makes longer without it.
        """
        usual = SerialTimeouts()
        own_s = {
            name: getattr(usual, name) + self.delay_s if self.timeout_s is None else self.timeout_s
            for name in waits
        }
        return Timeouts(serial=replace(usual, **own_s))

    def run(self, target: Target, timeouts: Timeouts) -> NoReturn:
        """Carry it out; ends the command with its exit code.

        Raises:
            InputError: The package, the target or the trace cannot be used.
            TransportError: The road to the unit is not available.
        """
        run_update(
            UpdateRequest(
                package=self.package,
                target=target,
                trace=self.trace,
                as_json=self.as_json,
                verbose=self.verbose,
                sending=Sending(prn=self.prn),
                recovers=self.recovers,
                timeouts=timeouts,
                expectation=self.expectation,
            )
        )
