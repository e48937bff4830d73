"""A patient's ratings at the landmark as numbers: first, last, lowest, highest, means and slope."""

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED, KnownDoses, KnownRatings
from features.records.compiled_rows import RatingRows


@compiled
def rating_summary(rows: RatingRows, start: int, end: int, code: int, doses: KnownDoses) -> KnownRatings:
    """The ratings in rows ``start`` to ``end`` on the scale of a code."""
    at_baseline, total_at_baseline, baseline_day = 0, 0.0, NOT_RECORDED
    latest, latest_day, latest_since = NOT_RECORDED, NOT_RECORDED, NOT_RECORDED
    since, total_since, lowest, highest = 0, 0.0, NOT_RECORDED, NOT_RECORDED
    recent, recent_total, after_session_1 = 0, 0.0, NOT_RECORDED
    for row in range(start, end):
        if rows.instrument[row] != code:
            continue
        score, known_on = rows.score[row], rows.known_on[row]
        latest, latest_day = score, rows.day[row]
        if np.isnan(after_session_1) and known_on > doses.day_of_session_1:
            after_session_1 = score
        if known_on <= 0:
            at_baseline, total_at_baseline, baseline_day = at_baseline + 1, total_at_baseline + score, rows.day[row]
            continue
        since, total_since, latest_since = since + 1, total_since + score, score
        lowest = min(score, lowest)
        highest = max(score, highest)
        if known_on > doses.last_day:
            recent, recent_total = recent + 1, recent_total + score
    return KnownRatings(
        at_baseline,
        total_at_baseline / at_baseline if at_baseline else NOT_RECORDED,
        latest,
        latest_day,
        since,
        latest_since,
        total_since / since if since else NOT_RECORDED,
        lowest,
        highest,
        recent_total / recent if recent else NOT_RECORDED,
        after_session_1,
        _slope_per_day(rows, start, end, code, baseline_day),
    )


@compiled
def _slope_per_day(rows: RatingRows, start: int, end: int, code: int, baseline_day: float) -> float:
    """Least-squares slope of the ratings from the day of the baseline on, or of all where there is none."""
    number, days, scores = 0, 0.0, 0.0
    for row in range(start, end):
        if rows.instrument[row] == code and not rows.day[row] < baseline_day:
            number, days, scores = number + 1, days + rows.day[row], scores + rows.score[row]
    mean_day, mean_score = days / number, scores / number
    products, squares = 0.0, 0.0
    for row in range(start, end):
        if rows.instrument[row] == code and not rows.day[row] < baseline_day:
            time = rows.day[row] - mean_day
            products, squares = products + time * (rows.score[row] - mean_score), squares + time * time
    return products / squares if squares > 0 else NOT_RECORDED


@compiled
def latest_until(rows: RatingRows, start: int, end: int, code: int, day: float) -> float:
    """The latest rating on the scale of a code that is known by a day."""
    latest = NOT_RECORDED
    for row in range(start, end):
        if rows.instrument[row] == code and rows.known_on[row] <= day:
            latest = rows.score[row]
    return latest
