"""What stories of updates share: a package for the units of ``makers``, and how a story went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from firmline import events
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import FOR_BLUETOOTH, Pacing
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import Fwid, FwVersion
from unit.device.makers import FWID, KEY

SUPERVISION_TIMEOUT = 0x08
_E = TypeVar("_E", bound=events.Event)
SIZE = 20_000
"""Bytes of the image of :func:`package`, if no others are asked for."""


@dataclass(kw_only=True)
class Told:
    """How a story went."""

    result: UpdateResult
    heard: list[events.Event]
    unit: VirtualUnit

    @property
    def logged(self) -> list[str]:
        return [entry.what for entry in self.unit.log]

    def of(self, kind: type[_E]) -> list[_E]:
        return [event for event in self.heard if isinstance(event, kind)]

    def count(self, kind: type[events.Event]) -> int:
        return len(self.of(kind))

    @property
    def is_new(self) -> bool:
        """Whether the unit runs what was sent, as only we can see."""
        return (self.unit.firmware_revision or "").startswith("4+")


def package(size: int = SIZE, *, seed: str = "a newer one", **changes: Any) -> Package:
    """A package that the units of ``makers`` take: their next application.

    Args:
        size: Of the application, bytes.
        seed: What its bytes are made of.
        changes: What of the :class:`PackageSpec` is to be something else.
    """
    image = FirmwareImage(data=synthetic_bytes(seed, size), address=None, source_name="app.bin")
    spec: dict[str, Any] = {
        "application": image,
        "hw_version": 52,
        "application_version": FwVersion(4),
        "sd_req": (Fwid(FWID),),
        "signing_key": KEY,
    }
    return build_package(PackageSpec(**{**spec, **changes}))


def update(
    description: UnitDescription,
    contents: Package | None = None,
    *,
    interval_s: float = 0.0075,
    mtu: int = 247,
    pacing: Pacing = FOR_BLUETOOTH,
    checkpoint_s: Spacing = AUTO,
    flash: bytes | None = None,
    on_event: Callable[[events.Event, Callable[[], None]], None] = lambda _event, _lose: None,
    **radio: Any,
) -> Told:
    """One update over the air, in virtual time, from the first packet to the last event.

    Args:
        description: The unit; it is pinned by the address of its application.
        contents: What it is sent.
        interval_s: The connection interval to ask for.
        mtu: The MTU to ask for.
        pacing: How packets are sent.
        checkpoint_s: How often the unit saves its progress.
        flash: What is in the unit's flash, where it has lived before; it is switched on with it.
        on_event: Hears every event, with what loses the unit's link at once.
        radio: What is unusual about the virtual radio.
    """
    heard: list[events.Event] = []
    unit = fabricate(description, physics=physics_of(description))
    if flash is not None:
        unit.board.flash.load(0, flash)
    plan = plan_for(
        contents or package(),
        b"",
        package_name="update.zip",
        unit_name="sim:unit",
        pin=description.address,
        pacing=pacing,
        checkpoint_s=checkpoint_s,
    )

    async def story() -> UpdateResult:
        air = open_virtual_radio(timed=True, **radio)
        try:
            unit.power_on(now_s=air.now_s())
            peripheral = air.add_unit(unit)
            link = await air.open_link(interval_s=interval_s, mtu=mtu)

            def report(event: events.Event) -> None:
                heard.append(event)
                on_event(event, partial(peripheral._controller.drop_link, SUPERVISION_TIMEOUT))

            return await Update(plan, link=link, report=report).run()
        finally:
            await air.close()

    return Told(result=run_in_virtual_time(story()), heard=heard, unit=unit)
