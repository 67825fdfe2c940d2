"""Bonds: what this computer keeps of the units it has paired with.

Rules of this module:

* The keys are secrets: they are in a store and in the controller, and in no message, trace or
  representation.
* A bond belongs to this computer's own address on a link; another address has other bonds.
"""

from __future__ import annotations

from typing import NoReturn, Protocol

from firmline.errors import StoreError
from firmline.formats.peer_data import PeerKeys
from firmline.values import BleAddress


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


class UnusableBonds:
    """Stands for a store that cannot be used: who needs a bond is told why, and nobody else.

    Args:
        problem: What is wrong with it.
    """

    def __init__(self, problem: StoreError) -> None:
        self._problem = problem

    def get(self, peer: BleAddress) -> PeerKeys | None:
        """Raises the problem: StoreError."""
        _ = peer
        self._raise()

    def put(self, keys: PeerKeys) -> None:
        """Raises the problem: StoreError."""
        _ = keys
        self._raise()

    def _raise(self) -> NoReturn:
        problem = self._problem
        raise StoreError(problem.code, problem.message, hint=problem.hint) from problem
