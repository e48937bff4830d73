"""Route and dose: the dose relative to the usual and the plausible dose of its route.

A dose in mg/kg says little without its route: 0.9 is usual for an injection and a fifth of the usual sublingual dose.
"""

from dataclasses import dataclass

import numpy as np

from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats, Rows, is_among, nothing_recorded


@dataclass(frozen=True)
class RouteDose:
    """Usual dose and plausible upper limit of one route, in mg/kg a session; ``usual`` is ``None`` where none is
    stated.
    """

    usual: float | None
    limit: float


ROUTE_DOSES = {
    "sublingual": RouteDose(5.0, 10.0),
    "oral": RouteDose(None, 10.0),
    "intramuscular": RouteDose(0.9, 2.0),
    "subcutaneous": RouteDose(1.0, 2.0),
    "intravenous": RouteDose(0.6, 1.5),
    "intranasal": RouteDose(1.0, 3.0),
}
"""Usual doses: sublingual about 5 (Hull 2022), subcutaneous 1.0 (Glue 2018), intravenous and intramuscular between 0.5
and 0.9 in trials and clinics [seen]; intranasal 1.0 [judgement]; oral: none stated. Upper limits for sub-anaesthetic
use: all [judgement]."""
PARENTERAL = ("intravenous", "intramuscular", "subcutaneous")
"""Injected routes. Routes are grouped, because a clinic mostly uses one: a feature for each route would reveal the
clinic."""
EFFECTIVE_PARENTERAL_MG_PER_KG = 0.6
"""Anxiety fell by 4.0 points of the HAM-A at 0.5 to 0.9 mg/kg and by 1.4, not significant, at a fixed 0.5: KADS (Mills
2025, PMID 39763417 [seen]); the threshold between the two arms is a [judgement]."""


def route_parenteral(known: KnownAtLandmark) -> Floats:
    """Whether the last dose so far was injected (1) or given by another route (0)."""
    return _last_route_among(known, PARENTERAL)


def route_intranasal(known: KnownAtLandmark) -> Floats:
    """Whether the last dose so far was given through the nose (1) or by another route (0)."""
    return _last_route_among(known, ("intranasal",))


def _last_route_among(known: KnownAtLandmark, routes: tuple[str, ...]) -> Floats:
    doses = known.dosing_sessions
    last = doses.where(doses.numbers("route") >= 0).last_for_patient("route")
    return np.where(np.isnan(last), np.nan, is_among(last, _codes(known, routes)))


def dose_relative_to_usual(known: KnownAtLandmark) -> Floats:
    """Mean dose of the sessions so far, each as a multiple of the usual dose of its route; missing for oral doses,
    which have no usual one.
    """
    doses = known.dosing_sessions
    relative = Rows(doses.patients, doses.patient, {"relative": relative_doses(known)})
    return relative.mean_for_patient("relative")


def relative_doses(known: KnownAtLandmark) -> Floats:
    """The dose of each dosing session so far as a multiple of the usual dose of its route."""
    doses = known.dosing_sessions
    usual = _of_route(known, doses, {name: dose.usual or np.nan for name, dose in ROUTE_DOSES.items()})
    return doses.numbers("dose_mg_per_kg") / usual


def parenteral_dose_shortfall(known: KnownAtLandmark) -> Floats:
    """How far the mean injected dose so far lies below 0.6 mg/kg; 0 from there on and for other routes."""
    doses = known.dosing_sessions.recorded("dose_mg_per_kg")
    doses = doses.where(doses.numbers("route") >= 0)
    injected = doses.where(is_among(doses["route"], _codes(known, PARENTERAL)))
    mean = injected.mean_for_patient("dose_mg_per_kg")
    below = np.maximum(EFFECTIVE_PARENTERAL_MG_PER_KG - np.where(np.isnan(mean), np.inf, mean), 0.0)
    return np.where(doses.exists_for_patient(), below, np.nan)


def peak_distress(known: KnownAtLandmark) -> Floats:
    """Highest distress during a dose of the sessions so far."""
    return known.dosing_sessions.maximum_for_patient("peak_distress")


def dose_of_route_limit(known: KnownAtLandmark) -> Floats:
    """Largest dose of the sessions so far, as a share of the plausible upper limit of its route; above 1 the patient is
    outside: no answer may rest on such a dose.
    """
    doses = known.dosing_sessions
    limit = _of_route(known, doses, {name: dose.limit for name, dose in ROUTE_DOSES.items()})
    proportions = Rows(doses.patients, doses.patient, {"share": doses.numbers("dose_mg_per_kg") / limit})
    return proportions.maximum_for_patient("share")


def _codes(known: KnownAtLandmark, routes: tuple[str, ...]) -> list[int]:
    return [known.protocol.code("sessions", "route", name) for name in routes]


def _of_route(known: KnownAtLandmark, sessions: Rows, by_route: dict[str, float]) -> Floats:
    """A number of the route of each session, NaN without a route."""
    numbers = nothing_recorded(len(by_route) + 1)  # the code -1 picks the NaN at the end
    numbers[_codes(known, tuple(by_route))] = list(by_route.values())
    return numbers[np.asarray(sessions["route"], dtype=np.intp)]
