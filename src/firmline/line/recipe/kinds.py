"""The kinds of steps, as rows: what each does, measures, and needs before it.

The reader, the reference page and the words of a recipe come from these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from firmline.formats.toml_keys import Key, Kind
from firmline.line.recipe.steps import FindBy, LabelWhen

LABEL_FIELDS: Final = ("serial_number", "product", "revision", "recipe", "recipe_version")
"""What a label's text may hold in braces."""
NAME_FIELDS: Final = ("serial_number",)
"""What the advertised name of a unit may hold in braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key of the file, as the reader and the reference page need it.

    Attributes:
        key: What its value has to be.
        meaning: What it is, for the page.
        default: What it is where it is not given, in words; empty: nothing.
    """

    key: Key
    meaning: str
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measurement that a step takes.

    Attributes:
        name: Its slug.
        unit: What it is measured in; empty for counts and shares.
        meaning: What it is.
        least: Smallest value that is possible, so that a limit below it is a mistake.
        most: Largest value that is possible.
    """

    name: str
    unit: str
    meaning: str
    least: float
    most: float


class LimitsOf(StrEnum):
    """Whether a step of a kind has limits."""

    NONE = "none"
    ALLOWED = "allowed"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKind:
    """A kind of step.

    Attributes:
        name: As the file spells it.
        title: What the operator reads, where the recipe says nothing else.
        meaning: What it does, for the page.
        timeout_s: Where the recipe says nothing else.
        needs: Of these kinds one has to stand before it; empty: nothing has to.
        once: Whether it stands in a recipe at most once.
        may_go_on: Whether the run may go on where it did not pass.
        may_retry: Whether it may be tried again within a run.
        limits: Whether it has limits.
        measures: What it measures; of a customer's own step nobody knows.
        rows: Its own keys.
    """

    name: str
    title: str
    meaning: str
    timeout_s: float
    needs: tuple[str, ...] = ()
    once: bool = False
    may_go_on: bool = False
    may_retry: bool = True
    limits: LimitsOf = LimitsOf.NONE
    measures: tuple[Measure, ...] = ()
    rows: Mapping[str, Row] = field(default_factory=dict)

    def measure(self, name: str) -> Measure | None:
        """The measurement with this name; None: it takes no such one."""
        return next((each for each in self.measures if each.name == name), None)


_RSSI: Final = Measure(
    name="rssi",
    unit="dBm",
    meaning="how strongly the station hears the unit",
    least=-127,
    most=20,
)
_PACKAGE: Final = {
    "package": Row(
        key=Key(kind=Kind.TEXT, least=1, most=40),
        meaning="the name of the package",
        default="the only one",
    )
}

_ALL: Final = (
    StepKind(
        name="scan",
        title="Scan the barcode",
        meaning="Waits until the operator has scanned a serial number that fits"
        " `product.serial_number`.",
        timeout_s=86_400,
        once=True,
        may_retry=False,
    ),
    StepKind(
        name="find",
        title="Find the unit",
        meaning="Finds the unit of that serial number, and takes no other.",
        timeout_s=30,
        needs=("scan",),
        once=True,
        limits=LimitsOf.ALLOWED,
        measures=(_RSSI,),
        rows={
            "by": Row(
                key=Key(kind=Kind.TEXT, choices=tuple(FindBy), required=True),
                meaning="by what: the `name` that it advertises; the barcode as its Bluetooth"
                " `address`; the barcode as its serial number on `usb`; whatever is wired to the"
                " `slot`",
            ),
            "advertised": Row(
                key=Key(kind=Kind.LINE, least=1, most=60),
                meaning='with `by = "name"`: that name, with `{serial_number}` in it',
            ),
        },
    ),
    StepKind(
        name="inspect",
        title="Read the unit",
        meaning="Reads what is on the unit; it fails where hardware version or SoftDevice are none"
        " of `product`.",
        timeout_s=60,
        needs=("find",),
    ),
    StepKind(
        name="battery",
        title="Measure the battery",
        meaning="Measures the battery while it is loaded.",
        timeout_s=60,
        needs=("find",),
        may_go_on=True,
        limits=LimitsOf.REQUIRED,
        measures=(
            Measure(
                name="loaded_voltage",
                unit="V",
                meaning="the lowest voltage while it was loaded",
                least=0,
                most=6,
            ),
            Measure(
                name="level",
                unit="%",
                meaning="the charge that the unit tells (Battery Service)",
                least=0,
                most=100,
            ),
        ),
        rows={
            "load_s": Row(
                key=Key(kind=Kind.NUMBER, least=0.1, most=60),
                meaning="how long it is loaded, seconds",
                default="2",
            )
        },
    ),
    StepKind(
        name="preflight",
        title="See whether the package fits",
        meaning="Runs the checks of the unit's bootloader on the package before anything is sent.",
        timeout_s=30,
        needs=("find",),
        rows=_PACKAGE,
    ),
    StepKind(
        name="update",
        title="Update",
        meaning="Sends the package. Another try begins with asking the unit what it has; nothing is"
        " ever repeated blindly.",
        timeout_s=600,
        needs=("find",),
        rows=_PACKAGE,
    ),
    StepKind(
        name="verify",
        title="See the new application run",
        meaning="Passes only when something seen on the unit shows that what was sent is running."
        " After the last update there has to be one.",
        timeout_s=60,
        needs=("update",),
    ),
    StepKind(
        name="measure",
        title="Judge the update",
        meaning="Judges what the update before it measured.",
        timeout_s=10,
        needs=("update",),
        may_go_on=True,
        may_retry=False,
        limits=LimitsOf.REQUIRED,
        measures=(
            Measure(name="duration", unit="s", meaning="of the update", least=0, most=86_400),
            Measure(
                name="rate",
                unit="kB/s",
                meaning="firmware in the time of the data",
                least=0,
                most=1000,
            ),
            _RSSI,
            Measure(
                name="limit_share",
                unit="",
                meaning="how much of the unit's own speed limit was reached, 1 being all of it",
                least=0,
                most=2,
            ),
            Measure(
                name="attempts",
                unit="",
                meaning="how often the update was begun or gone on with, 1 at best",
                least=1,
                most=1000,
            ),
        ),
    ),
    StepKind(
        name="label",
        title="Print the label",
        meaning="Prints a label; not before a verify where the recipe updates.",
        timeout_s=30,
        needs=("scan",),
        may_go_on=True,
        rows={
            "text": Row(
                key=Key(kind=Kind.LINE, least=1, most=200, required=True),
                meaning="what is on it, with "
                + ", ".join(f"`{{{name}}}`" for name in LABEL_FIELDS)
                + " filled in",
            ),
            "when": Row(
                key=Key(kind=Kind.TEXT, choices=tuple(LabelWhen)),
                meaning="whether only a run that has passed until here has a label",
                default="pass",
            ),
        },
    ),
    StepKind(
        name="custom",
        title="Customer's step",
        meaning="Calls a Python function of yours, in a process of its own.",
        timeout_s=30,
        needs=("scan",),
        may_go_on=True,
        limits=LimitsOf.ALLOWED,
        rows={
            "call": Row(
                key=Key(kind=Kind.TEXT, least=3, most=120, required=True),
                meaning="the function, as `module:function`; the module is looked for beside the"
                " recipe first",
            ),
            "arguments": Row(
                key=Key(kind=Kind.TABLE),
                meaning="numbers, texts, true and false that it is given",
                default="none",
            ),
        },
    ),
)
KINDS: Final[Mapping[str, StepKind]] = {each.name: each for each in _ALL}
"""Every kind by its name, in the usual order."""
