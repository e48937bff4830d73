"""A risk assessment per question: a point prediction and its interval for every horizon, with what they rest on."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from serving.fhir.answer.context import AnswerContext
from serving.fhir.answer.elements import Resource, concept, notes, percent, percent_range, reference, uri_identifier
from serving.fhir.answer.questions import PredictedOutcome, RiskQuestion
from serving.fhir.answer.transparency import confidence, labelled
from serving.fhir.answer.wording import NO_ORDER, notes_on, rationale_of, sentence_on, synthetic_note


def risk_assessment(question: RiskQuestion, context: AnswerContext) -> Resource:
    """The answer to one question; its place in the bundle has the name of the question."""
    answer, record = context.answer, context.record
    day = record.calendar.date_of(answer["landmark"]["day"])
    resource = {
        "resourceType": "RiskAssessment",
        "text": _narrative(question, synthetic_note(answer)),
        "identifier": [uri_identifier(context.url(question.name))],
        "status": "final",
        "method": concept(context.model_name),
        "code": concept(question.title),
        "subject": reference(record.subject),
        **({"occurrenceDateTime": day} if day else {}),
        **({"condition": reference(record.condition)} if record.condition else {}),
        "performer": reference(context.device_url),
        **({"basis": [reference(used) for used in context.basis]} if context.basis else {}),
        "prediction": _predictions(question, context),
        "mitigation": NO_ORDER,
        "note": notes(notes_on(question, answer, context.model)),
    }
    return labelled(resource) if context.transparency else resource


def _predictions(question: RiskQuestion, context: AnswerContext) -> list[Resource]:
    """Two for each outcome with an interval: ``probability[x]`` holds one of a number and a range."""
    rationale = rationale_of(question, context.answer)
    found = []
    for outcome in question.outcomes:
        found.append(_point(outcome, rationale, transparency=context.transparency))
        if outcome.interval is not None:
            found.append(_of_interval(outcome, outcome.interval))
    return found


def _point(outcome: PredictedOutcome, rationale: str, *, transparency: bool) -> Resource:
    interval = outcome.interval if transparency else None
    return {
        **({"extension": [confidence(interval)]} if interval is not None else {}),
        "outcome": outcome.outcome,
        "probabilityDecimal": percent(outcome.probability),
        **outcome.when,
        **({"rationale": rationale} if rationale else {}),
    }


def _of_interval(outcome: PredictedOutcome, interval: Mapping[str, float]) -> Resource:
    return {
        "outcome": outcome.outcome,
        "probabilityRange": percent_range(interval),
        **outcome.when,
        "rationale": "90% interval of the prediction before this one.",
    }


def _narrative(question: RiskQuestion, warning: list[str]) -> Resource:
    """The numbers in words, for people, and what they are not."""
    lines = [question.title, *map(sentence_on, question.outcomes), *warning, NO_ORDER]
    division = Element("div", xmlns="http://www.w3.org/1999/xhtml")
    for line in lines:
        SubElement(division, "p").text = line
    return {"status": "generated", "div": tostring(division, encoding="unicode")}
