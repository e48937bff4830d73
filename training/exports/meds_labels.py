"""The labels of a MEDS dataset: per landmark, what was observed of each eligible patient.

A label is yes or no. Relapse is none: it is known up to the end of follow-up only, so it is a table of survival data
beside the labels. Who is left out of a label because it was not observed is no random sample (`follow_up_weights`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from training.exports.meds_events import prediction_times
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes
from training.outcomes.table import ENDED_BY

LABEL_SCHEMA = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("prediction_time", pa.timestamp("us"), nullable=False),
        pa.field("boolean_value", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class LabelSet:
    """The answers to one question at one landmark; ``not_observed`` counts eligible patients without one."""

    landmark: Landmark
    question: str
    meaning: str
    labels: pa.Table
    yes: int
    not_observed: int


def label_sets(cohort: Cohort, ids: NDArray[np.int64]) -> list[LabelSet]:
    """Remission and sustained remission at each horizon, at every landmark.

    Where the protocol says that everyone is in remission at the landmark, remission is no question.
    """
    sets = []
    for outcomes in _outcomes(cohort):
        if not cohort.protocol.remission.at_landmark:
            sets.append(_label_set(outcomes, ids, "remission", "in remission", outcomes.remission))
        for position, days in enumerate(cohort.protocol.horizons_days):
            meaning = f"in remission, and neither relapse nor competing event within {days} days after it"
            sets.append(_label_set(outcomes, ids, f"sustained_{days}", meaning, outcomes.sustained[:, position]))
    return sets


def relapse_table(cohort: Cohort, ids: NDArray[np.int64]) -> pa.Table:
    """Relapse as survival data: a row per landmark and eligible patient in remission who was followed for a day.

    ``followed_days`` run from ``risk_start_day`` to what ``ended_by`` says: relapse, competing or censored.
    """
    return pa.concat_tables(_relapse_rows(outcomes, ids) for outcomes in _outcomes(cohort))


def _outcomes(cohort: Cohort) -> Sequence[Outcomes]:
    return [derive_outcomes(cohort, landmark) for landmark in cohort.protocol.landmarks]


def _label_set(outcomes: Outcomes, ids: NDArray[np.int64], question: str, meaning: str, answers: Floats) -> LabelSet:
    observed: Mask = outcomes.eligible & ~np.isnan(answers)
    values = answers[observed] == 1
    times = prediction_times(outcomes.landmark, outcomes.landmark_day[observed])
    labels = pa.table([pa.array(ids[observed]), pa.array(times), pa.array(values)], schema=LABEL_SCHEMA)
    missing = int(np.sum(outcomes.eligible & np.isnan(answers)))
    return LabelSet(outcomes.landmark, question, meaning, labels, int(np.sum(values)), missing)


def _relapse_rows(outcomes: Outcomes, ids: NDArray[np.int64]) -> pa.Table:
    at_risk = outcomes.at_risk
    ended_by = [ENDED_BY[EndedBy(code)] for code in outcomes.ended_by[at_risk].tolist()]
    return pa.table(
        {
            "subject_id": pa.array(ids[at_risk], pa.int64()),
            "landmark": pa.array([outcomes.landmark.name] * len(ended_by), pa.string()),
            "prediction_time": pa.array(prediction_times(outcomes.landmark, outcomes.landmark_day[at_risk])),
            "risk_start_day": pa.array(outcomes.risk_start_day[at_risk].astype(np.int64)),
            "followed_days": pa.array(outcomes.followed_days[at_risk].astype(np.int64)),
            "ended_by": pa.array(ended_by, pa.string()),
        }
    )
