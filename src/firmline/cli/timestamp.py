"""Times as options: ``--timestamp``, when a package was made, as its zip file says, and moments.

Without ``--timestamp`` a package has the earliest time that a zip file can hold, so that the same
inputs give the same bytes. ``now`` is the one word that reads a clock, and there
``SOURCE_DATE_EPOCH`` takes its place, as the Reproducible Builds project asks of every tool.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import Any, Final

import click

from firmline.cli.parameters import option_name
from firmline.errors import Code, InputError
from firmline.formats.package_zip import EARLIEST, LATEST
from firmline.values import parse_number

EPOCH_VARIABLE: Final = "SOURCE_DATE_EPOCH"
_SECONDS: Final = re.compile(r"[0-9]+")
_MAX_SECONDS: Final = 2**63 - 1


class _Time(click.ParamType[datetime]):
    """A time as the value of an option."""

    name = "time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> datetime:
        """Parse the text of an option."""
        return value if isinstance(value, datetime) else self.read(value, option_name(param))

    def read(self, value: str, name: str) -> datetime:
        """The time that is meant.

        Args:
            value: The text of the option.
            name: Of the option.

        Raises:
            InputError: It is none, or out of range.
        """
        raise NotImplementedError


class Timestamp(_Time):
    """Seconds since 1970, an ISO 8601 time (UTC where it names no zone), or ``now``."""

    def read(self, value: str, name: str) -> datetime:
        """A time that a zip file can hold."""
        time = _now() if value == "now" else _parse(value, name)
        if time is None or not EARLIEST <= time <= LATEST:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"{name} {value[:40]!r} is not a time from 1980 to 2107, which a zip file can"
                " hold.",
                hint="Give seconds since 1970, or a time such as 2026-11-22T18:00:00Z.",
            )
        return time


class Moment(_Time):
    """An ISO 8601 date or time, UTC where it names no zone, or seconds since 1970."""

    def read(self, value: str, name: str) -> datetime:
        """A time of the years 1 to 9999."""
        hint = "Give a time such as 2026-11-22T18:00:00Z, or a date."
        time = _parse(value, name, hint=hint)
        if time is None:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"{name} {value[:40]!r} is not a time of the years 1 to 9999.",
                hint=hint,
            )
        return time


def _now() -> datetime | None:
    seconds = os.environ.get(EPOCH_VARIABLE)
    if not seconds:
        return datetime.now(UTC)
    return _from_seconds(parse_number(seconds, name=EPOCH_VARIABLE, maximum=_MAX_SECONDS))


def _parse(
    text: str,
    name: str,
    *,
    hint: str = "Give seconds since 1970, a time such as 2026-11-22T18:00:00Z, or now.",
) -> datetime | None:
    if _SECONDS.fullmatch(text):
        return _from_seconds(parse_number(text, name=name, maximum=_MAX_SECONDS))
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    except ValueError:
        raise InputError(
            Code.NUMBER_MALFORMED,
            f"{name} {text[:40]!r} is not a time.",
            hint=hint,
        ) from None


def _from_seconds(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
