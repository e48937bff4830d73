"""Where the decisions are kept: at KAP_DECISIONS, else in a file beside the SQLite file of the tracking store."""

import os
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from features.protocol.problems import InputRefusedError, Problem
from training.postgresql import SSL_MODES
from training.stores.sqlite_address import sqlite_file

LOCATION = "KAP_DECISIONS"
"""Environment variable: the address of the decision store."""
FILE = "decisions.db"
REQUIRED = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
MISSING = f"the address of the decision store: {REQUIRED}"


def location(tracking: str) -> URL | None:
    """The address of the decision store, for the address of a tracking store; ``None`` if nothing names one.

    A password may stand in the address, in PGPASSWORD or in PostgreSQL's password file. Raises ``InputRefusedError``
    for an address of another form.
    """
    given = os.environ.get(LOCATION)
    if given:
        return _checked(given)
    file = sqlite_file(tracking)
    return None if file is None else URL.create("sqlite", database=str(file.absolute().with_name(FILE)))


def require_location(found: URL | None) -> URL:
    """The address, for a command that writes; raises ``InputRefusedError`` if there is none."""
    if found is None:
        raise InputRefusedError([Problem(LOCATION, None, None, MISSING, "none: the tracking store is no file")])
    return found


def _checked(given: str) -> URL:
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise _refused("another text") from None
    if url.drivername == "sqlite" and url.database and not url.query:
        return url.set(database=str(Path(url.database).absolute()))
    if not url.drivername.startswith("postgres") or not url.database or not url.username:
        raise _refused("one without a file, or without user, database or postgresql://")
    if set(url.query) - {"sslmode", "sslrootcert"} or url.query.get("sslmode", "disable") not in SSL_MODES:
        raise _refused("other options than sslmode and sslrootcert behind the ?")
    return url.set(drivername="postgresql+pg8000")


def _refused(found: str) -> InputRefusedError:
    return InputRefusedError([Problem(LOCATION, None, None, REQUIRED, found)])
