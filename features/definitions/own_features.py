"""The features that a study declares: how each measure of a dated quantity is computed.

Every function reads a `KnownAtLandmark`, as the built-in features do, so that nothing after the landmark can enter.
"""

import numpy as np

from features.definitions.feature import Feature, Sign
from features.definitions.route_dose import USUAL
from features.protocol.document import Protocol
from features.protocol.own_feature import (
    COUNT,
    EVENT_COUNTS,
    QUANTITIES,
    SESSION_QUANTITIES,
    Direction,
    OwnFeature,
    quantity_of,
)
from features.records.landmark import KnownAtLandmark
from features.records.rating_days import known_days
from features.records.severity import as_recorded
from features.records.timeline import Floats, Rows

_SIGNS: dict[Direction, Sign] = {"less": -1, "": 0, "more": 1}


def study_feature(declared: OwnFeature, protocol: Protocol) -> Feature:
    """The feature that a study declares; its meaning ends with what is computed, so that the fingerprint has it."""
    scale = protocol.instruments.get(declared.of)
    quantity = QUANTITIES[declared.of] if scale is None else quantity_of(scale)
    minimum, maximum = declared.limits(quantity)

    def measured(known: KnownAtLandmark) -> Floats:
        return measure_of(declared, known)

    return Feature(
        declared.name,
        "study feature",
        declared.unit(quantity),
        minimum,
        maximum,
        _SIGNS[declared.remission],
        _SIGNS[declared.relapse],
        source=declared.source or "the study's protocol",
        function=measured,
        meaning=f"{declared.meaning.strip().rstrip('.')}. Declared as {declared.expression}.",
    )


def measure_of(declared: OwnFeature, known: KnownAtLandmark) -> Floats:
    """The measure per patient, shape (patients,); NaN where nothing was recorded in the window.

    A count is 0 from the day on which the window begins, and missing before.
    """
    rows = _in_window(_records(declared.of, known), declared)
    if declared.measure == COUNT:
        return _count(declared, rows, known)
    rows = rows.recorded("value")
    if declared.measure == "change":
        changed = rows.last_for_patient("value") - rows.first_for_patient("value")
        return np.where(rows.count_for_patient() > 1, changed, np.nan)
    if declared.measure == "slope":
        return 7 * rows.slope_for_patient("value", over="day")
    measures = {
        "first": rows.first_for_patient,
        "last": rows.last_for_patient,
        "minimum": rows.minimum_for_patient,
        "maximum": rows.maximum_for_patient,
        "mean": rows.mean_for_patient,
    }
    return measures[declared.measure]("value")


def _in_window(rows: Rows, declared: OwnFeature) -> Rows:
    """The records of the window, which counts the day on which each is known."""
    day = rows.numbers("known_on")
    within = np.ones(len(rows), dtype=np.bool_)
    if declared.from_day is not None:
        within &= day >= declared.from_day
    if declared.to_day is not None:
        within &= day <= declared.to_day
    return rows.where(within)


def _count(declared: OwnFeature, rows: Rows, known: KnownAtLandmark) -> Floats:
    """Number of records; of sessions with an adverse event, missing where it was recorded for none."""
    recorded = rows.recorded("value")
    if declared.of == "adverse_event":
        return np.where(recorded.exists_for_patient(), recorded.sum_for_patient("value"), np.nan)
    first = -np.inf if declared.from_day is None else declared.from_day
    return np.where(_last_known_day(declared.of, known) >= first, recorded.count_for_patient(), np.nan)


def _last_known_day(of: str, known: KnownAtLandmark) -> Floats:
    """The last day whose records are known: that of the landmark for ratings, the day before it for the others."""
    same_day = of in known.protocol.instruments or known.landmark.day is not None
    return known.day if same_day else known.day - 1


def _records(of: str, known: KnownAtLandmark) -> Rows:
    """The records of a quantity: ``day``, the day on which each is known, and its ``value`` (1 if it has none)."""
    if of in known.protocol.instruments:
        code = known.protocol.code("assessments", "instrument", of)
        ratings = known.assessments.where(np.asarray(known.assessments["instrument"] == code))
        scores = as_recorded(ratings, known.protocol).numbers("score")
        return _rows(ratings, scores, known_days(ratings))
    if of in SESSION_QUANTITIES:
        doses = known.dosing_sessions
        return _rows(doses, _relative(doses) if of == "dose_relative_to_usual" else doses.numbers(of))
    if of in EVENT_COUNTS:
        code = known.protocol.code("events", "event", of)
        return _rows(known.events.where(np.asarray(known.events["event"] == code)))
    if of == "adverse_event":
        return _rows(known.sessions, known.sessions.numbers("adverse_event"))
    kind = known.protocol.code("sessions", "kind", of.removesuffix("_session"))
    return _rows(known.sessions.where(np.asarray(known.sessions["kind"] == kind)))


def _relative(doses: Rows) -> Floats:
    """Each dose as a multiple of the usual one of its route."""
    return doses.numbers("dose_mg_per_kg") / USUAL[np.asarray(doses["route"], dtype=np.intp)]


def _rows(rows: Rows, value: Floats | None = None, known_on: Floats | None = None) -> Rows:
    day = rows.numbers("day")
    columns = {
        "day": day,
        "known_on": day if known_on is None else known_on,
        "value": np.ones(len(rows)) if value is None else value,
    }
    return Rows(rows.patients, rows.patient, columns)
