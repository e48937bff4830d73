"""What is known of one patient at the landmark, as the numbers from which the features follow.

`rating_summary`, `dose_summary` and `treatment_history` take them from the patient's rows, in one pass each. A number
is NaN where nothing was recorded.
"""

from typing import NamedTuple

NOT_RECORDED = float("nan")


class KnownScale(NamedTuple):
    """The primary scale, in severity points, and the baseline on it."""

    baseline: float
    minimum: float
    span: float
    remission_at_most: float
    remission_criterion: float
    reliable_change: float


class KnownRatings(NamedTuple):
    """The ratings on the primary scale.

    "Since" means after the first dose or of a later day than day 0, ``recent`` after the last dosing session.
    ``slope_per_day`` runs from the baseline on.
    """

    number_at_baseline: int
    mean_at_baseline: float
    latest: float
    latest_day: float
    number_since: int
    latest_since: float
    mean_since: float
    lowest_since: float
    highest_since: float
    recent_mean: float
    first_after_session_1: float
    slope_per_day: float


class KnownDoses(NamedTuple):
    """The dosing sessions, and of all sessions how many there were and how many had an adverse event.

    ``route`` is the code of the latest recorded route, -1 for none. ``has_routed_dose`` says whether a dose was
    recorded beside its route.
    """

    number: int
    first_day: float
    last_day: float
    day_of_session_1: float
    route: int
    mean_relative: float
    has_routed_dose: bool
    mean_injected: float
    highest_of_limit: float
    peak_distress: float
    peak_dissociation: float
    sessions: int
    adverse_events: float


class KnownTreatments(NamedTuple):
    """Numbers of earlier treatments; all are NaN if they were not asked about.

    An adequate treatment with no more than a partial response has failed.
    """

    antidepressants_not_failed: float
    other_medications_not_failed: float
    psychotherapies_not_failed: float
    stimulations_not_failed: float
    intensive_not_failed: float
    ketamine_not_failed: float
    failures: float
    responses: float
    ketamine_failures: float
    ketamine_responses: float
    running_benzodiazepines: float


class KnownPatient(NamedTuple):
    """One patient at the landmark of day ``day``; the second scale is rated at baseline and now, as shares."""

    day: float
    scale: KnownScale
    ratings: KnownRatings
    doses: KnownDoses
    treatments: KnownTreatments
    second_at_baseline: float
    second_now: float
    illness_duration_years: float
    benzodiazepine_mg: float
