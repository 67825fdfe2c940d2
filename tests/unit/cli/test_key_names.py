"""A key may be on a token: every option for a key takes its URI, and none ever shows its PIN."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import pytest

from firmline.cli.main import NAME, cli
from firmline.cli.parameters import FilePath, KeyName
from unit.cli.makers import GENERATE, KEY, inputs, package
from unit.cli.program import Program

PIN = "471147"
ECDSA = ("--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256")
APP = ("--application", "app.hex")
SETTINGS = (
    *("settings", "generate", "--family", "NRF52", "--bootloader-version", "1"),
    *("--bl-settings-version", "2", "--application-version", "1"),
)
TERMS = "chip=nrf52832-512k,softdevice=s112-7.2.0,key="
URI = "{}"
COMMANDS = {
    "keys generate FILE": ("keys", "generate", URI),
    "keys display KEY_FILE": ("keys", "display", "--key", "pk", "--format", "hex", URI),
    "pkg generate --key-file": (*GENERATE, *APP, "--key-file", URI, "new.zip"),
    "pkg display --key": ("pkg", "display", "--key", URI, "dfu.zip"),
    "pkg signer --key": ("pkg", "signer", "--key", URI, "dfu.zip"),
    "pkg probes --key-file": ("pkg", "probes", "--hw-version", "52", "--key-file", URI, "new.zip"),
    "pkg probes --key": ("pkg", "probes", "--show", "--key", URI, "dfu.zip"),
    "pkg attach-signature --public-key": (
        *("pkg", "attach-signature", "--request", "request", "--public-key", URI),
        *("unsigned.zip", "new.zip"),
    ),
    "settings generate --key-file": (*SETTINGS, *APP, *ECDSA, "--key-file", URI, "new.hex"),
    "inspect --key-file": ("inspect", "sim:ble-reference", "--key-file", URI),
    "pkg check --key-file": (
        *("pkg", "check", "dfu.zip", "--to", "sim:ble-reference", "--key-file", URI),
    ),
    "sim serve --key-file": ("sim", "serve", "--key-file", URI),
}
OTHERS = {
    "in a term": ("pkg", "check", "dfu.zip", "--for", f"{TERMS}{URI}"),
    "in a target": ("update", "dfu.zip", "--to", f"sim:ble-reference?key={URI}"),
    "in a target to be read": ("inspect", f"sim:ble-reference?key={URI}", "--json"),
    "for a file": (*GENERATE, "--application", URI, "new.zip"),
    "for an output": ("pkg", "check", "dfu.zip", "--svg", URI),
    "for a unit": ("pkg", "check", "dfu.zip", "--unit", URI),
    "for a unit file": ("pkg", "check", "dfu.zip", "--unit", f"{URI}.toml"),
    "for a command": (URI,),
    "too many": ("pkg", "display", "dfu.zip", URI),
}


@pytest.fixture
def files(folder: Path, firmline: Program) -> None:
    inputs(folder)
    (folder / "dfu.zip").write_bytes(package())
    assert firmline(*GENERATE, *APP, "--unsigned-request", "request", "unsigned.zip").code == 0
    data = (folder / "request" / "application.tosign").read_bytes()
    signature = KEY.sign(data)
    (folder / "request" / "application.sig").write_bytes(signature[31::-1] + signature[:31:-1])


def options(
    group: click.Group, context: click.Context, *words: str
) -> Iterator[tuple[str, object]]:
    """Every option and argument of every command, and its type."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        with click.Context(command, parent=context, info_name=name) as inner:
            if isinstance(command, click.Group):
                yield from options(command, inner, *words, name)
                continue
            for param in command.params:
                shown = param.human_readable_name.upper()
                if isinstance(param, click.Option):
                    shown = max(param.opts, key=len)
                yield " ".join((*words, name, shown)), param.type


def test_every_option_for_a_key_is_tried_here() -> None:
    with click.Context(cli, info_name=NAME) as context:
        found = dict(options(cli, context))
    assert {name for name, kind in found.items() if isinstance(kind, KeyName)} == set(COMMANDS)
    paths = {name for name, kind in found.items() if type(kind) is FilePath}
    # Neither the key of a TLS certificate nor that of a station signs a package.
    stations = {f"line {name} --key-file" for name in ("run", "serve", "sync", "worker")}
    others = {"line serve --tls-key", *stations}
    assert {name for name in paths if "key" in name.rpartition(" ")[2].lower()} == others


def uris(place: str) -> Iterator[str]:
    """URIs of every length around that at which a message cuts them, with a PIN in each.

    Args:
        place: Where in the query. In the ``middle`` every length has the PIN at another distance
            from its end, so that the name in front of it is cut everywhere.
    """
    head, pin, module = "token=line;object=release?", f"pin-value={PIN}", "module-path=/none"
    for scheme in ("pkcs11:", "PKCS11:", "Pkcs11:"):
        for size in range(100, 221):
            room = size - len(scheme + head + pin + module)
            behind = {"begin": room, "middle": min(room, 38 + size % 30), "end": 1}[place]
            parts = ("&" * (room - behind), pin, "&" * behind, module)
            query = "".join(parts) if place != "end" else f"{module}{'&' * room}{pin}"
            uri = scheme + head + query
            assert len(uri) == size
            yield uri


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("place", ["begin", "middle", "end"])
@pytest.mark.parametrize("name", [*COMMANDS, *OTHERS])
def test_no_command_shows_a_pin(name: str, place: str, step: int, firmline: Program) -> None:
    words = {**COMMANDS, **OTHERS}[name]
    for uri in islice(uris(place), 0, None, step):
        ran = firmline(*(word.replace(URI, uri) for word in words))
        assert ran.code == 2, uri
        assert PIN not in ran.out + ran.err, uri


@pytest.mark.parametrize(
    "uri", [f"pkcs11:token=x%3Fpin-value={PIN}", f"pkcs11:token=x#pin-value={PIN}"]
)
def test_a_pin_that_strayed_into_the_path_is_not_shown(uri: str, firmline: Program) -> None:
    ran = firmline("keys", "display", "--key", "pk", "--format", "hex", uri)
    assert ran.code == 2
    assert PIN not in ran.out + ran.err
