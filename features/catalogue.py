"""Every feature, declared once: name, unit, range, meaning, expected signs, source of the idea, and its function.

The order of the declarations is the order of the columns of a feature row.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from features import baseline_severity as severity
from features import early_response as response
from features import patient_context as context
from features import treatment_history as history
from features.columns import DAY_LIMIT
from features.landmark import Known
from features.protocol import Covariate, Protocol
from features.timeline import Floats

Sign = Literal[-1, 0, 1]
Group = Literal["baseline severity", "treatment history", "early response", "patient context", "study covariate"]


@dataclass(frozen=True)
class Feature:
    """One number known about a patient at the landmark.

    ``remission_sign`` and ``relapse_sign`` say whether a larger value is expected to make the outcome more (1) or
    less (-1) likely, or neither is expected (0); a model with monotone constraints keeps to them.
    """

    name: str
    group: Group
    unit: str
    minimum: float
    maximum: float
    remission_sign: Sign
    relapse_sign: Sign
    source: str
    function: Callable[[Known], Floats] = field(compare=False, repr=False)
    meaning: str = ""

    def declaration(self) -> dict[str, str | float]:
        """All but the function, as plain values."""
        return {
            "name": self.name,
            "group": self.group,
            "unit": self.unit,
            "minimum": float(self.minimum),
            "maximum": float(self.maximum),
            "remission_sign": self.remission_sign,
            "relapse_sign": self.relapse_sign,
            "source": self.source,
            "meaning": self.meaning,
        }


def _declare(
    group: Group,
    functions: list[tuple[Callable[[Known], Floats], str, float, float, Sign, Sign, str]],
) -> tuple[Feature, ...]:
    """Features named after their functions, whose docstrings are their meanings."""
    return tuple(
        Feature(
            name=function.__name__,
            group=group,
            unit=unit,
            minimum=minimum,
            maximum=maximum,
            remission_sign=remission_sign,
            relapse_sign=relapse_sign,
            source=source,
            function=function,
            meaning=" ".join((function.__doc__ or "").split()),
        )
        for function, unit, minimum, maximum, remission_sign, relapse_sign, source in functions
    )


_SEVERITY = "severity lowers remission weakly: McInnes 2022; raises relapse: PREDICTR 2024"
_SECOND = "comorbid depression: HARP (Bruce 2005); residual PHQ-9 5-9 doubles relapse: Ali 2017"
_HISTORY = "earlier treatment is inconsistent for ketamine: Lima Constantino 2025"
_CHANGE = "early change predicts outcome in anxiety, g=1.37: Beard & Delgadillo 2019"
_RESIDUAL = "residual symptoms raise relapse: Ali 2017, PREDICTR 2024"
_COURSE = "sessions received: Oliver 2022; confounded by indication, so no sign is expected"
_RECORD = "how closely the course is followed; no sign is expected"

_BASELINE_SEVERITY = _declare(
    "baseline severity",
    [
        (severity.baseline_severity_share, "share", 0, 1, -1, 1, _SEVERITY),
        (severity.baseline_distance_to_remission, "reliable changes", -20, 20, -1, 1, _SEVERITY),
        (severity.drop_needed, "reliable changes", -20, 20, -1, 1, _SEVERITY),
        (severity.second_scale_severity_share, "share", 0, 1, -1, 1, _SECOND),
        (severity.illness_duration_years, "years", 0, 90, -1, 1, "chronicity: HARP (Bruce 2005)"),
        (severity.baseline_ratings, "ratings", 0, DAY_LIMIT + 1, 0, 0, _RECORD),
        (
            severity.baseline_spread,
            "reliable changes",
            0,
            20,
            0,
            0,
            "unstable baselines regress to the mean [judgement]",
        ),
    ],
)
_TREATMENT_HISTORY = _declare(
    "treatment history",
    [
        (history.prior_treatments, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_antidepressants, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_other_medications, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_psychotherapies, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_interventions, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.prior_intensive_treatments, "treatments", 0, 100, 0, 0, _HISTORY),
        (history.adequate_failures, "treatments", 0, 100, -1, 0, _HISTORY),
        (history.best_earlier_outcome, "rank", 0, 3, 0, 0, _HISTORY),
        (history.psychotherapy_ever, "no/yes", 0, 1, 0, 0, "psychotherapy beside ketamine: Kew 2023, mixed"),
        (history.benzodiazepine_running, "no/yes", 0, 1, 0, 0, "use as such has no effect: Feeney 2022"),
        (
            history.benzodiazepine_mg,
            "mg/day",
            0,
            200,
            -1,
            0,
            "above 8 mg less response: Andrashko 2020; dose-dependent: Feeney 2022",
        ),
        (history.years_since_last_treatment, "years", 0, 110, 0, 0, _HISTORY),
    ],
)
_EARLY_RESPONSE = _declare(
    "early response",
    [
        (response.change_points, "points", -150, 150, 1, 0, _CHANGE),
        (response.change_share, "share", -1, 1, 1, 0, _CHANGE),
        (response.change_reliable, "reliable changes", -20, 20, 1, 0, _CHANGE),
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
            0,
            "response to the first dose: Murrough 2013",
        ),
        (response.slope_per_week, "reliable changes a week", -140, 140, -1, 0, _CHANGE),
        (response.best_share, "share", 0, 1, -1, 1, _CHANGE),
        (response.worst_share, "share", 0, 1, -1, 0, _CHANGE),
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
        (response.mean_dose_mg_per_kg, "mg/kg", 0, 10, 0, 0, "dose-response of anxiety: Glue 2017"),
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
            "side effects and the delayed class: Hull 2022 [recalled]",
        ),
        (severity.second_scale_severity_now, "share", 0, 1, -1, 1, _SECOND),
    ],
)


def _context(
    name: str, unit: str, bounds: tuple[float, float], signs: tuple[Sign, Sign], source: str, meaning: str
) -> Feature:
    return Feature(
        name,
        "patient context",
        unit,
        *bounds,
        *signs,
        source=source,
        function=context.column(name),
        meaning=meaning,
    )


def _category(column: str, categories: tuple[str, ...], name: str, signs: tuple[Sign, Sign], source: str) -> Feature:
    meaning = f"{column} is {' or '.join(categories)} (1) or another (0)"
    function = context.is_category(column, *categories)
    return Feature(name, "patient context", "no/yes", 0, 1, *signs, source=source, function=function, meaning=meaning)


_DIAGNOSIS = "remission lowest in OCD and social anxiety: Springer 2018, HARP"
_YES = (0.0, 1.0)
_PATIENT_CONTEXT = (
    _context("age_years", "years", (10, 110), (0, 0), "sign not settled: Mathai 2024", "Age at day 0."),
    _category("sex", ("female",), "sex_female", (0, 0), "no consistent effect"),
    _category("diagnosis", ("gad",), "diagnosis_gad", (0, 0), _DIAGNOSIS),
    _category("diagnosis", ("social_anxiety",), "diagnosis_social_anxiety", (-1, 0), _DIAGNOSIS),
    _category("diagnosis", ("panic", "agoraphobia"), "diagnosis_panic", (0, 0), "panic with agoraphobia: Schat 2013"),
    _category("diagnosis", ("ptsd",), "diagnosis_ptsd", (0, 0), "null trial: Abdallah 2022; positive: Feder 2021"),
    _category("diagnosis", ("ocd",), "diagnosis_ocd", (-1, 0), _DIAGNOSIS),
    _context("comorbid_depression", "no/yes", _YES, (-1, 1), "HARP (Bruce 2005)", "A depressive disorder besides."),
    _context("comorbid_ptsd", "no/yes", _YES, (0, 0), "trauma and ketamine: Dore 2019", "PTSD besides."),
    _context(
        "comorbid_substance_use",
        "no/yes",
        _YES,
        (-1, 1),
        "HARP (Bruce 2005)",
        "A substance use disorder besides.",
    ),
    _context(
        "comorbid_personality_disorder",
        "no/yes",
        _YES,
        (-1, 1),
        "Hilbert 2020; relapse: Lorimer 2021",
        "A personality disorder besides.",
    ),
    _context(
        "family_history_alcohol",
        "no/yes",
        _YES,
        (1, 0),
        "Niciu 2014",
        "A first-degree relative with alcohol use disorder.",
    ),
    _context(
        "body_mass_index",
        "kg/m2",
        (10, 90),
        (1, 0),
        "Niciu 2014; obesity: Lima Constantino 2025",
        "Body mass index.",
    ),
)

BUILT_IN = _BASELINE_SEVERITY + _TREATMENT_HISTORY + _EARLY_RESPONSE + _PATIENT_CONTEXT
RESERVED_NAMES = frozenset(feature.name for feature in BUILT_IN)


def _covariate_feature(covariate: Covariate) -> Feature:
    return Feature(
        covariate.name,
        "study covariate",
        "no/yes" if covariate.kind == "binary" else "as declared",
        covariate.minimum,
        covariate.maximum,
        0,
        0,
        source="the study's protocol",
        function=context.column(covariate.name),
        meaning=covariate.meaning,
    )


def catalogue(protocol: Protocol) -> tuple[Feature, ...]:
    """The features under a protocol: the built-in ones, then one per covariate that the study declares."""
    return BUILT_IN + tuple(_covariate_feature(covariate) for covariate in protocol.covariates)


def fingerprint(protocol: Protocol) -> str:
    """SHA-256 over every declaration in order; equal fingerprints mean columns of the same meaning."""
    declarations = [feature.declaration() for feature in catalogue(protocol)]
    return hashlib.sha256(json.dumps(declarations, sort_keys=True).encode()).hexdigest()
