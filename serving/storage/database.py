"""The database of the prediction log and the API keys: how it is opened, and how its failures are reported.

`sqlite` opens a file, `postgresql` a server. Tables are declared where they are used; the one declared here has the
version of the tables and the check value of the secret.
"""

import atexit
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from serving.contract.failures import DuplicateError, LogRefusedError, LogUnavailableError, SecretMismatchError
from serving.storage import postgresql
from serving.storage import sqlite as sqlite_file
from serving.storage.pseudonyms import Secret

__all__ = [
    "DuplicateError", "LogRefusedError", "LogUnavailableError", "SecretMismatchError", "check_log", "create_tables",
    "earlier_schema", "has_begun", "meta", "metadata", "open_database", "reading", "revisions", "unavailable",
    "writing",
]  # fmt: skip

SQLITE = "sqlite"
SCHEMA = "2"
"""Version of the tables; `serving.log.migrations` has the way from each to the next."""
EARLIER = ("1", "1_to_2")
"""Versions that `kap log upgrade` brings to this one; the second is an upgrade that was interrupted."""
PATIENCE_SECONDS = 5.0
IDLE_SECONDS = 1.0
CONNECTIONS = 5
_WRITES, _BEGUN = "kap_writes", "kap_begun"
_ONE_STATE = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_LOCK = 0x6B6170  # any number that is not used otherwise: "kap"

_FILES: WeakSet[Engine] = WeakSet()
"""Open databases in files."""
metadata = MetaData()
"""The tables of the log and of the keys."""

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
revisions = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""The version of the tables as Alembic keeps it."""


def open_database(url: URL, *, patience_seconds: float = PATIENCE_SECONDS) -> Engine:
    """The database at ``url``, which need not answer before the first transaction.

    No statement, and no wait for a lock, takes longer than ``patience_seconds``. Every error that `unavailable` knows
    is raised as ``LogUnavailableError``, a broken unique constraint as ``DuplicateError``; no text has a value.
    """
    engine = _sqlite(url, patience_seconds) if _is_sqlite(url) else _postgresql(url, patience_seconds)
    event.listen(engine, "handle_error", _translate)
    return engine


@atexit.register
def _close_files() -> None:
    """Close every file: entries in a write-ahead file beside it would be missing from a copy of the file alone."""
    for engine in list(_FILES):
        engine.dispose()


def unavailable(error: BaseException) -> bool:
    """Whether an error is a failure of the database, which may pass; otherwise it is a defect of this software."""
    return _reason(error) is not None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and blocks no writer."""
    with _connect(engine) as connection, connection.begin():
        if not _is_sqlite(engine.url):  # otherwise each statement sees its own state
            connection.execute(_ONE_STATE)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, durable once this returns.

    In SQLite it locks out other writers from its beginning, so that it can't fail half-way because of one.
    """
    with connected_for_writing(engine) as connection, connection.begin():
        yield connection


def connected_for_writing(engine: Engine) -> Connection:
    """A connection for many transactions like those of `writing`."""
    return _connect(engine).execution_options(**{_WRITES: True})


def is_lost(connection: Connection) -> bool:
    """Whether the file of a connection was moved or deleted: it still accepts writes, but they would be lost."""
    known = connection.info.get("file")
    return known is not None and known != _identity(Path(str(connection.engine.url.database)))


def create_tables(engine: Engine, secret: Secret) -> None:
    """Make the folder, the file and the tables that are missing; several processes may do so at once.

    If nothing is missing, or this engine has done it before, it only reads: a log that disappears is not replaced by a
    new one. Raises ``LogUnavailableError``, and ``LogRefusedError`` for a log of another secret or version.
    """
    if engine.get_execution_options().get(_BEGUN):
        check_log(engine, secret)
        return
    _make_tables(engine, secret)
    engine.update_execution_options(**{_BEGUN: True})


def check_log(engine: Engine, secret: Secret) -> None:
    """Raise ``LogRefusedError`` unless this is a log that was created with this secret; only reads."""
    _compare(_facts_if_any(engine), secret)


def earlier_schema(engine: Engine, secret: Secret) -> str | None:
    """The version of an earlier version's log that `kap log upgrade` takes; ``None`` if it has this version already.

    Raises ``LogRefusedError`` for every other log.
    """
    facts = _facts_if_any(engine)
    if (found := facts.get("schema")) not in EARLIER:
        _compare(facts, secret)
        return None
    _compare(facts | {"schema": SCHEMA}, secret)
    return found


def has_begun(engine: Engine) -> bool:
    """Whether there is a log already; raises ``LogUnavailableError``."""
    if _is_sqlite(engine.url) and not Path(str(engine.url.database)).exists():
        return False
    return bool(_facts_if_any(engine))


def _make_tables(engine: Engine, secret: Secret) -> None:
    if _is_sqlite(engine.url):
        try:
            sqlite_file.make_file(Path(str(engine.url.database)))
        except OSError as error:
            raise LogUnavailableError(f"it can't be made ({error.strerror})") from None
    with reading(engine) as connection:
        found = set(inspect(connection).get_table_names())
        facts = _facts(connection) if meta.name in found else {}
        if facts:
            _compare(facts, secret)
        if facts and set(metadata.tables) <= found:
            return
    with writing(engine) as connection:
        if not _is_sqlite(engine.url):
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        metadata.create_all(connection)
        if not _facts(connection):
            facts = {"schema": SCHEMA, "secret": _check_value(secret)}
            connection.execute(insert(meta), [{"name": name, "value": value} for name, value in facts.items()])
            connection.execute(insert(revisions).values(version_num=SCHEMA))
        _compare(_facts(connection), secret)


def _facts_if_any(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return _facts(connection) if inspect(connection).has_table(meta.name) else {}


def _facts(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(select(meta.c.name, meta.c.value))}


def _check_value(secret: Secret) -> str:
    return secret.mac("check", b"kap-outcomes")


def _compare(facts: dict[str, str], secret: Secret) -> None:
    if not facts:
        raise LogRefusedError("this database has no log yet: set KAP_LOG to another one, or start the service first")
    if facts.get("schema") in EARLIER:
        raise LogRefusedError(
            "this log was made by an earlier version: stop every service that uses it, then run kap log upgrade"
        )
    if facts.get("schema") != SCHEMA:
        raise LogRefusedError(
            f"this log has another version of the tables than {SCHEMA}: use the software that made it"
        )
    if not hmac.compare_digest(
        facts.get("secret", "").encode("utf-8", "surrogateescape"), _check_value(secret).encode()
    ):
        raise SecretMismatchError("this log was created with another secret: put that secret back, or start a new log")


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == SQLITE


def _sqlite(url: URL, patience_seconds: float) -> Engine:
    path = Path(str(url.database)).absolute()
    engine = create_engine(
        URL.create(SQLITE, database=str(path)),
        creator=lambda: sqlite_file.connect(path, patience_seconds),
        pool_size=CONNECTIONS,
        pool_timeout=patience_seconds,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _remember_file(_: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _refuse_lost_file(_: Any, record: Any, __: Any) -> None:
        found = _identity(path)
        if found is None or found != record.info["file"]:
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    _FILES.add(engine)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _postgresql(url: URL, patience_seconds: float) -> Engine:
    address = postgresql.Address(
        user=url.username or "",
        password=None if url.password is None else str(url.password),
        host=url.host or "localhost",
        port=url.port or 5432,
        database=url.database or url.username or "",
        options={name: str(value) for name, value in url.query.items()},
    )
    engine = create_engine(
        url.set(drivername="postgresql+pg8000"),
        creator=lambda: postgresql.connect(address, patience_seconds),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=patience_seconds,
        pool_use_lifo=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "checkout")
    def _refuse_dead_connection(connection: Any, record: Any, _: Any) -> None:
        idle = time.monotonic() - record.info.get("used", 0.0)
        if idle > IDLE_SECONDS and not postgresql.ping(connection):
            raise DisconnectionError
        record.info["used"] = time.monotonic()

    return engine


def _connect(engine: Engine) -> Connection:
    """A connection; errors while the first one is made do not pass through `_translate`."""
    try:
        return engine.connect()
    except (SQLAlchemyError, OSError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise LogUnavailableError(reason) from None


def _translate(context: ExceptionContext) -> None:
    """Give a failure of the database its own class, drop a connection that it ended, and remove values."""
    error = context.original_exception
    reason, duplicate = _reason(error), sqlite_file.is_duplicate(error) or postgresql.is_duplicate(error)
    postgresql.remove_values(error)
    if reason is not None:
        if not _is_passing(context):
            context.is_disconnect = True
        raise LogUnavailableError(reason) from None
    if duplicate:
        raise DuplicateError("there is such a row already") from None
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (type(error).__name__,)  # its text may contain stored values


def _is_passing(context: ExceptionContext) -> bool:
    return context.dialect.name == SQLITE and not sqlite_file.is_lasting(context.original_exception)


def _reason(error: BaseException) -> str | None:
    if isinstance(error, LogUnavailableError):
        return error.reason
    if isinstance(error, NoConnectionError):
        return "all its connections are in use"
    driver = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return sqlite_file.trouble(driver) or postgresql.trouble(driver)
