"""``firmline bonds``: what is kept is listed and forgotten, and no key is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.formats.peer_data import PeerKeys
from firmline.links.own_side import own_side
from firmline.values import BleAddress
from unit.cli.program import Program, assert_failed

HERE = BleAddress.parse("C6:05:04:03:02:01")
SECRET = bytes(range(0xA0, 0xB0))


@pytest.fixture
def bonded() -> None:
    us = own_side()
    for address in (HERE.plus_one(), HERE):
        us.bonds.put(PeerKeys(address=address, ltk=SECRET, irk=SECRET))


@pytest.mark.usefixtures("bonded")
def test_bonds_are_listed_without_their_keys(firmline: Program, own_state: Path) -> None:
    said = firmline("bonds", "list")
    assert said.code == 0
    assert said.out.splitlines()[:2] == [str(HERE), str(HERE.plus_one())]
    assert said.out.splitlines()[2].startswith("2 bonds are kept in ")
    told = firmline("bonds", "list", "--json")
    assert told.result["units"] == [str(HERE), str(HERE.plus_one())]
    assert told.result["file"] == str(own_state / "bonds.json")
    assert SECRET.hex() not in (said.out + told.out).lower()


def test_no_bonds_are_no_trouble_and_leave_nothing(firmline: Program, own_state: Path) -> None:
    assert firmline("bonds", "list").out.startswith("No bonds are kept in ")
    assert firmline("bonds", "forget", str(HERE)).out == f"There is no bond with {HERE}.\n"
    assert firmline("bonds", "forget", "--all").out == "There was nothing to forget.\n"
    assert not own_state.exists()


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("forget", "--all")])
def test_a_place_that_is_no_folder_is_told(
    firmline: Program, own_state: Path, words: tuple[str, ...]
) -> None:
    own_state.write_bytes(b"")
    assert_failed(firmline("bonds", *words), Code.BONDS_UNUSABLE, ExitCode.LINK)


@pytest.mark.usefixtures("bonded")
def test_one_bond_is_forgotten(firmline: Program) -> None:
    address = own_side().address
    said = firmline("bonds", "forget", str(HERE).lower())
    assert (said.code, said.out) == (0, f"The bond with {HERE} is forgotten.\n")
    assert firmline("bonds", "forget", str(HERE), "--json").result["forgotten"] is False
    assert firmline("bonds", "list").out.splitlines()[1].startswith("One bond is kept in ")
    assert own_side().address == address


@pytest.mark.usefixtures("bonded")
def test_all_are_forgotten_with_the_address(firmline: Program) -> None:
    address = own_side().address
    assert firmline("bonds", "forget", "--all", "--json").result["forgotten"] is True
    assert firmline("bonds", "list", "--json").result["units"] == []
    assert own_side().address != address


@pytest.mark.usefixtures("bonded")
@pytest.mark.parametrize("words", [(), (str(HERE), "--all")])
def test_what_to_forget_is_named_once(firmline: Program, words: tuple[str, ...]) -> None:
    assert_failed(firmline("bonds", "forget", *words), Code.OPTION_CONFLICT)
    assert len(firmline("bonds", "list", "--json").result["units"]) == 2


def test_an_address_that_is_none_is_told(firmline: Program) -> None:
    assert_failed(firmline("bonds", "forget", "Tag"), Code.TARGET_MALFORMED)


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("forget", str(HERE))])
def test_a_damaged_file_is_told_and_can_be_forgotten(
    firmline: Program, own_state: Path, words: tuple[str, ...]
) -> None:
    own_state.mkdir(parents=True)
    (own_state / "bonds.json").write_text("{" + SECRET.hex())
    said = firmline("bonds", *words)
    assert_failed(said, Code.BONDS_UNUSABLE, ExitCode.LINK)
    assert "firmline bonds forget --all" in said.err
    assert SECRET.hex() not in said.err
    assert firmline("bonds", "forget", "--all").code == 0
    assert firmline("bonds", *words).code == 0
