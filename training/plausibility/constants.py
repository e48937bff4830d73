"""Columns that hold one value for every patient: they tell nothing, and may never have been asked for."""

from collections.abc import Iterator, Mapping

import numpy as np

from features.protocol.columns import Column
from features.records.cohort import Cohort, Values, is_missing
from training.plausibility.finding import CohortFinding, listed_words

FEWEST_CELLS = 30
"""Recorded cells from which on one value is suspect: what is true of a tenth of the patients is absent from 30 of them
in 4 of 100 cohorts, as 0.9 ** 30 = 0.04 [derived]; the tenth is a [judgement]."""
MAY_BE_CONSTANT = ("diagnosis", "prior_treatments_recorded")
"""A study of one illness, and one that asked everyone, are ordinary."""
MEASURED_IN_SESSIONS = ("peak_dissociation", "peak_distress", "peak_systolic_mmhg")
"""Columns of sessions that vary; kind, route, dose and adverse events may be the same in all."""


def constant_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Columns of patients and sessions with one value in at least ``FEWEST_CELLS`` recorded cells."""
    tables = cohort.protocol.tables
    patients = [column for column in tables["patients"] if column.name not in MAY_BE_CONSTANT]
    sessions = [column for column in tables["sessions"] if column.name in MEASURED_IN_SESSIONS]
    yield from _constant("patients", patients, cohort.patients)
    yield from _constant("sessions", sessions, cohort.sessions.columns)


def _constant(table: str, declared: list[Column], values: Mapping[str, Values]) -> Iterator[CohortFinding]:
    names = [column.name for column in declared if column.name in values and _is_constant(values[column.name])]
    if names:
        has = "has" if len(names) == 1 else "have"
        sentence = f"{listed_words(names)} {has} one value in every recorded cell."
        remedy = "Leave the cells empty where the value was not asked for; otherwise nothing is to be done."
        yield CohortFinding(
            "warning",
            "constant_columns",
            table,
            names[0] if len(names) == 1 else None,
            sentence,
            remedy,
            (("columns", len(names)),),
        )


def _is_constant(values: Values) -> bool:
    recorded = np.asarray(values)[~is_missing(values)]
    return len(recorded) >= FEWEST_CELLS and bool((recorded == recorded[0]).all())
