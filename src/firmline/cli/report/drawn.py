"""Pages as a template engine draws them: what every page of ours may do, and may not.

The template escapes whatever it is given (Jinja2's autoescape). Besides, the page forbids itself
everything but its own style sheet, by its hash, and images that it holds itself: were anything to
slip through, a browser would not obey it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

import firmline.web

SHARED: Final = Path(firmline.web.__file__).parent
"""Templates and style sheets that the pages of the server have as well."""
READING: Final = SHARED / "assets" / "reading.css"
CHARTS: Final = SHARED / "assets" / "charts.css"
HOUSE: Final = Path(__file__).parent / "report.css"
"""What a page in one file has besides, that is read and printed by itself."""


def template(folder: Path, name: str, *, shared: Path | None = None) -> Template:
    """A template of ours.

    Args:
        folder: Where it is.
        name: Of its file.
        shared: Where those are that it includes; ``None``: there are none.
    """
    environment = Environment(
        loader=FileSystemLoader([folder, *([shared] if shared else [])]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def style_of(*sheets: Path) -> str:
    """Style sheets of ours, one behind the other."""
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def safe_style(style: str) -> Markup:
    """A style sheet of ours, as it stands."""
    return Markup(style)  # noqa: S704 - our own file


def policy(style: str) -> str:
    """What a page with this style sheet may do (Content Security Policy, level 3)."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
