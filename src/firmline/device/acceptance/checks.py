"""Every check that a bootloader makes of an image, in its order, each on its own.

A bootloader stops at the first check that says no. Here the later ones run as well, as far as they
can be answered: who mends the first mistake should not meet the second one at the next try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from firmline.device.acceptance.candidate import Candidate
from firmline.device.acceptance.reasons import reason
from firmline.device.bootloader.init_decoder import UnitInitPacket
from firmline.device.bootloader.postvalidation import (
    check_boot_validation,
    check_hash,
    check_softdevice_family,
    check_softdevice_info,
    check_softdevice_major,
)
from firmline.device.bootloader.prevalidation import (
    BOOTLOADER_TYPES,
    PACKET_CHECKS,
    PacketCheck,
    RefusalError,
    check_bootloader_size,
    check_size,
)
from firmline.formats.init_command import FwType
from firmline.protocol.codes import ExtError, ResultCode

SOFTDEVICE_TYPES: Final = (FwType.SOFTDEVICE, FwType.SOFTDEVICE_BOOTLOADER)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check says.

    Attributes:
        check: Its stable name, such as ``sd_req``.
        ok: Whether it lets the image pass.
        why: One sentence with what was compared.
        result_code: What the unit answers where it does not.
        ext_error: The extended error, where the result is 0x0B.
    """

    check: str
    ok: bool
    why: str
    result_code: ResultCode | None = None
    ext_error: ExtError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check, and the images that meet it.

    Attributes:
        check: Its stable name.
        run: Raises :class:`RefusalError` where the check says no; changes nothing.
        types: Images that meet it; empty: all.
    """

    check: str
    run: Callable[[Candidate, UnitInitPacket], None]
    types: tuple[FwType, ...] = ()


def run_checks(candidate: Candidate) -> Iterator[CheckResult]:
    """Every check in the bootloader's order; where the packet cannot be decoded, that one alone."""
    packet = candidate.packet
    if packet is None:
        yield _result("init_packet", candidate, RefusalError(ResultCode.INVALID_OBJECT))
        return
    for step in STEPS:
        if step.types and packet.command.type not in step.types:
            continue
        try:
            step.run(candidate, packet)
        except RefusalError as refusal:
            yield _result(step.check, candidate, refusal)
        else:
            yield _result(step.check, candidate, None)


def _result(check: str, candidate: Candidate, refusal: RefusalError | None) -> CheckResult:
    return CheckResult(
        check=check,
        ok=refusal is None,
        why=reason(check, candidate, ok=refusal is None),
        result_code=refusal.result if refusal is not None else None,
        ext_error=refusal.ext_error if refusal is not None else None,
    )


def _of_packet(check: PacketCheck) -> Step:
    return Step(
        check=check.name,
        run=lambda candidate, packet: check.run(packet, candidate.board, candidate.settings),
    )


def _bootloader_size(candidate: Candidate, packet: UnitInitPacket) -> None:
    check_bootloader_size(packet.command, candidate.board)


def _size(_candidate: Candidate, packet: UnitInitPacket) -> None:
    check_size(packet.command)


def _space(candidate: Candidate, _packet: UnitInitPacket) -> None:
    candidate.find_place()


def _hash(candidate: Candidate, packet: UnitInitPacket) -> None:
    check_hash(packet.command, candidate.stored)


def _softdevice_info(candidate: Candidate, packet: UnitInitPacket) -> None:
    check_softdevice_info(packet.command, candidate.board, candidate.image.firmware)


def _softdevice_family(candidate: Candidate, _packet: UnitInitPacket) -> None:
    check_softdevice_family(candidate.board, candidate.image.firmware)


def _softdevice_major(candidate: Candidate, packet: UnitInitPacket) -> None:
    check_softdevice_major(packet.command, candidate.board, candidate.image.firmware)


def _boot_validation(candidate: Candidate, packet: UnitInitPacket) -> None:
    check_boot_validation(packet.command, candidate.board, candidate.image.firmware)


STEPS: Final = (
    *(_of_packet(check) for check in PACKET_CHECKS),
    Step(check="bootloader_size", run=_bootloader_size, types=BOOTLOADER_TYPES),
    Step(check="size", run=_size),
    Step(check="space", run=_space),
    # With the last byte of the image (section 7):
    Step(check="hash", run=_hash),
    Step(check="softdevice_info", run=_softdevice_info, types=SOFTDEVICE_TYPES),
    Step(check="softdevice_family", run=_softdevice_family, types=SOFTDEVICE_TYPES),
    Step(check="softdevice_major", run=_softdevice_major, types=SOFTDEVICE_TYPES),
    Step(check="boot_validation", run=_boot_validation),
)
"""In the bootloader's order."""
