"""``firmline settings display``: every settings page in a file, in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from firmline.cli.failures import say
from firmline.cli.files import read_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.settings_text import (
    difference,
    families_with_page_at,
    image_lines,
    is_valid,
    page_fields,
    role_of,
    state_lines,
)
from firmline.cli.style import printable
from firmline.errors import InputError
from firmline.formats.firmware import parse_memory
from firmline.formats.settings_file import FoundPage, no_valid_page, survey_settings
from firmline.formats.spans import Span

_TITLES: Final = {
    "settings": "settings page",
    "backup": "backup of a settings page",
    "unknown": "settings page or backup",
}


@click.command(cls=OnceCommand)
@click.argument("hexfile", metavar="FILE", type=FilePath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def display(context: click.Context, hexfile: Path, as_json: bool) -> None:
    """Show every bootloader settings page in FILE, wherever it lies.

    FILE is Intel HEX, S-records or plain bytes: a settings page, or a dump of a whole flash. A page
    with a wrong checksum is shown and said to have one; where there is no valid page, the exit code
    is 2.
    """
    content = read_file(hexfile, what="settings file")
    spans = parse_memory(content, name=hexfile.name)
    memory = (Span(address=0, data=content),) if spans is None else spans
    pages = survey_settings(memory, name=hexfile.name)
    error = None
    if not any(is_valid(found.page) for found in pages):
        error = no_valid_page(pages, name=hexfile.name)
    if as_json:
        _print_fields(hexfile, pages, error)
    else:
        _print_pages(hexfile, pages, has_addresses=spans is not None)
    if error is not None:
        say(error)
        context.exit(error.exit_code)


def _print_fields(path: Path, pages: tuple[FoundPage, ...], error: InputError | None) -> None:
    addresses = {found.address for found in pages}
    result = {
        "type": "result",
        "file": printable(path.name),
        "code": "" if error is None else str(error.code),
        "pages": [page_fields(found, addresses) for found in pages],
    }
    click.echo(json.dumps(result))


def _print_pages(path: Path, pages: tuple[FoundPage, ...], *, has_addresses: bool) -> None:
    count = f"{len(pages)} settings page" + ("s" if len(pages) > 1 else "")
    click.echo(f"{printable(path)}: {count}")
    if not has_addresses:
        click.echo("  Plain bytes do not say where they lie: addresses are counted from the first.")
    addresses = {found.address for found in pages}
    first = pages[0]
    for found in pages:
        click.echo()
        click.echo(_title(found.address, addresses))
        if found is not first and found.page == first.page:
            click.echo(f"  the same as at 0x{first.address:08X}")
            continue
        for line in (*image_lines(found.page), *state_lines(found.page)):
            click.echo(line)
        if found is not first and is_valid(first.page) and is_valid(found.page):
            names = ", ".join(difference(found.page, first.page))
            click.echo(f"  differs from 0x{first.address:08X} in {names}")


def _title(address: int, addresses: set[int]) -> str:
    title = f"0x{address:08X}, {_TITLES[role_of(address, addresses)]}"
    names = families_with_page_at(address)
    return f"{title} ({', '.join(names)})" if names else title
