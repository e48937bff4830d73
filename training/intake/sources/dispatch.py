"""Finds what kind of source lies at a place and reads it: a file, a folder, or a database by its URL."""

import re
from collections.abc import Sequence
from pathlib import Path

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.source import Source
from training.intake.sources import delimited, redcap, workbook

STATISTICAL = (".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt")
DATABASE = ("postgresql://", "postgres://", "postgresql+")
_OLDER = (".xls", ".ods", ".numbers", ".xlsb")
_OMOP_TABLES = frozenset({"measurement", "observation", "drug_exposure", "condition_occurrence"})
REQUIRED = "a CSV, TSV, Excel (.xlsx), SPSS, Stata or SAS file, a folder of such files, or a postgresql:// address"


def read_source(location: str | Path) -> Source:
    """The source at a path or a database's address. Raises ``CohortRefusedError`` with every problem found."""
    if isinstance(location, str) and location.startswith(DATABASE):
        return _omop(location)
    path = Path(location)
    if not path.exists():
        named = Path("SOURCE") if is_address(location) else path
        raise _refusal(named, "an existing file or folder, or a postgresql:// address", "none with this name")
    return _folder(path) if path.is_dir() else _files([path], path)


def is_address(location: str | Path) -> bool:
    """Whether a location is, or was meant as, the address of a database: it may hold a password, so it is not shown."""
    return bool(re.match(r"\w[\w+.-]+:/|.*:.*@", str(location)))


def _folder(path: Path) -> Source:
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith((".", "~$")))
    stems = {one.stem.casefold() for one in files}
    if "person" in stems and stems & _OMOP_TABLES:
        return _omop(path)
    return _files(files, path)


def _omop(location: str | Path) -> Source:
    from training.intake.sources.omop import read_omop

    return read_omop(location)


def _files(files: Sequence[Path], location: Path) -> Source:
    """The files of one kind; a folder with several kinds is refused, because a mapping is of one kind."""
    readable = {
        "text": [one for one in files if one.suffix.casefold() in delimited.SUFFIXES],
        "workbook": [one for one in files if one.suffix.casefold() in workbook.SUFFIXES],
        "statistical": [one for one in files if one.suffix.casefold() in STATISTICAL],
    }
    kinds = [kind for kind, paths in readable.items() if paths]
    if len(kinds) > 1:
        raise _refusal(location, "files of one kind: name one of them instead of the folder", "files of several kinds")
    if not kinds:
        older = any(one.suffix.casefold() in _OLDER for one in files)
        found = "a spreadsheet in another format; save it as .xlsx or CSV" if older else "no such file"
        raise _refusal(location, REQUIRED, found)
    chosen = readable[kinds[0]]
    source = _read(kinds[0], chosen)
    left = tuple(f"{one.name}: no table" for one in files if one not in chosen)
    return Source(source.kind, source.tables, source.digests, (*source.not_read, *left))


def _read(kind: str, paths: Sequence[Path]) -> Source:
    if kind == "text":
        return _text_files(paths)
    if kind == "workbook":
        return _joined([workbook.read_workbook(one) for one in paths])
    from training.intake.sources.statistical import read_statistical

    return _joined([read_statistical(one) for one in paths])


def _joined(sources: Sequence[Source]) -> Source:
    """Several files of one kind as one source; tables of one name are told apart by their place."""
    names = [name for source in sources for name in source.tables]
    tables = {
        table.place if names.count(name) > 1 else name: table
        for source in sources
        for name, table in source.tables.items()
    }
    digests = {name: digest for source in sources for name, digest in source.digests.items()}
    return Source(sources[0].kind, tables, digests, tuple(one for source in sources for one in source.not_read))


def _text_files(paths: Sequence[Path]) -> Source:
    read = _joined([delimited.read_delimited(one) for one in paths])
    dictionaries = [table for table in read.tables.values() if redcap.is_dictionary(table)]
    exports = [table for table in read.tables.values() if not redcap.is_dictionary(table)]
    if not dictionaries and not any(redcap.is_export(table) for table in exports):
        return read
    if not exports:
        raise _refusal(paths[0], "the export beside the data dictionary", "the dictionary alone")
    fields = {name: field for table in dictionaries for name, field in redcap.dictionary_fields(table).items()}
    notes = tuple(f"read {table.name} as the data dictionary" for table in dictionaries)
    described = [redcap.described(table, fields, notes) for table in exports]
    return Source("redcap", {table.name: table for table in described}, read.digests, read.not_read)


def _refusal(path: Path, required: str, found: str) -> CohortRefusedError:
    return CohortRefusedError([Problem(path.name, None, None, required, found)])
