"""A Data Package descriptor of a cohort (datapackage.org, version 2), by which tools such as frictionless check tables.

It says of the tables what the declared columns say. It can't say what relates columns, rows or tables otherwise than by
a key; ``LIMITS`` names this, and `kap cohort check` has the last word.
"""

import csv
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.protocol.columns import TABLES, Column
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, InputRefusedError, Problem
from training.cohort.cell_repairs import repair_cells
from training.cohort.file_names import table_paths
from training.cohort.parts.part import is_in_parts
from training.cohort.reader import read_protocol
from training.cohort.table import FORGIVING, ArrowArray, TableFile, as_text, is_text
from training.cohort.table_reader import read_table
from training.cohort.text.file_text import UTF_8
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
    "a session before day 0 that is no preparation, and a rating after a dose before day 0",
    "item 9 beside another scale than its own",
    "an end_day before its start_day",
    "a fraction where the file writes whole numbers with decimals, and a point that may part thousands",
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
    ``CohortRefusedError`` for a file that can't be split into cells or whose columns are in doubt: described as columns
    that are not read, they would pass. Cells are not checked.
    """
    protocol = read_protocol(directory)
    if is_in_parts(directory):
        required = "a cohort in files: a descriptor lists one file for each table"
        raise CohortRefusedError([Problem("patients", None, None, required, "a folder, as of a cohort in parts")])
    paths, problems = table_paths(directory)
    if problems:
        raise CohortRefusedError(problems)
    _refuse_unless_below(directory, beside)
    ordered = [paths[name] for name in TABLES if name in paths]
    return _package(protocol, [_resource(path, _relative(path, beside), protocol) for path in ordered])


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


def _refuse_unless_below(directory: Path, beside: Path) -> None:
    if not directory.resolve().is_relative_to(beside.resolve()):
        required = "a file in the cohort's folder or in a folder above it: a Data Package allows no other paths"
        raise InputRefusedError([Problem("--out", None, None, required, "a file in another folder")])


def _relative(path: Path, beside: Path) -> str:
    return path.resolve().relative_to(beside.resolve()).as_posix()


def _resource(path: Path, relative: str, protocol: Protocol) -> Descriptor:
    table = path.stem
    content = read_table(path, protocol.tables[table], FORGIVING)
    if content.problems:
        raise CohortRefusedError(content.problems)
    refused = {column for _, column in repair_cells(content, protocol.tables[table], frozenset()).wrong}
    stored = {column.name: _stored(column, content, refused) for column in protocol.tables[table]}
    if path.suffix == ".parquet":
        not_read = _not_read(pq.read_schema(path).names, table, protocol)
        # To frictionless, a null in a column of numbers is the number "nan".
        schema = table_schema(table, protocol, stored, not_read=not_read, missing=("", "nan"))
        kind: Descriptor = {"format": "parquet", "mediatype": "application/vnd.apache.parquet"}
        return _described(table, relative) | kind | {"schema": schema}
    names = _header(path, content.separator, content.encoding)
    schema = table_schema(table, protocol, stored, not_read=_not_read(names, table, protocol))
    return _csv_resource(table, relative, schema, content.separator, content.encoding)


def _not_read(names: Sequence[str], table: str, protocol: Protocol) -> list[str]:
    """The columns with another name than the declared ones; a field must have a name."""
    declared = {column.name for column in protocol.tables[table]}
    return [name for name in names if name and name not in declared]


def _csv_resource(table: str, path: str, schema: Descriptor, separator: str = ",", encoding: str = UTF_8) -> Descriptor:
    dialect = {"$schema": f"{_PROFILES}tabledialect.json", "header": True, "delimiter": separator, "quoteChar": '"'}
    kind: Descriptor = {"format": "csv", "mediatype": "text/csv", "encoding": encoding.lower(), "dialect": dialect}
    return _described(table, path) | kind | {"schema": schema}


def _described(table: str, path: str) -> Descriptor:
    profile = f"{_PROFILES}dataresource.json"
    return {"$schema": profile, "name": table, "type": "table", "path": path, "description": _ROWS[table]}


def _header(path: Path, separator: str, encoding: str) -> list[str]:
    """The names in the first line, as the file spells them."""
    with path.open(encoding=encoding, newline="") as file:
        return next(csv.reader([file.readline().removeprefix("\ufeff")], delimiter=separator), [])


def _stored(column: Column, content: TableFile, refused: Collection[str]) -> StoredColumn:
    """How the file holds a column; of text with ``refused`` cells, whose commas and points may mean two things, as if
    it were in order.
    """
    array = content.columns.get(column.name)
    if array is None:
        return StoredColumn(absent=True)
    if not is_text(array):
        return StoredColumn(is_number=pa.types.is_integer(array.type) or pa.types.is_floating(array.type))
    if column.name in refused:
        return StoredColumn()
    is_whole, is_number = column.kind in ("whole", "day"), column.kind in ("whole", "day", "number")
    comma = is_number and _has(array, r"^[+-]?\d+,\d+$")
    return StoredColumn(decimals=is_whole and (comma or _has(array, r"\.")), decimal_comma=comma)


def _has(array: ArrowArray, pattern: str) -> bool:
    """Whether any text of a column has the pattern."""
    return bool(pc.any(pc.match_substring_regex(as_text(array)[1], pattern)).as_py())
