"""Settles a store of SQLite that was copied or moved with its artifacts, before the next run is written.

MLflow keeps absolute addresses, so a run in a copy would write into the original. The addresses in the copy are set to
its present place, for MLflow's own tools too; each experiment keeps its former one in a tag, by which an audit knows
what was sealed. Reading changes nothing: `artifact_place` finds the folders of an unsettled store.
"""

import os
import re
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from mlflow.utils.file_utils import local_file_uri_to_path

from training.stores.artifact_place import below_store, store_file

FORMER = "former_locations"
"""Tag of an experiment: where its artifacts were before, the last place first, one a line."""
ADDRESSES = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("experiments", "artifact_location"),
    ("model_versions", "storage_location"),
)
"""Where MLflow keeps addresses; the first two are of folders that are there if anything was recorded."""
TRACES = "trace_tags"
"""MLflow's table with the addresses of traces, under this key."""
TRACE_LOCATION = "mlflow.artifactLocation"
UNSAFE = re.compile(r"[%#?]")
"""What MLflow reads as part of an address, not of a folder's name."""


class RelocationNotice(UserWarning):
    """The addresses in a store were set to the place to which it was copied or moved."""


def former_addresses(tags: Mapping[str, str]) -> list[str]:
    """Where the artifacts of an experiment with these tags were before."""
    return tags.get(FORMER, "").split()


def address_of(folder: Path) -> str:
    """A folder's address for MLflow, also where its name has a character that MLflow reads as part of an address."""
    plain = os.name != "nt" and not UNSAFE.search(str(folder))
    return str(folder) if plain else folder.as_uri()


def location_of_new(experiment: str) -> str | None:
    """Where a new experiment's artifacts belong: beside the store's file. ``None`` where MLflow's own choice is that.

    ``experiment`` is its name.
    """
    store = store_file()
    if store is None or (store.parent == Path.cwd() and not UNSAFE.search(str(store.parent))):
        return None
    return address_of(store.parent / "mlruns" / re.sub(r"[^a-zA-Z0-9]+", "-", experiment).strip("-"))


def settle_relocated_store() -> None:
    """Set the addresses of a copied or moved store to its present place, with a notice; others are left alone."""
    store = store_file()
    if store is None or not store.exists():
        return
    with closing(sqlite3.connect(store, timeout=30)) as database:
        _settle_unsafe(database, store.parent)
        root = _former_root(database, store.parent)
        if root is None:
            return
        with database:
            changed = sum(_relocated(database, table, column, root, store.parent) for table, column in ADDRESSES)
            changed += _relocated(database, TRACES, "value", root, store.parent, f"key = '{TRACE_LOCATION}'")
    said = f"this store was recorded in {root} and stands in {store.parent} now: {changed} addresses were set to it"
    warnings.warn(said, RelocationNotice, stacklevel=2)


def _former_root(database: sqlite3.Connection, present: Path) -> Path | None:
    """The folder in which the store stood, by the first folder of artifacts that is found below the present one."""
    for table, column in ADDRESSES[:2]:
        for _, address in _rows(database, table, column):
            recorded = _path(address)
            found = None if recorded is None else below_store(recorded)
            if recorded is not None and found is not None:
                return recorded.parents[len(found.relative_to(present).parts) - 1]
    return None


def _relocated(
    database: sqlite3.Connection, table: str, column: str, root: Path, present: Path, where: str = "1 = 1"
) -> int:
    """Set the addresses of a column that are below the former root; how many there were."""
    changed = 0
    for row, address in _rows(database, table, column, where):
        recorded = _path(address)
        if recorded is None or not recorded.is_relative_to(root) or recorded.is_relative_to(present):
            continue
        if table == "experiments":
            _keep_former(database, row, address)
        new_place = address_of(present / recorded.relative_to(root))
        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new_place, row))  # noqa: S608 - constants
        changed += 1
    return changed


def _keep_former(database: sqlite3.Connection, row: int, address: str) -> None:
    (experiment,) = database.execute("SELECT experiment_id FROM experiments WHERE rowid = ?", (row,)).fetchone()
    own = (FORMER, experiment)
    query = "SELECT value FROM experiment_tags WHERE key = ? AND experiment_id = ?"
    earlier = [value for (value,) in database.execute(query, own)]
    database.execute("DELETE FROM experiment_tags WHERE key = ? AND experiment_id = ?", own)
    kept = "\n".join([address, *earlier])
    database.execute(
        "INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)", (FORMER, kept, experiment)
    )


def _settle_unsafe(database: sqlite3.Connection, present: Path) -> None:
    """Give experiments here whose address MLflow reads as another folder's the address of this one, for new runs."""
    for row, address in _rows(database, "experiments", "artifact_location"):
        recorded = _path(address)
        if recorded is None or recorded.is_relative_to(present) or not Path(address).is_relative_to(present):
            continue
        with database:
            database.execute(
                "UPDATE experiments SET artifact_location = ? WHERE rowid = ?", (address_of(Path(address)), row)
            )


def _rows(database: sqlite3.Connection, table: str, column: str, where: str = "1 = 1") -> Iterator[tuple[int, str]]:
    """Row and address of those that are set; none where this version of MLflow has no such table."""
    known = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if known is None:
        return
    query = f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL AND {where}"  # noqa: S608 - constants
    yield from database.execute(query).fetchall()


def _path(address: str) -> Path | None:
    """The folder that MLflow reads an address as; ``None`` if it is not on a machine's disk."""
    scheme = urlsplit(address).scheme
    if scheme not in ("", "file") and len(scheme) > 1:  # one letter is a drive of Windows
        return None
    return Path(local_file_uri_to_path(address))
