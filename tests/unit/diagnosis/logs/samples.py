"""The logs of other tools that are kept as samples, and what each of them shows."""

from __future__ import annotations

import tomllib
from pathlib import Path

from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.logs.reading import read_log

FOLDER = Path(__file__).parents[3] / "golden" / "diagnosis" / "logs"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))


def sample(name: str) -> bytes:
    """The content of a sample."""
    return (FOLDER / f"{name}.txt").read_bytes()


def shown(log: bytes | str) -> dict[str, tuple[str, ...]]:
    """What a log shows: the values of every field, in the order of their names."""
    return {name: tuple(sorted(values)) for name, values in incident(log).by_field().items()}


def incident(log: bytes | str) -> Incident:
    """What is read out of a text."""
    read = read_log(log.encode() if isinstance(log, str) else log)
    assert read is not None
    return read


def expected(name: str) -> dict[str, tuple[str, ...]]:
    """What the table beside the samples says that one shows."""
    rows = EXPECTED[name].items()
    return {key: tuple(sorted([told] if isinstance(told, str) else told)) for key, told in rows}
