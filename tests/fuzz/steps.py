"""Sessions against a virtual unit, as plain values: what is done, in order; drawn from a seed.

A step is a name and its arguments, so that a session can be printed, repeated and shortened. Wholly
random bytes come beside bytes that know the protocol: those reach deep, these reach everywhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from firmline.device.chips import chip, chip_names
from firmline.device.profile import PROFILES
from firmline.device.synthetic import synthetic_bytes
from unit.device.makers import FWID, PAGE, init_command, signed_packet, softdevice_image

Step = tuple[Any, ...]
CHIPS = {
    "ble": tuple(chip_names()),
    "uart": tuple(chip_names()),
    "usb": tuple(name for name in chip_names() if chip(name).has_usb),
}
CHUNKS = {"ble": 244, "uart": 64, "usb": 1024}
"""Most data bytes in a packet of each transport (spec sections 11 and 13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A session: on which unit, and what is done to it.

    Attributes:
        seed: What it was drawn from.
        profile: The unit's bootloader.
        chip: The unit's chip.
        application_size: Bytes of its first application.
        steps: What is done.
    """

    seed: str
    profile: str
    chip: str
    application_size: int
    steps: tuple[Step, ...]


def draw_plan(seed: str, profile: str | None = None) -> Plan:
    """The session of this seed."""
    rng = random.Random(seed)
    name = profile or rng.choice(list(PROFILES))
    transport = name.rpartition("-")[2]
    makers = [*COMMON, *(RADIO if transport == "ble" else LINE)]
    kinds, weights = zip(*makers, strict=True)
    drawn = rng.choices(kinds, weights, k=rng.randint(3, 30))
    return Plan(
        seed=seed,
        profile=name,
        chip=rng.choice(CHIPS[transport]),
        application_size=rng.choice([4, 5_000, 20_000, 50_000]),
        steps=(("enter",), *(make(rng, transport) for make in drawn)),
    )


# What a host sends.


def _size(rng: random.Random) -> int:
    near = (0, 1, 4, 64, 200, 511, 512, 513, PAGE - 4, PAGE, PAGE + 4, 2 * PAGE, 0xFFFF_FFFF)
    return rng.choice(near) if rng.random() < 0.8 else rng.getrandbits(32)


def _request(rng: random.Random) -> bytes:
    """A request as the protocol has it, or nearly."""
    opcode = rng.choice([0, 1, 1, 2, 3, 4, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, rng.randrange(256)])
    body = {
        1: lambda: bytes([rng.choice([1, 2, 2, 3])]) + _size(rng).to_bytes(4, "little"),
        2: lambda: rng.choice([0, 1, 2, 12, 0xFFFF]).to_bytes(2, "little"),
        6: lambda: bytes([rng.choice([1, 2, 0, 0xFF])]),
        8: lambda: rng.randbytes(rng.choice([0, 1, 3, 4, 64, 130])),
        9: lambda: rng.randbytes(1),
        11: lambda: bytes([rng.choice([0, 1, 2, 3, 0xFF])]),
    }.get(opcode, bytes)()
    data = bytes([opcode]) + body
    match rng.randrange(8):
        case 0:
            return data[: rng.randrange(len(data) + 1)]
        case 1:
            return data + rng.randbytes(rng.randint(1, 20))
    return data


@lru_cache(maxsize=256)
def image_of(kind: int, name: str, size: int) -> bytes:
    """An image; a SoftDevice has its information structure where it is looked for."""
    if kind in (1, 3):
        family, version = (112, 7_003_000) if "other" not in name else (132, 8_000_000)
        return softdevice_image(size=max(size, 0x2100), version=version, family=family)
    return synthetic_bytes(f"{name} {size}", size)  # none is the beginning of another


@lru_cache(maxsize=1024)
def packet_of(kind: int, name: str, size: int, changes: tuple[tuple[str, Any], ...]) -> bytes:
    """A signed init packet for an image."""
    image = image_of(kind, name, size)
    fields: dict[str, Any] = {"kind": kind, **dict(changes)}
    if kind == 3:
        fields = {"sd_size": len(image) & ~0xFFF, "bl_size": len(image) & 0xFFF, **fields}
    return signed_packet(init_command(image, **fields))


def _package(rng: random.Random) -> tuple[Any, ...]:
    """What :func:`image_of` and :func:`packet_of` take: mostly a good package."""
    kind = rng.choices([0, 1, 2, 3], [6, 2, 2, 1])[0]
    size = rng.choice([4, 64, 2_000, PAGE, PAGE + 200, 9_000, 40_000])
    if kind in (1, 3):
        size = rng.choice([0x2100, 0x3000, 0x3100, 0x8000])
    changes: dict[str, Any] = {"fw_version": rng.choice([3, 4, 4, 4, 5])}
    if rng.random() < 0.3:
        name, values = rng.choice(_CHANGES)
        changes[name] = rng.choice(values)
    return kind, f"{rng.choice(['new', 'newer', 'other'])} {kind}", size, tuple(changes.items())


_CHANGES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("fw_version", (None, 0, 1, 2, 0xFFFF_FFFF)),
    ("hw_version", (None, 51, 0)),
    ("sd_req", ((), (0,), (0, FWID), (0xFFFE,), (FWID, 0), tuple(range(17)))),
    ("kind", (None, 4, 5, 255)),
    ("app_size", (None, 0, 4, 60_000, 300_000, 0xFFFF_FFFF)),
    ("hash_type", (0, 1, 4)),
    ("digest", (bytes(32), b"", bytes(31))),
    (
        "validations",
        (((0, b""),), ((1, b""),), ((2, b""), (1, b"")), ((3, bytes(64)),), ((9, b""),)),
    ),
)


def _init(rng: random.Random, _transport: str) -> Step:
    """An init packet, good or damaged."""
    packet = bytearray(packet_of(*_package(rng)))
    match rng.randrange(4):
        case 0:
            packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
        case 1:
            del packet[rng.randrange(len(packet)) :]
        case 2:
            packet += rng.randbytes(rng.randint(1, 8))
    return ("init", bytes(packet))


def _update(rng: random.Random, transport: str) -> Step:
    """A whole update, as often as not broken off; the length of its packets is mostly right."""
    stop = rng.choice([None, None, rng.randrange(60), rng.randrange(400)])
    chunk = CHUNKS[transport] if rng.random() < 0.8 else rng.choice([1 + rng.randrange(64), 20])
    return ("update", _package(rng), chunk, stop)


def _resume(rng: random.Random, transport: str) -> Step:
    return ("image", _package(rng), CHUNKS[transport], rng.randrange(10))


def _request_step(rng: random.Random, _transport: str) -> Step:
    return ("request", _request(rng))


def _burst(rng: random.Random, _transport: str) -> Step:
    """Refused writes until the buffers are gone, or a few fewer."""
    return ("burst", rng.randbytes(rng.choice([1, 4, 20])), rng.choice([1, 2, 3, 4, 16, 17, 20]))


def _raw(rng: random.Random, _transport: str) -> Step:
    channel = rng.choice(["control", "packet", "serial", "buttonless"])
    return ("raw", channel, rng.randbytes(rng.choice([0, 1, 2, 5, 23, 244, 300])))


def _line(rng: random.Random, _transport: str) -> Step:
    """Bytes on a serial port: frames cut, empty, oversized, badly escaped."""
    marks = (b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd", b"\xdb\xc0", b"\x08", b"\xc0\xc0")
    pieces = [
        rng.choice(marks) if rng.random() < 0.6 else _request(rng) + rng.choice((b"\xc0", b""))
        for _ in range(rng.randint(1, 12))
    ]
    if rng.random() < 0.1:
        pieces.append(rng.randbytes(rng.choice([130, 131, 132, 2051, 2052])))
    return ("raw", "serial", b"".join(pieces))


# What happens to the unit.


def _reset(rng: random.Random, _transport: str) -> Step:
    return ("reset", rng.choice(["soft", "pin", "wdt", "power"]))


def _operation(rng: random.Random) -> int:
    return rng.choice([rng.randint(1, 12), rng.randint(1, 500), rng.randint(1, 8_000)])


def _forge(rng: random.Random, _transport: str) -> Step:
    """Bytes into flash as a debug probe or years in a drawer could put them there."""
    where = rng.choice(["settings", "backup", "both", "softdevice", "bank"])
    spread = {"softdevice": 0x18, "bank": 3 * PAGE}.get(where, 0x380)
    return ("forge", where, rng.randrange(spread), rng.randbytes(rng.choice([1, 4, 4, 16, 200])))


def _settings(rng: random.Random, _transport: str) -> Step:
    """Fields of the settings pages, with CRCs that are right."""
    fields = (
        *("version", "app_version", "bootloader_version", "write_offset", "sd_size"),
        *("command_size", "command_offset", "data_object_size", "update_start_address"),
        *("image_offset", "image_offset_last", "bank_0.size", "bank_0.code", "bank_1.size"),
        *("bank_1.code", "bank_1.code"),
    )
    values = (0, 1, 2, 4, 64, PAGE, 0xA5, 0xAA, 0xAC, 0x26000, 0x30000, 0x78000, 0xFFFF_FFFF)
    chosen = {name: rng.choice(values) for name in rng.choices(fields, k=rng.randint(1, 3))}
    if rng.random() < 0.5:  # something to activate
        chosen["bank_1.code"] = rng.choice([1, 0xA5, 0xAA, 0xAC])
        chosen["update_start_address"] = rng.choice([0x2000, 0x27000, 0x30000, 0x7F000, 3])
        chosen["bank_1.size"] = rng.choice([0, 3, 64, PAGE + 1, 0x30000, 0x60000, 0xFFFF_FFFF])
    return ("settings", tuple(chosen.items()))


COMMON = (
    (_request_step, 12),
    (_init, 4),
    (_update, 8),
    (_resume, 3),
    (_raw, 4),
    (_burst, 1),
    (_reset, 3),
    (lambda _rng, _transport: ("enter",), 5),
    (lambda rng, _transport: ("wait", rng.choice([0, 1, 9.5, 11, 60, 121, 1000])), 3),
    (
        lambda rng, _transport: ("gpregret", rng.choice([0xB1, 1, 0x80, 0xB5, rng.randrange(256)])),
        1,
    ),
    (lambda rng, _transport: ("gpregret2", rng.choice([0xA9, 0xAB, rng.randrange(256)])), 1),
    (lambda rng, _transport: ("cut", _operation(rng)), 3),
    (lambda rng, _transport: ("drop", _operation(rng)), 0.3),
    (_forge, 0.5),
    (_settings, 0.5),
)
RADIO = (
    (lambda _rng, _transport: ("connect",), 3),
    (lambda _rng, _transport: ("disconnect",), 3),
    (
        lambda rng, _transport: ("cccd", rng.choice(["control", "buttonless"]), rng.random() < 0.6),
        2,
    ),
    (lambda _rng, _transport: ("buttonless",), 2),
)
LINE = ((_line, 8),)
