"""Which inspection reads a unit over a link."""

from __future__ import annotations

from firmline.events import Reporter
from firmline.links.base import Link, PortLink
from firmline.links.usb.link import UsbLink
from firmline.updater.inspection.link import LinkInspection
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.port import PortInspection
from firmline.updater.inspection.radio import Inspection
from firmline.updater.inspection.usb import UsbInspection
from firmline.updater.opening import AnyLink

AnyInspection = LinkInspection[Link] | LinkInspection[PortLink] | LinkInspection[UsbLink]
"""An inspection over a link of any kind."""


def inspection_over(link: AnyLink, plan: InspectionPlan, *, report: Reporter) -> AnyInspection:
    """The inspection over a link of this kind."""
    if isinstance(link, UsbLink):
        return UsbInspection(plan, link=link, report=report)
    if isinstance(link, PortLink):
        return PortInspection(plan, link=link, report=report)
    return Inspection(plan, link=link, report=report)
