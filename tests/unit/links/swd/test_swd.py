"""Reading a unit through a debug probe: pyOCD's own stack over a chip that answers as one does.

No real probe has been tried: none is here.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, FirmlineError, InputError, TransportError
from firmline.formats.flash.dump import FlashDump
from firmline.links.swd.port import MemoryPort
from firmline.links.swd.probe import attached
from firmline.links.swd.reading import read_unit_over_swd

pytest.importorskip("pyocd", reason="pyOCD is not installed")

from unit.links.swd.chip_at_probe import ChipAtProbe


def unit_of(name: str) -> FlashDump:
    """What the memory of a unit holds, that runs."""
    unit = fabricate(gallery_unit(name))
    unit.power_on(now_s=0)
    return dump_unit(unit)


REFERENCE = unit_of("ble-reference")
ERASED = FlashDump(name="erased", spans=tuple(REFERENCE.spans[1:]))


def through(probe: ChipAtProbe) -> Callable[[str], AbstractContextManager[MemoryPort]]:
    """Opens this probe, whichever is named."""
    return lambda _number: attached(probe)


def read(probe: ChipAtProbe) -> FlashDump:
    return read_unit_over_swd("", open_with=through(probe))


def refused(probe: ChipAtProbe) -> FirmlineError:
    with pytest.raises(FirmlineError) as caught:
        read(probe)
    assert probe.intruded == []
    assert not probe.is_open
    return caught.value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ble-reference", "full-256k", "stuck-gpregret", "nrf52840-ble"])
def test_a_unit_is_read_whole_and_nothing_is_done_to_it(name: str) -> None:
    memory = unit_of(name)
    probe = ChipAtProbe(memory)
    dump = read(probe)
    end = memory.spans[0].end
    assert dump.read(0, end) == memory.read(0, end)
    for address in (0x1000_0100, 0x1000_1014, 0x1000_1208, 0x4000_0400, 0x4000_051C):
        assert dump.word(address) == memory.word(address)
    assert dump.notes == ()
    assert probe.intruded == []


def test_the_debug_port_is_switched_off_again_and_the_probe_is_given_back() -> None:
    probe = ChipAtProbe(REFERENCE)
    read(probe)
    assert probe.was_closed
    assert not probe.powered
    assert probe.wire_protocol is None


def test_the_registers_are_read_before_the_flash() -> None:
    seen: list[int] = []

    class Port:
        name = "probe"

        def is_protected(self) -> bool:
            return False

        def read(self, address: int, size: int) -> bytes:
            seen.append(address)
            return REFERENCE.read(address, size)

    class Opened(AbstractContextManager[MemoryPort]):
        def __enter__(self) -> MemoryPort:
            return Port()

        def __exit__(self, *_raised: object) -> None:
            """Nothing is open."""

    read_unit_over_swd("", open_with=lambda _number: Opened())
    assert seen[:5] == [0x4000_0400, 0x4000_051C, 0x1000_0000, 0x1000_1000, 0]


def test_a_protected_chip_is_left_as_it_is() -> None:
    problem = refused(ChipAtProbe(REFERENCE, protected=True))
    assert problem.code is Code.SWD_PROTECTED
    assert "Do not unlock it" in problem.hint
    assert problem.exit_code == 3


@pytest.mark.parametrize("idr", [0, 0x1477_0015])
def test_a_chip_without_the_control_port_of_an_nrf52(idr: int) -> None:
    problem = refused(ChipAtProbe(REFERENCE, control_idr=idr))
    assert isinstance(problem, InputError)
    assert problem.code is Code.DUMP_OTHER_CHIP


def test_a_chip_whose_ficr_names_another() -> None:
    memory = FlashDump(name="m", spans=(REFERENCE.spans[0],))
    assert refused(ChipAtProbe(memory)).code is Code.DUMP_OTHER_CHIP


def test_an_erased_chip_says_nothing() -> None:
    assert refused(ChipAtProbe(ERASED)).code is Code.DUMP_BLANK


def test_no_contact() -> None:
    problem = refused(ChipAtProbe(REFERENCE, connected=False))
    assert isinstance(problem, TransportError)
    assert problem.code is Code.SWD_FAILED
    assert "SWDCLK" in problem.hint


def test_pages_that_cannot_be_read_are_left_out_and_told() -> None:
    dump = read(ChipAtProbe(REFERENCE, unreadable=range(0x78000, 0x7A000)))
    assert dump.held(0x78000, 0x7A000) == 0
    assert dump.held(0, 0x80000) == 0x7E000
    assert dump.notes[0].startswith("2 pages from 0x78000 on could not be read")
    assert dump.has_unread


def test_no_page_that_can_be_read_is_a_failure() -> None:
    assert refused(ChipAtProbe(REFERENCE, unreadable=range(0x80000))).code is Code.SWD_FAILED


def test_scripts_of_the_current_folder_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyocd_user.py").write_text("raise SystemExit('run')\n")
    (tmp_path / "pyocd.yaml").write_text("auto_unlock: true\n")
    read(ChipAtProbe(REFERENCE))
    assert Path.cwd() == tmp_path


def test_without_pyocd_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyocd"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TransportError) as caught:
        read_unit_over_swd("")
    assert caught.value.code is Code.LINK_EXTRA_MISSING
    assert "firmline[swd]" in caught.value.hint


@pytest.mark.parametrize(("count", "words"), [(0, "No debug probe"), (2, "2 debug probes")])
def test_the_probe_has_to_be_one(count: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415

    probes = [ChipAtProbe(REFERENCE) for _ in range(count)]
    monkeypatch.setattr(
        ConnectHelper, "get_all_connected_probes", staticmethod(lambda **_options: probes)
    )
    with pytest.raises(TransportError) as caught:
        read_unit_over_swd("")
    assert caught.value.code is Code.SWD_PROBE
    assert caught.value.message.startswith(words)
    assert os.fspath("swd:NUMBER") in caught.value.hint or count == 0


@pytest.mark.slow
def test_the_command_reads_the_probe_that_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415

    from firmline.cli.autopsy_input import SourceOptions, keep, read_source  # noqa: PLC0415

    asked: list[object] = []

    def probes(**options: object) -> list[ChipAtProbe]:
        asked.append(options["unique_id"])
        return [ChipAtProbe(unit_of("stuck-gpregret"))]

    monkeypatch.setattr(ConnectHelper, "get_all_connected_probes", staticmethod(probes))
    dump = read_source("swd:0685", SourceOptions())
    keep(dump, tmp_path / "kept.hex")
    assert read_source(tmp_path / "kept.hex", SourceOptions()).word(0x4000_051C) == 1
    assert dump.name == "Virtual Probe 0685"
    assert asked == ["0685"]


def test_what_a_probe_says_of_itself_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    from firmline.cli.autopsy_text import autopsy_lines  # noqa: PLC0415
    from firmline.diagnosis.autopsy.examination import examine  # noqa: PLC0415

    monkeypatch.setattr(ChipAtProbe, "product_name", "Probe\x1b[2J" + "x" * 500)
    shown = "\n".join(autopsy_lines(examine(read(ChipAtProbe(REFERENCE)))))
    assert "\x1b[2J" not in shown
    assert "x" * 200 not in shown
