"""Images for MCUboot, made by imgtool itself, in this process; and packages around them."""

from __future__ import annotations

import json
import random
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner

from unit.formats.makers import zip_file

PROGRAM = random.Random("program").randbytes(6000)
SLOT = 0x20000
KINDS = ("ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "ed25519")


def imgtool(*arguments: str) -> None:
    """Run imgtool; it has to succeed."""
    program = import_module("imgtool.main").imgtool
    ran = CliRunner().invoke(program, list(arguments))
    assert ran.exit_code == 0, (arguments, ran.output, ran.exception)


def private_pem(kind: str, name: str = "ours") -> bytes:
    """A private key of a kind; one of each name."""
    return _generated(kind, name)


@cache
def _generated(kind: str, name: str) -> bytes:
    assert name
    with TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        imgtool("keygen", "-t", kind, "-k", str(path))
        return path.read_bytes()


@cache
def sign(
    *options: str,
    key: str | None = "ecdsa-p256",
    suffix: str = "bin",
    program: bytes = PROGRAM,
) -> bytes:
    """An image; ``key:KIND`` among the options is a file with a key of that kind."""
    with TemporaryDirectory() as folder:
        source, made = Path(folder) / "app.bin", Path(folder) / f"made.{suffix}"
        source.write_bytes(program)
        given = list(options)
        for at, option in enumerate(given):
            if option.startswith("key:"):
                path = Path(folder) / "enc.pem"
                path.write_bytes(private_pem(option.removeprefix("key:")))
                given[at] = str(path)
        if key is not None:
            (Path(folder) / "key.pem").write_bytes(private_pem(key))
            given += ["-k", str(Path(folder) / "key.pem")]
        usual = {"-v": "1.2.3+4", "-H": "0x200", "-S": hex(SLOT), "--align": "4"}
        for name, value in usual.items():
            if name not in options:
                given += [name, value]
        imgtool("sign", "--pad-header", *given, str(source), str(made))
        return made.read_bytes()


def listed(file: str, data: bytes, **more: Any) -> dict[str, Any]:
    """A row of a manifest, as sysbuild writes it."""
    row = {
        "type": "application",
        "board": "nrf5340dk/nrf5340/cpuapp",
        "soc": "nrf5340",
        "load_address": 0x10200,
        "image_index": "0",
        "slot_index_primary": "1",
        "slot_index_secondary": "2",
        "version_MCUBOOT": "1.2.3+4",
        "size": len(data),
        "file": file,
        "modtime": 1_700_000_000,
    }
    return row | more


def package(*files: tuple[dict[str, Any], bytes], **more: Any) -> bytes:
    """A ``dfu_application.zip``."""
    rows = [row for row, _ in files]
    manifest = {"format-version": 1, "time": 1, "files": rows, "name": "app"} | more
    entries = [(str(row["file"]), data) for row, data in files]
    return zip_file(("manifest.json", json.dumps(manifest).encode()), *entries, deflated=True)


def two_images() -> bytes:
    """A package for both cores of an nRF5340."""
    app, net = sign(), sign("-v", "7.0.0")
    net_row = {"image_index": "1", "slot_index_primary": "3", "slot_index_secondary": "4"}
    other = {"version_MCUBOOT": None, "version": "2", "board": "nrf5340dk/nrf5340/cpunet"}
    return package(
        (listed("app.signed.bin", app), app),
        (listed("ipc_radio.bin", net, **net_row, **other), net),
    )
