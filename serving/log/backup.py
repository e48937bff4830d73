"""A copy of the log while the service runs, checked; for PostgreSQL, the command that makes one.

Copying the file with other tools loses the entries that are still in the write-ahead log beside it.
"""

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.failures import LogUnavailableError
from serving.log.check import LogReport, check_log
from serving.storage.database import earlier_schema, open_database
from serving.storage.postgresql import ssl_mode
from serving.storage.pseudonyms import Secret
from serving.storage.secure_files import place_private_file
from serving.storage.sqlite import connect, trouble

PATIENCE_SECONDS = 60.0


def seal_path(file: Path) -> Path:
    """Where the seal of a backup is written: beside it."""
    return file.with_name(f"{file.name}.seal.json")


def back_up(engine: Engine, secret: Secret, file: Path) -> LogReport | None:
    """Copy a SQLite log to a new file (mode 0600), whole as of one moment, and check the copy, as `report` does.

    Raises ``InputRefusedError`` if the file exists, ``LogUnavailableError`` if it can't be written.
    """
    source = Path(str(engine.url.database))
    try:
        made = place_private_file(file, lambda new: _copy(source, new))
    except sqlite3.Error as error:
        raise LogUnavailableError(
            f"the backup can't be made: {trouble(error) or 'the log can not be copied'}"
        ) from None
    except OSError as error:
        raise LogUnavailableError(f"the backup can't be made: {error.strerror}") from None
    if not made:
        raise InputRefusedError([Problem(file.name, None, None, "the name of a new file", "an existing file")])
    copy = open_database(URL.create("sqlite", database=str(file)))
    try:
        return report(copy, secret)
    finally:
        copy.dispose()


def report(engine: Engine, secret: Secret) -> LogReport | None:
    """The check of a log; ``None`` for one of an earlier version, which only `kap log upgrade` reads."""
    return check_log(engine, secret) if earlier_schema(engine, secret) is None else None


def _copy(source: Path, new: Path) -> None:
    with closing(connect(source, PATIENCE_SECONDS)) as log, closing(sqlite3.connect(new)) as copy:
        log.backup(copy)  # in one step: it sees one state, and writers go on


def pg_dump_command(url: URL, file: Path) -> str:
    """The command that copies a log in PostgreSQL to a file (mode 0600), encrypted as the service's own connection.

    It asks for the password, or takes it from ``PGPASSWORD``.
    """
    options = {name: str(value) for name, value in url.query.items()}
    if "unix_sock" in options:
        path = Path(options["unix_sock"])
        host, port, query = None, None, {"host": str(path.parent), "port": path.suffix.removeprefix(".")}
    else:
        host, port = url.host or "localhost", url.port
        query = {"sslmode": ssl_mode(host, options)}
        if query["sslmode"] == "verify-full":
            query["sslrootcert"] = "system"  # libpq's default is a file of the user's
        query |= {name: options[name] for name in ("sslrootcert",) if name in options}
    address = URL.create("postgresql", username=url.username, host=host, port=port, database=url.database, query=query)
    return f"(umask 077 && {shlex.join(['pg_dump', '--format=custom', f'--file={file}', str(address)])})"
