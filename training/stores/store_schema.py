"""The tables of a tracking store in a database: made by this MLflow, by an earlier one or by a later one.

MLflow upgrades the tables of an earlier version as soon as it opens them, after which that version can't open them any
more. So nothing here opens a store that is not current: a reader gets a copy, and only `kap train` upgrades, if asked.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

import mlflow
from filelock import FileLock

from features.protocol.problems import InputRefusedError, Problem
from training.stores.read_copy import standing_for
from training.stores.sqlite_address import sqlite_address, sqlite_file
from training.stores.store_answers import asking as asking_store
from training.stores.store_answers import shown_address

State = Literal["none", "current", "older", "newer"]
_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID")


def state_of(store: str) -> tuple[State, str]:
    """Which MLflow made the tables of a store, and their revision; ``none`` for a server or where there are none yet.

    The store is only read.
    """
    file = sqlite_file(store)
    if store.startswith(("http://", "https://")) or (file is not None and not file.is_file()) or "://" not in store:
        return "none", ""
    found = _revision(store)
    if found is None or found == _newest_revision():
        return ("none" if found is None else "current"), found or ""
    return ("older" if found in _known_revisions() else "newer"), found


def require_current(store: str) -> None:
    """Raise ``InputRefusedError`` for a store whose tables this MLflow would upgrade, or can't read."""
    state, revision = state_of(store)
    if state in ("none", "current"):
        return
    of_both = f"revision {revision}, and MLflow {mlflow.__version__} here has {_newest_revision()}"
    if state == "newer":
        required = "the MLflow that made the store, or a later one; install it"
        raise InputRefusedError([Problem("registry", None, None, required, f"a store of a later MLflow: {of_both}")])
    required = f"a store of this MLflow; copy {shown_address(store)} first, then upgrade it: kap train --upgrade-store"
    found = f"one of an earlier MLflow, which can't open it after an upgrade: {of_both}"
    raise InputRefusedError([Problem("registry", None, None, required, found)])


def upgrade(store: str) -> None:
    """Upgrade the tables of an earlier MLflow; that version can't open them afterwards."""
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine

    engine = create_sqlalchemy_engine(store)
    try:
        with asking_store("upgrade its tables"):
            _upgrade_db(engine)
    finally:
        engine.dispose()


@contextmanager
def read_as_it_is(store: str) -> Iterator[str]:
    """Within the block, a store of an earlier MLflow in SQLite is read from an upgraded copy; gives what to say of it.

    Other stores are left to `require_current`.
    """
    file, (state, _) = sqlite_file(store), state_of(store)
    if file is None or state != "older":
        yield ""
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = sqlite_address(shutil.copyfile(file, Path(scratch) / file.name))
        upgrade(copy)
        with standing_for(copy, store), store_at(copy):
            yield f"{file} is of an earlier MLflow: read from a temporary copy, and left as it is"


@contextmanager
def store_at(address: str) -> Iterator[None]:
    """Point MLflow at another store within the block."""
    before, kept = mlflow.get_tracking_uri(), {name: os.environ.pop(name, None) for name in _VARIABLES}
    os.environ["MLFLOW_TRACKING_URI"] = address
    mlflow.set_tracking_uri(address)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def made_by_one(store: str) -> Iterator[None]:
    """Let one process at a time make the tables of a store in SQLite; the others find them made."""
    file = sqlite_file(store)
    if file is None:
        yield
        return
    name = "".join(letter if letter.isalnum() else "-" for letter in str(file.resolve()))[-150:]
    user = os.getuid() if hasattr(os, "getuid") else 0
    with FileLock(Path(tempfile.gettempdir()) / f"kap-store-{user}{name}.lock"):
        yield


def _revision(store: str) -> str | None:
    """The revision in a database; ``None`` if it has no tables of MLflow."""
    from mlflow.store.db.utils import _get_schema_version, create_sqlalchemy_engine

    engine = create_sqlalchemy_engine(store)
    try:
        found = _get_schema_version(engine)
    finally:
        engine.dispose()
    return None if found is None else str(found)


@lru_cache(maxsize=1)
def _newest_revision() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())


@lru_cache(maxsize=1)
def _known_revisions() -> frozenset[str]:
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    scripts = ScriptDirectory.from_config(_get_alembic_config(""))
    return frozenset(script.revision for script in scripts.walk_revisions())
