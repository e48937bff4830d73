"""Bringing a log to the tables of this version, in portions: an upgrade that was interrupted goes on where it stopped.

Alembic changes the tables (`serving.log.migrations`); here the entries move from the old table to the new ones. Their
codes do not change, so that the chains verify across.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, column, delete, inspect, select, table, tuple_

from serving.log.append import insert_rows, lock, stored_rows
from serving.log.chain import Content, Stub
from serving.log.overwriting import note_leftovers, overwrite_erased
from serving.log.queries import content_keys, entries
from serving.storage.database import earlier_schema, revisions, writing
from serving.storage.pseudonyms import Secret
from serving.storage.sqlite import rebuild

AT_ONCE = 500
_OLD_CONTENT = ("nonce", "patient", "input_digest", "row", "answer", "idempotency")
_OLD = table("entries_1", *map(column, (*Stub._fields, "code", "erased_by", *_OLD_CONTENT)))
_PLACE = tuple_(_OLD.c.writer, _OLD.c.number)
_Place: TypeAlias = tuple[int, int]


def upgrade(engine: Engine, secret: Secret) -> int | None:
    """Bring a log to this version; how many entries migrated now, ``None`` if nothing was to do.

    Raises ``LogRefusedError`` for a log of another secret or of an unknown version, ``LogUnavailableError`` where it
    can't be written or another process uses the file.
    """
    if earlier_schema(engine, secret) is None:
        overwrite_erased(engine)  # the last upgrade may have ended before it
        return None
    _change_tables(engine, "1_to_2")
    migrated = _move_entries(engine, secret)
    if engine.dialect.name == "sqlite":
        engine.dispose()
        rebuild(Path(str(engine.url.database)))
    _change_tables(engine, "2")
    overwrite_erased(engine)
    return migrated


def _change_tables(engine: Engine, revision: str) -> None:
    """Run Alembic up to a revision, in one transaction; nothing happens where it was reached before."""
    config = Config()
    config.set_main_option("script_location", str(files("serving.log") / "migrations").replace("%", "%%"))
    with writing(engine) as connection:
        lock(connection)
        config.attributes["connection"] = connection
        if not inspect(connection).has_table(revisions.name):
            command.stamp(config, "1")
        command.upgrade(config, revision)
        note_leftovers(connection, "upgrade")


def _move_entries(engine: Engine, secret: Secret) -> int:
    """Move what the old table still has, a portion in each transaction."""
    migrated, last = 0, None
    while True:
        with writing(engine) as connection:
            lock(connection)
            portion, last = _move_portion(connection, secret, last)
        if not portion:
            return migrated
        migrated += portion


def _move_portion(connection: Connection, secret: Secret, after: _Place | None) -> tuple[int, _Place | None]:
    """How many entries migrated, and a place before which none is left, so that dead rows are not read again."""
    query = select(_OLD).order_by(_OLD.c.writer, _OLD.c.number).limit(AT_ONCE)
    if after is not None:
        query = query.where(tuple_(*after) < _PLACE)
    rows, keys = [], []
    for found in connection.execute(query):
        *stub, code, erased_by = map(_as_stored, found[: -len(_OLD_CONTENT)])
        content = Content(*map(_as_text, found[-len(_OLD_CONTENT) :]))
        entry, key = stored_rows(secret, Stub(*stub), code, erased_by, content)
        rows.append(entry)
        keys += [key] if key is not None else []
        if isinstance(stub[0], int) and isinstance(stub[1], int):
            after = (stub[0], stub[1])
    if rows:
        insert_rows(connection, entries, rows)
        insert_rows(connection, content_keys, keys)
        connection.execute(delete(_OLD).where(_PLACE.in_(query.with_only_columns(_OLD.c.writer, _OLD.c.number))))
    return len(rows), after


def _as_stored(value: Any) -> Any:
    """A value of the stub; text that is not UTF-8 was changed, and as bytes `kap audit log` reports it."""
    if not isinstance(value, str):
        return value
    written = value.encode("utf-8", "surrogateescape")
    return value if written.decode("utf-8", "replace") == value else written


def _as_text(value: object) -> str | None:
    """A value of the content; one that was changed to another type stays a change, which `kap audit log` reports."""
    return value if value is None or isinstance(value, str) else repr(value)
