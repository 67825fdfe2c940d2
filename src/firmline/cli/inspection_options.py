"""The options of an inspection, and the inspection as commands run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.files import read_file
from firmline.cli.interruption import interruptions
from firmline.cli.output_options import trace_option
from firmline.cli.parameters import FilePath, KeyName, KeySource
from firmline.cli.pkg_probes import HwVersions
from firmline.cli.style import printable
from firmline.errors import Code, ExitCode, InputError, TransportError

if TYPE_CHECKING:
    from firmline.cli.event_output import Listener
    from firmline.errors import StoreError
    from firmline.events import Event, Reporter
    from firmline.formats.keys import PublicKey
    from firmline.formats.probes import ProbeSource
    from firmline.links.open_many import OpenedTarget
    from firmline.links.wanted import WantedTarget
    from firmline.updater.inspection.choice import AnyInspection
    from firmline.updater.inspection.plan import InspectionPlan
    from firmline.updater.inspection.record import InspectionResult
    from firmline.values import UnitPin

FILE = FilePath()
HW_VERSIONS: Final = (52, 51, *range(14))
"""What is asked for with a key where no hardware version is named: those of the SDK's examples for
nRF52 and nRF51, and small numbers. One costs one probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionOptions:
    """How a unit is to be read; what the options of a command line say.

    Attributes:
        probes: A probe pack.
        key_file: A private key that signs probes as they are needed.
        hw_versions: Hardware versions to ask for with the key.
        enter: Whether it is taken into its bootloader also without probes.
        stay: Whether the unit is left in its bootloader.
        discard_progress: Whether an update that was begun may be lost.
        trace: Where every event is kept.
        btsnoop: Where every packet between host and controller is kept.
    """

    probes: Path | None
    key_file: KeySource | None
    hw_versions: tuple[int, ...] | None
    stay: bool
    discard_progress: bool
    trace: Path | None
    btsnoop: Path | None = None
    enter: bool = False

    def check(self) -> None:
        """Refuse options that mean nothing together.

        Raises:
            InputError: ``OPTION_CONFLICT``.
        """
        if self.probes is not None and self.key_file is not None:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--probes and --key-file both say what to ask with; a pack needs no key.",
            )
        has_probes = self.probes is not None or self.key_file is not None
        if self.stay and not (has_probes or self.enter):
            raise InputError(
                Code.OPTION_CONFLICT,
                "--stay means nothing without --enter, --probes or --key-file: the unit is not"
                " taken into its bootloader.",
                hint="Add one of them, or leave --stay out.",
            )
        if self.discard_progress and not has_probes:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--discard-progress means nothing without --probes or --key-file: nothing else"
                " that is asked can take the place of an update that was begun.",
                hint="Add --probes PACK or --key-file KEY, or leave --discard-progress out.",
            )
        if self.hw_versions is not None and self.key_file is None:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--hw-version goes with --key-file only; a pack has its own.",
                hint="Add --key-file KEY, or leave --hw-version out.",
            )

    @property
    def given(self) -> bool:
        """Whether any of them is given."""
        return self != InspectionOptions(
            probes=None,
            key_file=None,
            hw_versions=None,
            stay=False,
            discard_progress=False,
            trace=None,
        )


def inspection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an inspection."""
    for option in reversed(
        (
            click.option(
                "--probes",
                metavar="ZIP",
                type=FILE,
                help="Ask its bootloader with this probe pack (firmline pkg probes).",
            ),
            click.option(
                "--key-file",
                metavar="FILE",
                type=KeyName(),
                help="Ask its bootloader with probes that this private key signs on the way: a PEM"
                " file, or the pkcs11: URI of a key on a token.",
            ),
            click.option(
                "--hw-version",
                "hw_versions",
                type=HwVersions(),
                help="With --key-file: hardware versions that the unit may have, the likeliest"
                f" first.  [default: {','.join(map(str, HW_VERSIONS))}]",
            ),
            click.option(
                "--enter",
                is_flag=True,
                help="Ask its bootloader also without probes: one for UART or USB says itself which"
                " chip it runs on and what is installed.",
            ),
            click.option(
                "--stay", is_flag=True, help="Leave the unit in its bootloader afterwards."
            ),
            click.option(
                "--discard-progress",
                is_flag=True,
                help="Ask even where an update that was begun will have to begin anew.",
            ),
            trace_option,
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """An inspection that was carried out.

    Attributes:
        result: What came of it.
        probes_key: The key that signed its probes; ``None``: there were none.
        problems: Why its trace, or the file of its packets, broke off, where they did.
    """

    result: InspectionResult
    probes_key: PublicKey | None
    problems: tuple[StoreError, ...]

    @property
    def exit_code(self) -> int:
        """The exit code of a command that did nothing else."""
        error = self.result.error
        if error is not None and error.code is Code.INTERRUPTED:
            return ExitCode.INTERRUPTED
        kept_code = self.problems[0].exit_code if self.problems else ExitCode.DONE
        return self.result.exit_code or kept_code


def inspect_unit(
    target_text: str,
    options: InspectionOptions,
    *,
    make_listener: Callable[[], Listener] | None = None,
) -> Inspected:
    """Read a unit; one that a signal breaks off ends as a result, with what was found until then.

    Args:
        target_text: Which.
        options: How; checked before.
        make_listener: Makes who hears the events besides the trace.

    Raises:
        InputError: A file or the target cannot be used; nothing was sent.
        TransportError: The link cannot be opened.
        StoreError: The trace cannot be begun.
        KeyboardInterrupt: A signal to end came before anything was begun.
    """
    from firmline.cli.unit_session import UnitSession  # noqa: PLC0415 - the help stays fast
    from firmline.updater.inspection.choice import inspection_over  # noqa: PLC0415
    from firmline.updater.inspection.plan import not_begun  # noqa: PLC0415

    asked = _prepare(target_text, options)
    session = UnitSession(asked.wanted, trace=options.trace, btsnoop=options.btsnoop)

    begun: list[AnyInspection] = []

    async def inspect(opened: OpenedTarget, report: Reporter) -> InspectionResult:
        plan = _plan(asked, options, opened.pin)
        begun.append(inspection_over(opened.link, plan, report=report))
        return await begun[0].run()

    def told(error: TransportError) -> tuple[Event, ...]:
        return not_begun(_plan(asked, options, None).started, error)

    try:
        result = session.run(inspect, make_listener=make_listener, not_begun=told)
    except KeyboardInterrupt:
        ended = begun[0].result if begun else None
        if ended is None:
            raise
        interruptions.over()  # it is being told how the inspection ended, and that is told once
        result = ended
    return Inspected(result=result, probes_key=asked.probes_key, problems=session.problems)


def _plan(asked: _Asked, options: InspectionOptions, pin: UnitPin | None) -> InspectionPlan:
    from firmline.updater.inspection.plan import InspectionPlan  # noqa: PLC0415 - the help stays fast

    return InspectionPlan(
        unit_name=asked.unit_name,
        pin=pin,
        probes=asked.source,
        public_key=asked.public_key,
        enter=options.enter,
        stay=options.stay,
        discard_progress=options.discard_progress,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked for, with its files read.

    Attributes:
        wanted: The unit.
        source: What to ask with.
        probes_key: The key behind that.
    """

    wanted: WantedTarget
    source: ProbeSource | None
    probes_key: PublicKey | None

    @property
    def unit_name(self) -> str:
        """The target as the user named it, safe to print and to keep."""
        return printable(self.wanted.target.shown)

    @property
    def public_key(self) -> str:
        """Of the probes' key, hexadecimal; empty without."""
        return "" if self.probes_key is None else self.probes_key.le_bytes.hex()


def _prepare(target_text: str, options: InspectionOptions) -> _Asked:
    """Read everything that is named, before anything is sent."""
    from firmline.cli.unit_session import prepare_unit  # noqa: PLC0415 - the help stays fast
    from firmline.links.target import parse_target  # noqa: PLC0415

    wanted = prepare_unit(
        parse_target(target_text, default_scheme=os.environ.get("FIRMLINE_LINK", "")),
        trace=options.trace,
        btsnoop=options.btsnoop,
        inputs=(options.probes, options.key_file),
    )
    source, probes_key = _probe_source(options)
    return _Asked(wanted=wanted, source=source, probes_key=probes_key)


def _probe_source(options: InspectionOptions) -> tuple[ProbeSource | None, PublicKey | None]:
    """What to ask with, and the key behind it."""
    from firmline.cli.secrets_input import load_signing_key  # noqa: PLC0415 - likewise
    from firmline.formats.probes import (  # noqa: PLC0415
        ProbeCatalogue,
        SignedOnDemand,
        with_known_softdevices,
    )
    from firmline.formats.probes_pack import read_probe_pack  # noqa: PLC0415
    from firmline.formats.probes_versions import VersionLimits  # noqa: PLC0415

    if options.probes is not None:
        content = read_file(options.probes, what="probe pack")
        pack = read_probe_pack(content, name=str(options.probes))
        return pack, pack.public_key
    if options.key_file is None:
        return None, None
    every = VersionLimits.every()
    catalogue = ProbeCatalogue(
        hw_versions=options.hw_versions or HW_VERSIONS,
        softdevices=with_known_softdevices(),
        app_limits=every,
        bootloader_limits=every,
    )
    signer = load_signing_key(options.key_file)
    return SignedOnDemand(catalogue=catalogue, signer=signer), signer.public_key
