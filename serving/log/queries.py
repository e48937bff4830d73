"""The tables of the prediction log and how they are read: who got which answer when, from which model and row.

`writer` adds entries, `erasure` erases content, `check` checks the log.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    Text,
    and_,
    event,
    select,
    text,
)

from serving.log.chain import NO_CONTENT, Content, Stub
from serving.log.content import ContentChangedError, EncryptedContent, decrypt, fingerprint
from serving.storage.database import metadata, reading
from serving.storage.pseudonyms import Secret

Kind: TypeAlias = Literal["prediction", "erasure", "feedback", "what_if"]
"""``feedback`` is what became of a prediction's card, ``what_if`` the answer for a changed record; neither counts as a
prediction, and both are erased with their patient."""
ROWS_AT_ONCE = 500


class StoredBytes(LargeBinary):
    """Bytes as the driver gives them: what was changed to another type must be reported, not fail the check."""

    cache_ok = True

    def result_processor(self, *_: object) -> None:
        """No conversion."""


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
    Column("ciphertext", StoredBytes),
    PrimaryKeyConstraint("writer", "number"),
)
"""One row per entry. ``ciphertext`` is its erasable content; once it is erased, ``erased_by`` names the erasure."""

content_keys = Table(
    "content_keys",
    metadata,
    Column("writer", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("seed", StoredBytes, nullable=False),
    Column("patient", StoredBytes, index=True),
    Column("idempotency", StoredBytes),
    PrimaryKeyConstraint("writer", "number"),
    Index("ix_content_keys_idempotency", "idempotency", unique=True),
)
"""One row per entry that was not erased: the seed of its content's key, and fingerprints by which it is found.

It is small, so that it can be written anew after an erasure: nothing of an erased row stays in the database's files.
"""


@event.listens_for(entries, "after_create")
def _leave_uncompressed(_: Table, connection: Connection, **__: object) -> None:
    """Keep PostgreSQL from compressing what is compressed already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE entries ALTER COLUMN ciphertext SET STORAGE EXTERNAL"))


@event.listens_for(content_keys, "after_create")
def _keep_out_of_statistics(_: Table, connection: Connection, **__: object) -> None:
    """Keep PostgreSQL's ANALYZE from copying values to its statistics, where an erasure does not reach them."""
    if connection.dialect.name == "postgresql":
        for name in ("seed", "patient", "idempotency"):
            connection.execute(text(f"ALTER TABLE content_keys ALTER COLUMN {name} SET STATISTICS 0"))


_SAME_ENTRY = and_(content_keys.c.writer == entries.c.writer, content_keys.c.number == entries.c.number)
_KEY = (content_keys.c.seed, content_keys.c.patient, content_keys.c.idempotency)
WITH_KEYS = select(entries, *_KEY).join_from(entries, content_keys, _SAME_ENTRY, isouter=True)
"""Every entry, with the seed of its content's key and its fingerprints if it has them."""
BY_KEY: Select[Any] = select(content_keys.c.writer, content_keys.c.number, *list(entries.c)[2:], *_KEY).join_from(
    content_keys, entries, _SAME_ENTRY, isouter=True
)
"""Every key with its entry, with empty columns where the entry was removed."""
_PLAIN = len(entries.c) - 1
"""Columns of an entry before its ciphertext."""


@dataclass(frozen=True)
class LogEntry:
    """An entry of the log; ``at`` is UTC in ISO 8601, ``latency_us`` microseconds from receipt to the finished answer.

    ``patient`` is the keyed hash of the reference, ``row`` the recorded features by name as JSON, ``answer`` the JSON
    that was given, ``shadow`` that of the answers that were computed and not given; these and ``input_digest`` and
    ``idempotency`` are ``None`` once erased, and where ``content_finding`` says what is wrong with the stored content.
    An erasure's ``answer`` names the entries that it erased, and why.
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
    content_finding: str | None
    nonce: str | None
    patient: str | None
    input_digest: str | None
    row: str | None
    answer: str | None
    idempotency: str | None
    shadow: str | None = None

    @property
    def stub(self) -> Stub:
        """The part of it that is never erased."""
        return Stub(**{name: getattr(self, name) for name in Stub._fields})

    @property
    def erasable(self) -> Content | None:
        """The part of it that can be erased; ``None`` once it was."""
        if self.nonce is None:
            return None
        given = (self.patient, self.input_digest, self.row, self.answer, self.idempotency)
        return Content(self.nonce, *given, self.shadow)


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


def entry_of(secret: Secret, row: Row[Any]) -> LogEntry:
    """A row of ``WITH_KEYS`` as an entry, with its content decrypted."""
    ciphertext, seed, *fingerprints = row[_PLAIN:]
    finding, content = _content(secret, seed, ciphertext)
    if finding is None and fingerprints != [
        fingerprint(secret, "patient", content.patient),
        fingerprint(secret, "idempotency", content.idempotency),
    ]:
        finding = "a fingerprint by which it is found was changed"
    values: Any = (*row[:_PLAIN], finding, *content)
    return LogEntry(*values)


def _content(secret: Secret, seed: object, ciphertext: object) -> tuple[str | None, Content]:
    """What is wrong with stored content, and the content; empty where it was erased or can't be read."""
    if seed is None and ciphertext is None:
        return None, NO_CONTENT
    if seed is None or ciphertext is None:
        return "it is only partly erased", NO_CONTENT
    try:
        if isinstance(seed, bytes) and isinstance(ciphertext, bytes):
            return None, decrypt(secret, EncryptedContent(seed, ciphertext))
    except ContentChangedError:
        pass
    return "its content was changed", NO_CONTENT


def read_writers(connection: Connection) -> list[Writer]:
    """Every writer, the oldest first."""
    return [Writer(**row) for row in connection.execute(select(writers).order_by(writers.c.number)).mappings()]


def read_entries(engine: Engine, secret: Secret, *, kind: Kind | None = "prediction") -> Iterator[LogEntry]:
    """Entries in the order of their chains, a portion at a time; all kinds with ``None``."""
    query = WITH_KEYS if kind is None else WITH_KEYS.where(entries.c.kind == kind)
    with reading(engine) as connection:
        yield from stream(connection, secret, query)


def stream(connection: Connection, secret: Secret, query: Select[Any] = WITH_KEYS) -> Iterator[LogEntry]:
    """Entries in the order of their chains, a portion at a time, so that memory does not grow with the log."""
    ordered = query.order_by(entries.c.writer, entries.c.number).execution_options(yield_per=ROWS_AT_ONCE)
    for row in connection.execute(ordered):
        yield entry_of(secret, row)


def find_entry(engine: Engine, secret: Secret, prediction_id: str) -> LogEntry | None:
    """The entry of a prediction; ``None`` where the log has none."""
    with reading(engine) as connection:
        return entry_with(connection, secret, prediction_id)


def find_predictions(engine: Engine, secret: Secret, ids: Iterable[str]) -> dict[str, LogEntry]:
    """The entries of predictions by id, without those that the log does not have."""
    with reading(engine) as connection:
        found = [entry_with(connection, secret, prediction_id) for prediction_id in sorted(set(ids))]
    return {entry.prediction_id: entry for entry in found if entry is not None and entry.kind == "prediction"}


def have_content(connection: Connection, prediction_ids: Collection[str]) -> bool:
    """Whether all these predictions are in the log, and none was erased."""
    kept = select(entries.c.prediction_id).join(content_keys, _SAME_ENTRY)
    found = connection.execute(kept.where(entries.c.prediction_id.in_(prediction_ids))).scalars()
    return set(found) == set(prediction_ids)


def entry_with(connection: Connection, secret: Secret, prediction_id: str) -> LogEntry | None:
    """The entry with that id, of any kind; ``None`` if the log has none."""
    found = connection.execute(WITH_KEYS.where(entries.c.prediction_id == prediction_id)).first()
    return None if found is None else entry_of(secret, found)
