"""A patient's whole record as cells in fixed places, so that two records can be compared cell by cell.

The ids of patient and site are left out. `chance_agreement` evaluates the agreement of two records.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES
from features.records.cohort import Cohort
from features.records.timeline import Floats, Rows

ABSENT = -1
"""The code of a cell that a record does not have."""
FACTS = ("age_years", "sex", "diagnosis")
"""The first cells of a record: facts that are the same in any record of one person."""
KIND = {"prior_treatments": "treatment", "sessions": "kind", "assessments": "instrument", "events": "event"}
"""The column by which a table's rows are counted: the third rating of a scale is compared with another third rating."""
MOST_ROWS = 24
"""Rows of a kind that are compared: the first ones, which distinguish patients in any record of this length."""

Codes = NDArray[np.int32]


def cells_of(cohort: Cohort) -> Codes:
    """Codes of shape (patients, cells); equal codes of a place are equal values, ``ABSENT`` is none.

    The first cells are ``FACTS``. Each day counts from the row of the kind before it, so that a record with another
    day 0 keeps all except the first of them. A place in which all patients have the same value is left out.
    """
    names = [*FACTS, *(name for name in cohort.patients if name not in FACTS)]
    places = [_coded(_values(cohort, name)) for name in names]
    for table in CHILD_TABLES:
        places += map(_coded, _places(cohort.table(table), KIND[table]))
    kept = [codes for number, codes in enumerate(places) if number < len(FACTS) or (codes != codes[:1]).any()]
    return np.stack(kept, axis=1)


def _values(cohort: Cohort, name: str) -> Floats:
    values = cohort.number(name)
    is_category = np.issubdtype(cohort.patients[name].dtype, np.integer)
    return np.where(values >= 0, values, np.nan) if is_category else values


def _coded(values: Floats) -> Codes:
    recorded = ~np.isnan(values)
    codes = np.full(len(values), ABSENT, dtype=np.int32)
    codes[recorded] = np.unique(values[recorded], return_inverse=True)[1]
    return codes


def _places(rows: Rows, kind: str) -> Iterator[Floats]:
    """For each kind of row: how many there are, then each column of the first, second, third ... one."""
    for code in np.unique(rows[kind]).tolist():
        of_kind = rows.where(np.asarray(rows[kind] == code))
        counts = of_kind.count_for_patient()
        yield counts
        starts = np.cumsum(counts) - counts
        number = np.arange(len(of_kind)) - of_kind.spread(starts)
        columns = {name: _recorded(of_kind, name) for name in of_kind.columns if name != kind}
        columns |= _from_row_before(columns, number > 0)
        for place in range(min(int(counts.max(initial=0)), MOST_ROWS)):
            here = number == place
            for values in columns.values():
                found = np.full(rows.patients, np.nan)
                found[of_kind.patient[here]] = values[here]
                yield found


def _recorded(rows: Rows, name: str) -> Floats:
    values = rows.numbers(name)
    return np.where(values >= 0, values, np.nan) if np.issubdtype(rows[name].dtype, np.integer) else values


def _from_row_before(columns: dict[str, Floats], follows: NDArray[np.bool_]) -> dict[str, Floats]:
    """The days, each counted from that of the row before where the patient has one, and a duration for a start."""
    relative: dict[str, Floats] = {}
    for name in ("day", "end_day"):
        if name in columns:
            before = np.append(0.0, columns[name][:-1])
            relative[name] = columns[name] - np.where(follows & ~np.isnan(before), before, 0.0)
    if "start_day" in columns and "end_day" in columns:
        ended = np.where(np.isnan(columns["end_day"]), 0.0, columns["end_day"])
        relative["start_day"] = columns["start_day"] - ended
    return relative
