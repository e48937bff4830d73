"""The tables of the prediction log and how they are read: who got which answer when, from which model and row.

`writer` adds entries, `erasure` erases content, `check` checks the log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    PrimaryKeyConstraint,
    RowMapping,
    Select,
    Table,
    Text,
    select,
)

from serving.log.chain import Content, Stub
from serving.storage.database import metadata, reading

Kind: TypeAlias = Literal["prediction", "erasure"]
ROWS_AT_ONCE = 500

writers = Table(
    "writers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("head", Text, nullable=False),
    Column("head_code", Text, nullable=False),
)
"""One row per writing process: the number of its entries, and the code of the last one (``head``)."""

entries = Table(
    "entries",
    metadata,
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
"""One row per entry. The columns after ``code`` are erased on request, and then ``erased_by`` names the erasure."""


@dataclass(frozen=True)
class LogEntry:
    """An entry of the log; ``at`` is UTC in ISO 8601, ``latency_us`` microseconds from receipt to the finished answer.

    ``patient`` is the keyed hash of the reference, ``row`` the recorded features by name as JSON, ``answer`` the JSON
    that was given; these and ``input_digest`` and ``idempotency`` are ``None`` once erased. An erasure's ``answer``
    names the entries that it erased, and why.
    """

    writer: int
    number: int
    kind: Kind
    prediction_id: str
    at: str
    caller: str
    model_digest: str
    model_version: str
    run_id: str
    landmark: str | None
    landmark_day: int | None
    latency_us: int
    content: str
    code: str
    erased_by: str | None
    nonce: str | None
    patient: str | None
    input_digest: str | None
    row: str | None
    answer: str | None
    idempotency: str | None

    @property
    def stub(self) -> Stub:
        """The part of it that is never erased."""
        return Stub(**{name: getattr(self, name) for name in Stub._fields})

    @property
    def erasable(self) -> Content | None:
        """The part of it that can be erased; ``None`` once it was."""
        if self.nonce is None:
            return None
        return Content(self.nonce, self.patient, self.input_digest, self.row, self.answer, self.idempotency)


@dataclass(frozen=True)
class Writer:
    """A writing process, and the position of its chain."""

    number: int
    started_at: str
    code: str
    entries: int
    head: str
    head_code: str


def now() -> str:
    """The time as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def entry_of(row: RowMapping) -> LogEntry:
    """A row of the table as an entry."""
    return LogEntry(**row)


def read_writers(connection: Connection) -> list[Writer]:
    """Every writer, the oldest first."""
    return [Writer(**row) for row in connection.execute(select(writers).order_by(writers.c.number)).mappings()]


def read_entries(engine: Engine, *, kind: Kind | None = "prediction") -> Iterator[LogEntry]:
    """Entries in the order of their chains, a portion at a time; all kinds with ``None``."""
    query = select(entries).order_by(entries.c.writer, entries.c.number)
    with reading(engine) as connection:
        yield from stream(connection, query if kind is None else query.where(entries.c.kind == kind))


def stream(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[LogEntry]:
    """The entries that a query finds, a portion at a time, so that memory does not grow with the log."""
    for part in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query).mappings().partitions():
        yield from map(entry_of, part)


def find_entry(engine: Engine, prediction_id: str) -> LogEntry | None:
    """The entry of a prediction; ``None`` where the log has none."""
    with reading(engine) as connection:
        return entry_with(connection, prediction_id)


def entry_with(connection: Connection, prediction_id: str) -> LogEntry | None:
    """The entry with that id, of any kind; ``None`` if the log has none."""
    found = connection.execute(select(entries).where(entries.c.prediction_id == prediction_id)).mappings().first()
    return None if found is None else entry_of(found)
