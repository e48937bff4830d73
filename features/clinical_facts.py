"""Clinical facts and the direction in which each changes an outcome.

A fact changes the records of a cohort by one step; a model's answers then show whether it keeps the direction.
`catalogue` declares the signs of single features; every feature that a fact changes has a sign of the same direction.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.protocol.columns import TABLES
from features.protocol.document import Landmark
from features.records.assemble import rows_in_order
from features.records.cohort import Cohort
from features.records.landmark import known_at, landmark_days
from features.records.rating_days import known_days
from features.records.timeline import Floats, Mask, Rows

Step = Callable[[Cohort, Landmark], tuple[Cohort, Mask]]

ILLNESS_STEP_YEARS = 5.0
BENZODIAZEPINE_STEP_MG = 10.0
"""Steps large enough to be seen and small enough to be usual [judgement]."""


@dataclass(frozen=True)
class ClinicalFact:
    """One fact about a patient that is expected to move an outcome in one direction.

    ``remission_sign`` and ``relapse_sign`` say whether the step makes the outcome more (1) or less (-1) likely; 0: no
    direction is expected. ``apply`` gives the cohort after the step, with the same patients in the same order, and a
    mask (patients,) of those whose record changed.
    """

    name: str
    meaning: str
    remission_sign: Literal[-1, 0, 1]
    relapse_sign: Literal[-1, 0, 1]
    source: str
    apply: Step


def _worse_latest_rating(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
    """The last rating of the primary instrument up to the landmark, one reliable change higher or at the maximum."""
    known = known_at(cohort, landmark)
    ratings = cohort.assessments
    own = np.asarray(ratings["instrument"] == known.primary.code[ratings.patient])
    position = np.flatnonzero(own & (known_days(ratings) <= ratings.spread(known.day)))
    latest = position[np.diff(ratings.patient[position], append=-1) != 0]
    patient, score = ratings.patient[latest], ratings.numbers("score").copy()
    highest = (known.primary.minimum + known.primary.span)[patient]
    worse = np.minimum(score[latest] + known.primary.reliable_change[patient], highest)
    applies = np.zeros(len(cohort), dtype=np.bool_)
    applies[patient] = worse > score[latest]
    score[latest] = worse
    columns = {**ratings.columns, "score": score}
    return replace(cohort, assessments=Rows(len(cohort), ratings.patient, columns)), applies


def _one_more_adequate_failure(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
    """One more adequate SSRI without response, where earlier treatments were asked for."""
    applies = _reached(cohort, landmark) & (cohort.number("prior_treatments_recorded") == 1)
    patient = np.flatnonzero(applies)
    code = cohort.protocol.code
    cells = {
        "treatment": code("prior_treatments", "treatment", "ssri"),
        "start_day": np.nan,
        "end_day": np.nan,
        "adequate": 1.0,
        "outcome": code("prior_treatments", "outcome", "no_response"),
    }
    rows = cohort.prior_treatments
    columns = {
        name: np.concatenate([values, np.full(len(patient), cells[name], dtype=values.dtype)])
        for name, values in rows.columns.items()
    }
    together = rows_in_order("prior_treatments", len(cohort), np.concatenate([rows.patient, patient]), columns)
    return replace(cohort, prior_treatments=together), applies


def _depression_besides(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
    """A comorbid depressive disorder, where none is recorded."""
    recorded = cohort.number("comorbid_depression")
    return _with_column(
        cohort, "comorbid_depression", np.ones(len(cohort)), _reached(cohort, landmark) & (recorded == 0)
    )


def _longer_illness(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
    """A longer illness, where its duration is recorded and the patient is old enough for it."""
    longer = cohort.number("illness_duration_years") + ILLNESS_STEP_YEARS
    too_long = (longer > _maximum("illness_duration_years")) | (longer > cohort.number("age_years"))
    return _with_column(cohort, "illness_duration_years", longer, _reached(cohort, landmark) & ~too_long)


def _more_benzodiazepine(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
    """A higher daily dose, where one is recorded."""
    higher = cohort.number("benzodiazepine_mg") + BENZODIAZEPINE_STEP_MG
    too_high = higher > _maximum("benzodiazepine_mg")
    return _with_column(cohort, "benzodiazepine_mg", higher, _reached(cohort, landmark) & ~too_high)


def _reached(cohort: Cohort, landmark: Landmark) -> Mask:
    return np.asarray(~np.isnan(landmark_days(cohort, landmark)))


def _maximum(column: str) -> float:
    (declared,) = (declared.maximum for declared in TABLES["patients"] if declared.name == column)
    return np.inf if declared is None else declared


def _with_column(cohort: Cohort, column: str, stepped: Floats, patients: Mask) -> tuple[Cohort, Mask]:
    """The cohort with another value for some patients, where one is recorded."""
    applies = patients & ~np.isnan(cohort.number(column))
    values = np.where(applies, stepped, cohort.number(column))
    return replace(cohort, patients={**cohort.patients, column: values}), applies


CLINICAL_FACTS: tuple[ClinicalFact, ...] = (
    ClinicalFact(
        "worse_rating",
        "The latest rating of the primary instrument is one reliable change worse, at most the worst score.",
        remission_sign=-1,
        relapse_sign=1,
        source="early change predicts outcome: Beard & Delgadillo 2019 [seen]; residual symptoms raise relapse: "
        "Ali 2017, PREDICTR 2024 [seen]; baseline severity lowers remission weakly: McInnes 2022 [seen]",
        apply=_worse_latest_rating,
    ),
    ClinicalFact(
        "adequate_failure",
        "One more adequate earlier treatment that brought no response.",
        remission_sign=-1,
        relapse_sign=0,
        source="inconsistent for ketamine, small where found: Lima Constantino 2025 [seen]; the sign is a [judgement]",
        apply=_one_more_adequate_failure,
    ),
    ClinicalFact(
        "comorbid_depression",
        "A depressive disorder besides, where none was.",
        remission_sign=-1,
        relapse_sign=1,
        source="recovery and recurrence: HARP (Bruce 2005) [seen]; relapse: Ali 2017 [seen]",
        apply=_depression_besides,
    ),
    ClinicalFact(
        "longer_illness",
        f"{ILLNESS_STEP_YEARS:g} more years of illness.",
        remission_sign=-1,
        relapse_sign=1,
        source="chronic course: HARP (Bruce 2005) [seen]",
        apply=_longer_illness,
    ),
    ClinicalFact(
        "benzodiazepine",
        f"{BENZODIAZEPINE_STEP_MG:g} mg more of a benzodiazepine a day, as diazepam equivalent.",
        remission_sign=-1,
        relapse_sign=0,
        source="above 8 mg less response: Andrashko 2020 [seen]; dose-dependent: Feeney 2022 [seen]",
        apply=_more_benzodiazepine,
    ),
)
"""Every fact that the directional check changes, one at a time."""
