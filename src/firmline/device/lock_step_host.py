"""A host in lock step with a virtual unit: sends a package without radio, port or time.

For those who want to know what a unit does with a package, not how long it takes or how the road to
it behaves: the sweep of power cuts, and the question whether a unit would accept a package.
"""

from __future__ import annotations

from typing import Final

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.radio_face import Notify, ResetKind
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, FirmlineError
from firmline.events import Resumed, UnitMode
from firmline.formats.package import Package, PackageImage
from firmline.protocol.channels import Channel
from firmline.protocol.checkpoints import NO_CHECKPOINTS, Checkpoints
from firmline.protocol.framing import BleFraming, Framing, SerialFraming
from firmline.protocol.host import HostSession
from firmline.protocol.steps import Effect, Fail, Report, Write

LONGER_THAN_ANY_TIMEOUT_S: Final = 200.0


class LockStepHost:
    """Sends packages to one unit.

    Args:
        unit: The unit, switched on.
        checkpoints: When the unit is made to save its progress.

    Attributes:
        error: Why the last package was not taken; ``None``: it was.
        found: Bytes of images that the unit had already, and that were not sent again.
    """

    def __init__(self, unit: VirtualUnit, *, checkpoints: Checkpoints = NO_CHECKPOINTS) -> None:
        self.error: FirmlineError | None = None
        self.found = 0
        self._unit = unit
        self._checkpoints = checkpoints
        self._now_s = 0.0

    def send(self, package: Package) -> bool:
        """Send every image, then let the unit start what it has; whether all was taken.

        A system image that the unit refuses because it has that version already is passed over.
        """
        for image in package.images:
            if not self.send_image(image) and not self._has_it_already():
                break
        self.let_it_start()
        return self.error is None

    def send_image(self, image: PackageImage) -> bool:
        """Send one image; whether the unit took it. It may wait for another one then."""
        self.error = None
        unit = self._unit
        if unit.mode is UnitMode.APPLICATION:
            unit.board.registers.gpregret = GPREGRET_ENTER_DFU
            unit.reset(ResetKind.SOFT, now_s=self._now_s)
        unit.take_outputs()
        unit.connected(now_s=self._now_s)
        unit.subscribed(Channel.CONTROL, True, now_s=self._now_s)
        session = HostSession(
            init_packet=image.init_packet.encoded,
            firmware=image.firmware,
            framing=self._framing(),
            checkpoints=self._checkpoints,
        )
        todo = session.start()
        while todo:
            todo = self._perform(todo, session)
        return session.finished

    def let_it_start(self) -> None:
        """Wait until a unit that waits for more gives up waiting."""
        if self._unit.mode is UnitMode.BOOTLOADER:
            self._now_s += LONGER_THAN_ANY_TIMEOUT_S
            self._unit.wake(now_s=self._now_s)
        self._unit.take_outputs()

    def _has_it_already(self) -> bool:
        return self.error is not None and self.error.code is Code.REFUSED_FW_VERSION

    def _framing(self) -> Framing:
        profile = self._unit.board.profile
        return BleFraming(mtu=profile.mtu) if profile.is_ble else SerialFraming()

    def _perform(self, effects: list[Effect], session: HostSession) -> list[Effect]:
        """Perform effects in order; the effects of the answers they bring."""
        following: list[Effect] = []
        for effect in effects:
            match effect:
                case Fail(error=error):
                    self.error = error
                    return []
                case Write(channel=channel, data=data):
                    self._unit.receive(channel, data, now_s=self._now_s)
                    for output in self._unit.take_outputs():
                        if isinstance(output, Notify):
                            following += session.receive(output.data)
                case Report(event=Resumed(object_type="data", offset=offset)):
                    self.found += offset
                case _:
                    pass
        return following
