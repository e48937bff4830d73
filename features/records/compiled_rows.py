"""The rows of the dated tables as compiled code reads them: plain arrays, a patient's rows together."""

from typing import NamedTuple

import numpy as np

from features.records.rating_days import known_days
from features.records.timeline import Categories, Floats, Indices, Rows, plain


class RatingRows(NamedTuple):
    """Ratings; ``known_on`` is the first day on which each is known."""

    patient: Indices
    day: Floats
    instrument: Categories
    score: Floats
    known_on: Floats


class SessionDays(NamedTuple):
    """Sessions by kind, number within the kind, and day."""

    patient: Indices
    kind: Categories
    number: Floats
    day: Floats


class EventRows(NamedTuple):
    """Events."""

    patient: Indices
    event: Categories
    day: Floats


def rating_rows(assessments: Rows) -> RatingRows:
    """The ratings of a table."""
    return RatingRows(
        patient_of(assessments),
        numbers_of(assessments, "day"),
        categories_of(assessments, "instrument"),
        numbers_of(assessments, "score"),
        known_days(assessments),
    )


def session_days(sessions: Rows) -> SessionDays:
    """The sessions of a table."""
    return SessionDays(
        patient_of(sessions),
        categories_of(sessions, "kind"),
        numbers_of(sessions, "session_number"),
        numbers_of(sessions, "day"),
    )


def event_rows(events: Rows) -> EventRows:
    """The events of a table."""
    return EventRows(patient_of(events), categories_of(events, "event"), numbers_of(events, "day"))


def patient_of(rows: Rows) -> Indices:
    """The index of each row's patient."""
    return plain(rows.patient, np.intp)


def numbers_of(rows: Rows, column: str) -> Floats:
    """A column of numbers, NaN where not recorded."""
    return plain(rows[column], np.float64)


def categories_of(rows: Rows, column: str) -> Categories:
    """A column of categories as codes, -1 where not recorded."""
    return plain(rows[column], np.int16)
