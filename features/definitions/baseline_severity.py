"""Severity at baseline: on the primary scale, on a second scale, and the duration of the illness."""

from features.compilation.decorator import compiled
from features.definitions.known_patient import KnownPatient


@compiled
def baseline_severity_share(known: KnownPatient) -> float:
    """Baseline score as a share of the primary scale's range."""
    return (known.scale.baseline - known.scale.minimum) / known.scale.span


@compiled
def baseline_distance_to_remission(known: KnownPatient) -> float:
    """Points from the baseline down to the remission band, in reliable changes."""
    return (known.scale.baseline - known.scale.remission_at_most) / known.scale.reliable_change


@compiled
def drop_needed(known: KnownPatient) -> float:
    """Points from the baseline down to what counts as remission for this patient, in reliable changes; at least 1
    where the protocol asks for a reliable drop.
    """
    return (known.scale.baseline - known.scale.remission_criterion) / known.scale.reliable_change


@compiled
def second_scale_severity_share(known: KnownPatient) -> float:
    """Baseline on the second scale as a share of its range."""
    return known.second_at_baseline


@compiled
def second_scale_severity_now(known: KnownPatient) -> float:
    """Latest rating of the second scale as a share of its range; without one at baseline, of the first other scale
    rated since.
    """
    return known.second_now


@compiled
def illness_duration_years(known: KnownPatient) -> float:
    """Years since the onset of the illness."""
    return known.illness_duration_years


@compiled
def baseline_ratings(known: KnownPatient) -> float:
    """Number of ratings on the primary scale on or before day 0."""
    return known.ratings.number_at_baseline


@compiled
def mean_baseline_distance_to_remission(known: KnownPatient) -> float:
    """Points from the mean of the baseline ratings down to the remission band, in reliable changes."""
    return (known.ratings.mean_at_baseline - known.scale.remission_at_most) / known.scale.reliable_change
