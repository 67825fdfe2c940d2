"""What is said of a failure."""

from __future__ import annotations

import pytest

from firmline.cli.failures import next_thing, print_failed_result, say
from firmline.data import load_table
from firmline.errors import Code, FirmlineError


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(Code))
def test_every_code_has_a_next_thing_to_do(code: Code, capsys: pytest.CaptureFixture[str]) -> None:
    error = FirmlineError(code, "It went wrong.")
    assert next_thing(error) == load_table("errors")[code]["do"]
    say(error)
    expected = f"error: It went wrong. [{code}]\n  next: {next_thing(error)}\n"
    assert capsys.readouterr() == ("", expected)


def test_a_failed_result_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_failed_result(FirmlineError(Code.DEFECT, "A\nB", hint="C"))
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        '{"type": "result", "outcome": "failed", "code": "DFU-BUG-001",'
        ' "message": "A\\\\nB", "proof": null, "next": "C", "bytes": 0,'
        ' "bytes_held": 0, "bytes_sent": 0, "seconds": 0.0, "transfer_seconds": 0.0,'
        ' "limit_share": null, "problems": [], "diagnosis": null}\n'
    )
