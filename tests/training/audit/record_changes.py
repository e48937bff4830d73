"""Random changes to everything behind a promoted model, made behind the back of the software that wrote it."""

import math
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.training.audit.stores import PromotedStores

Rng = np.random.Generator


@dataclass(frozen=True)
class StoreChange:
    """A change by hand: its ``kind``, and ``what`` was changed, for the reader of a failed test."""

    kind: str
    what: str


def random_change(stores: PromotedStores, rng: Rng) -> StoreChange:
    """Make one change of a random kind, and say what it was."""
    kinds, weights = list(KINDS), np.array([weight for _, weight in KINDS.values()], dtype=float)
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    return StoreChange(kind, KINDS[kind][0](stores, rng))


def another_byte(files: Callable[[PromotedStores], list[Path]]) -> Callable[[PromotedStores, Rng], str]:
    """Changes a byte somewhere in one of the files."""

    def change(stores: PromotedStores, rng: Rng) -> str:
        path = _one(files(stores), rng)
        content = bytearray(path.read_bytes())
        at = int(rng.integers(len(content)))
        content[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(content))
        return f"byte {at} of {path.relative_to(stores.folder)}"

    return change


def lost_file(files: Callable[[PromotedStores], list[Path]]) -> Callable[[PromotedStores, Rng], str]:
    """Deletes one of the files."""

    def change(stores: PromotedStores, rng: Rng) -> str:
        path = _one(files(stores), rng)
        path.unlink()
        return f"{path.relative_to(stores.folder)} deleted"

    return change


def added_file(stores: PromotedStores, rng: Rng) -> str:
    """A nicer figure beside an artifact."""
    path = _one(artifacts(stores), rng).with_name("nicer.png")
    path.write_bytes(b"a nicer figure")
    return f"{path.relative_to(stores.folder)} added"


def artifacts(stores: PromotedStores) -> list[Path]:
    """The artifacts of the champion's training and evaluation, and its model's files."""
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as database:
        runs = database.execute(CHAMPIONS_RUNS).fetchall()
        models = database.execute(
            "SELECT model_id FROM logged_models WHERE source_run_id IN (SELECT run_id FROM "
            "model_versions WHERE version = 2)"
        ).fetchall()
    names = {str(name) for (name,) in (*runs, *models)}
    return [path for path in _content(stores.folder / "mlruns") if names & set(path.parts)]


def copied(stores: PromotedStores) -> list[Path]:
    """The files of the champion's copy that the service reads."""
    (copy,) = (path for path in stores.copies.glob("*/") if "mlflow_version: '2'" in (path / "model.yaml").read_text())
    return _content(copy)


def another_value(database: str, tables: Mapping[str, str] | None = None) -> Callable[[PromotedStores, Rng], str]:
    """Changes a value in a row: a character of a text, the last bit of a number.

    ``tables`` names those that may be meant, with the condition on the row; without it, every table.
    """

    def change(stores: PromotedStores, rng: Rng) -> str:
        with closing(sqlite3.connect(stores.folder / database)) as store, store:
            _without_triggers(store)
            while True:
                table, row, columns = _row(store, tables, rng)
                column = _one([name for name in columns if _says_something(table, name, columns[name])], rng)
                value = _other(columns[column], rng)
                try:
                    store.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))
                except sqlite3.IntegrityError:
                    continue  # a value that the table does not take
                return f"{column} of a row of {table} in {database}: {columns[column]!r:.60} became {value!r:.60}"

    return change


def lost_row(database: str, tables: Mapping[str, str] | None = None) -> Callable[[PromotedStores, Rng], str]:
    """Deletes a row of a table."""

    def change(stores: PromotedStores, rng: Rng) -> str:
        with closing(sqlite3.connect(stores.folder / database)) as store, store:
            _without_triggers(store)
            table, row, columns = _row(store, tables, rng)
            store.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
        return f"a row of {table} in {database} deleted: {str(columns)[:200]}"

    return change


def put_back(*parts: str) -> Callable[[PromotedStores, Rng], str]:
    """Puts stores back to the day before version 2; without names, all of them."""

    def change(stores: PromotedStores, _: Rng) -> str:
        stores.put_back(stores.kept / "after-1", *parts)
        return f"{', '.join(parts) or 'everything'} put back"

    return change


def another_pointer(stores: PromotedStores, _: Rng) -> str:
    """The service's pointer names the copy of version 1."""
    pointer = stores.copies / "latest"
    (other,) = (path.name for path in stores.copies.glob("*/") if path.name != pointer.read_text().strip())
    pointer.write_text(other)
    return f"latest is {other}"


def foreign_entry(stores: PromotedStores, _: Rng) -> str:
    """An entry that names no version of this registry answers, with a bundle in which all agrees."""
    source = next(
        path for path in stores.copies.glob("*/") if "mlflow_version: '1'" in (path / "model.yaml").read_text()
    )
    target = stores.copies / "zzzzzzzzzzzzzzzz"
    shutil.copytree(source, target)
    details = target / "model.yaml"
    text = details.read_text().replace(source.name, target.name).replace("mlflow_version: '1'", "mlflow_version: '2'")
    details.write_text(text)
    (stores.copies / "latest").write_text(target.name)
    return "a foreign entry answers"


def run_deleted(stores: PromotedStores, rng: Rng) -> str:
    """A run of the champion's record is marked as deleted, or is gone."""
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store, store:
        run = _one([str(run) for (run,) in store.execute(CHAMPIONS_RUNS)], rng)
        if rng.random() < 0.5:
            store.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", (run,))
            return f"run {run} marked as deleted"
        for table in ("runs", "params", "metrics", "latest_metrics", "tags"):
            store.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (run,))
    return f"run {run} is gone"


def version_deleted(stores: PromotedStores, rng: Rng) -> str:
    """A version is gone from the registry."""
    version = int(rng.integers(1, 3))
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store, store:
        for table in ("model_versions", "model_version_tags", "registered_model_aliases"):
            store.execute(f"DELETE FROM {table} WHERE version = ?", (version,))
    return f"version {version} is gone"


def registry_gone(stores: PromotedStores, rng: Rng) -> str:
    """The registered model is deleted, or has another name."""
    deleted = rng.random() < 0.5
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store, store:
        store.execute("PRAGMA foreign_keys = OFF")
        for table in (
            "registered_models",
            "model_versions",
            "model_version_tags",
            "registered_model_tags",
            "registered_model_aliases",
        ):
            if deleted:
                store.execute(f"DELETE FROM {table}")
            else:
                store.execute(f"UPDATE {table} SET name = 'another-name'")
    return f"the registered model is {'gone' if deleted else 'renamed'}"


def alias_set_by_hand(stores: PromotedStores, _: Rng) -> str:
    """Version 1 is called champion."""
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store, store:
        store.execute("UPDATE registered_model_aliases SET version = 1 WHERE alias = 'champion'")
    return "the alias champion names version 1"


def experiment_gone(stores: PromotedStores, rng: Rng) -> str:
    """The experiment of the training is deleted, or has another name."""
    deleted = rng.random() < 0.5
    column, value = ("lifecycle_stage", "deleted") if deleted else ("name", "another name")
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store, store:
        store.execute(
            f"UPDATE experiments SET {column} = ? WHERE experiment_id IN "
            "(SELECT experiment_id FROM runs WHERE run_uuid IN (SELECT run_id FROM model_versions WHERE version = 2))",
            (value,),
        )
    return f"the experiment is {value}"


CHAMPIONS_RUNS = """
WITH RECURSIVE below(run) AS (
  SELECT run_id FROM model_versions WHERE version = 2
  UNION SELECT run_uuid FROM tags WHERE key = 'model_run_id' AND value IN
    (SELECT run_id FROM model_versions WHERE version = 2)
  UNION SELECT tags.run_uuid FROM tags JOIN below ON tags.key = 'mlflow.parentRunId' AND tags.value = below.run
) SELECT run FROM below
"""
OF_THE_RUNS = f"run_uuid IN ({CHAMPIONS_RUNS})"
OF_THE_MODEL = (
    "model_id IN (SELECT model_id FROM logged_models WHERE source_run_id IN "
    "(SELECT run_id FROM model_versions WHERE version = 2))"
)
RECORD: dict[str, str] = {
    "params": OF_THE_RUNS,
    "metrics": OF_THE_RUNS,
    "latest_metrics": OF_THE_RUNS,
    "tags": OF_THE_RUNS,
    "runs": OF_THE_RUNS,
    "model_versions": "version = 2",
    "model_version_tags": "version = 2",
    "registered_models": "1",
    "registered_model_aliases": "alias = 'champion'",
    "logged_models": OF_THE_MODEL,
    "logged_model_params": OF_THE_MODEL,
    "logged_model_tags": OF_THE_MODEL,
    "logged_model_metrics": OF_THE_MODEL,
}
"""Where MLflow keeps the record of the champion."""
NOT_READ: dict[str, tuple[str, ...]] = {
    "runs": ("source_type",),
    "model_versions": ("last_updated_time",),
    "registered_models": ("creation_time", "last_updated_time"),
    "logged_models": ("last_updated_timestamp_ms",),
    "logged_model_params": ("experiment_id",),
    "logged_model_tags": ("experiment_id",),
    "logged_model_metrics": ("experiment_id",),
}
"""Columns of the record that say nothing about it, by table: nothing finds a change, and the guide names them."""
KINDS: dict[str, tuple[Callable[[PromotedStores, Rng], str], float]] = {
    "a byte of an artifact": (another_byte(artifacts), 40),
    "a lost artifact": (lost_file(artifacts), 15),
    "an added artifact": (added_file, 10),
    "a value of the record": (another_value("mlflow.db", RECORD), 60),
    "a lost row of the record": (lost_row("mlflow.db", RECORD), 25),
    "a value of a decision": (another_value("decisions.db"), 25),
    "a lost row of the decisions": (lost_row("decisions.db"), 12),
    "a value of the prediction log": (another_value("log/predictions.db"), 20),
    "a lost row of the prediction log": (lost_row("log/predictions.db"), 10),
    "a byte of the served copy": (another_byte(copied), 20),
    "a lost file of the served copy": (lost_file(copied), 8),
    "another copy answers": (another_pointer, 5),
    "a foreign copy answers": (foreign_entry, 4),
    "tracking put back": (put_back("mlflow.db", "mlruns"), 4),
    "decisions put back": (put_back("decisions.db"), 4),
    "model store put back": (put_back("bentoml"), 4),
    "prediction log put back": (put_back("log"), 4),
    "tracking and decisions put back": (put_back("mlflow.db", "mlruns", "decisions.db"), 3),
    "decisions and models put back": (put_back("decisions.db", "bentoml"), 3),
    "everything put back": (put_back(), 4),
    "a deleted run": (run_deleted, 8),
    "a deleted version": (version_deleted, 5),
    "a registry that is gone": (registry_gone, 5),
    "an alias moved by hand": (alias_set_by_hand, 4),
    "an experiment that is gone": (experiment_gone, 4),
}
"""Every kind of change, and how often it is drawn."""


def _says_something(table: str, column: str, value: Any) -> bool:
    """Whether a value is part of the record: an address of no artifacts is not."""
    if value in (None, "") or column in NOT_READ.get(table, ()):
        return False
    return column != "artifact_uri" or Path(str(value)).is_dir()


def _content(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def _one(values: list[Any], rng: Rng) -> Any:
    return values[int(rng.integers(len(values)))]


def _row(store: sqlite3.Connection, tables: Mapping[str, str] | None, rng: Rng) -> tuple[str, int, dict[str, Any]]:
    """A row of a table that has one: the table's name, the row's id and its columns."""
    names = dict(tables or dict.fromkeys(_tables(store), "1"))
    while True:
        table = _one(list(names), rng)
        rows = store.execute(f"SELECT rowid, * FROM {table} WHERE {names[table]} ORDER BY rowid")
        heads = [column[0] for column in rows.description][1:]
        found = rows.fetchall()
        if found:
            row, *values = _one(found, rng)
            return table, int(row), dict(zip(heads, values, strict=True))


def _tables(store: sqlite3.Connection) -> Iterator[str]:
    rows = store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    yield from (str(name) for (name,) in rows.fetchall() if store.execute(f"SELECT 1 FROM {name}").fetchone())


def _without_triggers(store: sqlite3.Connection) -> None:
    """Who holds the file can drop what forbids a change."""
    for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        store.execute(f"DROP TRIGGER {name}")
    store.execute("PRAGMA foreign_keys = OFF")


def _other(value: Any, rng: Rng) -> Any:
    if isinstance(value, float):
        return math.nextafter(value, math.inf)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        at = int(rng.integers(len(value)))
        return value[:at] + bytes([value[at] ^ int(rng.integers(1, 256))]) + value[at + 1 :]
    at, letter = int(rng.integers(len(value) + 1)), chr(int(rng.integers(97, 123)))
    return value[:at] + ("0" if letter == value[at : at + 1] else letter) + value[at + 1 :]
