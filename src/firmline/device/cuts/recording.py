"""One flow, run once: the flash it began with and every operation it did, in order."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.device.board import Board
from firmline.device.cuts.flows import FlowSetup
from firmline.device.fabrication import fabricate
from firmline.device.flash import WORD_SIZE, FlashOperation, NorFlash
from firmline.device.lock_step_host import LockStepHost
from firmline.device.unit import VirtualUnit
from firmline.errors import LocalProtocolError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cut struck.

    Attributes:
        kind: What was about to be done.
        address: Where.
    """

    kind: FlashOperation
    address: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One erased page or programmed word.

    Attributes:
        kind: Which of the two.
        address: Where.
        after: What is there when it is done.
    """

    kind: FlashOperation
    address: int
    after: bytes

    @property
    def place(self) -> Place:
        """What and where, without the content."""
        return Place(self.kind, self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A flow that was run to its end.

    Attributes:
        setup: What was run.
        before: All of flash before it.
        operations: What it did, in order.
        after: All of flash after it.
    """

    setup: FlowSetup
    before: bytes
    operations: tuple[Operation, ...]
    after: bytes


def record(setup: FlowSetup) -> Recording:
    """Run a flow without any fault.

    Raises:
        LocalProtocolError: The unit did not take the package: the flow is set up wrongly.
    """
    unit = fabricate(setup.unit)
    flash = unit.board.flash
    unit.power_on(now_s=0.0)
    before = flash.read(0, flash.size)
    operations: list[Operation] = []

    def note(kind: FlashOperation, address: int, count: int) -> None:
        size = flash.page_size if kind is FlashOperation.ERASE else WORD_SIZE
        operations.extend(
            Operation(kind, at, flash.read(at, size))
            for at in range(address, address + count * size, size)
        )

    flash.on_operation = note
    host = LockStepHost(unit, checkpoints=setup.checkpoints)
    if not host.send(setup.package):
        raise LocalProtocolError(f"The flow {setup.unit.title} does not work: {host.error}")
    return Recording(
        setup=setup,
        before=before,
        operations=tuple(operations),
        after=flash.read(0, flash.size),
    )


def unit_with_flash(setup: FlowSetup, content: bytes | bytearray) -> VirtualUnit:
    """The setup's unit with this flash, switched off."""
    description = setup.unit
    flash = NorFlash(size=description.chip.flash_size, page_size=description.chip.page_size)
    flash.load(0, bytes(content))
    return VirtualUnit(
        name=description.name,
        address=description.address,
        serial_number=description.serial_number,
        board=Board.of(description.chip, description.profile, flash, description.public_key),
    )
