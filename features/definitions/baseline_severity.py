"""Severity at baseline: on the primary scale, on a second scale, and the duration of the illness."""

import numpy as np

from features.records.landmark import KnownAtLandmark
from features.records.primary_scale import Codes
from features.records.rating_days import until_day_0
from features.records.timeline import Floats, Rows


def baseline_severity_share(known: KnownAtLandmark) -> Floats:
    """Baseline score as a share of the primary scale's range."""
    return (known.primary.baseline - known.primary.minimum) / known.primary.span


def baseline_distance_to_remission(known: KnownAtLandmark) -> Floats:
    """Points from the baseline down to the remission band, in reliable changes."""
    return (known.primary.baseline - known.primary.remission_at_most) / known.primary.reliable_change


def drop_needed(known: KnownAtLandmark) -> Floats:
    """Points from the baseline down to what counts as remission for this patient, in reliable changes; at least 1
    where the protocol asks for a reliable drop.
    """
    return (known.primary.baseline - known.primary.remission_criterion) / known.primary.reliable_change


def second_scale_severity_share(known: KnownAtLandmark) -> Floats:
    """Baseline on the second scale as a share of its range."""
    return _last_share(known, until_day_0(known.assessments), known.second_scale)


def second_scale_severity_now(known: KnownAtLandmark) -> Floats:
    """Latest rating of the second scale as a share of its range; without one at baseline, of the first other scale
    rated since.
    """
    return _last_share(known, known.assessments, _second_scale_now(known))


def _second_scale_now(known: KnownAtLandmark) -> Codes:
    """Code of the second scale, or of the first other one that is rated by the landmark (-1: none)."""
    chosen = known.second_scale.copy()
    for code in known.protocol.second_scales:
        if (chosen >= 0).all():
            break
        rated = known.assessments.where(np.asarray(known.assessments["instrument"] == code)).exists_for_patient()
        chosen[(chosen < 0) & rated & (known.primary.code != code)] = code
    return chosen


def _last_share(known: KnownAtLandmark, ratings: Rows, code: Codes) -> Floats:
    """Last of ``ratings`` on the scale of each patient's ``code``, as a share of its range."""
    numbers = known.protocol.scale_numbers
    minimum, maximum = numbers["minimum"][code], numbers["maximum"][code]
    own = ratings.where(np.asarray(ratings["instrument"] == code[ratings.patient]))
    return (own.last_for_patient("score") - minimum) / (maximum - minimum)


def illness_duration_years(known: KnownAtLandmark) -> Floats:
    """Years since the onset of the illness."""
    return known.patients["illness_duration_years"]


def baseline_ratings(known: KnownAtLandmark) -> Floats:
    """Number of ratings on the primary scale on or before day 0."""
    return _at_baseline(known).count_for_patient()


def mean_baseline_distance_to_remission(known: KnownAtLandmark) -> Floats:
    """Points from the mean of the baseline ratings down to the remission band, in reliable changes."""
    mean = _at_baseline(known).mean_for_patient("score")
    return (mean - known.primary.remission_at_most) / known.primary.reliable_change


def _at_baseline(known: KnownAtLandmark) -> Rows:
    return until_day_0(known.primary_ratings)
