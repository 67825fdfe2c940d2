"""Rework: when a unit came back from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "reworks",
        sa.Column("station", WORD, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, WORD, nullable=False)
            for name in ("product", "serial", "operator", "note")
        ),
        sa.PrimaryKeyConstraint("station", "sequence", name="pk_reworks"),
        sa.ForeignKeyConstraint(
            ["station", "sequence"],
            ["records.station", "records.sequence"],
            name="fk_reworks_records",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reworks_serial", "reworks", ["serial"])
