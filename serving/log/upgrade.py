"""Bringing a log to the tables of this version, in portions: an upgrade that was interrupted goes on where it stopped.

Alembic changes the tables (`serving.log.migrations`); here the entries move from the old table to the new ones. Their
codes do not change, so that the chains verify across.
"""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, column, delete, inspect, select, table, tuple_

from serving.log.append import insert_rows, lock, stored_rows
from serving.log.chain import Content, Stub
from serving.log.overwriting import overwrite_erased
from serving.log.queries import content_keys, entries
from serving.storage.database import earlier_schema, revisions, writing
from serving.storage.pseudonyms import Secret
from serving.storage.sqlite import rebuild

AT_ONCE = 500
_OLD = table("entries_1", *map(column, (*Stub._fields, "code", "erased_by", *Content._fields)))
_PLACE = tuple_(_OLD.c.writer, _OLD.c.number)


def upgrade(engine: Engine, secret: Secret) -> int | None:
    """Bring a log to this version; how many entries migrated now, ``None`` if nothing was to do.

    Raises ``LogRefusedError`` for a log of another secret or of an unknown version, ``LogUnavailableError`` where it
    can't be written or another process uses the file.
    """
    if earlier_schema(engine, secret) is None:
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


def _move_entries(engine: Engine, secret: Secret) -> int:
    """Move what the old table still has, a portion in each transaction."""
    migrated, last = 0, (0, 0)
    while True:
        with writing(engine) as connection:
            lock(connection)
            places = _move_portion(connection, secret, last)
        if not places:
            return migrated
        migrated, last = migrated + len(places), places[-1]


def _move_portion(connection: Connection, secret: Secret, after: tuple[int, int]) -> list[tuple[int, int]]:
    query = select(_OLD).where(tuple_(*after) < _PLACE).order_by(_OLD.c.writer, _OLD.c.number).limit(AT_ONCE)
    places, rows, keys = [], [], []
    for found in connection.execute(query):
        stub, (code, erased_by, *content) = Stub(*found[:13]), found[13:]
        places.append((stub.writer, stub.number))
        entry, key = stored_rows(secret, stub, code, erased_by, Content(*map(_as_text, content)))
        rows.append(entry)
        keys += [key] if key is not None else []
    if places:
        insert_rows(connection, entries, rows)
        insert_rows(connection, content_keys, keys)
        connection.execute(delete(_OLD).where(_PLACE.in_(places)))
    return places


def _as_text(value: object) -> str | None:
    """A value of the content; one that was changed to another type stays a change, which `kap audit log` reports."""
    return value if value is None or isinstance(value, str) else repr(value)
