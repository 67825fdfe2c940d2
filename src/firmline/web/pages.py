"""Drawing pages: templates in ``templates``, in which every value is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from firmline import __version__
from firmline.errors import printable
from firmline.web.static import asset

if TYPE_CHECKING:
    from firmline.web.rooms import Room, Site

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Our templates."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
    )
    made.globals.update(asset=asset, firmline=__version__)
    return made


def _shown(value: object) -> object:
    """Texts of units, files and people lose what a browser would turn or hide."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "\n".join(map(printable, value.split("\n")))
    return value


def fragment(name: str, **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """A part of a page."""
    return environment().get_template(name).render(**values)


def page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> HTMLResponse:
    """A whole page.

    Args:
        request: What it answers.
        name: Of the template.
        status: Of the answer.
        values: What it shows, beside what every page has.
    """
    site: Site = request.app.state.site
    rooms: tuple[Room, ...] = request.app.state.rooms
    content = fragment(
        name,
        site=site,
        rooms=[room for room in rooms if room.title],
        path=request.scope["path"],
        visitor=getattr(request.state, "visitor", None),
        **values,
    )
    return HTMLResponse(content, status_code=status)
