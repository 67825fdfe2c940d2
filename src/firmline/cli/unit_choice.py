"""Which virtual unit a user means: one of the gallery by its name, or a unit file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from firmline.cli.files import read_file
from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.unit_file import read_unit
from firmline.device.unit_file_keys import UNIT_FILE
from firmline.errors import Code, InputError, shortened
from firmline.formats.toml_text import decode_toml

SUFFIX: Final = ".toml"


def is_unit_file(name_or_path: str) -> bool:
    """Whether :func:`load_unit` takes it for a file."""
    return name_or_path.lower().endswith(SUFFIX)


def load_unit(name_or_path: str) -> UnitDescription:
    """The unit that a user names.

    Args:
        name_or_path: What ends in ``.toml`` is a file; anything else is a name of the gallery.

    Raises:
        InputError: There is no such unit or file, or the file describes none
            (``UNIT_FILE_MALFORMED``, naming the line).
    """
    if not is_unit_file(name_or_path):
        try:
            return gallery_unit(name_or_path)
        except InputError as problem:
            raise InputError(
                Code.TARGET_UNKNOWN_UNIT,
                problem.message,
                hint=f"{problem.hint[:-1]}; or name a unit file, which ends in {SUFFIX}.",
            ) from None
    path = Path(name_or_path)
    where = shortened(path)
    text = decode_toml(read_file(path, what="unit file"), where=where, form=UNIT_FILE)
    return read_unit(text, name=path.name[: -len(SUFFIX)] or path.name, where=where)
