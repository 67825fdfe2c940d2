"""The search of probes: from the answers of a sealed bootloader to what is on the unit.

Sans-IO: :attr:`ProbeSearch.next_probe` says what to send, :meth:`ProbeSearch.answered` takes the
answer to its EXECUTE. Which check refused a probe says how far it came
(:mod:`firmline.formats.probes`)::

    application, a version   05        -> the key is not the bootloader's; over
                             0B/06     -> the next hardware version
                             0B/05, 04 -> key and hardware version are right; bisect the version
    application, FWIDs       0B/07     -> none of them; else bisect them
    application, no FWID     0B/07     -> a SoftDevice, but not a known one; else there is none
    bootloader, a version    0B/05, 04 -> bisect

Every answer says all that it can, so no probe asks for the key or the hardware version alone.
Versions are mostly small, so the first steps go up (15, 255, 65535: the bits double) before the
rest is halved.

Rules of this module: an answer that the SDK's bootloaders (15.3 to 17.1) cannot give at that place
ends the search, with what was found until then and why it ended. A success is one of them: no probe
may be accepted. Each probe re-creates the unit's command object, so probing must not come into the
middle of an update.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, TypeVar

from firmline.errors import Code, FirmlineError, LocalProtocolError, RemoteProtocolError
from firmline.formats.init_packet import FwType
from firmline.formats.probes import (
    Probe,
    ProbeCatalogue,
    first_half,
    softdevice_probe,
    version_probe,
)
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ExtError, Opcode, ResultCode
from firmline.protocol.refusals import refusal
from firmline.protocol.requests import ExecuteObject
from firmline.values import Fwid

STEPS: Final = (15, 255, 65535)
"""Versions that are asked for before the rest is halved."""
_NOT_THE_SDKS: Final = (
    "This bootloader does not check as those of SDK 15.3 to 17.1 do: probes cannot read it."
)


class Check(Enum):
    """The check that refused a probe (secure-dfu-bootloader spec, section 5.1)."""

    SIGNATURE = "signature"
    HARDWARE = "hardware version"
    SOFTDEVICE = "SoftDevice"
    VERSION = "version"
    SIZE = "size"


_CHECKS: Final[dict[tuple[int, int | None], Check]] = {
    (ResultCode.INVALID_OBJECT, None): Check.SIGNATURE,
    (ResultCode.EXTENDED_ERROR, ExtError.HW_VERSION_FAILURE): Check.HARDWARE,
    (ResultCode.EXTENDED_ERROR, ExtError.SD_VERSION_FAILURE): Check.SOFTDEVICE,
    (ResultCode.EXTENDED_ERROR, ExtError.FW_VERSION_FAILURE): Check.VERSION,
    (ResultCode.EXTENDED_ERROR, ExtError.INIT_COMMAND_INVALID): Check.SIZE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDeviceFound:
    """What is known of the unit's SoftDevice.

    Attributes:
        is_present: Whether there is one.
        fwid: Its FWID; None: there is none, or it is not one of the catalogue's.
    """

    is_present: bool
    fwid: Fwid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the answers said so far; None: not known (yet).

    Attributes:
        probes_sent: How many probes were answered.
        key_ok: Whether the bootloader trusts the key that signed them.
        hw_version: The hardware version; None with ``key_ok`` and without ``problem``: it is none
            of the catalogue's.
        softdevice: The SoftDevice.
        app_version: The application's version. One that is exactly 0 may also be any version on a
            bootloader that was built without downgrade prevention.
        bootloader_version: The bootloader's version.
        problem: Why the search ended before it was done.
    """

    probes_sent: int = 0
    key_ok: bool | None = None
    hw_version: int | None = None
    softdevice: SoftDeviceFound | None = None
    app_version: VersionRange | None = None
    bootloader_version: VersionRange | None = None
    problem: FirmlineError | None = None


class _EndedError(Exception):
    """The search cannot go on."""

    def __init__(self, problem: FirmlineError) -> None:
        super().__init__(problem)
        self.problem = problem


_T = TypeVar("_T")
_Search = Generator[Probe, Answer, _T]


class ProbeSearch:
    """Finds out what is on one unit; only probes of the catalogue are asked for.

    Args:
        catalogue: What can be asked.
    """

    def __init__(self, catalogue: ProbeCatalogue) -> None:
        self._catalogue = catalogue
        self._findings = Findings()
        self._search = self._run()
        self._next: Probe | None = next(self._search)

    @property
    def next_probe(self) -> Probe | None:
        """What to send now; None: the search is over."""
        return self._next

    @property
    def findings(self) -> Findings:
        """What is known by now."""
        return self._findings

    def answered(self, answer: Answer) -> None:
        """Take the answer to the EXECUTE of :attr:`next_probe`.

        Raises:
            LocalProtocolError: The search is over.
        """
        if self._next is None:
            raise LocalProtocolError("An answer was given to a search of probes that is over.")
        self._found(probes_sent=self._findings.probes_sent + 1)
        try:
            self._next = self._search.send(answer)
        except StopIteration:
            self._next = None
        except _EndedError as ended:
            self._next = None
            self._found(problem=ended.problem)

    def _found(self, **facts: object) -> None:
        self._findings = replace(self._findings, **facts)  # type: ignore[arg-type]

    def _run(self) -> _Search[None]:
        limits = self._catalogue.app_limits
        start = _pivot(limits, 0, len(limits))
        for hw_version in self._catalogue.hw_versions:
            probe = version_probe(FwType.APPLICATION, hw_version, limits[start])
            may_fail = {Check.HARDWARE, Check.VERSION}
            if not self._findings.key_ok:
                may_fail.add(Check.SIGNATURE)
            refused_by = yield from _ask(probe, may_fail)
            if refused_by is Check.SIGNATURE:
                self._found(key_ok=False)
                return
            self._found(key_ok=True)
            if refused_by is not Check.HARDWARE:
                self._found(hw_version=hw_version)
                passed = refused_by is Check.SIZE
                yield from self._find_the_rest(hw_version, start, passed)
                return

    def _find_the_rest(self, hw_version: int, start: int, passed: bool) -> _Search[None]:
        """All that the hardware version hides, after one probe of the application's version."""
        app_limits = self._catalogue.app_limits
        low, high = (0, start) if passed else (start + 1, len(app_limits))
        app_version = yield from self._find_version(FwType.APPLICATION, hw_version, low, high)
        self._found(app_version=app_version)
        softdevice = yield from self._find_softdevice(hw_version)
        self._found(softdevice=softdevice)
        high = len(self._catalogue.bootloader_limits)
        bootloader_version = yield from self._find_version(FwType.BOOTLOADER, hw_version, 0, high)
        self._found(bootloader_version=bootloader_version)

    def _find_version(
        self, kind: FwType, hw_version: int, low: int, high: int
    ) -> _Search[VersionRange]:
        """The first limit, from index ``low`` to ``high``, that the installed version keeps."""
        catalogue = self._catalogue
        is_app = kind is FwType.APPLICATION
        limits = catalogue.app_limits if is_app else catalogue.bootloader_limits
        while low < high:
            middle = _pivot(limits, low, high)
            probe = version_probe(kind, hw_version, limits[middle])
            refused_by = yield from _ask(probe, {Check.VERSION})
            low, high = (low, middle) if refused_by is Check.SIZE else (middle + 1, high)
        return limits.below(low)

    def _find_softdevice(self, hw_version: int) -> _Search[SoftDeviceFound]:
        for group in self._catalogue.softdevice_groups:
            among = yield from _is_among(hw_version, group)
            if among:
                fwid = yield from _bisect(hw_version, group)
                return SoftDeviceFound(is_present=True, fwid=fwid)
        has_none = yield from _is_among(hw_version, ())
        return SoftDeviceFound(is_present=not has_none)


def _bisect(hw_version: int, fwids: tuple[Fwid, ...]) -> _Search[Fwid]:
    """Which of these it is, given that it is one."""
    while len(fwids) > 1:
        half = first_half(fwids)
        among = yield from _is_among(hw_version, half)
        fwids = half if among else fwids[len(half) :]
    return fwids[0]


def _is_among(hw_version: int, fwids: tuple[Fwid, ...]) -> _Search[bool]:
    """Whether the SoftDevice is one of these; of none: whether there is none."""
    refused_by = yield from _ask(
        softdevice_probe(hw_version, fwids), {Check.SOFTDEVICE, Check.VERSION}
    )
    return refused_by is not Check.SOFTDEVICE


def _ask(probe: Probe, may_fail: set[Check]) -> _Search[Check]:
    """Send a probe; the check that refused it. The size refuses every probe that gets so far."""
    answer = yield probe
    if answer.opcode != Opcode.OBJECT_EXECUTE:
        raise _EndedError(
            RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"The unit answered a probe with an answer to request {answer.opcode:02X}.",
            )
        )
    if answer.ok:
        raise _EndedError(
            RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                "The unit accepted a probe, an init packet for an image of 0 bytes, which no"
                " bootloader of SDK 15.3 to 17.1 does.",
                hint="Send it nothing more, and reset it before it is used.",
            )
        )
    refused_by = _CHECKS.get((answer.result, answer.ext_error))
    if refused_by is None:
        problem = refusal(ExecuteObject(), answer, phase="a probe")
        problem.hint = _NOT_THE_SDKS
        raise _EndedError(problem)
    if refused_by is not Check.SIZE and refused_by not in may_fail:
        raise _EndedError(
            RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"The unit refused a probe for its {refused_by.value}, which must pass here.",
                hint=_NOT_THE_SDKS,
            )
        )
    return refused_by


def _pivot(limits: VersionLimits, low: int, high: int) -> int:
    """The limit to ask for next: a step upwards while nothing but steps was too low, else half."""
    middle = (low + high) // 2
    if low == 0 or limits[low - 1] in STEPS:
        for step in STEPS:
            index = limits.count_up_to(step) - 1
            if low <= index < middle:
                return index
    return middle
