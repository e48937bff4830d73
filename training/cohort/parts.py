"""A cohort in parts: every table is a folder of Parquet files, and files of one name are a cohort of their own.

`patients/site=north/part-0.parquet` and `assessments/site=north/part-0.parquet` have the same patients, and no other
part has any of them. So a part is read, and its predictions made, without the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pyarrow as pa

from features.protocol.columns import TABLES
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.reader import CohortReading, assemble_reading
from training.cohort.table import FORGIVING, STRICT, TableFile
from training.cohort.table_reader import read_table

SITE_KEYS = ("site", "site_id")
"""What a folder's name may begin with that says the site of its patients, as in `site=north`."""
ENDING = ".parquet"


@dataclass(frozen=True)
class CohortPart:
    """A part of a cohort: ``name`` without the ending, such as "site=north/part-0", and its file of each table."""

    name: str
    paths: Mapping[str, Path]

    @property
    def site(self) -> str | None:
        """The site that a folder names, if one does."""
        named = [folder.partition("=") for folder in PurePosixPath(self.name).parts[:-1]]
        return next((value for key, _, value in named if key in SITE_KEYS), None)


def is_in_parts(directory: Path) -> bool:
    """Whether a cohort's folder has a folder of patients."""
    return (directory / "patients").is_dir()


def parts_of(directory: Path) -> list[CohortPart]:
    """The parts of a cohort, by name.

    Raises ``CohortRefusedError`` if a table lacks a file that another has, or is there as a file too.
    """
    files = {table: _files(directory / table) for table in TABLES if (directory / table).is_dir()}
    names = sorted(set().union(*files.values()))
    problems = [
        Problem(f"{table}/{name}{ENDING}", None, None, "a file of each table for every part", "none")
        for table, found in files.items()
        for name in names
        if name not in found
    ]
    problems += [
        Problem(path.name, None, None, f"this table in the folder {path.stem}, or all tables as files", "both")
        for path in sorted(directory.iterdir())
        if path.stem in TABLES and path.is_file()
    ]
    if not names:
        problems.append(Problem("patients", None, None, f"files that end in {ENDING}", "none"))
    if problems:
        raise CohortRefusedError(problems)
    return [CohortPart(name, {table: found[name] for table, found in files.items()}) for name in names]


def read_part(part: CohortPart, protocol: Protocol, *, strict: bool) -> CohortReading:
    """The patients of a part as a cohort, as ``read_with_repairs`` reads one.

    Raises ``CohortRefusedError`` with every problem, at the files of the part.
    """
    rules = STRICT if strict else FORGIVING
    tables = {
        table: _renamed(read_table(path, protocol.tables[table], rules), f"{table}{ENDING}")
        for table, path in part.paths.items()
    }
    try:
        reading = assemble_reading(_with_site(tables, part), protocol, [], strict=strict)
    except CohortRefusedError as refused:
        raise CohortRefusedError([replace(one, place=_place(one.place, part)) for one in refused.problems]) from None
    return replace(reading, repairs=tuple(replace(one, table=_place(one.table, part)) for one in reading.repairs))


def _files(folder: Path) -> dict[str, Path]:
    """The Parquet files of a folder and those below it, by their path without the ending; hidden ones left out."""
    found = {path.relative_to(folder): path for path in folder.rglob(f"*{ENDING}")}
    shown = {name: path for name, path in found.items() if not any(each.startswith((".", "_")) for each in name.parts)}
    return {name.with_suffix("").as_posix(): path for name, path in shown.items()}


def _renamed(table: TableFile, name: str) -> TableFile:
    problems = tuple(replace(problem, place=name) for problem in table.problems)
    return replace(
        table, name=name, problems=problems, repairs=tuple(replace(one, table=name) for one in table.repairs)
    )


def _with_site(tables: dict[str, TableFile], part: CohortPart) -> dict[str, TableFile]:
    """The tables with the site that the part's folder names."""
    patients = tables["patients"]
    if part.site is None or not patients.columns:
        return tables
    if "site_id" in patients.columns:
        required = "the site in this column or in the name of the folder, not in both"
        problem = Problem(patients.name, None, "site_id", required, "both")
        return tables | {"patients": replace(patients, problems=(*patients.problems, problem))}
    site = pa.array([part.site] * len(patients.rows), pa.string()).dictionary_encode()
    return tables | {"patients": replace(patients, columns={**patients.columns, "site_id": site})}


def _place(name: str, part: CohortPart) -> str:
    """The file of a part that a table's file stands for."""
    table = name.removesuffix(ENDING)
    return f"{table}/{part.name}{ENDING}" if table in TABLES else name
