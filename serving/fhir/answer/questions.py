"""The three questions of an answer: remission, relapse after it, and remission that lasts; each with its probabilities.

A horizon whose probability is not known gives no prediction; `RiskQuestion.unknown_days` lists it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.protocol.study import KAP_STUDY, NEUTRAL_STUDY
from serving.contract.calendar import CourseCalendar
from serving.contract.description import ModelDescription
from serving.contract.response import Document
from serving.fhir.answer.elements import Resource, concept, days_range
from serving.prediction.description import INTENDED_USE

CLINICAL_STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"
"""FHIR's own codes for the course of a condition, of which "remission" and "relapse" fit (FHIR R4 [seen])."""


@dataclass(frozen=True, eq=False)
class PredictedOutcome:
    """One outcome with its probability, its 90% interval if there is one, and when it is (``when[x]``)."""

    outcome: Resource
    when: Resource
    probability: float
    interval: Mapping[str, float] | None


@dataclass(frozen=True, eq=False)
class RiskQuestion:
    """What one risk assessment answers; ``head`` names the reasons behind it, if it has its own."""

    name: str
    title: str
    outcomes: tuple[PredictedOutcome, ...]
    unknown_days: tuple[int, ...] = ()
    head: str | None = None


def questions_of(answer: Document, model: ModelDescription | None, calendar: CourseCalendar) -> Iterator[RiskQuestion]:
    """The questions to which a prediction (`response.Prediction`) has an answer.

    ``model`` is ``None`` if another model than the described one has answered.
    """
    withheld = {one["question"] for one in answer.get("withheld", ())}  # none in an answer of an earlier version
    risks = [] if answer["relapse"] is None else answer["relapse"]["at_horizons"]
    risks = [one for one in risks if f"relapse_{one['days']}" not in withheld]
    lasting = [one for one in answer["sustained_remission"] if f"sustained_{one['horizon_days']}" not in withheld]
    if answer["remission"] is not None:
        yield _remission(answer["remission"], model, calendar)
    if risks:
        yield _relapse(risks)
    if lasting:
        yield _sustained(lasting)


def _remission(entry: Document, model: ModelDescription | None, calendar: CourseCalendar) -> RiskQuestion:
    text, when = ("Remission, by the study's rule", {}) if model is None else _remission_window(model, calendar)
    outcome = concept(text, CLINICAL_STATUS, "remission", "Remission")
    kap = model is not None and model.intended_use == INTENDED_USE
    title = f"Probability of remission after {KAP_STUDY.treatment if kap else NEUTRAL_STUDY.treatment}"
    return RiskQuestion("remission", title, (_predicted(outcome, when, entry),), head="remission")


def _remission_window(model: ModelDescription, calendar: CourseCalendar) -> tuple[str, Resource]:
    """When a rating decides remission: in words, and in dates if the window counts from day 0.

    The last acute session is not known before the course ends.
    """
    rule = model.protocol.remission
    first, last = rule.window_days
    if rule.anchor != "index":
        return f"Remission, by a rating {first} to {last} days after the last session of the acute course", {}
    start, end = calendar.date_of(first), calendar.date_of(last)
    when = {"whenPeriod": {"start": start, "end": end}} if start and end else {}
    return f"Remission, by a rating {first} to {last} days after the first dose", when


def _relapse(risks: list[Document]) -> RiskQuestion:
    found = tuple(_of_relapse(risk) for risk in risks if risk["probability"] is not None)
    unknown = tuple(risk["days"] for risk in risks if risk["probability"] is None)
    return RiskQuestion("relapse", "Risk of relapse, for a patient in remission", found, unknown, head="relapse")


def _of_relapse(risk: Document) -> PredictedOutcome:
    text = f"Relapse within {risk['days']} days after remission, given remission; the days count from remission"
    return _predicted(
        concept(text, CLINICAL_STATUS, "relapse", "Relapse"), {"whenRange": days_range(risk["days"])}, risk
    )


def _sustained(entries: list[Document]) -> RiskQuestion:
    found = tuple(_of_sustained(entry) for entry in entries if entry["probability"] is not None)
    unknown = tuple(entry["horizon_days"] for entry in entries if entry["probability"] is None)
    return RiskQuestion("sustained-remission", "Probability of remission that lasts", found, unknown)


def _of_sustained(entry: Document) -> PredictedOutcome:
    days = entry["horizon_days"]
    text = (
        f"Remission, and neither relapse nor a competing event within {days} days after it; the days count from "
        "remission"
    )
    return _predicted(concept(text), {"whenRange": days_range(days)}, entry)


def _predicted(outcome: Resource, when: Resource, entry: Mapping[str, Any]) -> PredictedOutcome:
    return PredictedOutcome(outcome, when, entry["probability"], entry["interval_90"])
