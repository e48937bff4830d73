"""When a rating is known: on its day, or, if it was taken after the dose of that day, from the next day on.

A dose is given from day 0 on, so the ratings known by day 0 are those from before the first dose: the baseline.
"""

import numpy as np

from features.records.timeline import Floats, Mask, Rows


def is_after_dose(ratings: Rows) -> Mask:
    """Which ratings were taken after the dose of their day; one without a record was taken before it."""
    recorded = ratings.columns.get("after_dose")
    return np.zeros(len(ratings), dtype=np.bool_) if recorded is None else np.asarray(recorded == 1)


def known_days(ratings: Rows) -> Floats:
    """The first day on which each rating is known."""
    return ratings.numbers("day") + is_after_dose(ratings)


def last_known_day(ratings: Rows) -> Floats:
    """The day on which the last rating of each patient is known, NaN without one."""
    return Rows(ratings.patients, ratings.patient, {"known": known_days(ratings)}).last_for_patient("known")


def until_day_0(ratings: Rows) -> Rows:
    """The ratings from before the first dose."""
    return ratings.where(known_days(ratings) <= 0)
