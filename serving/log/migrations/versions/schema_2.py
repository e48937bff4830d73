"""Drop the table that held the entries of schema 1; by now every entry is in the tables of schema 2."""

from alembic import op

revision = "2"
down_revision = "1_to_2"


def upgrade() -> None:
    """Drop the old table; from here on the service takes the log."""
    op.drop_table("entries_1")
    op.execute("UPDATE meta SET value = '2' WHERE name = 'schema'")
