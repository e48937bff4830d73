"""Identifiers across the files: which rows are one patient's, and when that can't be told.

Equal identifiers are one patient, and those that differ only in case are two. A spreadsheet drops leading zeros and
pandas adds ``.0``. The second is repaired. The first is refused, because 7 may be 07 or 007.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.problems import Problem
from training.cohort.coded_arrays import Codes
from training.cohort.repairs import Repair
from training.cohort.table import ArrowArray, TableFile, as_text, encoded_text, is_text

_FLOAT = re.compile(r"\d{1,15}\.0+", re.ASCII)
"""A whole number as a program writes it that took it for a float, which keeps 15 digits of any number."""
_WHOLE = rf"\A(\d+|{_FLOAT.pattern})\z"
SHORTENED = "read identifiers such as 12.0 as 12"
_LOST_ZEROS = "only by leading zeros, which a spreadsheet drops; export the ids again as text"
_OTHER_CASE = "only in case or in how a letter is encoded; write one id in one way"
_IN_PATIENTS = "the id of a patient in patients"


def _by_zeros(text: str) -> str:
    """The id without leading zeros, if it is a number, as a spreadsheet would leave it."""
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text


def _by_case(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


_BY_ZEROS = (_by_zeros, _LOST_ZEROS)
_BY_CASE = (_by_case, _OTHER_CASE)
ALIKE_SITES = (_BY_ZEROS, _BY_CASE)
"""What two sites must not differ in alone: a function whose result is equal then, and its words."""


def repair_identifiers(tables: dict[str, TableFile]) -> dict[str, TableFile]:
    """The files with ids that agree, and a problem for each id that may be another one's."""
    patients = tables.get("patients")
    if patients is None or not _has_ids(patients, "patient_id"):
        return tables
    patients = _refuse_alike(_whole_numbers(patients, "patient_id"), "patient_id", (_BY_ZEROS,))
    if _has_ids(patients, "site_id"):
        patients = _refuse_alike(_whole_numbers(patients, "site_id"), "site_id", ALIKE_SITES)
    known = encoded_text(patients.columns["patient_id"]).dictionary
    others = {
        name: _joined(table, known) if _has_ids(table, "patient_id") else table
        for name, table in tables.items()
        if name != "patients"
    }
    return {"patients": patients, **others}


def _has_ids(table: TableFile, column: str) -> bool:
    return column in table.columns and is_text(table.columns[column])


def _whole_numbers(table: TableFile, column: str) -> TableFile:
    """The table with ids such as 12.0 as 12, if all of them are whole numbers; 1.0 beside 1.1 is a name."""
    texts = encoded_text(table.columns[column]).dictionary
    there = pc.not_equal(texts, "")
    numbers = pc.or_(pc.invert(there), pc.match_substring_regex(texts, _WHOLE))
    if not pc.all(numbers).as_py() or not pc.any(pc.match_substring(texts, ".")).as_py():
        return table
    return _renamed(table, column, lambda text: text.partition(".")[0])


def _renamed(table: TableFile, column: str, new: Callable[[str], str]) -> TableFile:
    codes, texts = as_text(table.columns[column])
    old = texts.to_pylist()
    renamed = [new(text) for text in old]
    changed = np.array([one != other for one, other in zip(old, renamed, strict=True)] + [False])
    array = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(renamed))
    repair = Repair(table.name, column, SHORTENED, int(changed[codes].sum()))
    return replace(table, columns=table.columns | {column: array}, repairs=(*table.repairs, repair))


def _refuse_alike(table: TableFile, column: str, keys: Sequence[tuple[Callable[[str], str], str]]) -> TableFile:
    """A problem for each row whose id is another one's but for zeros or case; the commoner spelling stands."""
    texts = encoded_text(table.columns[column]).dictionary
    may_lack_zeros = pc.any(pc.starts_with(texts, "0")).as_py()
    keys = [key for key in keys if key is not _BY_ZEROS or may_lack_zeros]
    if not keys:
        return table
    ids: list[str] = texts.to_pylist()
    if all(len(set(map(key, ids))) == len(ids) for key, _ in keys):
        return table
    codes, _ = as_text(table.columns[column])
    counts = np.bincount(codes[codes >= 0], minlength=len(ids))
    by_count = sorted(np.flatnonzero(counts).tolist(), key=lambda code: -int(counts[code]))
    found: dict[int, str] = {}
    for key, how in keys:
        first: dict[str, str] = {}
        for code in by_count:
            if ids[code] and first.setdefault(key(ids[code]), ids[code]) != ids[code]:
                found[code] = f"an id that differs from another one {how}"
    return _refused(table, column, codes, found, "an id that differs from every other in more than that")


def _joined(table: TableFile, known: ArrowArray) -> TableFile:
    """The table with ids as ``patients`` has them, and a problem for each that is there only in another spelling."""
    texts = encoded_text(table.columns["patient_id"]).dictionary
    unknown = set(texts.filter(pc.invert(pc.is_in(texts, value_set=known))).to_pylist()) - {""}
    if not unknown:
        return table
    there = set(known.to_pylist())
    whole = {text: text.partition(".")[0] for text in unknown if _FLOAT.fullmatch(text)}
    same = {text: number for text, number in whole.items() if number in there}
    if same:
        table = _renamed(table, "patient_id", lambda text: same.get(text, text))
        unknown -= same.keys()
    codes, texts = as_text(table.columns["patient_id"])
    found: dict[int, str] = {}
    for key, how in (_BY_CASE, _BY_ZEROS):
        keys = set(map(key, there))
        for code, text in enumerate(texts.to_pylist()):
            if text in unknown and key(whole.get(text, text)) in keys:
                found[code] = f"an id that differs from one there {how}"
    return _refused(table, "patient_id", codes, found, _IN_PATIENTS)


def _refused(table: TableFile, column: str, codes: Codes, found: dict[int, str], required: str) -> TableFile:
    if not found:
        return table
    rows = np.flatnonzero(np.isin(codes, list(found)))
    problems = [
        Problem(table.name, int(table.rows[row]), column, required, found[int(codes[row])]) for row in rows.tolist()
    ]
    wrong = table.wrong | {(problem.row, column) for problem in problems}
    return replace(table, problems=(*table.problems, *problems), wrong=wrong)
