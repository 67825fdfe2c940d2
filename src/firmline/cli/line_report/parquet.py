"""The report's table as Parquet, written by DuckDB: columns with types, for other programs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from firmline.cli.line_report.table import COLUMNS, Cells
from firmline.links.extras import extra_missing

TYPES: Final = ("VARCHAR",) * 4 + ("DOUBLE",) * 3 + ("BIGINT",) * 2
"""Of :data:`~firmline.cli.line_report.table.COLUMNS`."""


def parquet_table(rows: Iterable[Cells]) -> bytes:
    """The table as a file of the Parquet format.

    Raises:
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[parquet] is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra, and heavy
    except ModuleNotFoundError:
        raise extra_missing("parquet", "Parquet needs DuckDB") from None
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(COLUMNS, TYPES, strict=True))
    marks = ", ".join("?" * len(COLUMNS))
    # DuckDB loads its parts over the network where it lacks one; what it lacks is missing here.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "threads": 1,
    }
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config=settings) as database:
        place = Path(folder) / "report.parquet"
        database.execute(f"CREATE TABLE report ({columns})")
        database.executemany(f"INSERT INTO report VALUES ({marks})", [*map(list, rows)])  # noqa: S608 - our own columns
        database.table("report").write_parquet(str(place))
        return place.read_bytes()
