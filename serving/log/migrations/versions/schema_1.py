"""The tables up to version 0.5.0, which made them without Alembic: such a log is stamped with this revision."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing to do."""
