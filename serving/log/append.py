"""Adding entries to the prediction log: chained, in one transaction, each idempotency key once.

It works on an open connection. `writer` connects and handles failures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from secrets import token_hex
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, Table, TextClause, bindparam, delete, func, insert, select, text, update

from serving.contract.failures import LogUnavailableError
from serving.contract.response import Document
from serving.log.chain import (
    BEGINNING,
    NO_CONTENT,
    Content,
    Stub,
    content_code,
    entry_code,
    head_code,
    writer_code,
    writers_code,
)
from serving.log.content import encrypt, fingerprint
from serving.log.queries import BY_KEY, Kind, Writer, content_keys, entries, entry_of, now, writers
from serving.storage.database import meta
from serving.storage.pseudonyms import Secret

WRITERS = "writers"
"""The name in ``meta`` of the number of writers and its code."""
TRIED = "tried"
"""The name in ``meta`` of the time of the last test write."""
_LOCK = 5_472_913_001
"""Number of the lock of a PostgreSQL log for one writer at a time; any number that is not used otherwise."""
_KNOWN_KEYS = BY_KEY.where(content_keys.c.idempotency.in_(bindparam("keys", expanding=True)))
_ADVANCE = (
    update(writers)
    .where(writers.c.number == bindparam("writer"))
    .values(entries=bindparam("reached"), head=bindparam("last"), head_code=bindparam("code_of_last"))
)
Values: TypeAlias = tuple[str | int | bytes | None, ...]
"""The values of a row, in the order of the table's columns."""


@dataclass(frozen=True)
class Draft:
    """An entry before it has a place in the chain."""

    prediction_id: str
    caller: str
    model_digest: str
    model_version: str
    run_id: str
    landmark: str | None
    landmark_day: int | None
    latency_us: int
    patient: str | None
    input_digest: str | None
    row: str | None
    answer: str
    idempotency: str | None = None
    kind: Kind = "prediction"
    shadow: str | None = None


@dataclass(frozen=True)
class LoggedReply:
    """What the log holds for a draft: the draft's own answer, or the earlier one given under the same key.

    ``at`` is when that was logged, UTC in ISO 8601.
    """

    prediction_id: str
    answer: str
    at: str = field(default="", compare=False)

    @property
    def document(self) -> Document:
        """The answer as plain values."""
        found: Document = orjson.loads(self.answer)
        return found


class KeyReusedError(Exception):
    """The same caller used an idempotency key before, with another request."""


class EntryChangedError(Exception):
    """The entry of an idempotency key was changed in the database, so that its answer can't be given again."""

    def __init__(self, writer: object, number: object) -> None:
        """Keep its place in the log; the message names no other value."""
        self.place = (writer, number)
        super().__init__("the entry of this idempotency key was changed")


class PredictionErasedError(Exception):
    """The prediction that drafts are about was erased, and nothing may be added about its patient."""


Result: TypeAlias = LoggedReply | KeyReusedError | EntryChangedError
"""What becomes of a draft."""


def begin_writer(connection: Connection, secret: Secret) -> Writer:
    """A new writer for this process, with the next number. Needs `lock`."""
    last = connection.execute(select(writers).order_by(writers.c.number.desc()).limit(1)).mappings().first()
    number = 1 if last is None else int(last["number"]) + 1
    started_at = now()
    before = BEGINNING if last is None else str(last["code"])
    code = writer_code(secret, number, started_at, before)
    writer = Writer(number, started_at, code, 0, BEGINNING, head_code(secret, number, 0, BEGINNING))
    connection.execute(insert(writers).values(**vars(writer)))
    counted = f"{number} {writers_code(secret, number)}"
    if last is None:
        connection.execute(insert(meta).values(name=WRITERS, value=counted))
    else:
        connection.execute(update(meta).where(meta.c.name == WRITERS).values(value=counted))
    return writer


def lock(connection: Connection) -> None:
    """Exclude other writers until the transaction ends; in SQLite ``BEGIN IMMEDIATE`` has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def lock_beside_others(connection: Connection) -> None:
    """Exclude those who need the log for themselves, and no other writer of a chain of its own.

    Then two writers may add the same idempotency key, of whom the later gets ``DuplicateError``.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def append(
    connection: Connection, secret: Secret, writer: Writer, drafts: Sequence[Draft]
) -> tuple[Writer, list[Result]]:
    """Add drafts to a writer's chain in an open transaction under a lock; the writer afterwards, and each result.

    A draft whose idempotency key is known adds nothing: the logged answer is returned, if the request was the same.
    Raises ``DuplicateError`` under `lock_beside_others` if another writer adds one of the keys at the same time.
    """
    known = _known_keys(connection, secret, [draft.idempotency for draft in drafts if draft.idempotency is not None])
    rows: list[tuple[Values, Values | None]] = []
    results: list[Result] = []
    head, reached, at = writer.head, writer.entries, now()
    for draft in drafts:
        earlier = known.get(draft.idempotency or "")
        if earlier is not None:
            digest, result = earlier
            same = digest == draft.input_digest or isinstance(result, EntryChangedError)
            results.append(result if same else KeyReusedError())
            continue
        reached += 1
        row, head = _chained(secret, (writer.number, reached, head), draft, at)
        rows.append(row)
        results.append(LoggedReply(draft.prediction_id, draft.answer, at))
        if draft.idempotency is not None:
            known[draft.idempotency] = (draft.input_digest, results[-1])
    if not rows:
        return writer, results
    insert_rows(connection, entries, [entry for entry, _ in rows])
    keys = [key for _, key in rows if key is not None]
    insert_rows(connection, content_keys, sorted(keys, key=_idempotency))
    return _advanced(connection, secret, replace(writer, entries=reached, head=head)), results


def note_try(connection: Connection) -> None:
    """Write something, so that a full disk is noticed."""
    connection.execute(delete(meta).where(meta.c.name == TRIED))
    connection.execute(insert(meta).values(name=TRIED, value=now()))


def _advanced(connection: Connection, secret: Secret, writer: Writer) -> Writer:
    """The writer after its new position in the chain is recorded."""
    code = head_code(secret, writer.number, writer.entries, writer.head)
    values = {"writer": writer.number, "reached": writer.entries, "last": writer.head, "code_of_last": code}
    if connection.execute(_ADVANCE, values).rowcount != 1:
        raise LogUnavailableError("its database was replaced by another log")
    return replace(writer, head_code=code)


def _known_keys(connection: Connection, secret: Secret, keys: Sequence[str]) -> dict[str, tuple[str | None, Result]]:
    """Digest of the request and answer of each key that was used before, or that its entry was changed."""
    if not keys:
        return {}
    by_fingerprint = {fingerprint(secret, "idempotency", key): key for key in keys}
    known: dict[str, tuple[str | None, Result]] = {}
    for row in connection.execute(_KNOWN_KEYS, {"keys": list(by_fingerprint)}):
        entry, key = entry_of(secret, row), by_fingerprint[row.idempotency]
        if entry.idempotency == key and entry.answer is not None and entry.content_finding is None:
            known[key] = (entry.input_digest, LoggedReply(entry.prediction_id, entry.answer, entry.at))
        else:
            known[key] = (None, EntryChangedError(entry.writer, entry.number))
    return known


def _chained(
    secret: Secret, place: tuple[int, int, str], draft: Draft, at: str
) -> tuple[tuple[Values, Values | None], str]:
    """The rows of a draft (entry, key) at a place (writer's number, own number, previous code), and its code."""
    writer, number, before = place
    given = (draft.patient, draft.input_digest, draft.row, draft.answer, draft.idempotency)
    content = Content(token_hex(16), *given, draft.shadow)
    stub = Stub(
        writer,
        number,
        draft.kind,
        draft.prediction_id,
        at,
        draft.caller,
        draft.model_digest,
        draft.model_version,
        draft.run_id,
        draft.landmark,
        draft.landmark_day,
        draft.latency_us,
        content_code(secret, content),
    )
    code = entry_code(secret, before, stub)
    return stored_rows(secret, stub, code, None, content), code


def stored_rows(
    secret: Secret, stub: Stub, code: str, erased_by: str | None, content: Content
) -> tuple[Values, Values | None]:
    """An entry as the rows of its two tables, under a new key; one whose content was erased has no key."""
    if content == NO_CONTENT:
        return (*stub, code, erased_by, None), None
    stored = encrypt(secret, content)
    found_by = (
        fingerprint(secret, "patient", content.patient),
        fingerprint(secret, "idempotency", content.idempotency),
    )
    return (*stub, code, erased_by, stored.ciphertext), (stub.writer, stub.number, stored.seed, *found_by)


def _idempotency(key: Values) -> bytes:
    """The order of the rows of keys: in one that all writers share, none of two waits for the other."""
    found = key[-1]
    return found if isinstance(found, bytes) else b""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows without SQLAlchemy's work per row; PostgreSQL's driver would also send a statement per row."""
    if not rows:
        return
    names = [str(name) for name in table.c.keys()]  # noqa: SIM118 - no dictionary
    if connection.dialect.name == "postgresql":
        named = [dict(zip(names, row, strict=True)) for row in rows]
        document = orjson.dumps(named, default=lambda value: f"\\x{value.hex()}").decode()
        connection.execute(_recordset(table.name), {"rows": document})
        return
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own names
        list(rows),
    )


@cache
def _recordset(table: str) -> TextClause:
    return text(
        f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))"  # noqa: S608 - our own names
    )
