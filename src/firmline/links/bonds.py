"""Bonds: what this computer keeps of the units it has paired with.

Rules of this module:

* The keys are secrets: they are in this store and in the controller, and in no message, trace or
  representation.
* A bond belongs to this computer's own address on a link; another link has other bonds.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, Protocol

from firmline.errors import Code, StoreError, shortened
from firmline.formats.peer_data import KEY_SIZE, PeerKeys
from firmline.values import BleAddress

PRIVATE: Final = 0o600
"""Mode of the file: for its owner alone. Windows keeps a user's folders apart by itself."""
_VERSION: Final = 1


class BondStore(Protocol):
    """Where a link keeps its bonds."""

    def get(self, peer: BleAddress) -> PeerKeys | None:
        """The bond with a unit; ``None``: there is none.

        Raises:
            StoreError: The store cannot be read.
        """

    def put(self, keys: PeerKeys) -> None:
        """Keep a bond, in the place of an older one with the same unit.

        Raises:
            StoreError: The store cannot be written.
        """

    def forget(self, peer: BleAddress) -> None:
        """Drop the bond with a unit; harmless where there is none.

        Raises:
            StoreError: The store cannot be written.
        """


class MemoryBonds:
    """Bonds that end with the process: of virtual units, which are made anew every time."""

    def __init__(self) -> None:
        self._bonds: dict[BleAddress, PeerKeys] = {}

    def get(self, peer: BleAddress) -> PeerKeys | None:
        """The bond with a unit."""
        return self._bonds.get(peer)

    def put(self, keys: PeerKeys) -> None:
        """Keep a bond."""
        self._bonds[keys.address] = keys

    def forget(self, peer: BleAddress) -> None:
        """Drop the bond with a unit."""
        self._bonds.pop(peer, None)


class FileBonds:
    """Bonds in a JSON file, which is for its owner alone and replaced as a whole.

    Args:
        path: The file; made with the first bond, and its folder with it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, peer: BleAddress) -> PeerKeys | None:
        """The bond with a unit."""
        return self._load().get(peer)

    def put(self, keys: PeerKeys) -> None:
        """Keep a bond."""
        self._save({**self._load(), keys.address: keys})

    def forget(self, peer: BleAddress) -> None:
        """Drop the bond with a unit."""
        bonds = self._load()
        if bonds.pop(peer, None) is not None:
            self._save(bonds)

    def _load(self) -> dict[BleAddress, PeerKeys]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            found = [_bond_from(address, row) for address, row in content["bonds"].items()]
        except FileNotFoundError:
            return {}
        except OSError as problem:
            raise self._error(f"cannot be read ({problem.strerror})") from problem
        except Exception as problem:
            # What it holds is not told: there are keys in it.
            raise self._error("is not a store of bonds") from problem
        return {bond.address: bond for bond in found}

    def _save(self, bonds: dict[BleAddress, PeerKeys]) -> None:
        content = {
            "version": _VERSION,
            "bonds": {str(address): _row_of(bond) for address, bond in sorted(bonds.items())},
        }
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as problem:
            beside.unlink(missing_ok=True)
            raise self._error(f"cannot be written ({problem.strerror})") from problem

    def _error(self, what: str) -> StoreError:
        return StoreError(
            Code.BONDS_UNUSABLE,
            f"The file with this computer's bonds, {shortened(self._path)}, {what}.",
        )


def _row_of(bond: PeerKeys) -> dict[str, Any]:
    return {"ltk": bond.ltk.hex(), "irk": bond.irk.hex(), "authenticated": bond.authenticated}


def _bond_from(address: str, row: dict[str, Any]) -> PeerKeys:
    ltk, irk = bytes.fromhex(row["ltk"]), bytes.fromhex(row["irk"])
    if len(ltk) != KEY_SIZE or len(irk) != KEY_SIZE:
        raise ValueError("a key of another length")
    return PeerKeys(
        address=BleAddress.parse(address),
        ltk=ltk,
        irk=irk,
        authenticated=row["authenticated"] is True,
    )
