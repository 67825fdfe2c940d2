"""The commands that show a user's file, on what the other targets draw.

A reader may accept a value that nobody expected; here it has to be told, too: as lines that a
terminal can show, and as JSON. The commands run inside this process.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import tempfile
import zlib
from functools import lru_cache
from pathlib import Path

from firmline.cli.main import run
from firmline.errors import Code, ExitCode, InputError
from fuzz.files import BrokenError, Target
from fuzz.pem_keys import PRIVATE, PUBLIC
from fuzz.settings_pages import draw_file
from fuzz.zips import draw_zip

UNIT = "chip=nrf52832-512k,softdevice=s132-6.1.1,bootloader-version=1,app-version=3"


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # lives, and is removed, with the process


def _draw(rng: random.Random) -> bytes:
    return rng.choice([draw_zip, draw_zip, draw_zip, draw_file, PRIVATE.draw, PUBLIC.draw])(rng)


def _words(content: bytes, path: str) -> tuple[str, ...]:
    number = zlib.crc32(content)
    if b"-----" in content:
        form = ("hex", "code", "pem")[number % 3]
        return ("keys", "display", "--key", "pk", "--format", form, path)
    as_json = ("--json",) if number % 2 else ()
    if b"PK\x05\x06" not in content:
        return ("settings", "display", path, *as_json)
    if number % 4 < 2:
        return ("pkg", "check", path, "--for", UNIT, *as_json)
    return ("pkg", "display", path, *as_json)


def _read(content: bytes) -> tuple[tuple[str, ...], str]:
    path = Path(_folder().name) / "file"
    path.write_bytes(content)
    words = _words(content, str(path))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(words))
    said = err.getvalue()
    if code in (ExitCode.DONE, ExitCode.REFUSED):
        return words, out.getvalue()
    found = re.search(r"^error: (.*) \[(DFU-[A-Z]+-\d+)\]$", said, re.MULTILINE)
    if code != ExitCode.INPUT or found is None or found[2] == Code.DEFECT:
        raise BrokenError(f"exit code {code} of {' '.join(words[:2])}: {said[:500]}")
    raise InputError(Code(found[2]), found[1])


def _check(_content: bytes, ran: tuple[tuple[str, ...], str]) -> None:
    words, out = ran
    assert out
    assert "".join(out.splitlines()).isprintable()
    if "--json" in words:
        assert [json.loads(line)["type"] for line in out.splitlines()][-1] == "result"


TARGET = Target(name="commands", draw=_draw, read=_read, check=_check)
