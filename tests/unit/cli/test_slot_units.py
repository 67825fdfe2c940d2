"""What a slot of a station has: one kind of virtual unit, or a folder with a file for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.cli.slot_units import MOST_UNITS, prepare_slot
from firmline.device.description import gallery_unit
from firmline.errors import Code, InputError
from firmline.links.slot_roads import Reach, reach_of
from firmline.links.target import parse_radio
from unit.cli.makers import KEY


@pytest.fixture
def box(folder: Path) -> Path:
    """Two units: one as the reference, one with another SoftDevice."""
    path = folder / "units"
    path.mkdir()
    unit = (Path(__file__).parents[3] / "src/firmline/data/units/ble-reference.toml").read_text()
    (path / "SN-0001.toml").write_text(unit)
    (path / "SN-0002.toml").write_text(unit.replace("fwid = 0x0103", "fwid = 0x00B7"))
    (path / "notes.txt").write_text("no unit")
    return path


def test_each_number_is_its_own_unit(box: Path) -> None:
    slot = prepare_slot(parse_radio(f"sim:{box}"))
    assert set(slot.by_serial) == {"SN-0001", "SN-0002"}
    fwids = [
        unit.softdevice.fwid
        for serial in ("SN-0001", "SN-0002")
        if (unit := slot.description_of(serial)) is not None and unit.softdevice is not None
    ]
    assert fwids == [0x0103, 0x00B7]
    assert reach_of(slot) is Reach.RADIO


def test_a_number_without_a_file_is_not_there(box: Path) -> None:
    slot = prepare_slot(parse_radio(f"sim:{box}"))
    assert slot.description_of("SN-0003") is None


def test_a_kind_of_unit_has_every_number() -> None:
    slot = prepare_slot(parse_radio("sim:ble-reference"))
    assert slot.description_of("whatever") == gallery_unit("ble-reference")


def test_a_key_is_that_of_all_of_them(box: Path, folder: Path) -> None:
    key = folder / "line.key"
    key.write_bytes(KEY.format_pem())
    slot = prepare_slot(parse_radio(f"sim:{box}?key={key}"))
    keys = {unit.public_key for serial in slot.by_serial if (unit := slot.description_of(serial))}
    assert keys == {KEY.public_key}


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        prepare_slot(parse_radio(text))
    return caught.value


def test_an_empty_folder_is_refused(folder: Path) -> None:
    (folder / "empty").mkdir()
    error = refused(f"sim:{folder / 'empty'}")
    assert (error.code, "no unit files" in error.message) == (Code.TARGET_UNKNOWN_UNIT, True)


def test_too_many_files_are_refused(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_UNITS >= 1_000
    monkeypatch.setattr("firmline.cli.slot_units.MOST_UNITS", 1)
    assert refused(f"sim:{box}").code is Code.TARGET_UNKNOWN_UNIT


def test_a_unit_without_a_radio_is_refused(box: Path) -> None:
    unit = (Path(__file__).parents[3] / "src/firmline/data/units/uart-reference.toml").read_text()
    (box / "SN-0003.toml").write_text(unit)
    error = refused(f"sim:{box}")
    assert (error.code, "SN-0003" in error.message) == (Code.TARGET_MALFORMED, True)


def test_a_file_that_is_no_unit_is_named(box: Path) -> None:
    (box / "SN-0003.toml").write_text("chip = 3\n")
    error = refused(f"sim:{box}")
    assert error.code is Code.UNIT_FILE_MALFORMED
    assert "SN-0003.toml" in error.message


def test_a_dump_is_one_unit_s(box: Path) -> None:
    assert refused(f"sim:{box}?flash=dump.hex").code is Code.TARGET_MALFORMED
