"""A signing request as a folder: ``request.json``, and one file for each signature wanted."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from firmline.cli.files import keep_outputs_apart, read_file, write_file
from firmline.cli.style import printable
from firmline.errors import Code, InputError, shortened
from firmline.formats.package import Package
from firmline.formats.signing_request import (
    REQUEST_NAME,
    TO_SIGN,
    SigningRequest,
    format_request,
    parse_request,
    wanted_signatures,
)


@contextmanager
def new_request(
    folder: Path, content: bytes, package: Package, *, time: datetime, beside: Path
) -> Iterator[tuple[str, ...]]:
    """A request in a folder of that name, which stays only if the body does not fail.

    The folder comes first: it can be taken back, a package that replaced another one cannot.

    Args:
        folder: Where; it must not be there yet, or be empty.
        content: The unsigned package as it will be written.
        package: The same.
        time: That of its entries.
        beside: Where the body writes that package.

    Yields:
        The names of the signatures wanted.

    Raises:
        InputError: ``OPTION_CONFLICT``, ``FILE_EXISTS`` or ``FILE_NOT_WRITABLE``.
    """
    keep_outputs_apart(beside, folder)
    _check_free(folder)
    wanted = wanted_signatures(package)
    files = {one.name + TO_SIGN: one.data for one in wanted}
    files[REQUEST_NAME] = format_request(content, package, time=time)
    was_there = folder.is_dir()
    # Under a name of its own until all is there; a rename is the only step that is seen.
    draft = folder.with_name(f".firmline-{secrets.token_hex(8)}.part")
    try:
        with _told(folder):
            draft.mkdir()
        for name, data in files.items():
            write_file(draft / name, data)
        with _told(folder):
            if was_there:
                folder.rmdir()  # empty, as was seen; not every system renames onto a folder
            draft.rename(folder)
        try:
            yield tuple(one.name for one in wanted)
        except BaseException:
            folder.rename(draft)
            raise
    except BaseException:
        if was_there:
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_request(folder: Path) -> SigningRequest:
    """The request in a folder.

    Raises:
        InputError: A file code, or ``SIGNING_REQUEST_MALFORMED``.
    """
    path = folder / REQUEST_NAME
    return parse_request(read_file(path, what="signing request"), name=shortened(path))


def say_what_to_sign(folder: Path, names: tuple[str, ...]) -> None:
    """What the user has to do with a request."""
    click.echo("To sign (ECDSA on P-256 over the SHA-256 of the file):")
    for name in names:
        click.echo(f"  {printable(folder / (name + TO_SIGN))}")


def _check_free(folder: Path) -> None:
    if not os.path.lexists(folder):
        return
    with _told(folder):
        if folder.is_dir() and not any(folder.iterdir()):
            return
    raise InputError(
        Code.FILE_EXISTS,
        f"{shortened(folder)} is already there and not an empty folder.",
        hint="Name a folder that is not there yet: a request stands alone in its folder.",
    )


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as problem:
        why = (getattr(problem, "strerror", None) or str(problem)).lower()
        with contextlib.suppress(OSError, ValueError):
            if not folder.parent.is_dir():
                why = f"there is no folder {shortened(folder.parent)}"
        raise InputError(
            Code.FILE_NOT_WRITABLE, f"The folder {shortened(folder)} cannot be made: {why}."
        ) from None
