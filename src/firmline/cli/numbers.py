"""Option types that are numbers: bounded, and never octal, infinite or no number at all."""

from __future__ import annotations

import math
from typing import Any

import click

from firmline.cli.parameters import option_name
from firmline.errors import Code, InputError
from firmline.values import U32_MAX, FwVersion, parse_number


class Number(click.ParamType[int]):
    """A whole number from ``minimum`` to ``maximum``, decimal or ``0x``; ``052`` is refused."""

    name = "number"

    def __init__(self, maximum: int = U32_MAX, *, minimum: int = 0) -> None:
        self._minimum = minimum
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
        return parse_number(
            value, name=option_name(param), minimum=self._minimum, maximum=self._maximum
        )


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


class Amount(click.ParamType[float]):
    """A number that need not be whole, such as 0.5, from ``minimum`` to ``maximum``."""

    name = "number"

    def __init__(self, minimum: float, maximum: float) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> float:
        """Parse the text of an option."""
        bounds = f"a number from {self._minimum:g} to {self._maximum:g}"
        try:
            amount = float(value)
        except ValueError:
            amount = math.nan
        if math.isnan(amount):
            raise InputError(
                Code.NUMBER_MALFORMED,
                f"{option_name(param)} {value[:40]!r} is not {bounds}.",
                hint="Write it as 2 or as 0.5.",
            )
        if not self._minimum <= amount <= self._maximum:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE, f"{option_name(param)} {value!s:.40} is not {bounds}."
            )
        return amount
