"""Early response: the change on the primary scale, and the sessions so far."""

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED, KnownPatient
from features.records.cut_offs import TOLERANCE


@compiled
def _share(known: KnownPatient, score: float) -> float:
    return (score - known.scale.minimum) / known.scale.span


@compiled
def _to_criterion(known: KnownPatient, score: float) -> float:
    return (score - known.scale.remission_criterion) / known.scale.reliable_change


@compiled
def _current(known: KnownPatient) -> float:
    """The latest rating after day 0, or the baseline where none followed."""
    return known.scale.baseline if np.isnan(known.ratings.latest_since) else known.ratings.latest_since


@compiled
def change_points(known: KnownPatient) -> float:
    """Baseline minus the latest rating after day 0."""
    return known.scale.baseline - known.ratings.latest_since


@compiled
def change_share(known: KnownPatient) -> float:
    """The change as a share of the way from the baseline to the bottom of the scale.

    A worsening by more than that way counts as -1: near the bottom the share would grow without bound.
    """
    way = known.scale.baseline - known.scale.minimum
    if not way > 0:
        return NOT_RECORDED
    share = change_points(known) / way
    return -1.0 if share < -1 else share


@compiled
def change_reliable(known: KnownPatient) -> float:
    """The change in reliable changes of the scale."""
    return change_points(known) / known.scale.reliable_change


@compiled
def distance_to_remission(known: KnownPatient) -> float:
    """Points from the latest rating down to the remission band, in reliable changes; the baseline where none followed.

    Negative inside the band.
    """
    return (_current(known) - known.scale.remission_at_most) / known.scale.reliable_change


@compiled
def distance_to_criterion(known: KnownPatient) -> float:
    """Points from the latest rating down to what counts as remission for this patient, in reliable changes.

    That is the remission band, or a reliable drop from the baseline where the protocol asks for one too.
    """
    return _to_criterion(known, _current(known))


@compiled
def mean_distance_to_criterion(known: KnownPatient) -> float:
    """The same distance from the mean of all ratings after day 0."""
    return _to_criterion(known, known.ratings.mean_since)


@compiled
def recent_distance_to_criterion(known: KnownPatient) -> float:
    """The same distance from the mean of the ratings after the last dosing session."""
    return _to_criterion(known, known.ratings.recent_mean)


@compiled
def change_after_session_1(known: KnownPatient) -> float:
    """Baseline minus the first rating after dosing session 1, in reliable changes."""
    return (known.scale.baseline - known.ratings.first_after_session_1) / known.scale.reliable_change


@compiled
def slope_per_week(known: KnownPatient) -> float:
    """Least-squares slope of the ratings from the baseline on, or from the first one where there is no baseline, in
    reliable changes a week; negative is better.
    """
    return known.ratings.slope_per_day * 7 / known.scale.reliable_change


@compiled
def latest_severity_share(known: KnownPatient) -> float:
    """Latest rating of the primary scale, at baseline or since, as a share of its range."""
    return _share(known, known.ratings.latest)


@compiled
def best_share(known: KnownPatient) -> float:
    """Lowest rating after day 0, as a share of the range."""
    return _share(known, known.ratings.lowest_since)


@compiled
def worst_share(known: KnownPatient) -> float:
    """Highest rating after day 0, as a share of the range."""
    return _share(known, known.ratings.highest_since)


@compiled
def in_remission_band(known: KnownPatient) -> float:
    """Whether the latest rating after day 0 is in the remission band (1) or not (0)."""
    latest = known.ratings.latest_since
    if np.isnan(latest):
        return NOT_RECORDED
    return 1.0 if latest <= known.scale.remission_at_most + TOLERANCE else 0.0


@compiled
def ratings_since_baseline(known: KnownPatient) -> float:
    """Number of ratings on the primary scale after day 0."""
    return known.ratings.number_since


@compiled
def days_since_last_rating(known: KnownPatient) -> float:
    """Days from the latest rating on the primary scale to the landmark."""
    return known.day - known.ratings.latest_day


@compiled
def dosing_sessions(known: KnownPatient) -> float:
    """Number of dosing sessions so far."""
    return known.doses.number


@compiled
def psychotherapy_sessions(known: KnownPatient) -> float:
    """Number of psychotherapy sessions so far."""
    return known.doses.sessions - known.doses.number


@compiled
def days_since_last_dose(known: KnownPatient) -> float:
    """Days from the last dosing session to the landmark."""
    return known.day - known.doses.last_day


@compiled
def days_between_doses(known: KnownPatient) -> float:
    """Mean number of days between dosing sessions, from two on."""
    if known.doses.number < 2:
        return NOT_RECORDED
    return (known.doses.last_day - known.doses.first_day) / (known.doses.number - 1)


@compiled
def peak_dissociation(known: KnownPatient) -> float:
    """Highest dissociation of the sessions so far."""
    return known.doses.peak_dissociation


@compiled
def adverse_events(known: KnownPatient) -> float:
    """Number of sessions so far with an adverse event; missing where it was recorded for none."""
    return known.doses.adverse_events
