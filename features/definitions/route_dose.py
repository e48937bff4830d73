"""Route and dose: the dose relative to the usual and the plausible dose of its route.

A dose in mg/kg says little without its route: 0.9 is usual for an injection and a fifth of the usual sublingual dose.
"""

from dataclasses import dataclass

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED, KnownPatient
from features.protocol.columns import ROUTES


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


_OF_ROUTES = [ROUTE_DOSES.get(route, RouteDose(None, np.nan)) for route in (*ROUTES, "")]
USUAL = np.array([np.nan if one.usual is None else one.usual for one in _OF_ROUTES])
LIMIT = np.array([one.limit for one in _OF_ROUTES])
INJECTED = np.array([route in PARENTERAL for route in (*ROUTES, "")])
"""By the code of a route; the code -1, not recorded, picks the end."""
_INTRANASAL = ROUTES.index("intranasal")


@compiled
def route_parenteral(known: KnownPatient) -> float:
    """Whether the last dose so far was injected (1) or given by another route (0)."""
    return NOT_RECORDED if known.doses.route < 0 else 1.0 * INJECTED[known.doses.route]


@compiled
def route_intranasal(known: KnownPatient) -> float:
    """Whether the last dose so far was given through the nose (1) or by another route (0)."""
    return NOT_RECORDED if known.doses.route < 0 else 1.0 * (known.doses.route == _INTRANASAL)


@compiled
def dose_relative_to_usual(known: KnownPatient) -> float:
    """Mean dose of the sessions so far, each as a multiple of the usual dose of its route; missing for oral doses,
    which have no usual one.
    """
    return known.doses.mean_relative


@compiled
def parenteral_dose_shortfall(known: KnownPatient) -> float:
    """How far the mean injected dose so far lies below 0.6 mg/kg; 0 from there on and for other routes."""
    if not known.doses.has_routed_dose:
        return NOT_RECORDED
    below = EFFECTIVE_PARENTERAL_MG_PER_KG - known.doses.mean_injected
    return below if below > 0 else 0.0


@compiled
def peak_distress(known: KnownPatient) -> float:
    """Highest distress during a dose of the sessions so far."""
    return known.doses.peak_distress


@compiled
def dose_of_route_limit(known: KnownPatient) -> float:
    """Largest dose of the sessions so far, as a share of the plausible upper limit of its route; above 1 the patient is
    outside: no answer may rest on such a dose.
    """
    return known.doses.highest_of_limit
