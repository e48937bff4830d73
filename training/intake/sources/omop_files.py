"""Reads the tables of an OMOP data model from a folder of CSV or Parquet files, only the columns that are needed."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.sources.omop_tables import (
    CLINICAL,
    VOCABULARY,
    ArrowTable,
    check_columns,
    names_in_any_case,
    typed,
)

_KNOWN = (*CLINICAL, *VOCABULARY)
_ENDINGS = (".csv", ".parquet")
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class OmopFiles:
    """The files of a folder by the table that each holds; ``not_read`` are those that hold none."""

    folder: Path
    files: dict[str, Path]
    not_read: tuple[str, ...]

    def clinical(self, table: str) -> ArrowTable | None:
        """A clinical table, whole; None where there is no file."""
        if table not in self.files:
            return None
        content = pa.concat_tables(self._batches(table))
        return typed(self.place(table), content)

    def rows_about(self, table: str, column: str, ids: Iterable[int]) -> ArrowTable | None:
        """The rows of a table of the vocabularies with one of the ids in a column, read in portions."""
        if table not in self.files:
            return None
        wanted = pa.array(sorted(ids), pa.int64())
        portions = (typed(self.place(table), batch) for batch in self._batches(table))
        return pa.concat_tables([one.filter(pc.is_in(one.column(column), wanted)) for one in portions])

    def place(self, table: str) -> str:
        """What a problem calls a table."""
        return self.files[table].name

    def digest(self, table: str) -> tuple[str, str]:
        """A table's file and its SHA-256."""
        with self.files[table].open("rb") as file:
            return self.files[table].name, hashlib.file_digest(file, "sha256").hexdigest()

    def _batches(self, table: str) -> Iterator[ArrowTable]:
        path, wanted = self.files[table], (CLINICAL | VOCABULARY)[table]
        try:
            yield from (_parquet if path.suffix.casefold() == ".parquet" else _csv)(path, table, wanted)
        except pa.ArrowInvalid as error:
            found = "text that is not UTF-8" if "UTF8" in str(error) else "one that can't be read"
            raise _refused(path.name, "a table in CSV with commas or tabs and UTF-8, or in Parquet", found) from None
        except OSError:
            raise _refused(path.name, "a file that can be read", "a file that can't be opened") from None


def find_files(folder: Path) -> OmopFiles:
    """The tables of a folder, their names in any case. Raises ``CohortRefusedError`` without ``person``, or for two."""
    files: dict[str, Path] = {}
    not_read = []
    for path in sorted(folder.iterdir()):
        table = path.stem.casefold()
        if table not in _KNOWN or path.suffix.casefold() not in _ENDINGS or not path.is_file():
            not_read.append(path.name)
        elif table in files:
            raise _refused(path.name, f"one file for the table {table}", "a second one")
        else:
            files[table] = path
    if "person" not in files:
        required = "a folder with the table person of the OMOP Common Data Model as person.csv or person.parquet"
        raise _refused("SOURCE", required, "none of this name")
    return OmopFiles(folder, files, tuple(not_read))


def _refused(place: str, required: str, found: str) -> CohortRefusedError:
    return CohortRefusedError([Problem(place, None, None, required, found)])


def _csv(path: Path, table: str, wanted: tuple[str, ...]) -> Iterator[ArrowTable]:
    with path.open("rb") as file:
        header = file.readline().decode("utf-8-sig", "replace")
    delimiter = "\t" if header.count("\t") > header.count(",") else ","
    names = [name.strip().strip('"') for name in header.rstrip("\r\n").split(delimiter)]
    there = names_in_any_case(names, wanted)
    check_columns(path.name, table, list(there))
    reader = pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=list(there.values()),
            column_types=dict.fromkeys(there.values(), pa.string()),
            strings_can_be_null=True,
            null_values=["", "NULL", "\\N"],
        ),
    )
    empty = pa.schema([(name, pa.string()) for name in there])
    yield empty.empty_table()
    for batch in reader:
        yield pa.Table.from_batches([batch]).rename_columns(list(there))


def _parquet(path: Path, table: str, wanted: tuple[str, ...]) -> Iterator[ArrowTable]:
    file = pq.ParquetFile(path)
    there = names_in_any_case(file.schema_arrow.names, wanted)
    check_columns(path.name, table, list(there))
    spelt = {name: own for own, name in there.items()}
    fields: list[Any] = [file.schema_arrow.field(name) for name in there.values()]
    schema = pa.schema([pa.field(spelt[one.name], one.type) for one in fields])
    yield schema.empty_table()
    for batch in file.iter_batches(columns=list(there.values())):
        yield pa.Table.from_batches([batch]).select(list(there.values())).rename_columns(list(there))
