"""The command line stays light: what an answer does not need is not imported for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import firmline
from firmline import errors

HEAVY = [
    "alembic",
    "asyncio",
    "bleak",
    "bumble",
    "cryptography",
    "google.protobuf",
    "jinja2",
    "psycopg",
    "rich",
    "serial",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "firmline.device",
    "firmline.formats",
    "firmline.line",
    "firmline.links",
    "firmline.updater",
]
WATCH = """
import sys
sys.argv = {argv!r}
from firmline.cli.main import main
try:
    main() if sys.argv[1:] else None
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print("loaded:", *sorted(set({heavy!r}) & set(sys.modules)))
"""
BARE = """
import sys, firmline
print("loaded:", *(name for name in sys.modules if name.startswith("firmline.")))
"""
ROOMS = {
    "cli",
    "data",
    "device",
    "diagnosis",
    "errors",
    "events",
    "formats",
    "line",
    "links",
    "protocol",
    "tokens",
    "updater",
    "values",
    "web",
}


def loaded(program: str) -> list[str]:
    """The modules that the program reports in its last line."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1].removeprefix("loaded:").split()


@pytest.mark.parametrize("arguments", [[], ["--version"], ["--help"]], ids=str)
def test_the_command_line_imports_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(WATCH.format(argv=["firmline", *arguments], heavy=HEAVY)) == []


def test_bleak_is_imported_where_the_computers_bluetooth_is_used_and_nowhere_else() -> None:
    program = """
import sys
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import pin_of
from firmline.links.bluetooth.stack import this_stack
import firmline.cli.dfu_ble, firmline.links.air, firmline.links.open, firmline.updater.update
print("loaded:", *sorted({"bleak", "dbus_fast"} & set(sys.modules)))
open_bluetooth(this_stack())
print("loaded:", *sorted({"bleak"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["loaded:", "loaded: bleak"]


def test_a_heavy_import_would_be_seen() -> None:
    program = WATCH.format(argv=["firmline"], heavy=HEAVY)
    assert loaded("import asyncio\n" + program) == ["asyncio", "ssl"]


def test_importing_firmline_imports_no_room() -> None:
    assert loaded(BARE) == []


def test_the_public_names_of_the_package() -> None:
    public = {name for name in vars(firmline) if not name.startswith("_")}
    assert public <= ROOMS | set(firmline.__all__)
    assert firmline.__version__.count(".") == 2


def test_every_public_name_is_where_it_is_said_to_be() -> None:
    assert firmline.__all__
    assert set(firmline.__all__) <= set(dir(firmline))
    for name in firmline.__all__:
        assert getattr(firmline, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = firmline.nothing  # type: ignore[attr-defined]


def test_every_class_of_error_and_what_the_interface_takes_are_public_names() -> None:
    kinds = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.FirmlineError)
    }
    wanted = kinds | {"TransportReason", "Timeouts", "SerialTimeouts", "Expectation", "expectation"}
    assert wanted <= set(firmline.__all__)


def test_type_checkers_see_the_same_public_names() -> None:
    source = ast.parse(Path(firmline.__file__).read_text(encoding="utf-8"))
    seen = [
        alias.name
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(seen) == firmline.__all__
