"""The outcomes of a cohort as a table, one row per patient and landmark, for those who analyse them elsewhere."""

import numpy as np
import pandas as pd

from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.severity import turned
from features.records.timeline import Floats, Mask
from training.outcomes.labels import EndedBy, derive_outcomes

ENDED_BY = {EndedBy.RELAPSE: "relapse", EndedBy.COMPETING: "competing", EndedBy.CENSORED: "censored"}


def outcomes_frame(cohort: Cohort) -> pd.DataFrame:
    """One row per patient and landmark: who is eligible, why not, and the outcomes of those who are.

    Days are whole numbers from day 0; ``baseline`` is in points of ``instrument``, as recorded. Values that don't apply
    are missing, and so is every outcome of a patient who is not eligible.
    """
    frames = [outcomes_at(cohort, landmark) for landmark in cohort.protocol.landmarks]
    frame = pd.concat(frames, ignore_index=True)
    patient = np.tile(np.arange(len(cohort)), len(frames))
    return frame.iloc[np.argsort(patient, kind="stable")].reset_index(drop=True)


def outcomes_at(cohort: Cohort, landmark: Landmark) -> pd.DataFrame:
    """The rows of ``outcomes_frame`` at one landmark, in the order of the cohort's patients."""
    outcomes = derive_outcomes(cohort, landmark)
    eligible = outcomes.eligible
    instruments = np.array([*cohort.protocol.instrument_names, None], dtype=object)
    columns: dict[str, object] = {
        "patient_id": _texts(cohort.patient_ids.tolist()),
        "landmark": _texts([outcomes.landmark.name] * len(cohort)),
        "landmark_day": _days(outcomes.landmark_day),
        "eligible": eligible,
        "reason": _texts([None if reason is None else reason.value for reason in outcomes.ineligible]),
        "instrument": _texts(instruments[outcomes.primary.code].tolist()),
        "baseline": turned(outcomes.primary.baseline, outcomes.primary.code, cohort.protocol),
        "remission": _answers(outcomes.remission, eligible),
        "remission_day": _days(outcomes.remission_day, eligible),
        "risk_start_day": _days(outcomes.risk_start_day, eligible),
        "followed_days": _days(outcomes.followed_days, eligible),
        "ended_by": _texts([ENDED_BY.get(EndedBy(code)) for code in np.where(eligible, outcomes.ended_by, -1)]),
    }
    for position, days in enumerate(cohort.protocol.horizons_days):
        columns[f"sustained_{days}"] = _answers(outcomes.sustained[:, position], eligible)
    return pd.DataFrame(columns)


def _texts(values: list[str | None]) -> pd.Series:
    return pd.Series(values, dtype="string")


def _days(days: Floats, where: Mask | None = None) -> pd.Series:
    kept = days if where is None else np.where(where, days, np.nan)
    return pd.Series(kept).astype("Int64")


def _answers(values: Floats, eligible: Mask) -> pd.Series:
    words = np.select([values == 1, values == 0], ["yes", "no"], "not_observed")
    return _texts([word if shown else None for word, shown in zip(words.tolist(), eligible, strict=True)])
