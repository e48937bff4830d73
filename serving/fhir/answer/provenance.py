"""Where an answer comes from: the model as a device, and the provenance of what it asserted."""

from collections.abc import Sequence

from serving.contract.description import ModelDescription
from serving.fhir.answer.context import AnswerContext
from serving.fhir.answer.elements import Resource, concept, notes, reference
from serving.fhir.answer.transparency import described_device, described_provenance
from serving.fhir.answer.wording import synthetic_note
from serving.prediction.description import NOT_A_DEVICE, promotion_sentence

DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PARTICIPANT_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
"""Both are the code systems of the guide's examples and of FHIR R4's own for these elements [seen]."""
MODEL_CARD = "model-card"


def device(context: AnswerContext) -> Resource:
    """The model that answered: name, version, and the digest of its bundle as identifier."""
    model = context.answer["model"]
    found: Resource = {
        "resourceType": "Device",
        "identifier": [{"type": concept("SHA-256 of the bundle's manifest"), "value": model["bundle_digest"]}],
        "status": "active",
        "deviceName": [{"name": "KAP Outcomes", "type": "model-name"}],
        "type": concept("Model that predicts outcomes"),
        "version": [{"type": concept("model version"), "value": model["version"]}],
        "note": notes([*synthetic_note(context.answer), *_promotion(context), *_intended_use(context), NOT_A_DEVICE]),
    }
    return described_device(found, _card_url(context)) if context.transparency else found


def _intended_use(context: AnswerContext) -> list[str]:
    """That of the served model; not known if another model has answered."""
    return [] if context.model is None else [context.model.intended_use]


def _promotion(context: AnswerContext) -> list[str]:
    """The decision about the served model, if one is stored with it."""
    promotion = None if context.model is None else context.model.promotion
    return [] if promotion is None else [promotion_sentence(promotion)]


def provenance(targets: Sequence[str], context: AnswerContext) -> Resource:
    """Who made the targets (``fullUrl`` of entries), when, and from which resources of the caller."""
    used = [{"role": "source", "what": reference(one)} for one in context.basis]
    found: Resource = {
        "resourceType": "Provenance",
        "target": [reference(target) for target in targets],
        "occurredDateTime": context.instant,
        "recorded": context.instant,
        **({"reason": [concept(said) for said in promoted]} if (promoted := _promotion(context)) else {}),
        "activity": concept("prediction", DATA_OPERATION, "CREATE", "create"),
        "agent": [
            {"type": concept("author", PARTICIPANT_TYPE, "author", "Author"), "who": reference(context.device_url)}
        ],
    }
    if used:
        found["entity"] = used
    return described_provenance(found, _card_url(context)) if context.transparency else found


def card_model(context: AnswerContext) -> ModelDescription | None:
    """The model whose card the answer carries; ``None`` if it carries none."""
    return context.model if context.transparency else None


def _card_url(context: AnswerContext) -> str | None:
    return None if card_model(context) is None else context.url(MODEL_CARD)
