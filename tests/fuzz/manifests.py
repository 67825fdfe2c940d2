"""Manifests: good ones, and such as nobody would write by hand."""

from __future__ import annotations

import json
import random
from typing import Any

from firmline.formats.manifest import ManifestEntry, format_manifest, parse_manifest
from firmline.values import U32_MAX, ImageKind
from fuzz.damage import damaged
from fuzz.files import Target

KINDS = ("application", "bootloader", "softdevice", "softdevice_bootloader")
GOOD = b'{"manifest": {"application": {"bin_file": "a.bin", "dat_file": "a.dat"}}}'
_NUMBERS = (
    *("0", "-1", "-0", "1e400", "-1e400", "NaN", "Infinity", "1.0", "4294967296", "9" * 300),
    *("9" * 4000, "9" * 5000, "0x10", "1_0"),
)
_WORDS = (
    *('""', '"\\ud800"', '"\\u0000"', '"\\u001b[2J"', '"../a.bin"', '"a.bin"', '"manifest.json"'),
    *('"\\u202egpj.nib"', f'"{"n" * 300}"', '"\xff"'),
)


def draw_manifest(rng: random.Random, document: dict[str, Any]) -> bytes:
    """A document as JSON; often with something in it that JSON allows and nobody expects."""
    text = json.dumps(document, indent=rng.choice([None, 4]))
    match rng.randrange(10):
        case 0 | 1:
            return _odd_form(rng, text)
        case 2 | 3:
            return _with_value(rng, text, _value(rng))
        case 4:
            return _with_value(rng, text, _deep(rng))
        case 5:
            return _with_twice(rng, text)
        case 6:
            return damaged(rng, [text.encode()])
    return text.encode()


def _odd_form(rng: random.Random, text: str) -> bytes:
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
    front = rng.choice(["", "", " ", "\n\n", "// x\n", "\ufeff" if "utf" in encoding else ""])
    behind = rng.choice(["", "", "\n", "\x00", "{}", " " * 70_000])
    return (front + text + behind).encode(encoding)


def _value(rng: random.Random) -> str:
    plain = ("null", "true", "[]", "{}", "[[]]", '{"": null}', *_NUMBERS, *_WORDS)
    return rng.choice(plain)


def _deep(rng: random.Random) -> str:
    depth = rng.choice([2, 50, 500, 990, 1000, 5_000, 30_000])
    left, right = rng.choice([("[", "]"), ('{"a":', "}"), ("[[", "]]")])
    value = left * depth + ("1" if left != "[" else "") + right * depth
    return value if rng.random() < 0.8 else left * depth


def _with_value(rng: random.Random, text: str, value: str) -> bytes:
    """Something in place of one of the values, or a key more beside it."""
    marks = [at for at, letter in enumerate(text) if letter == ":"]
    at = rng.choice(marks)
    if rng.random() < 0.5:
        key = text.rfind('"', 0, text.rfind('"', 0, at))
        names = ["x", "", "sd_size", "dfu_version", "\\u0061pplication", "manifest"]
        name = rng.choice(names)
        return f'{text[:key]}"{name}": {value}, {text[key:]}'.encode("utf-8", "surrogatepass")
    _, end = json.JSONDecoder().raw_decode(text, at + 1 + (text[at + 1] == " "))
    return (text[: at + 1] + value + text[end:]).encode()


def _with_twice(rng: random.Random, text: str) -> bytes:
    key = rng.choice(["manifest", "application", "bin_file", "dat_file"])
    start = text.find(f'"{key}"')
    return f'{text[:start]}"{key}": {_value(rng)}, {text[max(start, 0) :]}'.encode()


def draw_document(rng: random.Random) -> dict[str, Any]:
    """A manifest of one to three images; some combinations are none."""
    images: dict[str, Any] = {}
    for kind in rng.choices(KINDS, k=rng.choice([1, 1, 1, 2, 3])):
        image: dict[str, Any] = {"bin_file": f"{kind[:6]}.bin", "dat_file": f"{kind}.dat"}
        if kind == KINDS[3] or rng.random() < 0.1:
            sizes = {"sd_size": rng.choice([0, 4096, 150_000]), "bl_size": rng.choice([0, 24_000])}
            image["info_read_only_metadata"] = sizes
        images[kind] = image
    return {"manifest": images}


def _draw(rng: random.Random) -> bytes:
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(64))
    return draw_manifest(rng, draw_document(rng))


def _check(_content: bytes, entries: tuple[ManifestEntry, ...]) -> None:
    again = parse_manifest(format_manifest(entries), name="again")
    assert len(again) == len(entries) > 0
    for one, other in zip(entries, again, strict=True):
        assert (one.kind, one.bin_file, one.dat_file) == (
            other.kind,
            other.bin_file,
            other.dat_file,
        )
        sizes = [size for size in (one.sd_size, one.bl_size) if size is not None]
        assert all(0 <= size <= U32_MAX for size in sizes)
        # Sizes of parts are written where there are parts.
        if one.kind is ImageKind.SOFTDEVICE_BOOTLOADER:
            assert one == other


TARGET = Target(
    name="manifest",
    draw=_draw,
    read=lambda content: parse_manifest(content, name="dfu.zip"),
    check=_check,
)
