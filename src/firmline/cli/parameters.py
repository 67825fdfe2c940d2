"""Option types: words of the command line to values, with our own messages."""

from __future__ import annotations

from typing import Any, Final

import click

from firmline.errors import Code, InputError
from firmline.values import U32_MAX, Fwid, FwVersion, parse_number

MAX_FWID: Final = 0xFFFF


class Number(click.ParamType[int]):
    """A number from 0 to ``maximum``, decimal or ``0x``; ``052`` is refused."""

    name = "number"

    def __init__(self, maximum: int = U32_MAX) -> None:
        self._maximum = maximum

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> int:
        """Parse the text of an option."""
        if isinstance(value, int):
            return value
        return parse_number(value, name=option_name(param), maximum=self._maximum)


class Version(Number):
    """A firmware version as one number."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> FwVersion:
        """Parse the text of an option."""
        return FwVersion(super().convert(value, param, ctx))


class DottedVersion(click.ParamType[FwVersion]):
    """A firmware version as ``X.Y.Z``."""

    name = "x.y.z"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> FwVersion:
        """Parse the text of an option."""
        if isinstance(value, FwVersion):
            return value
        return FwVersion.parse_dotted(value, name=option_name(param))


class FwidList(click.ParamType[tuple[Fwid, ...]]):
    """FWIDs, separated by commas; the order is kept."""

    name = "fwid,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> tuple[Fwid, ...]:
        """Parse the text of an option."""
        if isinstance(value, tuple):
            return value
        name = option_name(param)
        return tuple(
            Fwid(parse_number(part, name=name, maximum=MAX_FWID)) for part in value.split(",")
        )


def option_name(param: click.Parameter | None) -> str:
    """The long name of an option, for messages."""
    return max(param.opts, key=len) if param else "the value"


def required(option: str, why: str) -> InputError:
    """The error for an option that is needed in this combination."""
    return InputError(Code.OPTION_MISSING, f"{option} is missing: {why}.")
