"""The report as one page: tables and drawings, which a browser prints as well.

It is drawn as the report of a failed update is (:mod:`firmline.cli.report.drawn`), in the same
style; what is in it stands in a template that the pages of the server share.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import firmline.web
from firmline.cli.report.drawn import policy, safe_style, template
from firmline.line.report_values import report_values
from firmline.line.reporting import LineReport

FOLDER: Final = Path(__file__).parent
SHARED: Final = Path(firmline.web.__file__).parent / "templates"
HOUSE_STYLE: Final = FOLDER.parent / "report" / "report.css"


def page(report: LineReport, *, where: str, made_at: datetime, firmline: str) -> str:
    """The page.

    Args:
        report: What is on it.
        where: What the records are called.
        made_at: When it was made, UTC.
        firmline: Version of the program.
    """
    style = HOUSE_STYLE.read_text(encoding="utf-8") + (FOLDER / "page.css").read_text("utf-8")
    return template(FOLDER, "page.html", shared=SHARED).render(
        **report_values(report),
        where=where,
        made_at=f"{made_at:%Y-%m-%d %H:%M}",
        firmline=firmline,
        style=safe_style(style),
        policy=policy(style),
    )
