"""Records that are too alike to be two patients: the same record, or nearly, under another id.

Compared are whole raw records but for the ids of patient and site. What to do about a pair is left to `leakage`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from features.cohort import Cohort
from features.columns import CHILD_TABLES
from features.timeline import Floats, Indices, Mask, Rows

SHARE_IN_COMMON = 0.9
"""Share of the richer record's information from which two records are one: a rating of twenty may have been changed."""
MARGIN_BITS = 7.0
"""Beyond what tells all pairs of a cohort apart: at most one in 2 ** 7 cohorts of poor records has a pair that agrees
in so much by chance. Published cohorts of poor records keep to that; rich records come nowhere near it."""
MOST_WORK = 3_000_000
"""Bound on the pairs of records looked up by a common item; the rarest items, which tell most, come first."""

Pairs = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Records:
    """Records as sets of items: ``holds`` (patients, items) is 1 where the patient's record has the item.

    ``bits`` (items,) is what an item tells: -log2 of the share of patients who have it (Shannon 1948,
    doi:10.1002/j.1538-7305.1948.tb01338.x).
    """

    holds: sparse.csr_array
    bits: Floats

    @property
    def information(self) -> Floats:
        """What each record tells in all, in bits, shape (patients,)."""
        return np.asarray(self.holds @ self.bits, dtype=np.float64)


def near_duplicates(cohort: Cohort) -> Pairs:
    """Pairs of patients (indices into the cohort), shape (pairs, 2), whose records are one but for a few cells.

    Two records are one when they have ``SHARE_IN_COMMON`` of the richer one's information in common, and in bits
    enough to tell any two of the cohort's patients apart with ``MARGIN_BITS`` to spare: poor records agree by chance.
    Days are compared as they stand, and again from the first row of each table on, so that a record with another
    day 0 is found too.
    """
    if len(cohort) < 2:
        return np.empty((0, 2), dtype=np.intp)
    views = (_as_recorded(cohort), _from_first_day(cohort))
    # What two records have in common is as telling as it would be without one of them.
    found = [_alike(_records(_items(cohort, tables), len(cohort), discounted=1)) for tables in views]
    return np.unique(np.concatenate(found), axis=0)


def tellable(cohort: Cohort) -> Mask:
    """Whose record, shape (patients,), holds enough information for a copy of it to be told from chance."""
    bits = _records(_items(cohort, _as_recorded(cohort)), len(cohort)).information
    return np.asarray(bits >= _bits_needed(len(cohort) + 1))


def _bits_needed(patients: int) -> float:
    return float(np.log2(max(patients * (patients - 1) / 2, 1.0))) + MARGIN_BITS


def _as_recorded(cohort: Cohort) -> dict[str, Rows]:
    return {name: cohort.table(name) for name in CHILD_TABLES}


def _from_first_day(cohort: Cohort) -> dict[str, Rows]:
    """The tables with every day counted from the patient's first one in the table."""
    tables = {}
    for name in CHILD_TABLES:
        rows = cohort.table(name)
        days = [column.name for column in cohort.protocol.tables[name] if column.kind == "day"]
        first = np.fmin.reduce([rows.minimum_for_patient(day) for day in days])
        moved = {day: rows.numbers(day) - rows.spread(first) for day in days}
        tables[name] = Rows(rows.patients, rows.patient, dict(rows.columns) | moved)
    return tables


def _items(cohort: Cohort, tables: dict[str, Rows]) -> pd.DataFrame:
    """One line per item of a record: ``patient`` and ``item``, a hash of the place and all that is recorded there.

    A row that a patient has twice is two items, told apart by ``again``.
    """
    parts = []
    for number, name in enumerate(cohort.patients):
        values = cohort.number(name)
        category = np.issubdtype(cohort.patients[name].dtype, np.integer)
        recorded = np.flatnonzero(values >= 0 if category else ~np.isnan(values))
        parts.append(_hashed(recorded, {"place": np.full(len(recorded), number), "value": values[recorded]}))
    for number, rows in enumerate(tables.values(), start=len(parts)):
        place = {"place": np.full(len(rows), number)}
        parts.append(_hashed(rows.patient, place | {column: rows.numbers(column) for column in rows.columns}))
    items = pd.concat(parts, ignore_index=True)
    items["again"] = items.groupby(["patient", "item"]).cumcount()
    return items


def _hashed(patient: Indices, columns: dict[str, NDArray[np.generic]]) -> pd.DataFrame:
    return pd.DataFrame({"patient": patient, "item": pd.util.hash_pandas_object(pd.DataFrame(columns), index=False)})


def _records(items: pd.DataFrame, patients: int, discounted: int = 0) -> Records:
    """The records of items; so many holders are not counted when it is asked how frequent an item is."""
    kinds = items.groupby(["item", "again"], sort=True)
    code, frequency = kinds.ngroup().to_numpy(), kinds.size()
    again = frequency.index.get_level_values("again").to_numpy() > 0
    counts = frequency.to_numpy().astype(np.float64)
    # Who has a row a third time has it twice: only the step from the second to the third tells something.
    among = np.where(again, np.append(0.0, counts[:-1]), patients)
    bits = np.log2(np.maximum(among - discounted, 1.0) / np.maximum(counts - discounted, 1.0))
    ones = (np.ones(len(code)), (items["patient"].to_numpy(), code))
    return Records(sparse.csr_array(ones, shape=(patients, len(counts))), bits)


def _alike(records: Records) -> Pairs:
    information = records.information
    pairs = _candidates(records, information)
    if not len(pairs):
        return pairs
    first, second = records.holds[pairs[:, 0]], records.holds[pairs[:, 1]]
    common = np.asarray(first.multiply(second) @ records.bits)
    richer = np.maximum(information[pairs[:, 0]], information[pairs[:, 1]])
    return pairs[(common >= SHARE_IN_COMMON * richer) & (common >= _bits_needed(len(information)))]


def _candidates(records: Records, information: Floats) -> Pairs:
    """Pairs that may be alike, judged by their rare items: too much that is rare in one only rules a pair out."""
    frequency = np.asarray(records.holds.sum(axis=0))
    order = np.argsort(frequency, kind="stable")
    rare = order[np.cumsum(frequency[order] ** 2) <= MOST_WORK]
    holds, bits = records.holds[:, rare], records.bits[rare]
    of_rare = holds @ bits
    shared = frequency[rare] > 1
    weighted = holds[:, shared].multiply(bits[shared]).tocsr()
    common = sparse.triu(weighted @ holds[:, shared].T, k=1).tocoo()
    richer = np.where(information[common.row] >= information[common.col], common.row, common.col)
    lost = of_rare[richer] - common.data
    kept = lost <= (1 - SHARE_IN_COMMON) * information[richer] + 1e-6
    return np.stack([common.row[kept], common.col[kept]], axis=1).astype(np.intp)
