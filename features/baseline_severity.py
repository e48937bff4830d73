"""How ill the patient was at day 0: on the primary scale, on a second scale, and for how long."""

import numpy as np

from features.landmark import Known
from features.timeline import Floats, Rows


def baseline_severity_share(known: Known) -> Floats:
    """Baseline score as a share of the primary scale's range."""
    return (known.primary.baseline - known.primary.minimum) / known.primary.span


def baseline_distance_to_remission(known: Known) -> Floats:
    """Points from the baseline down to the remission band, in reliable changes."""
    return (known.primary.baseline - known.primary.remission_at_most) / known.primary.reliable_change


def drop_needed(known: Known) -> Floats:
    """Points from the baseline down to what counts as remission for this patient, in reliable changes; at least 1
    where the protocol asks for a reliable drop.
    """
    return (known.primary.baseline - known.primary.remission_criterion) / known.primary.reliable_change


def second_scale_severity_share(known: Known) -> Floats:
    """Baseline on the second scale as a share of its range."""
    return _second_scale_share(known, known.assessments.where(known.assessments.numbers("day") <= 0))


def second_scale_severity_now(known: Known) -> Floats:
    """Latest rating of the second scale as a share of its range."""
    return _second_scale_share(known, known.assessments)


def _second_scale_share(known: Known, ratings: Rows) -> Floats:
    """Last of ``ratings`` on the second scale, as a share of its range."""
    code, numbers = known.second_scale, known.protocol.scale_numbers
    minimum, maximum = numbers["minimum"][code], numbers["maximum"][code]
    own = ratings.where(np.asarray(ratings["instrument"] == code[ratings.patient]))
    return (own.last_for_patient("score") - minimum) / (maximum - minimum)


def illness_duration_years(known: Known) -> Floats:
    """Years since the onset of the illness."""
    return known.patients["illness_duration_years"]


def baseline_ratings(known: Known) -> Floats:
    """Number of ratings on the primary scale on or before day 0."""
    return _at_baseline(known).count_for_patient()


def baseline_spread(known: Known) -> Floats:
    """Standard deviation of the baseline ratings, in reliable changes."""
    return _at_baseline(known).sd_for_patient("score") / known.primary.reliable_change


def _at_baseline(known: Known) -> Rows:
    return known.primary_ratings.where(known.primary_ratings.numbers("day") <= 0)
