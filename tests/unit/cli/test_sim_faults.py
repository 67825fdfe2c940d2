"""``firmline sim faults``: the table, the JSON, and the exit code of a false success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.cli import sim_faults
from firmline.errors import ExitCode
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.endings import Ending, Truth
from firmline.updater.fault_matrix.trial import run_case
from unit.cli.program import Program

FEW = ("sim", "faults", "--fault", "legacy-bootloader")


def test_the_table_has_a_row_for_the_fault_and_a_column_for_each_link(firmline: Program) -> None:
    ran = firmline(*FEW)
    assert (ran.code, ran.err) == (0, "")
    head, row, *_ = ran.out.splitlines()
    assert head.split() == ["fault", "radio", "uart", "usb"]
    assert row.split() == ["legacy-bootloader", "refused", "DFU-ENTER-004", "-", "-"]
    assert "  DFU-ENTER-004  e.g. What answers at" in ran.out
    assert ran.out.endswith(
        "1 updates of faulty units: 0 recovered, 1 refused, 0 unverified, 0 false success.\n"
    )


def test_the_json_is_the_contract(firmline: Program) -> None:
    ran = firmline("sim", "faults", "--fault", "host-gone", "--link", "radio", "--json")
    result = ran.result
    (case,) = result.pop("cases")
    assert ran.code == 0
    assert result == {
        "type": "result",
        "recovered": 1,
        "refused": 0,
        "unverified": 0,
        "false_successes": 0,
    }
    assert case.pop("seconds") > 0
    assert case == {
        "fault": "host-gone",
        "settings": {"after_packets": 20},
        "link": "radio",
        "sdk": "15.3",
        "flow": "application",
        "verdict": "recovered",
        "outcome": "updated",
        "code": "",
        "message": "The unit runs the new application.",
        "runs": "new",
        "struck": True,
        "steps": ["resume"],
    }


@pytest.mark.slow
def test_the_bootloader_may_be_another_sdks(firmline: Program) -> None:
    words = ("sim", "faults", "--fault", "stuck-gpregret", "--link", "radio", "--json")
    verdicts = {
        sdk: firmline(*words, "--sdk", sdk).result["cases"][0]["verdict"]
        for sdk in ("15.3", "17.1")
    }
    # 15.3 looks at one bit of the register, and stays in its bootloader; 17.1 at all of them.
    assert verdicts == {"15.3": "unverified", "17.1": "recovered"}


def lying(case: Case) -> Ending:
    """What a false success would look like."""
    return replace(run_case(case), truth=Truth.OLD)


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [True, False])
def test_a_false_success_is_told_and_has_its_exit_code(
    as_json: bool, firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim_faults, "run_case", lying)
    options = ["--json"] if as_json else []
    ran = firmline("sim", "faults", "--fault", "host-gone", "--link", "radio", *options)
    assert ran.code == ExitCode.UNVERIFIED
    if as_json:
        assert ran.result["false_successes"] == 1
    else:
        assert "FALSE SUCCESS: host-gone on radio: called updated" in ran.out


def test_a_link_there_is_not_is_refused(firmline: Program) -> None:
    assert firmline("sim", "faults", "--link", "wifi").code == ExitCode.INPUT


def test_a_fault_that_did_nothing_is_told(firmline: Program) -> None:
    ran = firmline("sim", "faults", "--fault", "crystal", "--link", "uart")
    _, quiet, loud, *_ = ran.out.splitlines()
    assert quiet.split() == ["crystal", "recovered*"]
    assert loud.split() == ["crystal", "program=application", "unverified", "DFU-END-001"]
    assert "  * the fault did nothing before the update was done\n" in ran.out
