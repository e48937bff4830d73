"""The computed features of every patient: one compiled loop, the same for one patient and for a million."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.compilation import compiled
from features.definitions import baseline_severity as severity
from features.definitions import early_response as response
from features.definitions import route_dose as dose
from features.definitions import treatment_history as history
from features.definitions.dose_summary import SessionRows, dose_summary
from features.definitions.known_patient import KnownPatient, KnownScale
from features.definitions.rating_summary import RatingRows, latest_until, rating_summary
from features.definitions.treatment_history import TreatmentRows, treatment_summary
from features.records.landmark import KnownAtLandmark
from features.records.rating_days import known_days
from features.records.timeline import Categories, Floats, Indices, Rows, plain

COMPUTED = 47
"""Number of the features that are computed here; they are the first of the catalogue."""


def write_computed(known: KnownAtLandmark, values: Floats) -> None:
    """Write the computed features of every patient into the first columns of ``values``, (patients, features)."""
    primary, numbers = known.primary, known.protocol.scale_numbers
    ratings, sessions, treatments = known.assessments, known.sessions, known.prior_treatments
    _write_rows(
        values,
        known.day,
        primary.code,
        primary.baseline,
        primary.minimum,
        primary.span,
        primary.remission_at_most,
        primary.remission_criterion,
        primary.reliable_change,
        known.second_scale,
        known.second_scale_now,
        numbers["minimum"],
        numbers["maximum"],
        *(plain(known.patients[name], np.float64) for name in _OF_PATIENTS),
        *_columns(ratings, "day", "score", "instrument"),
        known_days(ratings),
        *_columns(sessions, *_OF_SESSIONS),
        *_columns(treatments, *TreatmentRows._fields),
    )


_OF_PATIENTS = ("prior_treatments_recorded", "illness_duration_years", "benzodiazepine_mg")
_OF_SESSIONS = (
    "kind",
    "day",
    "session_number",
    "route",
    "dose_mg_per_kg",
    "peak_distress",
    "peak_dissociation",
    "adverse_event",
)
"""The columns of `SessionRows`, in its order."""


_CATEGORIES = frozenset({"instrument", "kind", "route", "treatment", "outcome"})


def _columns(rows: Rows, *names: str) -> list[NDArray[Any]]:
    kinds = (np.int16 if name in _CATEGORIES else np.float64 for name in names)
    return [plain(rows.patient, np.intp), *(plain(rows[name], kind) for name, kind in zip(names, kinds, strict=True))]


@compiled
def _write_rows(  # noqa: PLR0913 - compiled code takes arrays one by one
    values: Floats,
    day: Floats,
    code: Indices,
    baseline: Floats,
    minimum: Floats,
    span: Floats,
    remission_at_most: Floats,
    remission_criterion: Floats,
    reliable_change: Floats,
    second: Indices,
    second_now: Indices,
    lowest_score: Floats,
    highest_score: Floats,
    asked: Floats,
    illness_duration_years: Floats,
    benzodiazepine_mg: Floats,
    rating_patient: Indices,
    rating_day: Floats,
    score: Floats,
    instrument: Categories,
    known_on: Floats,
    session_patient: Indices,
    session_kind: Categories,
    session_day: Floats,
    session_number: Floats,
    route: Categories,
    dose_mg_per_kg: Floats,
    distress: Floats,
    dissociation: Floats,
    adverse_event: Floats,
    treatment_patient: Indices,
    treatment: Categories,
    outcome: Categories,
    adequate: Floats,
    end_day: Floats,
) -> None:
    ratings = RatingRows(rating_day, score, instrument, known_on)
    sessions = SessionRows(
        session_kind, session_day, session_number, route, dose_mg_per_kg, distress, dissociation, adverse_event
    )
    treatments = TreatmentRows(treatment, outcome, adequate, end_day)
    rating, session, course = 0, 0, 0
    for patient in range(len(day)):
        first_rating, first_session, first_course = rating, session, course
        rating, session, course = (
            _end(rating_patient, rating, patient),
            _end(session_patient, session, patient),
            _end(treatment_patient, course, patient),
        )
        if np.isnan(day[patient]):
            values[patient, :COMPUTED] = np.nan
            continue
        doses = dose_summary(sessions, first_session, session)
        scale, now = second[patient], second_now[patient]
        at_baseline = latest_until(ratings, first_rating, rating, scale, 0.0)
        latest = latest_until(ratings, first_rating, rating, now, np.inf)
        known = KnownPatient(
            day[patient],
            KnownScale(
                baseline[patient],
                minimum[patient],
                span[patient],
                remission_at_most[patient],
                remission_criterion[patient],
                reliable_change[patient],
            ),
            rating_summary(ratings, first_rating, rating, code[patient], doses),
            doses,
            treatment_summary(treatments, first_course, course, asked[patient]),
            (at_baseline - lowest_score[scale]) / (highest_score[scale] - lowest_score[scale]),
            (latest - lowest_score[now]) / (highest_score[now] - lowest_score[now]),
            illness_duration_years[patient],
            benzodiazepine_mg[patient],
        )
        _write_row(known, values[patient])


@compiled
def _end(patients: Indices, start: int, patient: int) -> int:
    """The row after a patient's last one, of which the first may be at ``start``."""
    while start < len(patients) and patients[start] == patient:
        start += 1
    return start


@compiled
def _write_row(known: KnownPatient, row: Floats) -> None:
    """The features in the order of the catalogue."""
    row[0] = severity.baseline_severity_share(known)
    row[1] = severity.baseline_distance_to_remission(known)
    row[2] = severity.drop_needed(known)
    row[3] = severity.second_scale_severity_share(known)
    row[4] = severity.illness_duration_years(known)
    row[5] = severity.mean_baseline_distance_to_remission(known)
    row[6] = severity.baseline_ratings(known)
    row[7] = history.prior_antidepressants_not_failed(known)
    row[8] = history.prior_other_medications_not_failed(known)
    row[9] = history.prior_psychotherapies_not_failed(known)
    row[10] = history.prior_stimulations_not_failed(known)
    row[11] = history.prior_intensive_treatments_not_failed(known)
    row[12] = history.adequate_failures(known)
    row[13] = history.earlier_response(known)
    row[14] = history.prior_ketamine_not_failed(known)
    row[15] = history.ketamine_failures(known)
    row[16] = history.ketamine_responses(known)
    row[17] = history.benzodiazepine_running(known)
    row[18] = history.benzodiazepine_mg(known)
    row[19] = response.change_points(known)
    row[20] = response.change_share(known)
    row[21] = response.change_reliable(known)
    row[22] = response.distance_to_remission(known)
    row[23] = response.distance_to_criterion(known)
    row[24] = response.mean_distance_to_criterion(known)
    row[25] = response.recent_distance_to_criterion(known)
    row[26] = response.change_after_session_1(known)
    row[27] = response.slope_per_week(known)
    row[28] = response.latest_severity_share(known)
    row[29] = response.best_share(known)
    row[30] = response.worst_share(known)
    row[31] = response.in_remission_band(known)
    row[32] = response.ratings_since_baseline(known)
    row[33] = response.days_since_last_rating(known)
    row[34] = response.dosing_sessions(known)
    row[35] = response.psychotherapy_sessions(known)
    row[36] = response.days_since_last_dose(known)
    row[37] = response.days_between_doses(known)
    row[38] = dose.route_parenteral(known)
    row[39] = dose.route_intranasal(known)
    row[40] = dose.dose_relative_to_usual(known)
    row[41] = dose.parenteral_dose_shortfall(known)
    row[42] = dose.dose_of_route_limit(known)
    row[43] = dose.peak_distress(known)
    row[44] = response.peak_dissociation(known)
    row[45] = response.adverse_events(known)
    row[46] = severity.second_scale_severity_now(known)
