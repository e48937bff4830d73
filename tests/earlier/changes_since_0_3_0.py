"""Why a feature of 0.3.0 has another value today, or is gone; each with a relation that today's rows must keep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.outcomes import Floats

Today = Mapping[str, Floats]
Relation = Callable[[Floats, Today], NDArray[np.bool_]]


@dataclass(frozen=True)
class FeatureChange:
    """``reason`` is the decision behind it. ``holds`` says of which patients the value of 0.3.0 is what today's row
    makes of it; ``None`` where today's row does not say.
    """

    reason: str
    holds: Relation | None = None


def _is(today: Callable[[Today], Floats]) -> Relation:
    """The value of 0.3.0 is this one."""
    return lambda then, now: (then == today(now)) | (np.isnan(then) & np.isnan(today(now)))


def _counts(*names: str) -> Relation:
    """The count of 0.3.0 is the sum of these, and some of the adequate failures."""

    def holds(then: Floats, now: Today) -> NDArray[np.bool_]:
        fewest = sum((now[name] for name in names), np.zeros(len(then)))
        within = (fewest <= then) & (then <= fewest + now["adequate_failures"])
        return within | (np.isnan(then) & np.isnan(fewest))

    return holds


def _second_scale_now(then: Floats, now: Today) -> NDArray[np.bool_]:
    same = (then == now["second_scale_severity_now"]) | (np.isnan(then) & np.isnan(now["second_scale_severity_now"]))
    return np.where(np.isnan(now["second_scale_severity_share"]), np.isnan(then), same)


def _psychotherapy_ever(then: Floats, now: Today) -> NDArray[np.bool_]:
    not_failed, failures = now["prior_psychotherapies_not_failed"], now["adequate_failures"]
    return np.where(np.isnan(then), np.isnan(not_failed), (not_failed == 0) | (then == 1)) & (
        np.isnan(then) | (then == 0) | (not_failed + failures > 0)
    )


def _best_earlier_outcome(then: Floats, now: Today) -> NDArray[np.bool_]:
    response = now["earlier_response"]
    return np.where(np.isnan(then), np.isnan(response) | (response == 0), response == (then >= 2))


def _baseline_spread(then: Floats, now: Today) -> NDArray[np.bool_]:
    last, mean = now["baseline_distance_to_remission"], now["mean_baseline_distance_to_remission"]
    return (then != 0) | (mean == last)


_NOT_FAILED = tuple(
    f"prior_{kind}_not_failed"
    for kind in (
        "antidepressants",
        "other_medications",
        "psychotherapies",
        "stimulations",
        "intensive_treatments",
        "ketamine",
    )
)
_ONE_FAILURE = (
    "0.4.0, signs: an adequate failure counts in adequate_failures alone, so that no model fits it as a favourable fact"
)
_ROUTE = "0.4.0, features: a dose is read by its route; in mg/kg it showed the route, and so the clinic"

CHANGED = {
    "diagnosis_panic": FeatureChange(
        "0.4.0, features: one feature for each diagnosis; agoraphobia has its own",
        _is(lambda now: now["diagnosis_panic"] + now["diagnosis_agoraphobia"]),
    ),
    "second_scale_severity_now": FeatureChange(
        "0.4.0, signs: without a second scale at baseline, the first one rated since; it was missing", _second_scale_now
    ),
}
"""Features of both versions that differ on the same day."""

GONE = {
    "baseline_spread": FeatureChange(
        "0.4.0, signs: a worse rating changed it in either direction; mean_baseline_distance_to_remission instead",
        _baseline_spread,
    ),
    "prior_treatments": FeatureChange(
        _ONE_FAILURE,
        _is(lambda now: sum((now[name] for name in _NOT_FAILED), now["adequate_failures"])),
    ),
    "prior_antidepressants": FeatureChange(_ONE_FAILURE, _counts("prior_antidepressants_not_failed")),
    "prior_other_medications": FeatureChange(_ONE_FAILURE, _counts("prior_other_medications_not_failed")),
    "prior_psychotherapies": FeatureChange(_ONE_FAILURE, _counts("prior_psychotherapies_not_failed")),
    "prior_interventions": FeatureChange(
        _ONE_FAILURE + "; earlier ketamine is apart from stimulation",
        _counts("prior_stimulations_not_failed", "prior_ketamine_not_failed"),
    ),
    "prior_intensive_treatments": FeatureChange(_ONE_FAILURE, _counts("prior_intensive_treatments_not_failed")),
    "best_earlier_outcome": FeatureChange(
        "0.4.0, signs: earlier_response says whether it was a response or better; less of it is in adequate_failures",
        _best_earlier_outcome,
    ),
    "psychotherapy_ever": FeatureChange(_ONE_FAILURE, _psychotherapy_ever),
    "years_since_last_treatment": FeatureChange("0.4.0, signs: no source gives it a direction"),
    "mean_dose_mg_per_kg": FeatureChange(_ROUTE),
}
"""Features that 0.3.0 had."""
