"""Which files of a cohort's folder are a table's parts; a file or a folder that may be one goes nowhere unread.

It is refused, unless it is one of those that writers of Parquet leave beside what they write.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from features.protocol.columns import TABLES
from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.file_names import meant_table, problem_of_name, require_folder
from training.cohort.parts.remote import Place, RemoteFile, RemoteFolder

ENDING = ".parquet"
_BY_PRODUCT = re.compile(r"[._].*|.*\.crc|.*_\$folder\$", re.DOTALL)
"""Names of files and folders that Spark, Hive, Hadoop and their like leave: `_SUCCESS`, `_metadata`, `_temporary`."""

File: TypeAlias = Path | RemoteFile
PartFiles: TypeAlias = dict[str, dict[str, File]]
"""The files of each table by the names of their parts."""


def part_files(place: Place) -> tuple[PartFiles, list[Problem]]:
    """The files of each table that has a folder, and a problem for each other name that may be a table or a part."""
    paths = list(place.names() if isinstance(place, RemoteFolder) else _local_paths(place))
    files: PartFiles = {}
    for path in paths:
        table, _, below = path.partition("/")
        if table in TABLES and table != path and not (below and _is_by_product(below)):
            found = files.setdefault(table, {})
            if below.endswith(ENDING):
                found[below.removesuffix(ENDING)] = _file(place, path)
    problems = {problem.place: problem for problem in map(_problem_of, paths) if problem is not None}
    return files, list(problems.values())


def _problem_of(path: str) -> Problem | None:
    """What is wrong with a file, or with the folder in which it is; a folder by itself ends in a slash."""
    name, is_below, below = path.partition("/")
    if below and _is_by_product(below):
        return None
    if not is_below:
        return _beside(name)
    if name not in TABLES:
        return _of_folder(name, below)
    if not below or below.endswith(ENDING):
        return None
    required = f"files that end in {ENDING}, and other files elsewhere"
    return Problem(path, None, None, required, "a file of another name or format")


def _file(place: Place, path: str) -> File:
    """The file as a worker finds it, whose own folder may be another."""
    return RemoteFile(place, path) if isinstance(place, RemoteFolder) else (place / path).absolute()


def _is_by_product(path: str) -> bool:
    return any(not name or _BY_PRODUCT.fullmatch(name) for name in path.split("/"))


def _beside(name: str) -> Problem | None:
    """What is wrong with a file beside the tables' folders."""
    meant = meant_table(name)
    if meant is None:
        return None
    if PurePosixPath(name).stem == meant:
        return Problem(name, None, None, f"this table in the folder {meant}, or all tables as files", "both")
    return problem_of_name(name, meant, f"in the folder {meant}", "a file of another name or format")


def _of_folder(name: str, below: str) -> Problem | None:
    """What is wrong with a folder of another name than a table's that has this file."""
    ending = PurePosixPath(below).suffix or (ENDING if below else "")
    meant = meant_table(f"{name}{ending}")
    return None if meant is None else problem_of_name(name, meant, f"in the folder {meant}", "a folder of another name")


def _local_paths(folder: Path) -> Iterator[str]:
    """The files and, with a slash at the end, the folders in a folder; and what is in those that may be tables."""
    require_folder(folder)
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir():
            yield entry.name
            continue
        yield f"{entry.name}/"
        if meant_table(f"{entry.name}{ENDING}") is not None:
            yield from _names_below(entry, entry.name)


def _names_below(folder: Path, name: str) -> Iterator[str]:
    """The files in a folder of this name and below it; a folder that may not be listed is refused, as is a link."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        raise _refused(name, "a folder that can be read", "one that can't be opened") from None
    for entry in entries:
        path = f"{name}/{entry.name}"
        if not entry.is_dir():
            yield path
        elif _is_by_product(entry.name):
            continue
        elif entry.is_symlink():
            raise _refused(path, "a folder with files of parts", "a symbolic link")
        else:
            yield from _names_below(entry, path)


def _refused(place: str, required: str, found: str) -> CohortRefusedError:
    return CohortRefusedError([Problem(place, None, None, required, found)])
