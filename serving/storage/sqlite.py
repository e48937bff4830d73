"""The log's database as one SQLite file: how it is made and opened, and which errors are failures of the database.

A committed transaction survives the loss of power: the write-ahead log is flushed at every commit (synchronous=FULL;
EXTRA adds nothing in this mode). Erased rows are overwritten with zeros (secure_delete).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from serving.contract.failures import LogUnavailableError
from serving.storage.secure_files import place_private_file

REBUILD_SECONDS = 60.0
PAGE_BYTES = 32_768
"""A page of the default size holds one entry with a curve and is not full."""
_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "wal_autocheckpoint=500",  # in pages: four times the default, because a checkpoint delays the current writer
    "cache_size=-16000",  # in KiB
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
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
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
        f"file:{quote(str(path.absolute()))}?{_mode(path)}",
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


def _mode(path: Path) -> str:
    """For a copy in a folder that can't be written, where nobody else writes either: no lock file can be made there.

    Raises ``LogUnavailableError`` if the copy needs one, because a part of its entries is in the file beside it.
    """
    if not path.is_file() or os.access(path.parent, os.W_OK):
        return "mode=rw"
    beside = path.with_name(f"{path.name}-wal")
    if not beside.is_file() or not beside.stat().st_size:
        return "mode=ro&immutable=1"
    if path.with_name(f"{path.name}-shm").is_file():
        return "mode=ro"
    raise LogUnavailableError(
        f"its folder can't be written, and entries are in {beside.name}: copy {path.name} and {beside.name} together "
        "to a folder that you can write, and read them there"
    )


def rebuild(path: Path) -> None:
    """Write a file anew, without free space and with pages of the right size; nobody else may have it open.

    Needs as much free space as the new file has. An interruption leaves a file that works, and can be rebuilt again.
    Raises ``LogUnavailableError``.
    """
    try:
        with closing(connect(path, REBUILD_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()  # pages keep their size otherwise
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
            connection.execute("VACUUM")
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.Error as error:
        reason = trouble(error) or "its file can't be rebuilt"
        if not is_lasting(error):
            reason += "; stop every other process that uses it, and run the same command again"
        raise LogUnavailableError(reason) from None


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
