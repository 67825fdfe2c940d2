"""The units of the gallery that are not updated, diagnosed from the trace of their update alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.program import Program

WORN = {"flash-page-worn", "flash-op-lost-silently"}
BACK = {
    *("jump-flag-misuse", "jump-bond-config", "jump-app-crashes"),
    *("jump-bootloader-missing", "power-brownout-coincell"),
}
SILENT = {"lfclk-source-mismatch", "lfclk-crystal-fault", "host-mac-plus-one"}
CAUSES = {
    "application-crash": BACK,
    "dead-crystal": SILENT,
    "legacy-application": {"protocol-mismatch-legacy-secure"},
    "legacy-bootloader": {"protocol-mismatch-legacy-secure"},
    "no-bootloader": BACK,
    "other-key": {"pkg-key-mismatch"},
    "other-softdevice": {"pkg-wrong-sd-req"},
    "stuck-gpregret": {"gpregret-stuck"},
    "watchdog-rr7": {"watchdog-rr7-not-fed"},
    "weak-coin-cell": {"power-brownout-coincell"},
    "worn-page": WORN,
    "wrong-address": SILENT,
}
"""What each is; several where a trace cannot tell them apart."""
QUICK = {"weak-coin-cell", "other-key"}


def updated(firmline: Program, unit: str) -> str:
    """Update a unit of the gallery in vain; what was printed of it."""
    firmline("keys", "generate", "key.pem")
    Path("app.bin").write_bytes(bytes.fromhex("00000120 c1020200") + bytes(range(256)) * 234)
    firmline(
        *("pkg", "generate", "--hw-version", "52", "--sd-req", "0x103"),
        *("--application", "app.bin", "--application-version", "5", "--key-file", "key.pem"),
        *("--app-boot-validation", "VALIDATE_GENERATED_CRC", "dfu.zip"),
    )
    key = "" if unit == "other-key" else "?key=key.pem"
    ran = firmline("update", "dfu.zip", "--to", f"sim:{unit}{key}", "--trace", "t.jsonl")
    assert ran.code != 0
    return ran.err


@pytest.mark.parametrize(
    "unit", [pytest.param(u, marks=[] if u in QUICK else pytest.mark.slow) for u in CAUSES]
)
def test_what_a_unit_of_the_gallery_has_is_ranked_first(firmline: Program, unit: str) -> None:
    told = updated(firmline, unit)
    first = firmline("diagnose", "t.jsonl", "--json").result["causes"][0]["cause"]
    assert first in CAUSES[unit]
    assert f"({first}, " in told


def test_a_unit_for_another_tool_has_nothing_that_failed(firmline: Program) -> None:
    told = updated(firmline, "smp-application")
    assert "cause: a unit of another family (MCUboot, SMP); nothing at it has failed." in told
    told = firmline("diagnose", "t.jsonl").out
    assert "another tool updates it, and nothing failed" in " ".join(told.split())


SURE = {
    "leaked-buffers": "rx-buffer-leak",
    "legacy-application": "protocol-mismatch-legacy-secure",
    "no-bootloader": "jump-bootloader-missing",
    "stuck-gpregret": "gpregret-stuck",
    "watchdog-rr7": "watchdog-rr7-not-fed",
    "weak-coin-cell": "power-brownout-coincell",
    "worn-page": "flash-page-worn",
}
"""What the tests of a bench come to, at a host that ends at the first fault."""
SPLIT = {
    "application-crash": "jump-app-crashes",
    "dead-crystal": "lfclk-crystal-fault",
    "legacy-bootloader": "protocol-mismatch-legacy-secure",
    "wrong-address": "host-mac-plus-one",
}
"""What is among the causes that nothing on a bench tells apart."""


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "cause"), SURE.items())
def test_the_tests_of_a_bench_come_to_what_a_unit_has(
    firmline: Program, unit: str, cause: str
) -> None:
    result = firmline("sim", "diagnose", "--unit", unit, "--json").result
    assert (result["end"], result["causes"][0]["cause"]) == ("sure", cause)
    assert result["undecided"] is None


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "cause"), SPLIT.items())
def test_where_the_tests_of_a_bench_cannot_decide_the_cause_is_named_with_the_others(
    firmline: Program, unit: str, cause: str
) -> None:
    result = firmline("sim", "diagnose", "--unit", unit, "--json").result
    assert result["end"] == "nothing_tells_more"
    assert cause in result["undecided"]["causes"]
    assert result["undecided"]["tests"]
