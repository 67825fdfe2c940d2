"""What is said at a station is done here, whether it was said at its terminal or on its page."""

from __future__ import annotations

from dataclasses import replace

from firmline.line.records.checks import check_name
from firmline.line.station import words
from firmline.line.station.station import Station


async def carry_out(
    said: words.Said | None, station: Station, *, chosen: int | None = None
) -> int | None:
    """Do what was said; what only asks to be shown something changes nothing.

    Args:
        said: What.
        station: Where.
        chosen: The slot that the next unit goes into; ``None``: the first that is free.

    Returns:
        The slot that the next unit goes into now.

    Raises:
        InputError: It is not to be done.
        StoreError: The records cannot be read or written now, or cannot hold such a name.
    """
    match said:
        case words.ScanUnit(serial=serial, slot=slot):
            await station.scan(serial, slot=slot or chosen)
            return None
        case words.ChooseSlot(slot=slot):
            return station.view(slot).number
        case words.Rework(serial=serial, note=note):
            await station.rework(serial, note=note)
        case words.Acknowledge(slot=slot):
            acknowledge(station, slot)
        case words.Abort(slot=slot):
            station.abort(slot)
        case words.SetBatch(batch=batch):
            check_name("batch", batch, is_optional=True)
            station.shift = replace(station.shift, batch=batch)
        case words.SetOperator(operator=operator):
            check_name("operator", operator, is_optional=True)
            station.shift = replace(station.shift, operator=operator)
        case _:
            pass
    return chosen


def acknowledge(station: Station, slot: int | None) -> None:
    """Somebody has seen what a slot shows; ``None``: every one that waits for that.

    Raises:
        InputError: ``SLOT_NOT_FREE``: this slot has nothing to acknowledge.
    """
    if slot is not None:
        station.acknowledge(slot)
        return
    for view in station.views:
        if view.state.waits_for_person:
            station.acknowledge(view.number)
