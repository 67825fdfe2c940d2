"""Where bonds are kept: for their owner alone, whole or not at all, and told to nobody."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode, StoreError
from firmline.formats.peer_data import PeerKeys
from firmline.links.bonds import BondStore, FileBonds, MemoryBonds
from firmline.values import BleAddress

HERE = BleAddress.parse("C6:05:04:03:02:01")
SECRET = bytes(range(0xA0, 0xB0))
BOND = PeerKeys(address=HERE, ltk=SECRET, irk=bytes(16), authenticated=False)
OTHER = PeerKeys(address=HERE.plus_one(), ltk=SECRET[::-1], authenticated=True)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BondStore:
    return MemoryBonds() if request.param == "memory" else FileBonds(tmp_path / "a" / "bonds.json")


def test_a_bond_is_kept_replaced_and_forgotten(store: BondStore) -> None:
    assert store.get(HERE) is None
    store.put(BOND)
    store.put(OTHER)
    assert (store.get(HERE), store.get(OTHER.address)) == (BOND, OTHER)
    newer = PeerKeys(address=HERE, ltk=bytes(16))
    store.put(newer)
    assert store.get(HERE) == newer
    store.forget(HERE)
    store.forget(HERE)
    assert (store.get(HERE), store.get(OTHER.address)) == (None, OTHER)


def test_a_file_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "bonds.json"
    FileBonds(path).put(BOND)
    assert FileBonds(path).get(HERE) == BOND


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_the_file_is_for_its_owner_alone_whatever_the_mask(tmp_path: Path) -> None:
    path = tmp_path / "bonds.json"
    mask = os.umask(0)
    try:
        FileBonds(path).put(BOND)
        path.chmod(0o644)
        FileBonds(path).put(OTHER)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["bonds.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"bonds": 7}',
        b'{"bonds": {"C6:05:04:03:02:01": {}}}',
        b'{"bonds": {"somebody": {"ltk": "00", "irk": "00", "authenticated": false}}}',
        json.dumps(
            {"bonds": {str(HERE): {"ltk": SECRET.hex()[2:], "irk": "00" * 16, "authenticated": 0}}}
        ).encode(),
    ],
)
def test_a_damaged_file_is_one_sentence_without_a_key_and_stays(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bonds.json"
    path.write_bytes(content)
    for use in (FileBonds.forget, FileBonds.get):
        with pytest.raises(StoreError) as caught:
            use(FileBonds(path), HERE)
        assert caught.value.code is Code.BONDS_UNUSABLE
        assert caught.value.exit_code is ExitCode.LINK
        assert SECRET.hex()[:8] not in caught.value.message
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left_there(tmp_path: Path) -> None:
    folder = tmp_path / "bonds.json"
    folder.mkdir()
    (folder / "something").touch()
    with pytest.raises(StoreError, match="cannot be read"):
        FileBonds(folder).put(BOND)
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(StoreError, match="cannot be"):
        FileBonds(blocked / "bonds.json").put(BOND)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bonds.json", "file"]
