"""Which cause a virtual fault is, and which others no test on the bench tells from it.

Only the judge of a verdict asks here; nobody who comes to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from firmline.data import load_table
from firmline.updater.fault_matrix.cases import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a virtual incident really is.

    Attributes:
        cause: The cause, by its slug.
        alike: Other causes that no test on the bench tells from it.
        because: Why it is that, and why nothing tells them apart.
    """

    cause: str
    alike: tuple[str, ...]
    because: str

    @property
    def accepted(self) -> frozenset[str]:
        """Verdicts that are right."""
        return frozenset({self.cause, *self.alike})


def truth_of(case: Case) -> Truth:
    """What a case is: of the rows that fit the one that says most.

    Raises:
        KeyError: No row has this fault on this link.
    """
    sdk, link = case.subject.sdk, case.link
    texts = (f"{case.fault.name} {sdk}", case.text, case.fault.name)
    for text in texts:
        for key in ((text, link.value), (text, "")):
            if key in _rows():
                return _rows()[key]
    raise KeyError(f"no row for {case.text} over {link}")


@cache
def _rows() -> dict[tuple[str, str], Truth]:
    """By fault and link; an empty link: any."""
    return {
        (row["fault"], link): Truth(
            cause=row["cause"], alike=tuple(row.get("alike", ())), because=row["because"]
        )
        for row in load_table("fault_causes")["rows"]
        for link in row.get("links", [""])
    }
