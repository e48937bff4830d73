"""Every feature, declared once: name, unit, range, meaning, expected signs, source of the idea, and its function.

The order of the declarations is the order of the columns of a feature row.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from features.definitions import baseline_severity as severity
from features.definitions import early_response as response
from features.definitions import route_dose as dose
from features.definitions import treatment_history as history
from features.definitions.context_features import PATIENT_CONTEXT
from features.definitions.feature import Feature, declare
from features.definitions.own_features import study_feature
from features.definitions.patient_context import PatientColumn
from features.protocol.columns import DAY_LIMIT
from features.protocol.declared_covariates import level_names
from features.protocol.document import Covariate, Protocol

__all__ = ["BUILT_IN", "RESERVED_NAMES", "Feature", "catalogue", "category_features", "fingerprint"]

_SEVERITY = "severity lowers remission weakly: McInnes 2022; raises relapse: PREDICTR 2024"
_SECOND = "comorbid depression: HARP (Bruce 2005); residual PHQ-9 5-9 doubles relapse: Ali 2017"
_HISTORY = "earlier treatment is inconsistent for ketamine: Lima Constantino 2025"
_KETAMINE = "a further course extends gains in responders: Mathai 2024; the signs are derived from it"
_DERIVED = "residual symptoms (Ali 2017, PREDICTR 2024), of which the change is the complement [derived]"
_CHANGE = "early change predicts outcome in anxiety, g=1.37: Beard & Delgadillo 2019; relapse: " + _DERIVED
_RESIDUAL = "residual symptoms raise relapse: Ali 2017, PREDICTR 2024"
_ROUTE = "no difference in outcome between routes is known; without it a dose can't be read"
_COURSE = "sessions received: Oliver 2022; confounded by indication, so no sign is expected"
_RECORD = "how closely the course is followed; no sign is expected"

_BASELINE_SEVERITY = declare(
    "baseline severity",
    [
        (severity.baseline_severity_share, "share", 0, 1, -1, 1, _SEVERITY),
        (severity.baseline_distance_to_remission, "reliable changes", -20, 20, -1, 1, _SEVERITY),
        (severity.drop_needed, "reliable changes", -20, 20, -1, 1, _SEVERITY),
        (severity.second_scale_severity_share, "share", 0, 1, -1, 1, _SECOND),
        (severity.illness_duration_years, "years", 0, 90, -1, 1, "chronicity: HARP (Bruce 2005)"),
        (severity.mean_baseline_distance_to_remission, "reliable changes", -20, 20, -1, 1, _SEVERITY),
        (severity.baseline_ratings, "ratings", 0, DAY_LIMIT + 1, 0, 0, _RECORD),
    ],
)
_TREATMENT_HISTORY = declare(
    "treatment history",
    [
        (history.prior_antidepressants_not_failed, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_other_medications_not_failed, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_psychotherapies_not_failed, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_stimulations_not_failed, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_intensive_treatments_not_failed, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.adequate_failures, "treatments", 0, 100, -1, 0, _HISTORY),
        (history.earlier_response, "no/yes", 0, 1, 0, 0, _HISTORY),
        (history.prior_ketamine_not_failed, "courses", 0, 100, 0, 0, _KETAMINE),
        (history.ketamine_failures, "courses", 0, 100, -1, 0, _KETAMINE),
        (history.ketamine_responses, "courses", 0, 100, 1, 0, _KETAMINE),
        (
            history.benzodiazepine_running,
            "no/yes",
            0,
            1,
            -1,
            0,
            "less response in a review: Lima Constantino 2025; use as such had no effect: Feeney 2022",
        ),
        (
            history.benzodiazepine_mg,
            "mg/day",
            0,
            200,
            -1,
            0,
            "above 8 mg less response: Andrashko 2020; dose-dependent: Feeney 2022",
        ),
    ],
)
_EARLY_RESPONSE = declare(
    "early response",
    [
        (response.change_points, "points", -150, 150, 1, -1, _CHANGE),
        (response.change_share, "share", -1, 1, 1, -1, _CHANGE),
        (response.change_reliable, "reliable changes", -20, 20, 1, -1, _CHANGE),
        (response.distance_to_remission, "reliable changes", -20, 20, -1, 1, _RESIDUAL),
        (response.distance_to_criterion, "reliable changes", -20, 20, -1, 1, _RESIDUAL),
        (response.mean_distance_to_criterion, "reliable changes", -20, 20, -1, 1, _CHANGE),
        (response.recent_distance_to_criterion, "reliable changes", -20, 20, -1, 1, _CHANGE),
        (
            response.change_after_session_1,
            "reliable changes",
            -20,
            20,
            1,
            -1,
            "response to the first dose: Murrough 2013; relapse: " + _DERIVED,
        ),
        (response.slope_per_week, "reliable changes a week", -140, 140, -1, 1, _CHANGE),
        (response.latest_severity_share, "share", 0, 1, -1, 1, _RESIDUAL),
        (response.best_share, "share", 0, 1, -1, 1, _CHANGE),
        (response.worst_share, "share", 0, 1, -1, 1, _CHANGE),
        (response.in_remission_band, "no/yes", 0, 1, 1, -1, _CHANGE),
        (response.ratings_since_baseline, "ratings", 0, DAY_LIMIT, 0, 0, _RECORD),
        (response.days_since_last_rating, "days", 0, 3 * DAY_LIMIT, 0, 0, _RECORD),
        (response.dosing_sessions, "sessions", 0, 1000, 0, 0, _COURSE),
        (response.psychotherapy_sessions, "sessions", 0, 1000, 0, 0, _COURSE),
        (
            response.days_since_last_dose,
            "days",
            0,
            2 * DAY_LIMIT,
            0,
            0,
            "the early dip fades within two weeks: Hartland 2023",
        ),
        (response.days_between_doses, "days", 0, DAY_LIMIT, 0, 0, _COURSE),
        (dose.route_parenteral, "no/yes", 0, 1, 0, 0, _ROUTE),
        (dose.route_intranasal, "no/yes", 0, 1, 0, 0, _ROUTE),
        (dose.dose_relative_to_usual, "usual doses", 0, 20, 0, 0, "dose-response of anxiety: Glue 2017, KADS"),
        (
            dose.parenteral_dose_shortfall,
            "mg/kg",
            0,
            dose.EFFECTIVE_PARENTERAL_MG_PER_KG,
            -1,
            0,
            "less effect at a fixed 0.5 mg/kg: KADS (Mills 2025)",
        ),
        (
            dose.dose_of_route_limit,
            "share of the limit",
            0,
            10,
            0,
            0,
            "plausible upper limits by route [judgement]; the dose itself is judged by the features beside this one",
        ),
        (dose.peak_distress, "points", 0, 100, -1, 0, "more anxiety during the infusion in non-responders: Aust 2019"),
        (
            response.peak_dissociation,
            "points",
            0,
            92,
            0,
            0,
            "dissociation is unrelated to anxiety change: Hartland 2023",
        ),
        (
            response.adverse_events,
            "sessions",
            0,
            2000,
            0,
            0,
            "at session 2 they go with delayed improvement, a matter of timing: Hull 2022",
        ),
        (severity.second_scale_severity_now, "share", 0, 1, -1, 1, _SECOND),
    ],
)


def _within_limits(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """The features, of which one says when a dose is beyond what its route allows."""
    beyond = dose.dose_of_route_limit.__name__
    return tuple(replace(one, outside_above=1.0) if one.name == beyond else one for one in features)


BUILT_IN = _BASELINE_SEVERITY + _TREATMENT_HISTORY + _within_limits(_EARLY_RESPONSE) + PATIENT_CONTEXT
RESERVED_NAMES = frozenset(feature.name for feature in BUILT_IN)


def category_features(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """The names of the features of each category that has one for each level, by the name of its column."""
    taken = {covariate.name for covariate in protocol.covariates} | RESERVED_NAMES
    found = {"diagnosis": tuple(one.name for one in PATIENT_CONTEXT if one.name.startswith("diagnosis_"))}
    for covariate in protocol.covariates:
        if covariate.kind == "category":
            found[covariate.name] = level_names(covariate, taken)
            taken.update(found[covariate.name])
    return found


def _covariate_features(covariate: Covariate, names: Sequence[str]) -> Iterator[Feature]:
    """The feature of a covariate, or one of each of these ``names`` for the levels of a category."""
    if covariate.kind != "category":
        yield _covariate_feature(covariate)
        return
    for name, level in zip(names, covariate.levels, strict=True):
        yield replace(
            _covariate_feature(covariate),
            name=name,
            function=PatientColumn(covariate.name, level),
            meaning=f"{covariate.name} is {level} (1) or another (0). {covariate.meaning}",
        )


def _covariate_feature(covariate: Covariate) -> Feature:
    return Feature(
        covariate.name,
        "study covariate",
        _unit(covariate),
        covariate.minimum,
        covariate.maximum,
        0,
        0,
        source="the study's protocol",
        function=PatientColumn(covariate.name),
        meaning=covariate.meaning,
    )


def _unit(covariate: Covariate) -> str:
    return "as declared" if covariate.kind == "number" else "no/yes"


def _as_declared(feature: Feature, covariate: Covariate) -> Feature:
    """A built-in feature whose column the study declares: its unit, range and meaning, with the built-in signs."""
    return replace(
        feature, unit=_unit(covariate), minimum=covariate.minimum, maximum=covariate.maximum, meaning=covariate.meaning
    )


def catalogue(protocol: Protocol) -> tuple[Feature, ...]:
    """The features under a protocol: the built-in ones, those of each further covariate, then the study's own.

    A category has a feature for each of its levels, as the diagnosis does.
    """
    declared = {covariate.name: covariate for covariate in protocol.covariates}
    levels = category_features(protocol)
    built_in = [_as_declared(one, declared.pop(one.name)) if one.name in declared else one for one in BUILT_IN]
    return (
        *built_in,
        *(feature for one in declared.values() for feature in _covariate_features(one, levels.get(one.name, ()))),
        *(study_feature(one, protocol) for one in protocol.own_features),
    )


def fingerprint(protocol: Protocol) -> str:
    """SHA-256 over every declaration in order; equal fingerprints mean columns of the same meaning."""
    declarations = [feature.declaration() for feature in catalogue(protocol)]
    return hashlib.sha256(json.dumps(declarations, sort_keys=True).encode()).hexdigest()
