"""Which cause a virtual fault is, and which others neither its trace nor a test tells from it.

Only the judge of a verdict asks here; nobody who comes to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from firmline.data import load_table
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.subjects import LinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeTrace:
    """What a trace shows of which nobody could say which of several causes it is.

    Attributes:
        name: Of the table.
        shows: What it shows, as a part of a sentence.
        causes: What it can be.
        because: Why nobody could say.
    """

    name: str
    shows: str
    causes: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a virtual incident really is.

    Attributes:
        cause: The cause, by its slug.
        alike: Other causes that no test on the bench tells from it, so that no trace does either.
        trace: What its trace shows; ``None``: what the trace alone can decide.
        because: Why it is that, and why no test tells them apart.
    """

    cause: str
    alike: tuple[str, ...]
    trace: LikeTrace | None
    because: str

    @property
    def accepted(self) -> frozenset[str]:
        """Verdicts that are right."""
        return frozenset({self.cause, *self.alike})

    @property
    def accepted_of_traces(self) -> frozenset[str]:
        """Verdicts that are right of who has seen the trace, and nothing else."""
        return self.accepted | frozenset(() if self.trace is None else self.trace.causes)


def truth_of(case: Case) -> Truth:
    """What a case is: of the rows that fit the one that says most.

    Raises:
        KeyError: No row has this fault on this link.
    """
    sdk, link = case.subject.sdk, case.link
    texts = (f"{case.fault.name} {sdk}", case.text, case.fault.name)
    for text in texts:
        if (text, link.value) in _rows():
            return _rows()[text, link.value]
    raise KeyError(f"no row for {case.text} over {link}")


@cache
def like_traces() -> Mapping[str, LikeTrace]:
    """What no trace tells apart, by the names of the table."""
    return {
        name: LikeTrace(
            name=name, shows=row["shows"], causes=tuple(row["causes"]), because=row["because"]
        )
        for name, row in load_table("fault_causes")["traces"].items()
    }


@cache
def _rows() -> dict[tuple[str, str], Truth]:
    """By fault and link."""
    return dict(_each_row())


def _each_row() -> Iterator[tuple[tuple[str, str], Truth]]:
    row: dict[str, Any]
    for row in load_table("fault_causes")["rows"]:
        for link in row.get("links", list(LinkKind)):
            shown = row.get("traces", {}).get(str(link))
            yield (
                (row["fault"], str(link)),
                Truth(
                    cause=row["cause"],
                    alike=tuple(row.get("alike", ())),
                    trace=None if shown is None else like_traces()[shown],
                    because=row["because"],
                ),
            )
