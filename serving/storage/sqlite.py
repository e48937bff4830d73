"""The log's database as one SQLite file: how it is made and opened, and which errors are failures of the database.

A committed transaction survives the loss of power: the write-ahead log is flushed at every commit (synchronous=FULL;
EXTRA adds nothing in this mode). Erased rows are overwritten with zeros (secure_delete).
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from serving.contract.failures import LogUnavailableError
from serving.storage.secure_files import place_private_file

_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "wal_autocheckpoint=4000",  # four times the default: a checkpoint delays the current writer
)
_TROUBLES = {
    sqlite3.SQLITE_BUSY: "it is locked",
    sqlite3.SQLITE_LOCKED: "it is locked",
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_PERM: "it may not be opened",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_CANTOPEN: "its file is missing or can't be opened",
    sqlite3.SQLITE_IOERR: "its disk fails",
    sqlite3.SQLITE_NOLFS: "its disk fails",
    sqlite3.SQLITE_PROTOCOL: "its locks fail",
    sqlite3.SQLITE_NOMEM: "memory is short",
    sqlite3.SQLITE_CORRUPT: "its file is damaged",
    sqlite3.SQLITE_NOTADB: "its file is damaged",
}
_DUPLICATES = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}


def files_of(path: Path) -> list[Path]:
    """The files of a database: itself and those that SQLite keeps beside it."""
    return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]


def make_file(path: Path) -> None:
    """Make an empty database (mode 0600), in write-ahead mode, unless the file exists; raises ``OSError``."""
    place_private_file(path, _fill)


def _fill(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()


def connect(path: Path, patience_seconds: float) -> sqlite3.Connection:
    """A connection to an existing file, which waits ``patience_seconds`` for a lock; raises ``sqlite3.Error``.

    A missing file is not made: a log that disappears must stop the service, not be replaced by a new one. Transactions
    begin explicitly; the driver would begin them at the first statement that writes. A symbolic link in place of the
    file, or of one beside it, is not followed: ``LogUnavailableError``.
    """
    for name in files_of(path):
        if name.is_symlink():
            raise LogUnavailableError(f"{name.name} is a symbolic link")
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=patience_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    # Text that is not UTF-8 was changed: the checks must report it, not fail because of it.
    connection.text_factory = lambda read: read.decode("utf-8", "surrogateescape")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def trouble(error: BaseException) -> str | None:
    """Why the database can't answer; ``None`` if the error is a defect of this software."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        return "its tables are gone"
    return _TROUBLES.get(code & 0xFF)


def is_lasting(error: BaseException) -> bool:
    """Whether a failure ends the connection; a lock or a full disk passes."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF not in _PASSING


def is_duplicate(error: BaseException) -> bool:
    """Whether a unique constraint refused a row."""
    return getattr(error, "sqlite_errorcode", None) in _DUPLICATES
