"""Overwriting what erased rows left in the database's files: free space, indexes and the write-ahead log.

Copies elsewhere are not reached: backups, replicas, archives of the write-ahead log, snapshots of the disk.
"""

from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.schema import CreateIndex, DropIndex

from serving.contract.failures import LogUnavailableError
from serving.log.queries import content_keys
from serving.storage.database import meta, reading, writing

LEFTOVERS = "leftovers"
"""The name in ``meta`` of the last erasure after which the files are still to be overwritten."""
_MAY_OVERWRITE = text("""
SELECT has_function_privilege('pg_switch_wal()', 'execute')
   AND has_function_privilege('pg_ls_waldir()', 'execute')
   AND (rolsuper OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'member')))
FROM pg_roles WHERE rolname = current_user""")
_RIGHTS = "pg_checkpoint, pg_monitor and EXECUTE on pg_switch_wal()"
_SEGMENTS = text("SELECT count(*) FROM pg_ls_waldir()")


def note_leftovers(connection: Connection, erasure: str) -> None:
    """Note, within an erasure, that `overwrite_erased` has to follow."""
    connection.execute(delete(meta).where(meta.c.name == LEFTOVERS))
    connection.execute(insert(meta).values(name=LEFTOVERS, value=erasure))


def leftovers(engine: Engine) -> str | None:
    """The last erasure whose traces in the files are not overwritten yet; ``None`` if all are."""
    with reading(engine) as connection:
        return connection.execute(select(meta.c.value).where(meta.c.name == LEFTOVERS)).scalar()


def overwrite_erased(engine: Engine) -> None:
    """Overwrite what erased rows left; answers may wait for seconds meanwhile.

    Raises ``LogUnavailableError`` while another process reads the file: repeat the call later.
    """
    noted = leftovers(engine)
    if _overwrite(engine) and noted is not None:
        with writing(engine) as connection:
            connection.execute(delete(meta).where(meta.c.name == LEFTOVERS, meta.c.value == noted))


def _overwrite(engine: Engine) -> bool:
    """Whether the user has the rights for all of it."""
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            _write_keys_anew(connection)
        with engine.connect() as connection:
            _empty_write_ahead_log(connection)
        return True
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return _overwrite_postgresql(connection)


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
        raise LogUnavailableError(
            "the content is erased, but another process reads the file; run the same command again later"
        )


def _overwrite_postgresql(connection: Connection) -> bool:
    connection.execute(text(f"VACUUM FULL {content_keys.name}"))  # writes it and its indexes anew
    connection.execute(text("VACUUM entries"))
    if not connection.execute(_MAY_OVERWRITE).scalar():
        return False
    _begin_segment(connection)
    connection.execute(text("CHECKPOINT"))  # renames the older segments, to be used again
    for _ in range(connection.execute(_SEGMENTS).scalar_one()):
        _begin_segment(connection)
    connection.execute(text("CHECKPOINT"))
    return True


def _begin_segment(connection: Connection) -> None:
    """Begin the next segment of the write-ahead log; the rest of the present one is filled with zeros."""
    connection.execute(text("SELECT pg_logical_emit_message(false, 'kap', '')"))  # an empty one would not be left
    connection.execute(text("SELECT pg_switch_wal()"))
