"""Would this unit accept this package, image by image, and what becomes of the unit?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmline.device.acceptance.candidate import Candidate
from firmline.device.acceptance.capacity import Capacity, capacity
from firmline.device.acceptance.checks import CheckResult, run_checks
from firmline.device.acceptance.flash_map import Region, flash_map
from firmline.device.bootloader.placement import Place
from firmline.device.bootloader.postvalidation import softdevice_major
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.fabrication import fabricate
from firmline.device.faults.plan import NO_FAULTS, BootloaderMissing, LegacyBootloader
from firmline.device.lock_step_host import LockStepHost
from firmline.device.profile import MemoryMap
from firmline.device.unit import VirtualUnit
from firmline.errors import FirmlineError, LocalProtocolError, TargetRefusedError
from firmline.events import UnitMode
from firmline.formats.package import Package, PackageImage
from firmline.formats.softdevice import SMALLEST_SOFTDEVICE_END, SoftDeviceInfo, softdevice_in_image
from firmline.values import Fwid, FwVersion, ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVerdict:
    """What a unit says to one image.

    Attributes:
        kind: Which image of the package.
        checks: Every check, in the bootloader's order.
        place: Where the image is stored while it comes; None where there is no room.
        regions: The flash when the image has come.
        capacity: What the unit can take, as it is before this image.
        application_start: Where the unit looks for an application, as it is before this image.
        answer: The unit's refusal as an error with its code; None where it takes the image, or has
            nobody to answer.
        assumes_installed: Whether an image before this one was refused, so that this one was put
            before a unit as that one would have left it.
    """

    kind: ImageKind
    checks: tuple[CheckResult, ...]
    place: Place | None
    regions: tuple[Region, ...]
    capacity: Capacity
    application_start: int
    answer: FirmlineError | None = None
    assumes_installed: bool = False

    @property
    def accepted(self) -> bool:
        """Whether no check says no."""
        return self.refusal is None

    @property
    def refusal(self) -> CheckResult | None:
        """The first check that says no: the one that the unit answers with."""
        return next((check for check in self.checks if not check.ok), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """A unit when it has taken the whole package.

    Attributes:
        mode: What it runs.
        application_version: Of its application; None: it has none that runs.
        bootloader_version: Of its bootloader.
        softdevice: Its SoftDevice's FWID; None: it has none.
    """

    mode: UnitMode
    application_version: FwVersion | None
    bootloader_version: FwVersion
    softdevice: Fwid | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a unit says to a package.

    Attributes:
        images: One verdict for every image, in the order in which the unit takes them.
        aftermath: The unit afterwards; None where it does not take the whole package.
    """

    images: tuple[ImageVerdict, ...]
    aftermath: Aftermath | None

    @property
    def accepted(self) -> bool:
        """Whether the unit takes every image."""
        return all(image.accepted for image in self.images)

    @property
    def application_start(self) -> int | None:
        """Where the unit will look for the application of the package; None: it has none."""
        kinds = {image.kind: image.application_start for image in self.images}
        return kinds.get(ImageKind.APPLICATION)

    @property
    def refusal(self) -> CheckResult | None:
        """The first check that says no."""
        return next((image.refusal for image in self.images if image.refusal is not None), None)


def judge(package: Package, description: UnitDescription) -> Verdict:
    """Put a package before a unit.

    The unit's faults, its supply and what it has lost in an earlier session are left out: the
    question is whether package and unit fit together.

    Args:
        package: The package.
        description: The unit. Its application, if it has one, runs.

    Raises:
        LocalProtocolError: The virtual unit does not do what its own checks have foretold.
    """
    if (why := _has_no_bootloader(description)) is not None:
        return _never(package, description, why)
    unit = _Bench(description)
    verdicts: list[ImageVerdict] = []
    assumes_installed = False
    for image in package.images:
        verdict = replace(unit.judge(image), assumes_installed=assumes_installed)
        verdicts.append(verdict)
        description = _as_if_taken(description, image)
        if not verdict.accepted:
            assumes_installed = True
            unit = _Bench(description)
    taken = all(verdict.accepted for verdict in verdicts)
    return Verdict(images=tuple(verdicts), aftermath=unit.finish() if taken else None)


def _has_no_bootloader(description: UnitDescription) -> str | None:
    """Why there is nobody who could take a Secure DFU package."""
    if description.faults.one(BootloaderMissing) is not None:
        return "The unit has no bootloader, so nothing can be updated over its link."
    if description.faults.one(LegacyBootloader) is not None:
        return (
            "The unit has a legacy DFU bootloader, which knows neither init packets nor signatures."
        )
    return None


def _never(package: Package, description: UnitDescription, why: str) -> Verdict:
    """The verdict of a unit that has nobody to ask."""
    bench = _Bench(description)
    nobody = CheckResult(check="bootloader", ok=False, why=why)
    images = [replace(bench.look(image), checks=(nobody,)) for image in package.images]
    return Verdict(images=tuple(images), aftermath=None)


class _Bench:
    """A unit on the bench, in lock step."""

    def __init__(self, description: UnitDescription) -> None:
        healthy = replace(description, faults=NO_FAULTS, gpregret=0, lost_buffers=0, supply=None)
        self._unit: VirtualUnit = fabricate(healthy)
        self._unit.power_on(now_s=0)
        self._host = LockStepHost(self._unit)

    def judge(self, image: PackageImage) -> ImageVerdict:
        """The checks of one image, and then the image itself."""
        verdict = self.look(image)
        return replace(verdict, answer=self._send(image, verdict.refusal))

    def look(self, image: PackageImage) -> ImageVerdict:
        """The checks of one image; nothing is sent."""
        board = self._unit.board
        candidate = Candidate(image=image, board=board, settings=self._settings().ram)
        return ImageVerdict(
            kind=image.kind,
            checks=tuple(run_checks(candidate)),
            place=candidate.place,
            regions=flash_map(candidate),
            capacity=capacity(board, candidate.settings),
            application_start=board.bank_0_start,
        )

    def finish(self) -> Aftermath:
        """What the unit is when it has started what it has."""
        self._host.let_it_start()
        board, settings = self._unit.board, self._settings().ram
        runs = self._unit.mode is UnitMode.APPLICATION
        return Aftermath(
            mode=UnitMode.APPLICATION if runs else UnitMode.BOOTLOADER,
            application_version=FwVersion(settings.app_version) if runs else None,
            bootloader_version=FwVersion(settings.bootloader_version),
            softdevice=board.softdevice.fwid if board.softdevice is not None else None,
        )

    def _settings(self) -> SettingsStore:
        store = SettingsStore(self._unit.board)
        store.load()
        return store

    def _send(self, image: PackageImage, foretold: CheckResult | None) -> FirmlineError | None:
        """The unit's refusal, which has to be the one that its checks foretell."""
        taken = self._host.send_image(image)
        error = self._host.error
        expected = (foretold.result_code, foretold.ext_error) if foretold is not None else None
        given = (error.result, error.ext_error) if isinstance(error, TargetRefusedError) else None
        if taken != (foretold is None) or given != expected:
            raise LocalProtocolError(
                f"The virtual unit's answer to the {image.kind} is not the one that its checks"
                " foretell.",
                taken=taken,
                foretold=str(expected),
                given=str(given),
            )
        return error


def _as_if_taken(description: UnitDescription, image: PackageImage) -> UnitDescription:
    """The unit as it is when it has taken an image, also one that it refuses."""
    command = image.init_packet.command
    changes: dict[str, object] = {}
    info = softdevice_in_image(image.firmware) if command.sd_size else None
    memory = MemoryMap.of(description.chip, description.profile)
    if info is not None and SMALLEST_SOFTDEVICE_END <= info.size_word <= memory.region_end:
        softdevice = _described(info)
        changes["softdevice"] = softdevice
        if not _leaves_application(description.softdevice, softdevice):
            changes["application_size"] = 0
    if command.bl_size and command.fw_version is not None:
        changes["bootloader_version"] = command.fw_version
    return replace(description, **changes)  # type: ignore[arg-type] # mypy cannot tell the fields apart here


def _leaves_application(old: SoftDeviceDescription | None, new: SoftDeviceDescription) -> bool:
    """Whether an application that runs on one SoftDevice is kept for another (spec section 7.3)."""
    return (
        old is not None
        and old.size_word == new.size_word
        and softdevice_major(old.version) == softdevice_major(new.version)
    )


def _described(info: SoftDeviceInfo) -> SoftDeviceDescription:
    return SoftDeviceDescription(
        fwid=info.fwid,
        family=info.family or 0,
        version=info.version or 0,
        size_word=info.size_word,
    )
