"""The virtual radio: units and hosts that hear each other inside one process, over Bumble.

Rules of this room:

* Bumble is imported only when a radio is opened; importing this package costs nothing.
* Time is the event loop's (``loop.time()``): no threads, sockets, sleeps or wall clock, so that
  the same code runs under a loop whose time is virtual.
* What is lost in the air vanishes silently, as in the air; no callback ever raises.
* Bumble is used through its public classes and subclasses of them; nothing of it is patched.

The parts: ``air`` carries packets between controllers (``ends`` are those of a connection,
``schedule`` says when, ``control_pdus`` are some of what they say), ``controller`` is a radio chip,
``server``, ``unit_device`` and ``peripheral`` make a unit reachable, and ``radio`` owns it all. A
host's link is the central of :mod:`firmline.links.bumble`, on a controller of this air.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from firmline.links.virtual_radio.radio import VirtualRadio

__all__ = ["open_virtual_radio"]


def open_virtual_radio(
    *, timed: bool = False, packets_per_event: int | None = None
) -> VirtualRadio:
    """Open a virtual radio with nobody in the air; must be called in a running event loop.

    Args:
        timed: Packets take their time in the air; otherwise everything arrives at once.
        packets_per_event: How many packets a host sends in a connection event; ``None``: what fits.

    Raises:
        TransportError: NOT_AVAILABLE; Bumble is not installed.
    """
    if find_spec("bumble") is None:
        raise extra_missing("sim", "The virtual radio needs Bumble")
    from firmline.links.virtual_radio.air import AirTime  # noqa: PLC0415 - likewise
    from firmline.links.virtual_radio.radio import VirtualRadio  # noqa: PLC0415 - Bumble is heavy

    return VirtualRadio(AirTime(packets_per_event=packets_per_event) if timed else None)
