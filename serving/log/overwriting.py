"""Overwriting what erased rows left in the database's files: free space, indexes and the write-ahead log.

An erasure calls `note_leftovers` in its transaction; the note stays until all is overwritten. Copies elsewhere are not
reached: backups, replicas, archives of the write-ahead log, snapshots of the disk.
"""

import time

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.schema import CreateIndex, DropIndex

from serving.contract.failures import LogUnavailableError
from serving.log.queries import content_keys
from serving.storage.database import connected_for_writing, meta, open_database, reading, writing
from serving.storage.launches import launches
from serving.storage.postgresql import LOCKED

_MAY_OVERWRITE = text("""
SELECT has_function_privilege('pg_switch_wal()', 'execute')
   AND has_function_privilege('pg_ls_waldir()', 'execute')
   AND (rolsuper OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'member')))
FROM pg_roles WHERE rolname = current_user""")
_RIGHTS = "pg_checkpoint, pg_monitor and EXECUTE on pg_switch_wal()"
_NOW = text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")
_EARLIER = text("""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND greatest(age(backend_xid), age(backend_xmin)) > age(CAST(CAST(:now AS text) AS xid))""")
"""Transactions of this database that began before one, or that see what was there before: for them the server keeps
rows that were deleted since, also when it writes a table anew."""
_SEGMENTS = text("SELECT count(*) FROM pg_ls_waldir()")
LEFTOVERS = "leftovers"
"""The name in ``meta`` of the last erasure after which the files are still to be overwritten."""
DAY_SECONDS = 86_400.0
"""Limit of one statement of the overwriting; a large table takes its time."""
LOCK_SECONDS, PAUSE_SECONDS, TRIES = 2, 3.0, 20
"""A wait for the table of keys, during which every writer waits too, the pause after it, and the number of tries."""
_READ_BY_OTHERS = "the content is erased, but another process reads the {}; run the same command again later"


def note_leftovers(connection: Connection, erasure: str) -> None:
    """Note, within an erasure, that `overwrite_erased` has to follow."""
    connection.execute(delete(meta).where(meta.c.name == LEFTOVERS))
    connection.execute(insert(meta).values(name=LEFTOVERS, value=erasure))


def leftovers(engine: Engine) -> str | None:
    """The last erasure whose traces in the files are not overwritten yet; ``None`` if all are."""
    with reading(engine) as connection:
        return connection.execute(select(meta.c.value).where(meta.c.name == LEFTOVERS)).scalar()


def overwrite_erased(engine: Engine) -> None:
    """Overwrite what erased rows left, if any are noted; answers may wait for seconds meanwhile.

    The note stays without the rights that `kept_elsewhere` names. Raises ``LogUnavailableError`` while another
    process reads the log: repeat the call later.
    """
    noted = leftovers(engine)
    if noted is None:
        return
    if _overwrite_sqlite(engine) if engine.dialect.name == "sqlite" else _overwrite_postgresql(engine):
        with writing(engine) as connection:
            connection.execute(delete(meta).where(meta.c.name == LEFTOVERS, meta.c.value == noted))


def kept_elsewhere(engine: Engine) -> str | None:
    """What `overwrite_erased` can't reach on this server, as a sentence; ``None`` if it reaches all of its files."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        if not connection.execute(_MAY_OVERWRITE).scalar():
            return (
                "the server's write-ahead log keeps fingerprints and seeds of what was erased until it is overwritten: "
                f"give the user {_RIGHTS}, then run this command again"
            )
        if connection.execute(text("SELECT count(*) FROM pg_replication_slots")).scalar():
            return "a replication slot keeps parts of the write-ahead log: they hold what was erased until it moves on"
    return None


def _overwrite_sqlite(engine: Engine) -> bool:
    with writing(engine) as connection:
        _write_keys_anew(connection)
    with engine.connect() as connection:
        _empty_write_ahead_log(connection)
    return True


def _write_keys_anew(connection: Connection) -> None:
    """Overwriting deleted rows is not enough: where a page was split, a copy may have stayed between its rows."""
    for index in content_keys.indexes:
        connection.execute(DropIndex(index))
    for statement in (
        "CREATE TABLE kept_keys AS SELECT * FROM content_keys ORDER BY writer, number",
        "DELETE FROM content_keys",
        "INSERT INTO content_keys SELECT * FROM kept_keys",
        "DROP TABLE kept_keys",
    ):
        connection.execute(text(statement))
    for index in content_keys.indexes:
        connection.execute(CreateIndex(index))


def _empty_write_ahead_log(connection: Connection) -> None:
    (busy, *_) = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    if busy:
        raise LogUnavailableError(_READ_BY_OTHERS.format("file"))


def _overwrite_postgresql(engine: Engine) -> bool:
    """Whether the user has the rights for all of it; space in the table of entries is freed last, as it takes long."""
    patient = open_database(engine.url, patience_seconds=DAY_SECONDS)
    try:
        _vacuum_keys(patient)
        with connected_for_writing(patient).execution_options(isolation_level="AUTOCOMMIT") as connection:
            complete = bool(connection.execute(_MAY_OVERWRITE).scalar())
            if complete:
                _overwrite_write_ahead_log(connection)
            connection.execute(text("VACUUM entries"))
            if inspect(connection).has_table(launches.name):
                connection.execute(text(f"VACUUM {launches.name}"))
    finally:
        patient.dispose()
    return complete


def _vacuum_keys(engine: Engine) -> None:
    """Write the table of keys and its indexes anew; try again later while others use it, or could see what it was."""
    now: str | None = None
    for tried in range(TRIES):
        if tried:
            time.sleep(PAUSE_SECONDS)
        try:
            with connected_for_writing(engine).execution_options(isolation_level="AUTOCOMMIT") as connection:
                now = now or connection.execute(_NOW).scalar_one()
                if connection.execute(_EARLIER, {"now": now}).scalar():
                    continue
                connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
                connection.execute(text(f"VACUUM FULL {content_keys.name}"))
                connection.execute(text("SET lock_timeout = 0"))
                return
        except LogUnavailableError as error:
            if error.reason != LOCKED:
                raise
    raise LogUnavailableError(_READ_BY_OTHERS.format("log"))


def _overwrite_write_ahead_log(connection: Connection) -> None:
    _begin_segment(connection)
    connection.execute(text("CHECKPOINT"))  # renames the older segments, to be used again
    for _ in range(connection.execute(_SEGMENTS).scalar_one()):
        _begin_segment(connection)
    connection.execute(text("CHECKPOINT"))


def _begin_segment(connection: Connection) -> None:
    """Begin the next segment of the write-ahead log; the rest of the present one is filled with zeros."""
    connection.execute(text("SELECT pg_logical_emit_message(false, 'kap', '')"))  # an empty one would not be left
    connection.execute(text("SELECT pg_switch_wal()"))
