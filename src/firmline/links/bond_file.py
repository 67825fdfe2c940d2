"""The file with this computer's own Bluetooth address and its bonds, which go together.

Rules of this module:

* A unit knows this computer by the address that it had when it paired. So a bond is kept beside
  that address, and never beside another one.
* The file is for its owner alone, and replaced as a whole: whenever the power fails, the old
  content or the new one is there.
* One process at a time reads or writes it (a lock beside it): of two that pair at once, neither
  loses its bond.
* What is damaged is never overwritten; only the user may forget it.
* No message says what the file holds: there are keys in it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from firmline.errors import Code, InputError, StoreError, shortened
from firmline.formats.peer_data import KEY_SIZE, PeerKeys
from firmline.values import BleAddress

PRIVATE: Final = 0o600
"""Mode of the file: for its owner alone. Windows keeps a user's folders apart by itself."""
PRIVATE_FOLDER: Final = 0o700
"""Mode of its folder, where that is made here."""
LOCK_S: Final = 5.0
"""How long another process may have the file, which takes it milliseconds; ours."""
MAX_SIZE: Final = 1 << 20
"""Bytes; a bond has about 150, so that this is no file of ours."""
_VERSION: Final = 1
_DAMAGES: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading something else raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What the file says."""

    own_address: BleAddress
    bonds: dict[BleAddress, PeerKeys] = field(default_factory=dict)


class BondFile:
    """Keeps one address of this computer's own, and the bonds that it has under it.

    Args:
        path: The file; made with the address, and its folder with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own_address: BleAddress | None = None

    def own_address(self, draw: Callable[[], BleAddress]) -> BleAddress:
        """This computer's address, the same at every call and in every process.

        Args:
            draw: Makes a random static address, for the first time.

        Raises:
            StoreError: The file cannot be read or written, or is damaged.
        """
        with self._locked():
            content = self._load()
            if content is None:
                content = _Content(own_address=draw())
                self._save(content)
        self._own_address = content.own_address
        return content.own_address

    def get(self, peer: BleAddress) -> PeerKeys | None:
        """The bond with a unit; ``None``: there is none.

        Raises:
            StoreError: The file cannot be read, or is damaged.
        """
        return next((bond for bond in self.bonds() if bond.address == peer), None)

    def bonds(self) -> tuple[PeerKeys, ...]:
        """All bonds, by address.

        Raises:
            StoreError: The file cannot be read, or is damaged.
        """
        if not self._is_there():  # nothing is made for a question
            return ()
        with self._locked():
            content = self._load()
        return () if content is None else tuple(bond for _, bond in sorted(content.bonds.items()))

    def put(self, keys: PeerKeys) -> None:
        """Keep a bond, in the place of an older one with the same unit.

        Raises:
            StoreError: The file cannot be read or written, is damaged, or has another address in it
                by now than the one that the unit has paired with.
        """
        with self._locked():
            content = self._load()
            if content is None or content.own_address != self._own_address:
                raise self._error(
                    "was removed while a unit was paired with, and the unit knows this computer by"
                    " the address that was in it"
                )
            self._save(replace(content, bonds={**content.bonds, keys.address: keys}))

    def forget(self, peer: BleAddress) -> bool:
        """Drop the bond with a unit; whether there was one.

        Raises:
            StoreError: The file cannot be read or written, or is damaged.
        """
        if not self._is_there():
            return False
        with self._locked():
            content = self._load()
            if content is None or peer not in content.bonds:
                return False
            left = {address: bond for address, bond in content.bonds.items() if address != peer}
            self._save(replace(content, bonds=left))
        return True

    def forget_everything(self) -> bool:
        """Drop all bonds and the address, also where the file is damaged; whether there was one.

        Raises:
            StoreError: The file cannot be removed.
        """
        if not self._is_there():
            return False
        with self._locked(), self._told("removed"):
            self.path.unlink(missing_ok=True)
        return True

    # The file itself.

    def _is_there(self) -> bool:
        """Whether there is a file; where nobody can tell, that is told."""
        with self._told("reached"):
            try:
                self.path.lstat()
            except FileNotFoundError:
                self._could_be()
                return False
        return True

    def _could_be(self) -> None:
        """See that what there is of its place are folders; Windows says only that it is not there.

        Raises:
            NotADirectoryError: Something else has the name of a folder.
        """
        nearest = next((each for each in self.path.parents if os.path.lexists(each)), None)
        if nearest is not None and not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes away from the file."""
        lock = FileLock(f"{self.path}.lock", timeout=LOCK_S, mode=PRIVATE)
        with self._told("reached"):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _load(self) -> _Content | None:
        if not self._is_there():
            return None
        with self._told("read"):
            if self.path.exists() and not self.path.is_file():
                raise self._error("is no file")
            with self.path.open("rb") as file:
                text = file.read(MAX_SIZE + 1)
        try:
            return _content_of(text)
        except (*_DAMAGES, InputError):  # which may quote the file, and are not told
            raise self._error("is damaged, or of another version of firmline") from None

    def _save(self, content: _Content) -> None:
        text = json.dumps(_plain(content), indent=1).encode()
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            with self._told("written"):
                beside.unlink(missing_ok=True)  # of a process that was killed; the lock is ours
                handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
                with os.fdopen(handle, "wb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self.path)
        except StoreError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        """Say what the system has against it."""
        try:
            yield
        except TimeoutError:
            raise self._error(
                f"cannot be {verb} (another process has kept it for {LOCK_S:g} s)"
            ) from None
        except NotImplementedError:
            raise self._error(f"cannot be {verb} (its file system has no locks)") from None
        except OSError as problem:
            raise self._error(f"cannot be {verb} ({problem.strerror})") from problem

    def _error(self, what: str) -> StoreError:
        return StoreError(
            Code.BONDS_UNUSABLE,
            f"The file with this computer's bonds, {shortened(self.path)}, {what}.",
        )


def _plain(content: _Content) -> dict[str, Any]:
    bonds = {
        str(address): {
            "ltk": bond.ltk.hex(),
            "irk": bond.irk.hex(),
            "authenticated": bond.authenticated,
        }
        for address, bond in sorted(content.bonds.items())
    }
    return {"version": _VERSION, "own_address": str(content.own_address), "bonds": bonds}


def _content_of(text: bytes) -> _Content:
    """Read what :func:`_plain` made; raises anything where it did not."""
    if len(text) > MAX_SIZE:
        raise ValueError("too long")
    plain = json.loads(text.decode("utf-8"))
    own_address = BleAddress.parse(plain["own_address"])
    if plain["version"] != _VERSION or not own_address.is_random_static:
        raise ValueError("not of this version")
    bonds = [_bond_of(address, row) for address, row in plain["bonds"].items()]
    return _Content(own_address=own_address, bonds={bond.address: bond for bond in bonds})


def _bond_of(address: str, row: dict[str, Any]) -> PeerKeys:
    ltk, irk = bytes.fromhex(row["ltk"]), bytes.fromhex(row["irk"])
    if len(ltk) != KEY_SIZE or len(irk) != KEY_SIZE or not isinstance(row["authenticated"], bool):
        raise ValueError("no keys")
    return PeerKeys(
        address=BleAddress.parse(address), ltk=ltk, irk=irk, authenticated=row["authenticated"]
    )
