"""``firmline pkg softdevices``: the table for people and for programs."""

from __future__ import annotations

import json

from firmline.formats.known_softdevices import known_softdevices
from unit.cli.program import Program


def test_every_softdevice_is_listed_with_what_is_known_of_it(firmline: Program) -> None:
    ran = firmline("pkg", "softdevices")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) == len(known_softdevices()) + 2
    words = {line.split()[0]: line.split()[1:] for line in lines}
    assert words["s132-6.1.1"] == ["0x00B7", "0x26000", "0x1628"]
    assert words["s140-7.3.0"] == ["0x0123", "(0x27000)"]
    assert words["s122-8.1.1"] == ["0x0112"]
    assert max(map(len, lines)) <= 80


def test_programs_get_the_sources_too(firmline: Program) -> None:
    ran = firmline("pkg", "softdevices", "--json")
    result = json.loads(ran.out)
    assert (ran.code, ran.err, result["type"]) == (0, "", "result")
    rows = {row["option"]: row for row in result["softdevices"]}
    assert len(rows) == len(known_softdevices())
    s112 = rows["s112-7.3.0"]
    assert (s112["fwid"], s112["chip"], s112["end"]) == ("0x0126", "nrf52", 0x19000)
    assert (s112["ram"], s112["ram_start"], s112["linked_at"]) == (0xEB8, 0x2000_0EB8, None)
    assert set(s112["sources"]) == {"fwid", "end", "ram"}
