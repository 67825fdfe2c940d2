"""What may stand in a unit file: every key, and what its value has to be.

The keys of a fault are the fields of its dataclass (:mod:`firmline.device.faults.plan`), so that a
new fault is known here without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from typing import Final, get_type_hints

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import chip_names
from firmline.device.faults.plan import Fault
from firmline.device.physics.supply import COIN_CELL_MAH, MAX_V, START_V
from firmline.device.profile import PROFILES
from firmline.errors import Code
from firmline.formats.toml_keys import Key, Kind
from firmline.formats.toml_text import TomlForm

UNIT_FILE: Final = TomlForm(
    code=Code.UNIT_FILE_MALFORMED,
    noun="a unit file",
    start="firmline sim units ble-reference prints a file to start from",
)

_TABLE: Final = Key(kind=Kind.TABLE)
_WORD: Final = Key(kind=Kind.WHOLE)

UNIT: Final[Mapping[str, Key]] = {
    "title": Key(kind=Kind.TEXT, least=1, most=120),
    "chip": Key(kind=Kind.TEXT, choices=tuple(chip_names()), required=True),
    "profile": Key(kind=Kind.TEXT, choices=tuple(PROFILES), required=True),
    "hw_version": _WORD,
    "address": Key(kind=Kind.TEXT, least=1, most=40),
    "serial_number": Key(kind=Kind.TEXT, least=1, most=32),
    "public_key": Key(kind=Kind.TEXT, least=128, most=128),
    "public_key_pem": Key(kind=Kind.PEM),
    "bootloader_version": _WORD,
    "gpregret": Key(kind=Kind.WHOLE, most=0xFF),
    "lost_buffers": Key(kind=Kind.WHOLE, most=255),
    "seed": _WORD,
    "softdevice": _TABLE,
    "application": _TABLE,
    "supply": _TABLE,
    "timing": _TABLE,
    "faults": Key(kind=Kind.TABLES),
}
"""The keys of the file itself; ``lost_buffers`` has a closer bound by the profile."""

SOFTDEVICE: Final[Mapping[str, Key]] = {
    "fwid": Key(kind=Kind.WHOLE, most=0xFFFF, required=True),
    "family": _WORD,
    "version": _WORD,
    "size_word": _WORD,
}
APPLICATION: Final[Mapping[str, Key]] = {
    "version": _WORD,
    "size": Key(kind=Kind.WHOLE, least=4),
    "dfu": Key(kind=Kind.TEXT, choices=tuple(ApplicationDfu)),
}
BENCH, CR2032 = "bench", "cr2032"
SUPPLY: Final[Mapping[str, Key]] = {
    "source": Key(kind=Kind.TEXT, choices=(BENCH, CR2032), required=True),
    "open_circuit_v": Key(kind=Kind.NUMBER, least=START_V, most=MAX_V),
    "resistance_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "used_mah": Key(kind=Kind.NUMBER, most=COIN_CELL_MAH),
    "state_of_charge": Key(kind=Kind.NUMBER, most=1),
    "temperature_c": Key(kind=Kind.NUMBER, least=-40, most=85),
    "contact_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "passivation_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "capacitance_uf": Key(kind=Kind.NUMBER, most=10_000),
    "dcdc": Key(kind=Kind.FLAG),
    "power_fail_v": Key(kind=Kind.NUMBER, most=2.8),
}
SUPPLY_OF: Final[Mapping[str, frozenset[str]]] = {
    BENCH: frozenset({"open_circuit_v", "resistance_ohm"}),
    CR2032: frozenset({"used_mah", "state_of_charge", "temperature_c", "contact_ohm"}),
}
"""Keys that mean something for one source alone."""

_SECONDS: Final = Key(kind=Kind.NUMBER, most=60)
_FLASH_SECONDS: Final = Key(kind=Kind.NUMBER, least=1e-6, most=60)
TIMING: Final[Mapping[str, Key]] = {
    "erase_page_s": _FLASH_SECONDS,
    "write_word_s": _FLASH_SECONDS,
    "chunk_s": _SECONDS,
    "patience_s": _SECONDS,
    "radio_event_s": _SECONDS,
    "signature_check_s": _SECONDS,
    "boot_s": _SECONDS,
    "farewell_s": _SECONDS,
}


def keys_of_fault(kind: type[Fault]) -> dict[str, Key]:
    """The keys of one kind of fault: its name, and the fields of its dataclass."""
    hints = get_type_hints(kind)
    keys = {"name": Key(kind=Kind.TEXT, choices=(kind.name,), required=True)}
    for field in fields(kind):
        hint = hints[field.name]
        facts = field.metadata
        required = field.default is MISSING
        if issubclass(hint, Enum):
            choices = tuple(str(member.value) for member in hint)
            keys[field.name] = Key(kind=Kind.TEXT, choices=choices, required=required)
        elif hint is str:
            choices = tuple(facts["choices"])
            keys[field.name] = Key(kind=Kind.TEXT, choices=choices, required=required)
        else:
            number = Kind.WHOLE if hint is int else Kind.NUMBER
            keys[field.name] = Key(
                kind=number, least=facts["least"], most=facts["most"], required=required
            )
    return keys
