"""A cohort in parts: every table is a folder of Parquet files, and files of one name are a cohort of their own.

`patients/site=north/part-0.parquet` and `assessments/site=north/part-0.parquet` have the same patients, and no other
part has any of them. So a part is read, and its predictions made, without the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from features.protocol.columns import TABLES, Column
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.file_names import PROTOCOL_FILE, refuse_other_protocol_name, require_folder
from training.cohort.parts.folder_keys import with_folder_keys
from training.cohort.parts.part_files import ENDING, File, part_files
from training.cohort.parts.remote import Place, RemoteFile, RemoteFolder
from training.cohort.reader import CohortReading, assemble_reading, protocol_in, read_protocol
from training.cohort.table import FORGIVING, STRICT, TableFile, TableRules
from training.cohort.table_reader import read_table


@dataclass(frozen=True)
class CohortPart:
    """A part of a cohort: ``name`` without the ending, such as "site=north/part-0", and its file of each table."""

    name: str
    files: Mapping[str, File]

    def place_of(self, table: str) -> str:
        """The file of a table in the folder of the cohort, for messages; another text is given back."""
        name = table.removesuffix(ENDING)
        return f"{name}/{self.name}{ENDING}" if name in TABLES else table


def is_in_parts(place: Place) -> bool:
    """Whether a cohort's folder has a folder of patients; one at a URL must have."""
    return isinstance(place, RemoteFolder) or (place / "patients").is_dir()


def parts_of(place: Place) -> list[CohortPart]:
    """The parts of a cohort, by name.

    Raises ``CohortRefusedError`` if a table lacks a file that another has, or is there as a file too, for every other
    file or folder that may hold records, and for a URL that can't be read.
    """
    files, problems = part_files(place)
    names = sorted(set().union(*files.values()))
    filled = [found for found in files.values() if found]
    if len(filled) > 1 and len(names) == sum(map(len, filled)):
        required = "files of the same names in every table's folder, one for each part, such as part-0.parquet"
        problems.append(Problem("patients", None, None, required, "no name that two tables have"))
    else:
        problems += [
            Problem(f"{table}/{name}{ENDING}", None, None, "a file of each table for every part", "none")
            for table, found in files.items()
            for name in names
            if name not in found
        ]
    if not (files.get("patients") or problems):
        problems.append(Problem("patients", None, None, f"files that end in {ENDING}", "none"))
    if problems:
        raise CohortRefusedError(problems)
    return [CohortPart(name, {table: found[name] for table, found in files.items()}) for name in names]


def protocol_of(place: Place) -> Protocol:
    """The protocol of a cohort, as ``read_protocol`` reads it, also at a URL."""
    if not isinstance(place, RemoteFolder):
        require_folder(place)
        return read_protocol(place)
    names = [name for name in place.names() if "/" not in name]
    for name in names:
        refuse_other_protocol_name(name)
    return protocol_in(place.content(PROTOCOL_FILE)) if PROTOCOL_FILE in names else Protocol()


def read_part(part: CohortPart, protocol: Protocol, *, strict: bool) -> CohortReading:
    """The patients of a part as a cohort, as ``read_with_repairs`` reads one.

    Raises ``CohortRefusedError`` with every problem, at the files of the part.
    """
    rules = STRICT if strict else FORGIVING
    tables = {
        table: _renamed(_table(file, protocol.tables[table], rules), f"{table}{ENDING}")
        for table, file in part.files.items()
    }
    try:
        tables = with_folder_keys(tables, part.name, protocol, strict=strict)
        reading = assemble_reading(tables, protocol, [], strict=strict)
    except CohortRefusedError as refused:
        raise CohortRefusedError(at_files(refused.problems, part)) from None
    return replace(reading, repairs=tuple(replace(one, table=part.place_of(one.table)) for one in reading.repairs))


def at_files(problems: Iterable[Problem], part: CohortPart) -> list[Problem]:
    """The problems of a part's tables, at its files."""
    return [replace(problem, place=part.place_of(problem.place)) for problem in problems]


def _table(file: File, declared: Sequence[Column], rules: TableRules) -> TableFile:
    if isinstance(file, RemoteFile):
        with file.copied() as copy:
            return read_table(copy, declared, rules)
    try:
        return read_table(file, declared, rules)
    except FileNotFoundError:
        required = "a file that is there under this path wherever parts are read, also on every worker"
        return TableFile(file.name, problems=(Problem(file.name, None, None, required, "none"),), complete=False)


def _renamed(table: TableFile, name: str) -> TableFile:
    """A part's table under the name of a file of all patients; a column that is not read counts once over all parts."""
    return replace(
        table,
        name=name,
        problems=tuple(replace(problem, place=name) for problem in table.problems),
        repairs=tuple(replace(one, table=name) for one in table.repairs),
        not_read=tuple(one.removesuffix(table.name) + name.removesuffix(ENDING) for one in table.not_read),
    )
