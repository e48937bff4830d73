"""Early response: the change on the primary scale, and the sessions so far."""

import numpy as np

from features.records.cut_offs import at_most
from features.records.landmark import KnownAtLandmark
from features.records.rating_days import known_days, until_day_0
from features.records.timeline import Floats, Rows


def _share(known: KnownAtLandmark, score: Floats) -> Floats:
    return (score - known.primary.minimum) / known.primary.span


def change_points(known: KnownAtLandmark) -> Floats:
    """Baseline minus the latest rating after day 0."""
    return known.primary.baseline - known.latest_since_baseline


def change_share(known: KnownAtLandmark) -> Floats:
    """The change as a share of the way from the baseline to the bottom of the scale.

    A worsening by more than that way counts as -1: near the bottom the share would grow without bound.
    """
    way = known.primary.baseline - known.primary.minimum
    share = np.divide(change_points(known), way, out=np.full(len(known), np.nan), where=way > 0)
    return np.maximum(share, -1.0)


def change_reliable(known: KnownAtLandmark) -> Floats:
    """The change in reliable changes of the scale."""
    return change_points(known) / known.primary.reliable_change


def distance_to_remission(known: KnownAtLandmark) -> Floats:
    """Points from the latest rating down to the remission band, in reliable changes; the baseline where none followed.

    Negative inside the band.
    """
    latest = known.latest_since_baseline
    current = np.where(np.isnan(latest), known.primary.baseline, latest)
    return (current - known.primary.remission_at_most) / known.primary.reliable_change


def distance_to_criterion(known: KnownAtLandmark) -> Floats:
    """Points from the latest rating down to what counts as remission for this patient, in reliable changes.

    That is the remission band, or a reliable drop from the baseline where the protocol asks for one too.
    """
    latest = known.latest_since_baseline
    return _to_criterion(known, np.where(np.isnan(latest), known.primary.baseline, latest))


def mean_distance_to_criterion(known: KnownAtLandmark) -> Floats:
    """The same distance from the mean of all ratings after day 0."""
    return _to_criterion(known, known.ratings_since_baseline.mean_for_patient("score"))


def recent_distance_to_criterion(known: KnownAtLandmark) -> Floats:
    """The same distance from the mean of the ratings after the last dosing session."""
    return _to_criterion(known, _after_last_dose(known).mean_for_patient("score"))


def _after_last_dose(known: KnownAtLandmark) -> Rows:
    ratings = known.ratings_since_baseline
    return ratings.where(known_days(ratings) > ratings.spread(known.dosing_sessions.last_for_patient("day")))


def _to_criterion(known: KnownAtLandmark, score: Floats) -> Floats:
    return (score - known.primary.remission_criterion) / known.primary.reliable_change


def change_after_session_1(known: KnownAtLandmark) -> Floats:
    """Baseline minus the first rating after dosing session 1, in reliable changes."""
    return (known.primary.baseline - _after_first_session(known).first_for_patient("score")) / (
        known.primary.reliable_change
    )


def _after_first_session(known: KnownAtLandmark) -> Rows:
    ratings, doses = known.primary_ratings, known.dosing_sessions
    first_dose = doses.where(doses.numbers("session_number") == 1).first_for_patient("day")
    return ratings.where(known_days(ratings) > ratings.spread(first_dose))


def slope_per_week(known: KnownAtLandmark) -> Floats:
    """Least-squares slope of the ratings from the baseline on, or from the first one where there is no baseline, in
    reliable changes a week; negative is better.
    """
    ratings = known.primary_ratings
    before = until_day_0(ratings)
    since = ~(ratings.numbers("day") < ratings.spread(before.last_for_patient("day")))
    return ratings.where(since).slope_for_patient("score") * 7 / known.primary.reliable_change


def latest_severity_share(known: KnownAtLandmark) -> Floats:
    """Latest rating of the primary scale, at baseline or since, as a share of its range."""
    return _share(known, known.primary_ratings.last_for_patient("score"))


def best_share(known: KnownAtLandmark) -> Floats:
    """Lowest rating after day 0, as a share of the range."""
    return _share(known, known.ratings_since_baseline.minimum_for_patient("score"))


def worst_share(known: KnownAtLandmark) -> Floats:
    """Highest rating after day 0, as a share of the range."""
    return _share(known, known.ratings_since_baseline.maximum_for_patient("score"))


def in_remission_band(known: KnownAtLandmark) -> Floats:
    """Whether the latest rating after day 0 is in the remission band (1) or not (0)."""
    latest = known.latest_since_baseline
    return np.where(np.isnan(latest), np.nan, at_most(latest, known.primary.remission_at_most))


def ratings_since_baseline(known: KnownAtLandmark) -> Floats:
    """Number of ratings on the primary scale after day 0."""
    return known.ratings_since_baseline.count_for_patient()


def days_since_last_rating(known: KnownAtLandmark) -> Floats:
    """Days from the latest rating on the primary scale to the landmark."""
    return known.day - known.primary_ratings.last_for_patient("day")


def dosing_sessions(known: KnownAtLandmark) -> Floats:
    """Number of dosing sessions so far."""
    return known.dosing_sessions.count_for_patient()


def psychotherapy_sessions(known: KnownAtLandmark) -> Floats:
    """Number of psychotherapy sessions so far."""
    return known.sessions.count_for_patient() - known.dosing_sessions.count_for_patient()


def days_since_last_dose(known: KnownAtLandmark) -> Floats:
    """Days from the last dosing session to the landmark."""
    return known.day - known.dosing_sessions.last_for_patient("day")


def days_between_doses(known: KnownAtLandmark) -> Floats:
    """Mean number of days between dosing sessions, from two on."""
    doses = known.dosing_sessions
    gaps = doses.count_for_patient() - 1
    spanned = doses.last_for_patient("day") - doses.first_for_patient("day")
    return np.divide(spanned, gaps, out=np.full(len(known), np.nan), where=gaps > 0)


def peak_dissociation(known: KnownAtLandmark) -> Floats:
    """Highest dissociation of the sessions so far."""
    return known.dosing_sessions.maximum_for_patient("peak_dissociation")


def adverse_events(known: KnownAtLandmark) -> Floats:
    """Number of sessions so far with an adverse event; missing where it was recorded for none."""
    recorded = known.sessions.recorded("adverse_event")
    return np.where(recorded.exists_for_patient(), recorded.sum_for_patient("adverse_event"), np.nan)
