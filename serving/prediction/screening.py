"""A request as the caution rules read it: the whole record up to today, regardless of the landmark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.definitions.route_dose import ROUTE_DOSES
from serving.contract.request import PredictionRequest

SMALLEST_LIMIT = min(dose.limit for dose in ROUTE_DOSES.values())
"""mg/kg a session, above which a dose is plausible by some routes only."""


@dataclass(frozen=True, slots=True)
class ScreenedRecord:
    """The facts that the rules use; a greatest value is ``None`` if nothing was recorded.

    ``patient`` holds the fields of the patient by name, ``None`` where not recorded. ``running`` holds the classes of
    treatment without a last day. ``dissociation`` is in points of the CADSS, of a session or of a rating.
    ``suicidal_thoughts_item`` is the latest rating of item 9 of the PHQ-9 or the BDI-II; of two on one day the one
    after the dose, or the higher one. ``dose_beyond_route`` says whether a session had more than the upper limit of
    its route, ``dose_without_route`` whether one without a route had more than the smallest of these limits.
    """

    patient: Mapping[str, Any]
    running: frozenset[str]
    ketamine_not_tolerated: bool
    peak_systolic_mmhg: float | None
    dissociation: float | None
    suicidal_thoughts_item: int | None
    adverse_event: bool
    dose_beyond_route: bool
    dose_without_route: bool

    @property
    def systolic_rise_mmhg(self) -> float | None:
        """Highest systolic blood pressure of any session less the one at rest; ``None`` without either."""
        resting = self.patient["resting_systolic_mmhg"]
        if resting is None or self.peak_systolic_mmhg is None:
            return None
        return float(self.peak_systolic_mmhg - resting)


def screened(request: PredictionRequest) -> ScreenedRecord:
    """The facts of the request up to and including ``as_of_day``; a later row is left out."""
    today = request.as_of_day
    sessions = [row for session in request.sessions or () if (row := vars(session))["day"] <= today]
    dissociation = [row["peak_dissociation"] for row in sessions]
    ratings = [row for rating in request.assessments or () if (row := vars(rating))["day"] <= today]
    dissociation += [row["score"] for row in ratings if row["instrument"] == "cadss"]
    treatments = [vars(treatment) for treatment in request.prior_treatments or ()]
    return ScreenedRecord(
        patient=vars(request.patient),
        running=frozenset([row["treatment"] for row in treatments if row["end_day"] is None]),
        ketamine_not_tolerated=any(
            row["treatment"] == "ketamine" and row["outcome"] == "intolerance" for row in treatments
        ),
        peak_systolic_mmhg=_greatest([row["peak_systolic_mmhg"] for row in sessions]),
        dissociation=_greatest(dissociation),
        suicidal_thoughts_item=_latest_item(ratings),
        adverse_event=any(row["adverse_event"] for row in sessions),
        dose_beyond_route=any(
            row["dose_mg_per_kg"] > ROUTE_DOSES[row["route"]].limit
            for row in sessions
            if row["route"] is not None and row["dose_mg_per_kg"] is not None
        ),
        dose_without_route=any(
            row["dose_mg_per_kg"] > SMALLEST_LIMIT
            for row in sessions
            if row["route"] is None and row["dose_mg_per_kg"] is not None
        ),
    )


def _latest_item(ratings: Sequence[Mapping[str, Any]]) -> int | None:
    """The latest rating of item 9, ``None`` if it was never recorded."""
    item = "suicidal_thoughts_item"
    rated = [(row["day"], row["after_dose"] is True, row[item]) for row in ratings if row[item] is not None]
    return max(rated, default=(0, False, None))[2]


def _greatest(values: list[float | None]) -> float | None:
    return max([value for value in values if value is not None], default=None)
