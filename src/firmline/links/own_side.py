"""This computer as a unit with bonds knows it: its own address, and where its bonds are kept.

Rules of this module:

* Both last: a unit that was left in its bootloader lets in nobody but the address, and the keys,
  that its application was asked by.
* They are needed by units with bonds alone. Where they cannot be kept, every other unit is reached
  under an address of the moment, and one with bonds is told why it is not.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmline.errors import Code, StoreError
from firmline.links.bond_file import BondFile
from firmline.links.bonds import BondStore, UnusableBonds
from firmline.values import BleAddress

STATE_VARIABLE: Final = "FIRMLINE_STATE"
"""Names the folder with what firmline keeps of this computer, instead of the system's own place."""
_FILE: Final = "bonds.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSide:
    """This computer on a radio.

    Attributes:
        address: Its own address, random static.
        bonds: Those that it has under this address.
    """

    address: BleAddress
    bonds: BondStore


def own_side() -> OwnSide:
    """This computer, the same one every time as far as that can be kept."""
    try:
        file = bond_file()
        return OwnSide(address=file.own_address(random_static_address), bonds=file)
    except StoreError as problem:
        return OwnSide(address=random_static_address(), bonds=UnusableBonds(problem))


def bond_file() -> BondFile:
    """The file with this computer's address and bonds; it may not be there yet.

    Raises:
        StoreError: The system names no place for it.
    """
    return BondFile(state_folder() / _FILE)


def state_folder() -> Path:
    r"""Where firmline keeps what lasts: ``FIRMLINE_STATE``, or the system's own place.

    That is ``$XDG_STATE_HOME/firmline`` or ``~/.local/state/firmline`` on Linux,
    ``%LOCALAPPDATA%\firmline`` on Windows and ``~/Library/Application Support/firmline`` on macOS.

    Raises:
        StoreError: There is no home folder.
    """
    named = os.environ.get(STATE_VARIABLE, "")
    if named:
        return _absolute(Path(named))
    from platformdirs import user_state_path  # noqa: PLC0415 - needed here alone

    try:
        return user_state_path("firmline", appauthor=False)
    except RuntimeError:
        raise StoreError(
            Code.BONDS_UNUSABLE,
            "This computer's bonds cannot be kept: the system names no home folder.",
            hint=f"Name a folder for them in the environment variable {STATE_VARIABLE}.",
        ) from None


def _absolute(folder: Path) -> Path:
    try:
        return folder.absolute()
    except FileNotFoundError:
        raise StoreError(
            Code.BONDS_UNUSABLE,
            f"This computer's bonds cannot be reached: {STATE_VARIABLE} names a folder in one that"
            " is not there any more.",
            hint="Change into a folder that is there, and run the command again.",
        ) from None


def random_static_address() -> BleAddress:
    """A random static address (Core spec, Vol 6, Part B, 1.3.2.1)."""
    octets = bytearray(secrets.token_bytes(6))
    octets[0] |= 0xC0
    return BleAddress(bytes(octets))
