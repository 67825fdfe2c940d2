"""What an inspection is to read, whatever the road to the unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmline import events
from firmline.errors import Code, FirmlineError, InputError
from firmline.events import Event
from firmline.formats.probes import ProbeSource
from firmline.protocol.reading import HeldObjects
from firmline.updater.timeouts import Timeouts
from firmline.values import UnitPin


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionPlan:
    """What is to be read.

    Attributes:
        unit_name: The target as the user named it.
        pin: By what the unit is known in the air; ``None``: it is at a port.
        probes: What to ask its bootloader with; ``None``: with questions alone.
        public_key: Of the key that signed the probes, hexadecimal; empty without.
        enter: An application is taken into its bootloader also without probes.
        stay: A unit that was taken into its bootloader is left there.
        discard_progress: Probe also where an update that was begun is lost by that.
        timeouts: How long to wait for what.
    """

    unit_name: str
    pin: UnitPin | None
    probes: ProbeSource | None = None
    public_key: str = ""
    enter: bool = False
    stay: bool = False
    discard_progress: bool = False
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def enters(self) -> bool:
        """Whether an application is taken into its bootloader."""
        return self.enter or self.probes is not None

    @property
    def started(self) -> events.InspectionStarted:
        """The first event of the inspection."""
        return events.InspectionStarted(
            unit=self.unit_name,
            with_probes=self.probes is not None,
            public_key=self.public_key,
            enters=self.enters,
        )


def not_begun(started: events.InspectionStarted, error: FirmlineError) -> tuple[Event, ...]:
    """The stream of an inspection whose link could not be opened: no clock, so no time."""
    finished = events.InspectionFinished(
        code=error.code, message=error.message, left_in=None, duration_s=0.0
    )
    return started, finished


def progress_at_risk(progress: HeldObjects) -> InputError:
    """The error of probes that would throw away an update that was begun."""
    parts = [f"an init packet of {progress.init_packet:,} bytes"] if progress.init_packet else []
    if progress.image:
        parts.append(f"{progress.image:,} bytes of an image")
    return InputError(
        Code.PROBE_PROGRESS,
        f"The bootloader holds {' and '.join(parts)} of an update that was begun, which probes"
        " would throw away.",
        hint="Finish the update first, or add --discard-progress if it may begin anew.",
    )
