"""The answer to one patient's resources as a bundle: what was predicted, from what, by what, and what was not used."""

from collections.abc import Iterator
from datetime import datetime

from serving.contract.description import ModelDescription
from serving.contract.response import Document
from serving.fhir.answer.context import AnswerContext
from serving.fhir.answer.detected_issue import detected_issue
from serving.fhir.answer.elements import Resource, uri_identifier
from serving.fhir.answer.operation_outcome import not_given, not_known, not_predicted, not_used
from serving.fhir.answer.provenance import MODEL_CARD, card_model, device, provenance
from serving.fhir.answer.questions import questions_of
from serving.fhir.answer.risk_assessment import risk_assessment
from serving.fhir.answer.transparency import labelled, model_card
from serving.fhir.parts import FhirRecord


def answer_bundle(
    answer: Document, record: FhirRecord, model: ModelDescription, given_at: datetime, *, transparency: bool
) -> Resource:
    """The answer (`response.PredictionResponse`, in full) as a collection.

    It has a risk assessment per question or, without a prediction, an outcome that says why; a detected issue per
    caution; the provenance of these; the device that answered; and an outcome with what was sent and not used. The same
    arguments give the same bundle. ``given_at`` has a time zone. ``transparency``: as `transparency` adds.
    """
    described = model if model.bundle_digest == answer["model"]["bundle_digest"] else None
    context = AnswerContext(answer, record, described, given_at, transparency)
    entries = dict(_asserted(context))
    targets = [context.url(part) for part in entries]
    entries["provenance"] = provenance(targets, context)
    entries["model"] = device(context)
    card = card_model(context)
    if card is not None:
        entries[MODEL_CARD] = model_card(card)
    unused = [*record.unused, *context.later]
    if unused:
        entries["not-used"] = not_used(unused)
    bundle: Resource = {
        "resourceType": "Bundle",
        "identifier": uri_identifier(f"urn:uuid:{answer['prediction_id']}"),
        "type": "collection",
        "timestamp": context.instant,
        "entry": [{"fullUrl": context.url(part), "resource": resource} for part, resource in entries.items()],
    }
    return labelled(bundle) if transparency else bundle


def _asserted(context: AnswerContext) -> Iterator[tuple[str, Resource]]:
    """What the model says, by the name of its entry."""
    answer = context.answer
    if answer["outcome"] == "predicted":
        for question in questions_of(answer, context.model, context.record.calendar):
            if question.outcomes:
                yield question.name, risk_assessment(question, context)
            else:
                yield question.name, not_known(question.title, question.unknown_days)
        if answer.get("withheld"):
            yield "not-given", not_given(answer["withheld"])
    else:
        yield "no-prediction", not_predicted(answer)
    for caution in answer["cautions"]:
        yield caution["code"], detected_issue(caution, context)
