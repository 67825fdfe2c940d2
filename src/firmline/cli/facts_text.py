"""What is known of a unit: in words, and in JSON fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from firmline.cli.failures import next_thing
from firmline.cli.style import paint, printable
from firmline.errors import Code
from firmline.events import FactFound, UnitMode
from firmline.formats.known_softdevices import describe_fwid

if TYPE_CHECKING:
    from firmline.updater.inspection.record import InspectionResult

LABELS: Final = {
    "mode": "mode",
    "dfu_service": "update service",
    "name": "name",
    "address": "address",
    "rssi_dbm": "signal (dBm)",
    "chip": "chip",
    "chip_part": "chip part",
    "chip_variant": "chip variant",
    "flash_size": "flash (bytes)",
    "ram_size": "RAM (bytes)",
    "hw_version": "hardware version",
    "softdevice_fwid": "SoftDevice",
    "softdevice_version": "SoftDevice version",
    "softdevice_end": "SoftDevice ends at",
    "radio_company": "radio's company",
    "bootloader_version": "bootloader version",
    "bootloader_start": "bootloader begins at",
    "app_version": "application version",
    "app_size": "application (bytes)",
    "key_ok": "trusts the probes' key",
    "init_packet_held": "holds init packet (bytes)",
    "image_held": "holds image (bytes)",
    "manufacturer": "manufacturer",
    "model": "model",
    "serial_number": "serial number",
    "firmware_revision": "firmware revision",
    "hardware_revision": "hardware revision",
    "software_revision": "software revision",
    "battery_level": "battery (percent)",
}
"""Every fact there is, in the order of the report, and what it is called there."""
_NOTHING: Final = "0"
_QUIET_IF_ZERO: Final = ("init_packet_held", "image_held")
_WIDTH: Final = max(map(len, LABELS.values()))


def result_fields(result: InspectionResult) -> dict[str, object]:
    """The result line of the contract (``design/command-line.md``), and what stands beside it."""
    error, left_in = result.error, result.finished.left_in
    return {
        "type": "result",
        "facts": fact_fields(result.facts),
        "missing": [{"fact": one.fact, "why": one.why} for one in result.missing],
        "left_in": None if left_in is None else left_in.value,
        "probes": result.findings.probes_sent,
        "code": "" if error is None else str(error.code),
        "message": printable(result.finished.message),
        "next": "" if error is None else next_thing(error),
        "seconds": round(result.finished.duration_s, 3),
    }


def fact_fields(facts: Iterable[FactFound]) -> list[dict[str, str]]:
    """Facts as the contract has them."""
    return [
        {"fact": fact.fact, "value": printable(fact.value), "how": fact.how.value} for fact in facts
    ]


def report_lines(result: InspectionResult) -> Iterator[str]:
    """The whole report, for people."""
    yield from fact_lines(result.facts)
    if result.missing:
        yield "not known:"
        for one in result.missing:
            yield f"  {LABELS[one.fact]:<{_WIDTH}}  {one.why}"
    is_told = result.error is not None and result.error.code is Code.INTERRUPTED
    if result.error is None or (result.facts and not is_told):  # no road shows nothing of a unit
        yield _where(result)


def fact_lines(facts: Iterable[FactFound]) -> Iterator[str]:
    """A line for each fact; values that do not agree stand side by side."""
    known = list(facts)
    for name, label in LABELS.items():
        of_it = [fact for fact in known if fact.fact == name]
        values = list(dict.fromkeys(fact.value for fact in of_it))
        if not values or (name in _QUIET_IF_ZERO and values == [_NOTHING]):
            continue
        told = "; ".join(_value(name, value, of_it) for value in values)
        yield f"  {label:<{_WIDTH}}  {told}"


def _value(name: str, value: str, facts: list[FactFound]) -> str:
    ways = ", ".join(fact.how.replace("_", " ") for fact in facts if fact.value == value)
    text = value
    if name == "softdevice_fwid" and value.startswith("0x"):
        text = describe_fwid(int(value, 16))
    return f"{paint(printable(text), bold=True)}  ({ways})"


def _where(result: InspectionResult) -> str:
    match result.finished.left_in:
        case UnitMode.APPLICATION:
            return "The unit runs its application."
        case UnitMode.BOOTLOADER:
            return (
                "The unit is in its bootloader, which starts the application after two minutes"
                " without an update, if there is a valid one."
            )
        case _:
            return "Where the unit is now was not seen."
