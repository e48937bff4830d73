"""A Data Package descriptor of a cohort (datapackage.org, version 2), by which tools such as frictionless check tables.

It says of the tables what the declared columns say. It can't say what relates columns, rows or tables otherwise than by
a key; ``LIMITS`` names this, and `kap cohort check` has the last word.
"""

import csv
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.protocol.columns import TABLES, Column
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, InputRefusedError, Problem
from training.cohort.reader import FORMATS, read_protocol
from training.cohort.table import ArrowArray, TableFile, as_text, read_table
from training.exports.table_schema import Descriptor, StoredColumn, table_schema

_PROFILES = "https://datapackage.org/profiles/2.0/"
_ROWS = {
    "patients": "one row per patient",
    "prior_treatments": "one row per earlier treatment",
    "sessions": "one row per session",
    "assessments": "one row per rating",
    "events": "one row per event",
}
LIMITS = (
    "the range of a score by its instrument",
    "a session number that runs backwards in time, and a first dosing session that is not on day 0",
    "an end_day before its start_day",
    "a record after a death",
    "a table that is missing, or there twice",
    "the rules of protocol.toml",
)
"""What the format refuses and a descriptor can't say."""
_DESCRIPTION = (
    "A cohort in the intake format of KAP Outcomes under the protocol {name}. Days are whole numbers from day 0, the "
    "first dosing session; there are no dates. An empty cell means not recorded. A descriptor can't say everything. "
    "Only `kap cohort check` finds: {limits}."
)


def describe_format() -> Descriptor:
    """The intake format under the default protocol, as five CSV files beside the descriptor."""
    protocol = Protocol()
    resources = [_csv_resource(name, f"{name}.csv", table_schema(name, protocol, {})) for name in TABLES]
    return _package(protocol, resources)


def describe_folder(directory: Path, beside: Path) -> Descriptor:
    """The tables that are in a cohort's folder, under its protocol; paths are relative to the folder ``beside``.

    Raises ``InputRefusedError`` where no safe path leads from the descriptor to the tables, and
    ``CohortRefusedError`` for a file that can't be split into cells. Cells are not checked.
    """
    protocol = read_protocol(directory)
    paths = [path for name in TABLES for path in _files_of(directory, name)]
    if not paths:
        found = "none of them"
        raise CohortRefusedError([Problem(str(directory), None, None, "a folder with the tables of a cohort", found)])
    _refuse_unless_below(directory, beside)
    return _package(protocol, [_resource(path, _relative(path, beside), protocol) for path in paths])


def write_descriptor(descriptor: Mapping[str, object], path: Path) -> None:
    """Write a descriptor as JSON; the file appears when all of it is written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _package(protocol: Protocol, resources: Sequence[Descriptor]) -> Descriptor:
    sources = dict.fromkeys(scale.source for scale in protocol.instruments.values() if scale.source)
    name = re.sub(r"[^a-z0-9]+", "-", protocol.name.lower()).strip("-")
    return {
        "$schema": f"{_PROFILES}datapackage.json",
        "name": f"cohort-{name}" if name else "cohort",
        "title": f"Cohort under the protocol {protocol.name}",
        "description": _DESCRIPTION.format(name=protocol.name, limits="; ".join(LIMITS)),
        "sources": [{"title": source} for source in sources],
        "resources": list(resources),
    }


def _files_of(directory: Path, table: str) -> list[Path]:
    """The file of a table; both, where it is there as CSV and as Parquet."""
    return [path for suffix in FORMATS if (path := directory / f"{table}.{suffix}").is_file()]


def _refuse_unless_below(directory: Path, beside: Path) -> None:
    if not directory.resolve().is_relative_to(beside.resolve()):
        required = "a file in the cohort's folder or in a folder above it: a Data Package allows no other paths"
        raise InputRefusedError([Problem("--out", None, None, required, "a file in another folder")])


def _relative(path: Path, beside: Path) -> str:
    return path.resolve().relative_to(beside.resolve()).as_posix()


def _resource(path: Path, relative: str, protocol: Protocol) -> Descriptor:
    table = path.stem
    content = read_table(path, protocol.tables[table])
    if not content.complete:
        raise CohortRefusedError(content.problems)
    stored = {column.name: _stored(column, content) for column in protocol.tables[table]}
    if path.suffix == ".parquet":
        not_read = [name for name in pq.read_schema(path).names if name not in stored]
        # To frictionless, a null in a column of numbers is the number "nan".
        schema = table_schema(table, protocol, stored, not_read=not_read, missing=("", "nan"))
        kind: Descriptor = {"format": "parquet", "mediatype": "application/vnd.apache.parquet"}
        return _described(table, relative) | kind | {"schema": schema}
    not_read = [name for name in _header(path) if name not in stored]
    return _csv_resource(table, relative, table_schema(table, protocol, stored, not_read=not_read))


def _csv_resource(table: str, path: str, schema: Descriptor) -> Descriptor:
    dialect = {"$schema": f"{_PROFILES}tabledialect.json", "header": True, "delimiter": ",", "quoteChar": '"'}
    kind: Descriptor = {"format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "dialect": dialect}
    return _described(table, path) | kind | {"schema": schema}


def _described(table: str, path: str) -> Descriptor:
    profile = f"{_PROFILES}dataresource.json"
    return {"$schema": profile, "name": table, "type": "table", "path": path, "description": _ROWS[table]}


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _stored(column: Column, content: TableFile) -> StoredColumn:
    """How the file holds a column; a column that it lacks is as declared."""
    array = content.columns.get(column.name)
    if array is None:
        return StoredColumn()
    kind = array.type
    if column.kind == "flag":
        return StoredColumn(is_number=pa.types.is_integer(kind) or pa.types.is_floating(kind))
    return StoredColumn(decimals=column.kind in ("whole", "day") and _has_points(array))


def _has_points(array: ArrowArray) -> bool:
    if not pa.types.is_dictionary(array.type):
        return False
    return bool(pc.any(pc.match_substring(as_text(array)[1], ".")).as_py())
