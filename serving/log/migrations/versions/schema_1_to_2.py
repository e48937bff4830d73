"""Put the entries of schema 1 aside as `entries_1`, and make the tables of schema 2, empty.

Until the next revision no version of the service takes this log. `serving.log.upgrade` moves the entries.
"""

import sqlalchemy as sa
from alembic import op

revision = "1_to_2"
down_revision = "1"


def upgrade() -> None:
    """Rename the old table, free its names, and make the new tables."""
    op.drop_index("ix_entries_patient", "entries")
    op.drop_index("ix_entries_at", "entries")
    op.rename_table("entries", "entries_1")
    postgresql = op.get_context().dialect.name == "postgresql"
    if postgresql:  # the names of its indexes are unique in the database
        op.drop_constraint("entries_prediction_id_key", "entries_1")
        op.drop_constraint("entries_idempotency_key", "entries_1")
        op.execute("ALTER TABLE entries_1 RENAME CONSTRAINT entries_pkey TO entries_1_pkey")
    _make_entries()
    _make_content_keys()
    if postgresql:
        op.execute("ALTER TABLE entries ALTER COLUMN ciphertext SET STORAGE EXTERNAL")
        for name in ("seed", "patient", "idempotency"):
            op.execute(f"ALTER TABLE content_keys ALTER COLUMN {name} SET STATISTICS 0")
    op.execute("UPDATE meta SET value = '1_to_2' WHERE name = 'schema'")


def _make_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("writer", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("prediction_id", sa.Text, nullable=False, unique=True),
        sa.Column("at", sa.Text, nullable=False, index=True),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("model_digest", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("landmark", sa.Text),
        sa.Column("landmark_day", sa.Integer),
        sa.Column("latency_us", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("erased_by", sa.Text),
        sa.Column("ciphertext", sa.LargeBinary),
        sa.PrimaryKeyConstraint("writer", "number"),
    )


def _make_content_keys() -> None:
    op.create_table(
        "content_keys",
        sa.Column("writer", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("patient", sa.LargeBinary, index=True),
        sa.Column("idempotency", sa.LargeBinary),
        sa.PrimaryKeyConstraint("writer", "number"),
        sa.Index("ix_content_keys_idempotency", "idempotency", unique=True),
    )
