"""The tables of the decision store, in SQLite or PostgreSQL: rows are added and never changed, triggers see to it.

Everything is made in one transaction, under a lock, so that two who begin at once make one store.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from training import postgresql
from training.failures import StoreUnreachableError

SCHEMA = "1"
"""Version of the tables."""
PATIENCE_SECONDS = 30
"""How long a writer waits for another one."""
_LOCK = 0x6B61_7064  # any number that is not used otherwise: "kapd"
_SQLITE = "sqlite"

metadata = MetaData()
facts = Table(
    "decision_store", metadata, Column("name", String(32), primary_key=True), Column("value", Text, nullable=False)
)
"""The store's id and the version of the tables."""
rows = Table(
    "decision_entries",
    metadata,
    Column("model", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", String(20), nullable=False),
    Column("document", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("signature", Text, nullable=False),
    PrimaryKeyConstraint("model", "number"),
)
REFUSAL = "entries of the decision store are never changed or deleted"


def is_made(url: URL) -> bool:
    """Whether the store is there; a server is asked. Raises ``StoreUnreachableError``."""
    if url.get_backend_name() == _SQLITE:
        file = Path(str(url.database))
        return file.is_file() and file.stat().st_size > 0
    with reading(url) as connection:
        return inspect(connection).has_table(facts.name)


@contextmanager
def reading(url: URL) -> Iterator[Connection]:
    """A transaction that sees one state of the store and can't write; raises ``StoreUnreachableError``."""
    with _transaction(url, "mode=ro", "BEGIN") as connection:
        if url.get_backend_name() != _SQLITE:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


@contextmanager
def writing(url: URL) -> Iterator[Connection]:
    """A transaction that shuts other writers out from its beginning; makes missing tables first.

    Raises ``StoreUnreachableError``.
    """
    if url.get_backend_name() == _SQLITE:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    with _transaction(url, "mode=rwc", "BEGIN IMMEDIATE") as connection:
        if url.get_backend_name() != _SQLITE:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if not inspect(connection).has_table(facts.name):
            _make_tables(connection)
        yield connection


@contextmanager
def _transaction(url: URL, mode: str, begin: str) -> Iterator[Connection]:
    engine = _sqlite(url, mode, begin) if url.get_backend_name() == _SQLITE else _postgresql(url)
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreUnreachableError(_reason(error)) from None
    finally:
        engine.dispose()


def _sqlite(url: URL, mode: str, begin: str) -> Engine:
    address = f"file:{quote(str(url.database))}?{mode}"

    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS, isolation_level=None)
        opened.execute("PRAGMA synchronous=FULL")
        opened.execute("PRAGMA trusted_schema=OFF")
        return opened

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql(url: URL) -> Engine:
    password = url.password or postgresql.password_elsewhere(url.host, url.port, url.database, url.username)
    options: dict[str, Any] = {"ssl_context": postgresql.encryption(url.host, url.query), "timeout": PATIENCE_SECONDS}
    return create_engine(
        url.set(query={}, password=password), poolclass=NullPool, connect_args=options, hide_parameters=True
    )


def _make_tables(connection: Connection) -> None:
    metadata.create_all(connection)
    for statement in _triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _triggers(dialect: str) -> Iterator[str]:
    """Statements after which neither table takes a change or a deletion."""
    if dialect != _SQLITE:
        yield (
            "CREATE OR REPLACE FUNCTION decisions_are_kept() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
    for table in (facts, rows):
        if dialect == _SQLITE:
            for action in ("UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table.name}_{action.lower()} BEFORE {action} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
                )
            same = " AND ".join(f"{column.name} = NEW.{column.name}" for column in table.primary_key)
            yield (  # INSERT OR REPLACE deletes without the trigger of a deletion
                f"CREATE TRIGGER {table.name}_insert BEFORE INSERT ON {table.name} "  # noqa: S608 - own names
                f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same}) "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        else:
            yield (
                f"CREATE TRIGGER {table.name}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION decisions_are_kept()"
            )


def _reason(error: BaseException) -> str:
    words = str(getattr(error, "orig", None) or error)
    if isinstance(getattr(error, "orig", error), sqlite3.Error):
        known = {
            "locked": "another process has it locked",
            "malformed": "its file is damaged",
            "not a database": "its file is damaged",
            "unable to open": "its file can't be opened",
            "readonly": "its file may only be read",
            "full": "its disk is full",
            "no such table": "its tables are gone",
            "no such column": "its tables are not those of this version",
        }
        why = next((said for part, said in known.items() if part in words), "its file can't be used")
    else:
        why = postgresql.reason(error)
    return f"the decision store: {why}"
