"""Logs with the tables of schema 1, as versions up to 0.5.0 made them: the content of each entry in plain columns."""

from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    delete,
    insert,
    text,
    update,
)

from serving.log.queries import read_entries
from serving.storage.database import meta, writing
from tests.serving.logs import SECRET

PLAIN = MetaData()
ENTRIES = Table(
    "entries",
    PLAIN,
    Column("writer", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prediction_id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False, index=True),
    Column("caller", Text, nullable=False),
    Column("model_digest", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("landmark", Text),
    Column("landmark_day", Integer),
    Column("latency_us", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("erased_by", Text),
    Column("nonce", Text),
    Column("patient", Text, index=True),
    Column("input_digest", Text),
    Column("row", Text),
    Column("answer", Text),
    Column("idempotency", Text, unique=True),
    PrimaryKeyConstraint("writer", "number"),
)


def put_back_to_schema_1(engine: Engine) -> None:
    """Give a log of today the tables and rows that it would have had in version 0.5.0; its codes are the same."""
    names = list(ENTRIES.c.keys())
    rows = [{name: getattr(entry, name) for name in names} for entry in read_entries(engine, SECRET, kind=None)]
    with writing(engine) as connection:
        for table in ("entries", "content_keys", "alembic_version"):
            connection.execute(text(f"DROP TABLE {table}"))
        PLAIN.create_all(connection)
        connection.execute(insert(ENTRIES), rows)
        connection.execute(delete(meta).where(meta.c.name == "schema"))
        connection.execute(insert(meta).values(name="schema", value="1"))


def change_row(engine: Engine, prediction_id: str, **values: object) -> None:
    """Change an entry of schema 1, behind the log's back."""
    with writing(engine) as connection:
        connection.execute(update(ENTRIES).where(ENTRIES.c.prediction_id == prediction_id).values(**values))
