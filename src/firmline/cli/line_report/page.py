"""The report as one page: tables and drawings, which a browser prints as well.

It is drawn as the report of a failed update is (:mod:`firmline.cli.report.drawn`), in the same
style; what is in it stands in a template that the pages of the server share.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from firmline.cli.report.drawn import (
    CHARTS,
    HOUSE,
    READING,
    SHARED,
    policy,
    safe_style,
    style_of,
    template,
)
from firmline.line.report_values import report_values
from firmline.line.reporting import LineReport

FOLDER: Final = Path(__file__).parent


def page(report: LineReport, *, where: str, made_at: datetime, firmline: str) -> str:
    """The page.

    Args:
        report: What is on it.
        where: What the records are called.
        made_at: When it was made, UTC.
        firmline: Version of the program.
    """
    style = style_of(READING, HOUSE, CHARTS)
    return template(FOLDER, "page.html", shared=SHARED / "templates").render(
        **report_values(report),
        where=where,
        made_at=f"{made_at:%Y-%m-%d %H:%M}",
        firmline=firmline,
        style=safe_style(style),
        policy=policy(style),
    )
