"""The program on the page about the audit trail verifies what ``firmline line audit`` exports."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from firmline.line.audit.sql import SqlAudit
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.database import Database
from unit.cli.program import Program
from unit.line.audit_world import done


@pytest.fixture
def program(root: Path) -> str:
    page = (root / "docs/explanation/audit-trail.md").read_text("utf-8")
    (found,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return str(found)


def test_the_program_of_the_page_says_what_firmline_says(
    firmline: Program, folder: Path, program: str
) -> None:
    with closing(Database.open(DatabaseAddress(path=folder / "shift.db"), create=True)) as database:
        for subject in ("bert", "J\u00e4rvi \U0001f600", "cara"):
            SqlAudit(database).append(done(subject, note="\u2028"))
    ran = firmline("line", "audit", "--db", "shift.db", "--json")
    command = [sys.executable, "-c", program]

    def told(export: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, input=export, text=True, capture_output=True, check=False)

    assert told(ran.out).stdout == f"holds: {ran.result['head']}\n"
    assert told(ran.out.replace('"bert"', '"zoe"')).returncode != 0
