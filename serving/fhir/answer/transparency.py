"""What "AI Transparency on FHIR" (HL7, hl7.fhir.uv.aitransparency 1.0.0-ballot, January 2026) adds to an answer.

Names and codes are those of its definitions [seen]. The ballot has no extension for confidence: `CONFIDENCE` is that of
the guide's continuous build after it. Nothing here claims the ballot's profile of a model card, which by mistake also
requires the category of an input prompt.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Final

from serving.contract.description import ModelDescription
from serving.fhir.answer.elements import Resource, concept, percent_range, reference
from serving.prediction.description import promotion_sentence

GUIDE: Final = "http://hl7.org/fhir/uv/aitransparency"
AI_DEVICE = f"{GUIDE}/StructureDefinition/AI-Device"
AI_PROVENANCE = f"{GUIDE}/StructureDefinition/AI-Provenance"
MODEL_CARD = f"{GUIDE}/StructureDefinition/aitransparency.modelCardDescription"
KIND = f"{GUIDE}/StructureDefinition/aitransparency.AIKind"
DEVICE_TYPES = f"{GUIDE}/CodeSystem/AIdeviceTypeCS"
MODEL_CARD_TYPES = f"{GUIDE}/CodeSystem/AImodelCardCS"
CONFIDENCE = f"{GUIDE}/StructureDefinition/AIconfidence"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

AI_ASSERTED: Final[Mapping[str, str]] = {
    "system": OBSERVATION_VALUE,
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
"""The security label of what a model has asserted."""


def labelled(resource: Resource) -> Resource:
    """The resource with the security label of what a model has asserted."""
    return {"resourceType": resource["resourceType"], "meta": {"security": [dict(AI_ASSERTED)]}, **resource}


def confidence(interval: Mapping[str, float]) -> Resource:
    """The extension that says how sure a prediction is: its 90% interval, in percent."""
    return {"url": CONFIDENCE, "valueRange": percent_range(interval)}


def described_device(device: Resource, model_card_url: str | None) -> Resource:
    """The device as an AI, with its kind and a reference to its model card."""
    learning = concept("Machine learning", DEVICE_TYPES, "Machine-Learning-Models", "Machine Learning Models")
    kinds: list[Resource] = [{"url": KIND, "valueCodeableConcept": learning}]
    if model_card_url is not None:
        kinds.append({"url": MODEL_CARD, "valueReference": reference(model_card_url)})
    kind = concept(
        "Model that predicts outcomes", DEVICE_TYPES, "Artificial-Intelligence", "All kinds of Artificial Intelligence"
    )
    return {**device, "meta": {"profile": [AI_DEVICE]}, "extension": kinds, "type": kind}


def described_provenance(provenance: Resource, model_card_url: str | None) -> Resource:
    """The provenance with the reason that an AI asserted its targets, and with the model card."""
    entities = list(provenance.get("entity", []))
    if model_card_url is not None:
        entities.append({"role": "derivation", "what": reference(model_card_url)})
    described = {
        **provenance,
        "meta": {"profile": [AI_PROVENANCE]},
        "reason": [{"coding": [dict(AI_ASSERTED)]}, *provenance.get("reason", ())],
    }
    return described | ({"entity": entities} if entities else {})


def model_card(model: ModelDescription) -> Resource:
    """The model card as a document, in Markdown."""
    text = "\n".join(_lines(model)) + "\n"
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": concept("AI model card", MODEL_CARD_TYPES, "AIModelCard", "AI Model-Card"),
        "category": [concept("Markdown", MODEL_CARD_TYPES, "AImodelCardMarkdownFormat", "Markdown Format")],
        "description": "The model card. GET /v1/model has all of it, with performance and its intervals.",
        "content": [{"attachment": {"contentType": "text/markdown", "data": base64.b64encode(text.encode()).decode()}}],
    }


def _lines(model: ModelDescription) -> Iterator[str]:
    yield f"# KAP Outcomes, model version {model.version}"
    yield f"\n{model.intended_use} {model.not_a_medical_device}"
    yield f"\n* Fitted on: {model.learned_from}"
    yield f"* SHA-256 of the bundle's manifest: {model.bundle_digest}"
    yield f"* Training run: {model.run_id or 'not stated'}"
    if model.promotion is not None:
        yield f"* {promotion_sentence(model.promotion)}"
    yield f"* Protocol: {model.protocol.name} (digest {model.protocol.digest})"
    for landmark in model.landmarks:
        for name, head in landmark.heads.items():
            fitted = f"{head.winner or 'no'} model" if head.answers else "not fitted"
            yield f"* {landmark.name}, {name}: {fitted}, {head.patients} patients, {head.events} events"
    yield "\nThe numbers are predictions, not effects of treatment. The same record gives the same numbers."
