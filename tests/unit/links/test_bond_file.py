"""The file with this computer's address and bonds: lasting, private, whole, and told to nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, ExitCode, StoreError
from firmline.formats.peer_data import PeerKeys
from firmline.links import bond_file
from firmline.links.bond_file import BondFile
from firmline.values import BleAddress

US = BleAddress.parse("D0:00:00:00:00:01")
HERE = BleAddress.parse("C6:05:04:03:02:01")
SECRET = bytes(range(0xA0, 0xB0))
BOND = PeerKeys(address=HERE, ltk=SECRET, irk=bytes(16), authenticated=False)
OTHER = PeerKeys(address=HERE.plus_one(), ltk=SECRET[::-1], authenticated=True)
GOOD: dict[str, Any] = {
    "version": 1,
    "own_address": str(US),
    "bonds": {str(HERE): {"ltk": SECRET.hex(), "irk": "00" * 16, "authenticated": False}},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bonds.json"


def opened(path: Path, address: BleAddress = US) -> BondFile:
    file = BondFile(path)
    file.own_address(lambda: address)
    return file


def modes(path: Path) -> tuple[int, int]:
    return path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777


def test_the_address_is_drawn_once(path: Path) -> None:
    assert BondFile(path).own_address(lambda: US) == US
    assert BondFile(path).own_address(lambda: pytest.fail("drawn again")) == US


def test_a_bond_is_kept_replaced_and_forgotten_and_outlives_the_process(path: Path) -> None:
    store = opened(path)
    assert store.get(HERE) is None
    store.put(OTHER)
    store.put(BOND)
    again = opened(path, HERE)
    assert again.bonds() == (BOND, OTHER)
    newer = PeerKeys(address=HERE, ltk=bytes(16))
    again.put(newer)
    assert store.get(HERE) == newer
    assert store.forget(HERE)
    assert not store.forget(HERE)
    assert (store.get(HERE), store.get(OTHER.address)) == (None, OTHER)
    assert again.own_address(lambda: HERE) == US


def test_a_question_makes_no_file(path: Path) -> None:
    file = BondFile(path)
    assert (file.get(HERE), file.bonds()) == (None, ())
    assert not file.forget(HERE)
    assert not file.forget_everything()
    assert not path.parent.exists()


def test_all_is_forgotten_with_the_address(path: Path) -> None:
    opened(path).put(BOND)
    assert BondFile(path).forget_everything()
    assert BondFile(path).own_address(lambda: HERE) == HERE
    assert BondFile(path).get(HERE) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_the_file_and_its_folder_are_for_their_owner_alone_whatever_the_mask(
    path: Path, mask: int
) -> None:
    before = os.umask(mask)
    try:
        opened(path)
        assert modes(path) == (0o700, 0o600)
        path.chmod(0o644)
        opened(path).put(OTHER)
    finally:
        os.umask(before)
    assert modes(path) == (0o700, 0o600)
    assert {each.name for each in path.parent.iterdir()} <= {"bonds.json", "bonds.json.lock"}


def test_what_a_killed_process_left_is_neither_read_nor_in_the_way(path: Path) -> None:
    opened(path).put(BOND)
    left = path.with_name("bonds.json.new")
    left.write_bytes(b'{"version": 1, "own')
    opened(path).put(OTHER)
    assert opened(path).bonds() == (BOND, OTHER)
    assert not left.exists()


# Files that are none.


def changed(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def row(**fields: Any) -> bytes:
    return changed(bonds={str(HERE): {**GOOD["bonds"][str(HERE)], **fields}})


def test_what_the_next_ones_change_is_good(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(changed())
    assert opened(path).bonds() == (BOND,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 100_000,
        changed(version=2),
        changed(own_address="somebody"),
        changed(own_address=7),
        changed(own_address="00:05:04:03:02:01"),
        changed(bonds=7),
        changed(bonds={str(HERE): {}}),
        changed(bonds={"somebody": GOOD["bonds"][str(HERE)]}),
        row(ltk=SECRET.hex()[2:]),
        row(ltk="zz" * 16),
        row(irk="00" * 17),
        row(authenticated="no"),
        changed()[:-40],
        changed(filler="x" * bond_file.MAX_SIZE),
    ],
)
def test_a_damaged_file_is_one_sentence_without_a_key_and_stays(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (
        lambda: BondFile(path).get(HERE),
        lambda: BondFile(path).put(OTHER),
        lambda: BondFile(path).forget(HERE),
        lambda: opened(path),
    ):
        with pytest.raises(StoreError, match="is damaged") as caught:
            use()
        assert caught.value.code is Code.BONDS_UNUSABLE
        assert caught.value.exit_code is ExitCode.LINK
        assert SECRET.hex()[:8] not in caught.value.message
        assert caught.value.__suppress_context__
    assert path.read_bytes() == content
    assert BondFile(path).forget_everything()
    assert not path.exists()


@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_file_of_ours_or_damaged(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bonds.json"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        BondFile(path).bonds()


# Places that cannot be used.


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="is no file"):
        opened(path)


def test_a_place_that_is_no_folder_is_told_to_every_question(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    file = BondFile(tmp_path / "state" / "bonds.json")
    for question in (file.bonds, lambda: file.forget(HERE), file.forget_everything):
        with pytest.raises(StoreError, match="cannot be reached") as caught:
            question()
        assert caught.value.code is Code.BONDS_UNUSABLE
    assert (tmp_path / "state").is_file()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be reached \(.+\)"):
        opened(tmp_path / "file" / "bonds.json")


def test_a_disk_that_is_full_is_told_and_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(path)
    store.put(BOND)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)"):
            store.put(OTHER)
    assert store.bonds() == (BOND,)
    assert not path.with_name("bonds.json.new").exists()


def test_a_bond_is_not_kept_beside_another_address(path: Path) -> None:
    store = opened(path)
    BondFile(path).forget_everything()
    with pytest.raises(StoreError, match="was removed while"):
        store.put(BOND)
    opened(path, HERE)
    with pytest.raises(StoreError, match="was removed while"):
        store.put(BOND)
    assert BondFile(path).bonds() == ()


def test_a_process_that_keeps_the_file_is_not_waited_for_forever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(path)
    monkeypatch.setattr(bond_file, "LOCK_S", 0.05)
    with FileLock(f"{path}.lock"), pytest.raises(StoreError, match="another process has kept it"):
        store.put(BOND)
    store.put(BOND)
    assert store.bonds() == (BOND,)


PUTS = """
import sys
from pathlib import Path
from firmline.formats.peer_data import PeerKeys
from firmline.links.bond_file import BondFile
from firmline.values import BleAddress
file, which = BondFile(Path(sys.argv[1])), int(sys.argv[2])
file.own_address(lambda: BleAddress(bytes([0xC0, 0, 0, 0, 0, which])))
for number in range(20):
    file.put(PeerKeys(address=BleAddress(bytes([0xC6, 0, 0, 0, which, number])), ltk=bytes(16)))
"""


@pytest.mark.slow
def test_of_several_that_pair_at_once_none_loses_a_bond(path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", PUTS, str(path), str(which)]) for which in range(3)
    ]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    assert len(BondFile(path).bonds()) == 60
