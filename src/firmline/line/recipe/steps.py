"""Steps as values: what is done, how long it may take, and what follows when it goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.limits import Limit


class FindBy(StrEnum):
    """By what the unit of a barcode is found."""

    NAME = "name"
    """The name that its application advertises."""
    ADDRESS = "address"
    """The barcode is its Bluetooth address."""
    USB = "usb"
    """The barcode is its USB serial number."""
    SLOT = "slot"
    """It is whatever is wired to the slot: a serial port."""


class LabelWhen(StrEnum):
    """When a label is printed."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Wait for the barcode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Find the unit, and no other.

    Attributes:
        by: By what.
        advertised: The name that it advertises, with ``{serial_number}`` in it; empty but for
            ``FindBy.NAME``.
    """

    by: FindBy
    advertised: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspect:
    """Read what is on the unit, and compare it with the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Measure the battery under load.

    Attributes:
        load_s: How long it is loaded.
    """

    load_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """See whether the unit would accept a package.

    Attributes:
        package: Its name in the recipe.
    """

    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Send a package.

    Attributes:
        package: Its name in the recipe.
    """

    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """See the new application run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Judge what the update before it measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Print a label.

    Attributes:
        text: With fields of ``kinds.LABEL_FIELDS`` in braces.
        when: In which case.
    """

    text: str
    when: LabelWhen


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """Call a customer's function, in a process of its own.

    Attributes:
        module: Where it is, e.g. ``fixture`` or ``factory.fixture``; looked for beside the recipe.
        function: Its name.
        arguments: What it is given from the recipe.
    """

    module: str
    function: str
    arguments: Mapping[str, str | int | float | bool]


Action = (
    Scan | Find | Inspect | Battery | Preflight | Update | Verify | Measure | Label | Custom
)  # what a step does; its kind says what it is called


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Whether a step is tried again within its run; each attempt is recorded, the first apart.

    Attributes:
        most: Further attempts, 0 for none.
        on: The outcomes after which it is tried again.
    """

    most: int
    on: frozenset[StepOutcome]

    def retries(self, outcome: StepOutcome, *, done: int) -> bool:
        """Whether a step that ended so is tried again after this many attempts."""
        return outcome in self.on and done <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a recipe.

    Attributes:
        name: Its slug, unique in the recipe; what records and statistics call it.
        kind: The name of its kind, a row of ``kinds.KINDS``.
        title: What the operator reads while it runs.
        action: What it does.
        timeout_s: After which it is a TIMEOUT, each attempt by itself.
        ends_run: Whether the run ends where it does not pass; else the next step follows.
        retry: Whether it is tried again.
        limits: Of what it measures, each measurement at most once.
    """

    name: str
    kind: str
    title: str
    action: Action
    timeout_s: float
    ends_run: bool
    retry: RetryRule
    limits: tuple[Limit, ...] = ()
