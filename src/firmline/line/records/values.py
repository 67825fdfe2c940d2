"""What is recorded, as values that check themselves.

A *unit* is known by its product and its serial number. A *run* is one attempt on it, at one slot of
one station, with the recipe and the program as they were. A *phase* is a step of a run, with what
was measured and what was kept. A *diagnosis* says why a run failed; there may be several, because
the operator does the next test, and the last one counts. *Rework* gives a unit that has failed too
often its attempts back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from firmline.line.outcomes import StepOutcome
from firmline.line.records.checks import (
    check_finite,
    check_name,
    check_number,
    check_order,
    check_sha256,
    check_text,
    check_time,
    malformed,
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unit:
    """A product that is updated.

    Attributes:
        product: Which product it is, by the name in its recipe.
        serial: Its serial number, as it was scanned; unique among units of one product.
    """

    product: str
    serial: str

    def __post_init__(self) -> None:
        check_name("product", self.product)
        check_name("serial number", self.serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeUsed:
    """The recipe of a run, as it was.

    Attributes:
        name: Its name.
        version: Its own version.
        sha256: Of its file, 64 hexadecimal digits; empty: unknown.
    """

    name: str
    version: str
    sha256: str = ""

    def __post_init__(self) -> None:
        check_name("recipe", self.name)
        check_name("version of a recipe", self.version)
        check_sha256("recipe", self.sha256, is_optional=True)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Lot:
    """From which lot a part of the unit comes: its battery, its board.

    Attributes:
        part: Which part.
        lot: The maker's name of the lot.
    """

    part: str
    lot: str

    def __post_init__(self) -> None:
        check_name("part", self.part)
        check_name("lot", self.lot)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegan:
    """A run has begun: written before the unit is touched, so that a killed station knows it.

    Attributes:
        unit: On which unit.
        slot: In which slot of the station, 1 is the first.
        at: When.
    """

    unit: Unit
    slot: int
    at: datetime

    def __post_init__(self) -> None:
        check_number("slot", self.slot, least=1)
        check_time("beginning of a run", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that has ended, with everything that statistics ask for.

    Attributes:
        number: The number of the run: the sequence of its :class:`RunBegan` at the same station,
            which its phases and diagnoses name.
        unit: On which unit.
        slot: In which slot of the station, 1 is the first.
        began_at: When it began.
        ended_at: When it ended.
        outcome: How it ended.
        code: The stable code of what went wrong; empty: nothing.
        message: It in a sentence.
        recipe: By which recipe.
        firmline: Version of the program.
        operator: Who scanned the unit; empty: nobody.
        batch: The unit's batch; empty: none.
        lots: Lots of its parts, in order.
        address: Its Bluetooth address as it was then; empty: unknown.
        is_golden: Whether it is a golden sample, which checks the station and counts nowhere.
    """

    number: int
    unit: Unit
    slot: int
    began_at: datetime
    ended_at: datetime
    outcome: StepOutcome
    code: str = ""
    message: str = ""
    recipe: RecipeUsed
    firmline: str
    operator: str = ""
    batch: str = ""
    lots: tuple[Lot, ...] = ()
    address: str = ""
    is_golden: bool = False

    def __post_init__(self) -> None:
        check_number("number of a run", self.number, least=1)
        check_number("slot", self.slot, least=1)
        check_order("run", self.began_at, self.ended_at)
        check_name("code", self.code, is_optional=True)
        check_text("message", self.message)
        check_name("version of firmline", self.firmline)
        check_name("operator", self.operator, is_optional=True)
        check_name("batch", self.batch, is_optional=True)
        check_name("address", self.address, is_optional=True)
        parts = [lot.part for lot in self.lots]
        if parts != sorted(set(parts)):
            raise malformed(
                "The lots of a run are not in the order of their parts, or one is twice."
            )

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_at - self.began_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a measurement, as they were when it was made; ``None``: no such limit.

    Attributes:
        least: The least that passes.
        most: The most that passes.
        marginal_least: Below it, what passes is marginal.
        marginal_most: Above it, what passes is marginal.
        equals: The one text that passes; empty: none. Of a number that has to be one,
            ``least`` and ``most`` are equal.
    """

    least: float | None = None
    most: float | None = None
    marginal_least: float | None = None
    marginal_most: float | None = None
    equals: str = ""

    def __post_init__(self) -> None:
        for bound in (self.least, self.most, self.marginal_least, self.marginal_most):
            check_finite("limit", bound)
        check_text("limit", self.equals)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a phase has measured.

    Attributes:
        name: What, in the recipe's words: ``battery_under_load``.
        number: The number; ``None``: it is a text, or nothing could be measured.
        text: The text; empty: it is a number.
        unit: The unit of measure: ``V``, ``kB/s``; empty: none.
        limits: Its limits as they were.
        outcome: How it stands to them; ``SKIP``: nobody asked.
        is_marginal: Whether it passed close to a limit.
    """

    name: str
    number: float | None = None
    text: str = ""
    unit: str = ""
    limits: Limits = NO_LIMITS
    outcome: StepOutcome
    is_marginal: bool = False

    def __post_init__(self) -> None:
        check_name("measurement", self.name)
        check_finite(f"measurement {self.name}", self.number)
        check_text("measurement", self.text)
        check_name("unit of measure", self.unit, is_optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that belongs to a phase: its event trace, a picture, a flash dump.

    Attributes:
        name: Its name: ``trace.jsonl``.
        sha256: Of its bytes; under it they lie in the attachment store.
        size: Bytes.
        media_type: What it is: ``application/jsonl``.
    """

    name: str
    sha256: str
    size: int
    media_type: str = "application/octet-stream"

    def __post_init__(self) -> None:
        check_name("attachment", self.name)
        check_sha256("attachment", self.sha256)
        check_number("size of an attachment", self.size)
        check_name("media type", self.media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A step of a run that has ended.

    Attributes:
        run: The number of the run at the same station.
        position: Which step of the run it was, 1 is the first; a step that is tried again has a
            position for each try.
        name: The step's name in the recipe.
        began_at: When it began.
        ended_at: When it ended.
        outcome: How it ended.
        code: The stable code of what went wrong; empty: nothing.
        message: It in a sentence.
        measurements: What was measured, in order.
        attachments: What was kept, in order.
    """

    run: int
    position: int
    name: str
    began_at: datetime
    ended_at: datetime
    outcome: StepOutcome
    code: str = ""
    message: str = ""
    measurements: tuple[Measurement, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        check_number("number of a run", self.run, least=1)
        check_number("position", self.position, least=1)
        check_name("phase", self.name)
        check_order("phase", self.began_at, self.ended_at)
        check_name("code", self.code, is_optional=True)
        check_text("message", self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause that a diagnosis considers.

    Attributes:
        cause: Its name in the catalogue; ``unknown`` among them.
        family: The family of causes that it belongs to.
        probability: How probable it is, 0 to 1.
    """

    cause: str
    family: str
    probability: float

    def __post_init__(self) -> None:
        check_name("cause", self.cause)
        check_name("family", self.family)
        check_finite("probability", self.probability)
        if not 0 <= self.probability <= 1:
            raise malformed(
                f"The probability of {self.cause}, {self.probability}, is not in 0 to 1."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a run failed, as far as was known then.

    Attributes:
        run: The number of the run at the same station.
        at: When it was made.
        firmline: Version of the program, and with it of its catalogue of causes.
        causes: The causes, the most probable first.
        next_test: The test that would tell most; empty: none.
    """

    run: int
    at: datetime
    firmline: str
    causes: tuple[Cause, ...] = ()
    next_test: str = ""

    def __post_init__(self) -> None:
        check_number("number of a run", self.run, least=1)
        check_time("diagnosis", self.at)
        check_name("version of firmline", self.firmline)
        check_name("next test", self.next_test, is_optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworked:
    """A unit came back from rework: what it failed before counts no more as a strike.

    Attributes:
        unit: Which unit.
        at: When.
        operator: Who says so; empty: nobody.
        note: What was done to it, for people; empty: nobody says.
    """

    unit: Unit
    at: datetime
    operator: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        check_time("end of a rework", self.at)
        check_name("operator", self.operator, is_optional=True)
        check_text("note", self.note)


Entry = RunBegan | Phase | Run | Diagnosis | Reworked
"""What a row tells."""
EntryT = TypeVar("EntryT", bound=Entry, covariant=True)  # noqa: PLC0105 - one name for both


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RowKey:
    """The name of a row: nothing else in the world has it.

    That of a :class:`RunBegan` is the name of the run.

    Attributes:
        station: The station's name.
        sequence: Its number there; a station counts up from 1 and never uses a number again.
    """

    station: str
    sequence: int

    def __post_init__(self) -> None:
        check_name("station", self.station)
        check_number("sequence", self.sequence, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Generic[EntryT]):
    """One record, as it is journalled, sent and kept.

    Attributes:
        key: Its name.
        entry: What it tells.
    """

    key: RowKey
    entry: EntryT
