"""The features of every patient but a study's own: one compiled loop, the same for one patient and for a million."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.definitions import baseline_severity as severity
from features.definitions import early_response as response
from features.definitions import route_dose as dose
from features.definitions import treatment_history as history
from features.definitions.dose_summary import DoseRows, dose_rows, dose_summary
from features.definitions.known_patient import KnownPatient, KnownScale
from features.definitions.patient_context import PatientColumn, column_value
from features.definitions.rating_summary import latest_until, rating_summary
from features.definitions.treatment_history import TreatmentRows, treatment_rows, treatment_summary
from features.records.compiled_rows import RatingRows, SessionDays, session_days
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Categories, Floats, Indices, plain

COMPUTED = 47
"""Number of the features that are computed here; they are the first of the catalogue."""


class _ScaleColumns(NamedTuple):
    """Of every patient: the primary scale, and the codes of the second one at baseline and now."""

    code: Indices
    baseline: Floats
    minimum: Floats
    span: Floats
    remission_at_most: Floats
    remission_criterion: Floats
    reliable_change: Floats
    second: Indices
    second_now: Indices


class _PatientColumns(NamedTuple):
    """Of every patient: the landmark day, and columns of ``patients``.

    ``features`` (columns, patients) are features by themselves; ``wanted`` are the codes of their categories.
    """

    day: Floats
    features: Floats
    wanted: Categories
    treatments_recorded: Floats
    illness_duration_years: Floats
    benzodiazepine_mg: Floats


class _Ranges(NamedTuple):
    """The lowest and the highest score of every scale, by code."""

    lowest: Floats
    highest: Floats


class _Records(NamedTuple):
    """The rows known at the landmark."""

    ratings: RatingRows
    sessions: SessionDays
    doses: DoseRows
    treatments: TreatmentRows


def write_features(
    known: KnownAtLandmark, columns: Sequence[PatientColumn], wanted: Categories, values: Floats
) -> None:
    """Write the computed features into the first columns of ``values`` (patients, features), where there is a day.

    Those that are ``columns`` of patients follow; ``wanted`` are the codes of their categories.
    """
    rated, numbers = known.scales, known.protocol.scale_numbers
    primary = rated.primary
    scales = _ScaleColumns(
        primary.code,
        primary.baseline,
        primary.minimum,
        primary.span,
        primary.remission_at_most,
        primary.remission_criterion,
        primary.reliable_change,
        rated.second,
        rated.second_now,
    )
    of_patients = ("prior_treatments_recorded", "illness_duration_years", "benzodiazepine_mg")
    features = np.array([known.patients[one.name] for one in columns])
    named = (plain(known.patients[name], np.float64) for name in of_patients)
    patients = _PatientColumns(known.day, features, wanted, *named)
    records = _Records(
        known.rating_rows,
        session_days(known.sessions),
        dose_rows(known.sessions),
        treatment_rows(known.prior_treatments),
    )
    _write_rows(patients, scales, records, _Ranges(numbers["minimum"], numbers["maximum"]), values)


@compiled
def _write_rows(
    patients: _PatientColumns, scales: _ScaleColumns, records: _Records, ranges: _Ranges, values: Floats
) -> None:
    rating, session, treatment = 0, 0, 0
    for patient in range(len(values)):
        first_rating, first_session, first_treatment = rating, session, treatment
        rating = _end(records.ratings.patient, rating, patient)
        session = _end(records.sessions.patient, session, patient)
        treatment = _end(records.treatments.patient, treatment, patient)
        if np.isnan(patients.day[patient]):
            continue
        doses = dose_summary(records.sessions, records.doses, first_session, session)
        second, now = scales.second[patient], scales.second_now[patient]
        at_baseline = latest_until(records.ratings, first_rating, rating, second, 0.0)
        latest = latest_until(records.ratings, first_rating, rating, now, np.inf)
        known = KnownPatient(
            patients.day[patient],
            _scale_of(scales, patient),
            rating_summary(records.ratings, first_rating, rating, scales.code[patient], doses),
            doses,
            treatment_summary(records.treatments, first_treatment, treatment, patients.treatments_recorded[patient]),
            (at_baseline - ranges.lowest[second]) / (ranges.highest[second] - ranges.lowest[second]),
            (latest - ranges.lowest[now]) / (ranges.highest[now] - ranges.lowest[now]),
            patients.illness_duration_years[patient],
            patients.benzodiazepine_mg[patient],
        )
        _write_row(known, values[patient])
        for column, wanted in enumerate(patients.wanted):
            values[patient, COMPUTED + column] = column_value(patients.features[column, patient], wanted)


@compiled
def _scale_of(scales: _ScaleColumns, patient: int) -> KnownScale:
    return KnownScale(
        scales.baseline[patient],
        scales.minimum[patient],
        scales.span[patient],
        scales.remission_at_most[patient],
        scales.remission_criterion[patient],
        scales.reliable_change[patient],
    )


@compiled
def _end(patients: Indices, start: int, patient: int) -> int:
    """The row after a patient's last one, of which the first may be at ``start``."""
    while start < len(patients) and patients[start] == patient:
        start += 1
    return start


@compiled
def _write_row(known: KnownPatient, row: Floats) -> None:  # noqa: PLR0915 - one line for each feature
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
