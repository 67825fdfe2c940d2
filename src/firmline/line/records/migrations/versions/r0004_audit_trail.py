"""The audit trail, and the triggers by which both databases keep it as a chain that only grows."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WORD: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEPT: Final = "entries of the audit trail are neither changed nor removed"
IN_ORDER: Final = "an entry of the audit trail has to follow from the last one"
NOTHING: Final = "0" * 64
SQLITE: Final = (
    f"""CREATE TRIGGER audit_trail_no_update BEFORE UPDATE ON audit_trail
    BEGIN SELECT RAISE(ABORT, '{KEPT}'); END""",
    f"""CREATE TRIGGER audit_trail_no_delete BEFORE DELETE ON audit_trail
    BEGIN SELECT RAISE(ABORT, '{KEPT}'); END""",
    # INSERT OR REPLACE, which runs no trigger of deletion, is stopped here as well.
    f"""CREATE TRIGGER audit_trail_in_order BEFORE INSERT ON audit_trail
    WHEN NEW.sequence != coalesce((SELECT max(sequence) FROM audit_trail), 0) + 1
      OR NEW.previous != coalesce(
        (SELECT digest FROM audit_trail ORDER BY sequence DESC LIMIT 1), '{NOTHING}')
    BEGIN SELECT RAISE(ABORT, '{IN_ORDER}'); END""",  # noqa: S608 - constants
)
POSTGRESQL: Final = (
    f"""CREATE FUNCTION firmline_audit_trail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{KEPT}'; END $$""",
    f"""CREATE FUNCTION firmline_audit_trail_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last record;
    BEGIN
      EXECUTE format('SELECT sequence, digest FROM %I.audit_trail ORDER BY sequence DESC LIMIT 1',
        TG_TABLE_SCHEMA) INTO last;
      IF NEW.sequence <> coalesce(last.sequence, 0) + 1
        OR NEW.previous <> coalesce(last.digest, '{NOTHING}')
      THEN RAISE EXCEPTION '{IN_ORDER}'; END IF;
      RETURN NEW;
    END $$""",  # noqa: S608 - constants
    """CREATE TRIGGER audit_trail_kept BEFORE UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION firmline_audit_trail_kept()""",
    """CREATE TRIGGER audit_trail_whole BEFORE TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION firmline_audit_trail_kept()""",
    """CREATE TRIGGER audit_trail_in_order BEFORE INSERT ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION firmline_audit_trail_in_order()""",
)


def upgrade() -> None:
    """Make the table, and what keeps it."""
    names = ("at", "actor", "role", "action", "subject", "details", "previous", "digest")
    op.create_table(
        "audit_trail",
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, WORD, nullable=False) for name in names),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_trail"),
        sqlite_with_rowid=False,
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRESQL:
        op.execute(statement)
