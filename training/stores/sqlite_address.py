"""The address of a store in a file of SQLite: a URL, in which SQLAlchemy reads `%20` as a blank."""

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

SQLITE = "sqlite"


def sqlite_file(address: str) -> Path | None:
    """The file at the address of a store, as it is written there; ``None`` for another store."""
    if not address.startswith(SQLITE):
        return None
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return None
    return Path(url.database) if url.get_backend_name() == SQLITE and url.database else None


def sqlite_address(file: Path) -> str:
    """The address of a file, whatever its name.

    Only what has a meaning in an address is written otherwise: MLflow makes a folder of what stands there.
    """
    return f"{SQLITE}:///{str(file).replace('%', '%25').replace('?', '%3F')}"
