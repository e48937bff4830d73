"""Which file of a folder is which table; a name that is nearly a table's is refused, so that no table goes unread."""

import difflib
import re
from pathlib import Path

from features.protocol.columns import TABLES
from features.protocol.problems import CohortRefusedError, Problem, ProtocolRefusedError

PROTOCOL_FILE = "protocol.toml"
IMPORT_RECORD = "import.json"
"""Says which import made the cohort; a training records it."""
DESCRIPTOR = "datapackage.json"
"""Describes the tables to other tools; `kap cohort schema` writes it."""
STUDY_FILE = "study.toml"
"""What only the authors can answer; `training.report.authors` reads it."""
_OWN_FILES = (PROTOCOL_FILE, IMPORT_RECORD, DESCRIPTOR, STUDY_FILE)
FORMATS = ("csv", "parquet")
_TEXT_SUFFIXES = ("csv", "tsv", "tab", "txt", "dat", "json", "jsonl", "bak", "old", "orig")
_OTHER_SUFFIXES = ("parquet", "pq", "feather", "arrow", "xlsx", "xls", "xlsm", "ods", "sav", "dta", "sas7bdat", "rds")
_DATA_SUFFIXES = frozenset((*_TEXT_SUFFIXES, *_OTHER_SUFFIXES, "zip", "gz", "bz2", "xz", "7z"))
"""Endings that a table may have been given; a text or a picture about a table has others."""
_NEAR = 0.8
"""Least similarity of two names of which one may be a misspelling of the other, as `difflib` measures it."""


def require_folder(directory: Path) -> None:
    """Raise ``CohortRefusedError`` unless there is such a folder and this user may open it."""
    found = "none with this name" if not directory.exists() else "a file" if not directory.is_dir() else None
    if found is None:
        try:
            next(directory.iterdir(), None)
        except OSError:
            found = "one that can't be opened"
    if found is not None:
        raise CohortRefusedError([Problem(str(directory), None, None, "a folder with the tables of a cohort", found)])


def table_paths(directory: Path) -> tuple[dict[str, Path], list[Problem]]:
    """The file of each present table, and a problem for each table in two files or under another name."""
    paths: dict[str, Path] = {}
    problems = []
    readable = {f"{name}.{suffix}": name for name in TABLES for suffix in FORMATS}
    for path in sorted(directory.iterdir()):
        name = readable.get(path.name)
        if name is None:
            meant = meant_table(path.name)
            if meant is not None:
                where = f"as {meant}.csv or {meant}.parquet"
                problems.append(problem_of_name(path.name, meant, where, "a file of another name or format"))
        elif name in paths:
            required = f"this table in one file, {name}.csv or {name}.parquet"
            problems.append(Problem(path.name, None, None, required, "both"))
        else:
            paths[name] = path
    if "patients" not in paths and not any(meant_table(problem.place) == "patients" for problem in problems):
        problems.append(Problem("patients.csv", None, None, "this file, or patients.parquet", "neither"))
    return paths, problems


def problem_of_name(name: str, meant: str, where: str, found: str) -> Problem:
    """The problem of what is likely to be a table but is named otherwise; ``where`` tells how the table is found."""
    required = f"this table {where}" + ("" if _first_part(name) == meant else ", and other files elsewhere")
    return Problem(name, None, None, required, found)


def meant_table(file_name: str) -> str | None:
    """The table that a file of this name is, or is likely to be; ``None`` for another file.

    It is the table whose name begins the file's, stands in it as a word, or is nearly its name. A hidden file is none,
    nor one by which a spreadsheet locks another.
    """
    first = _first_part(file_name)
    if first in TABLES:
        return first
    if file_name.startswith((".", "~$")) or not _DATA_SUFFIXES & set(file_name.casefold().split(".")[1:]):
        return None
    words = re.sub(r"[^a-z]+", "_", file_name.casefold().rsplit(".", 1)[0]).strip("_")
    for table in TABLES:
        if re.search(rf"(^|_){table[:-1]}s?(_|$)", words) or words.replace("_", "") == table.replace("_", ""):
            return table
    near = difflib.get_close_matches(words, TABLES, n=1, cutoff=_NEAR)
    return near[0] if near else None


def ignored_files(directory: Path) -> tuple[str, ...]:
    """Names of the folder's entries that no command writes or reads there, sorted; hidden ones left out."""
    names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    return tuple(name for name in names if name not in _OWN_FILES and meant_table(name) is None)


def refuse_another_protocol(directory: Path) -> None:
    """Raise ``ProtocolRefusedError`` for a file whose name is nearly the protocol's."""
    for path in sorted(directory.iterdir()):
        refuse_other_protocol_name(path.name)


def refuse_other_protocol_name(name: str) -> None:
    """Raise ``ProtocolRefusedError`` if a file's name is nearly the protocol's."""
    lowered = name.casefold()
    begins = lowered.startswith(PROTOCOL_FILE)
    copied = lowered.endswith(".toml") and re.search(r"(^|[^a-z])protocol([^a-z]|$)", lowered.removesuffix(".toml"))
    if name != PROTOCOL_FILE and (begins or copied):
        raise ProtocolRefusedError([Problem(name, None, None, f"a file named {PROTOCOL_FILE}", "another name")])


def _first_part(file_name: str) -> str:
    return file_name.casefold().split(".")[0]
