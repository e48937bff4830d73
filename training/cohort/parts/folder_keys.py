"""What the names of a part's folders say of its patients, as `site=north` does.

Another key is refused if it is nearly the site's or that of a column that is missing; else it is named and not read.
`header` has the same rules for columns.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote

import pyarrow as pa

from features.protocol.document import Protocol
from features.protocol.problems import Problem
from training.cohort.header import near_names
from training.cohort.table import TableFile
from training.cohort.text.dialect import plain_name

SITE_KEYS = ("site", "site_id")
"""What a folder's name may begin with that says the site of its patients, as in `site=north`."""
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark and Arrow name the folder of rows without a value."""

Tables = dict[str, TableFile]


def with_folder_keys(tables: Tables, part: str, protocol: Protocol, *, strict: bool) -> Tables:
    """The tables of a part of this name with the site that a folder names, and what is wrong with other keys."""
    patients = tables["patients"]
    keys = _keys(part)
    sites = [value for key, value in keys if key in SITE_KEYS]
    others = [key for key, _ in keys if key not in SITE_KEYS]
    problems = [*patients.problems, *_site_problems(patients, sites), *_key_problems(tables, others, protocol, strict)]
    named = () if strict else tuple(f"{key}=... in names of folders" for key in others)
    columns = dict(patients.columns)
    if sites and columns and "site_id" not in columns:
        columns["site_id"] = pa.array(sites[:1] * len(patients.rows), pa.string()).dictionary_encode()
    read = replace(patients, columns=columns, problems=tuple(problems), not_read=(*patients.not_read, *named))
    return tables | {"patients": read}


def _keys(part: str) -> list[tuple[str, str]]:
    """Keys and values in the names of a part's folders; writers of Parquet quote signs of a value, such as %20."""
    parted = [folder.partition("=") for folder in PurePosixPath(part).parts[:-1]]
    return [
        (key, "" if value == _NO_VALUE else unquote(value))
        for key, equals, value in parted
        if equals and _KEY.fullmatch(key.strip())
    ]


def _site_problems(patients: TableFile, sites: list[str]) -> Iterator[Problem]:
    required = "the site in this column or in the name of the folder, not in both"
    if sites and "site_id" in patients.columns:
        yield Problem(patients.name, None, "site_id", required, "both")
    if len(sites) > 1:
        yield Problem(patients.name, None, "site_id", "the site in the name of one folder", "several")


def _key_problems(
    tables: Mapping[str, TableFile], keys: list[str], protocol: Protocol, strict: bool
) -> Iterator[Problem]:
    """Keys that may be the site's or a column's that is not there: nobody would miss them in the files."""
    declared = [(table, column.name) for table in tables for column in protocol.tables[table]]
    absent = [name for table, name in declared if name not in tables[table].columns]
    for key in keys:
        meant = near_names(plain_name(key), [*SITE_KEYS, *dict.fromkeys(absent)])
        if meant or strict:
            required = "site=... in the name of a folder, and everything else in columns of the files"
            hint = f" (did you mean {' or '.join(meant)}?)" if meant and key not in meant else ""
            found = f"another key in the name of a folder{hint}"
            yield Problem(tables["patients"].name, None, key.strip(), required, found)
