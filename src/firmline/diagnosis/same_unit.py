"""Which dumps are of the unit that a trace is of, as far as both say which it is.

Rules of this module:

* Only what contradicts leaves a dump out. A dump without FICR, and a trace of a line or of a host
  that shows no addresses, may be of any unit.
* An application advertises under the address of FICR, a bootloader under the next one (bootloader
  spec, section 11); the order is that of the whole address or of its last octet alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from firmline import events
from firmline.diagnosis.autopsy.examination import Autopsy
from firmline.formats.trace import Trace
from firmline.values import BleAddress

NEAR: Final = (0, 1)
"""How far the last octets of addresses of one unit are apart."""


def of_the_unit(
    autopsies: Sequence[Autopsy], trace: Trace | None
) -> tuple[tuple[Autopsy, ...], tuple[str, ...]]:
    """The dumps that may be of one unit, and a sentence for each of the others.

    Args:
        autopsies: Of all dumps that were given.
        trace: That is explained, and says which unit it is; ``None``: there is none, so that the
            first dump that names its unit says it.
    """
    heard = _heard(trace)
    kept: list[Autopsy] = []
    notes: list[str] = []
    first: Autopsy | None = None
    for each in autopsies:
        name, own = each.body.dump.name, _address(each)
        if own is not None and heard and not any(_is_near(own, other) for other in heard):
            met = ", ".join(map(str, heard))
            notes.append(
                f"{name} is of another unit than the trace, and is left out: FICR has {own}, and"
                f" the trace met {met}. (firmline autopsy says what is in it.)"
            )
        elif first is not None and _is_other_chip(first, each):
            notes.append(
                f"{name} is of another unit than {first.body.dump.name}, by its FICR, and is left"
                " out. (firmline autopsy --golden compares two units.)"
            )
        else:
            kept.append(each)
            first = first or (each if each.body.ficr is not None else None)
    return tuple(kept), tuple(notes)


def _heard(trace: Trace | None) -> tuple[BleAddress, ...]:
    """The addresses under which the unit of a trace was met, each once.

    An address that is not random static is no chip's own: its application has set it.
    """
    if trace is None:
        return ()
    met = (each.address for each in trace.events if isinstance(each, events.Connected))
    return tuple(
        dict.fromkeys(
            each for each in met if isinstance(each, BleAddress) and each.is_random_static
        )
    )


def _address(autopsy: Autopsy) -> BleAddress | None:
    ficr = autopsy.body.ficr
    return None if ficr is None or ficr.address is None else BleAddress.parse(ficr.address)


def _is_near(own: BleAddress, other: BleAddress) -> bool:
    """Whether another address is the same, or the next: in all of it, or in its last octet."""
    one, two = (int.from_bytes(each.octets, "big") for each in (own, other))
    alike = own.octets[:-1] == other.octets[:-1]
    return two - one in NEAR or (alike and (two - one) % 256 in NEAR)


def _is_other_chip(first: Autopsy, other: Autopsy) -> bool:
    """Whether the factory's numbers of two chips differ, where both dumps have them."""
    one, two = first.body.ficr, other.body.ficr
    if one is None or two is None:
        return False
    pairs = ((one.device_id, two.device_id), (one.address, two.address))
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)
