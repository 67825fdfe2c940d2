"""Where this computer's address and bonds are, on each system, and what is done without them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from firmline.errors import Code, StoreError
from firmline.formats.peer_data import PeerKeys
from firmline.links.own_side import own_side, random_static_address, state_folder
from firmline.values import BleAddress

HERE = BleAddress.parse("C6:05:04:03:02:01")
BOND = PeerKeys(address=HERE, ltk=bytes(16))


def test_this_computer_is_the_same_every_time(own_state: Path) -> None:
    first = own_side()
    first.bonds.put(BOND)
    second = own_side()
    assert second.address == first.address
    assert second.bonds.get(HERE) == BOND
    assert (own_state / "bonds.json").is_file()


def test_drawn_addresses_are_random_static_ones() -> None:
    drawn = {random_static_address() for _ in range(100)}
    assert all(address.is_random_static for address in drawn)
    assert len(drawn) == 100


def test_without_a_place_units_without_bonds_are_still_reached(own_state: Path) -> None:
    own_state.parent.mkdir(exist_ok=True)
    own_state.touch()  # a file where the folder should be
    us = own_side()
    assert us.address.is_random_static
    with pytest.raises(StoreError) as caught:
        us.bonds.get(HERE)
    assert caught.value.code is Code.BONDS_UNUSABLE
    with pytest.raises(StoreError):
        us.bonds.put(BOND)
    assert own_state.read_bytes() == b""


def test_a_damaged_file_is_left_for_its_user(own_state: Path) -> None:
    own_state.mkdir(parents=True)
    (own_state / "bonds.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        own_side().bonds.get(HERE)
    assert (own_state / "bonds.json").read_text() == "{"


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRMLINE_STATE", "here")
    assert state_folder() == Path.cwd() / "here"


@pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")
@pytest.mark.parametrize("named", [None, ""])
def test_linux_has_its_own_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str | None
) -> None:
    monkeypatch.delenv("FIRMLINE_STATE")
    if named is not None:
        monkeypatch.setenv("FIRMLINE_STATE", named)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert state_folder() == tmp_path / ".local" / "state" / "firmline"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_folder() == tmp_path / "xdg" / "firmline"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks its own interfaces")
def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("FIRMLINE_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(StoreError, match="no home folder") as caught:
        state_folder()
    assert "FIRMLINE_STATE" in caught.value.hint
    with pytest.raises(StoreError, match="no home folder"):
        own_side().bonds.get(HERE)
