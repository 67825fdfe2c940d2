"""Bonds in memory, and a store that cannot be used."""

from __future__ import annotations

import pytest

from firmline.errors import Code, StoreError
from firmline.formats.peer_data import PeerKeys
from firmline.links.bonds import MemoryBonds, UnusableBonds
from firmline.values import BleAddress

HERE = BleAddress.parse("C6:05:04:03:02:01")
BOND = PeerKeys(address=HERE, ltk=bytes(range(16)))


def test_a_bond_in_memory_is_kept_and_replaced() -> None:
    store = MemoryBonds()
    assert store.get(HERE) is None
    store.put(BOND)
    assert store.get(HERE) == BOND
    newer = PeerKeys(address=HERE, ltk=bytes(16))
    store.put(newer)
    assert store.get(HERE) == newer
    assert MemoryBonds().get(HERE) is None


def test_a_store_that_cannot_be_used_says_so_whenever_it_is_needed() -> None:
    store = UnusableBonds(StoreError(Code.BONDS_UNUSABLE, "It is damaged.", hint="Mend it."))
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            store.get(HERE)
        assert (caught.value.message, caught.value.hint) == ("It is damaged.", "Mend it.")
        with pytest.raises(StoreError):
            store.put(BOND)
