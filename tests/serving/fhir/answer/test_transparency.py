"""AI Transparency on FHIR, ballot of January 2026: names are those of the guide, and nothing of it is there unasked.

Expected names are written out from the guide's definitions (hl7.fhir.uv.aitransparency 1.0.0-ballot); that of the
confidence extension from its continuous build.
"""

import base64
import json

import pytest

from models.bundle import Bundle
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import Document, answered, digested
from tests.serving.fhir.readers import resources_in
from tests.serving.requests import changed, example, read

GUIDE = "http://hl7.org/fhir/uv/aitransparency/"
LABEL = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return digested(refitted(toy_bundle()))


@pytest.fixture(scope="module")
def shown(bundle: Bundle) -> Document:
    return answered(bundle, read(changed(("patient", "mania_history"), True)), transparency=True)


def test_nothing_of_the_guide_is_there_unless_it_is_asked_for(bundle: Bundle) -> None:
    text = json.dumps(answered(bundle, read(example())))
    assert "aitransparency" not in text
    assert "AIAST" not in text


def test_what_the_model_asserted_has_the_security_label_and_what_rules_found_has_not(shown: Document) -> None:
    assert shown["meta"]["security"] == [LABEL]
    assert all(risk["meta"]["security"] == [LABEL] for risk in resources_in(shown, "RiskAssessment"))
    (caution,) = resources_in(shown, "DetectedIssue")
    assert "meta" not in caution


def test_each_number_with_an_interval_has_the_confidence_extension(shown: Document) -> None:
    for risk in resources_in(shown, "RiskAssessment"):
        points, ranges = risk["prediction"][::2], risk["prediction"][1::2]
        for point, interval in zip(points, ranges, strict=True):
            (extension,) = point["extension"]
            assert extension["url"] == f"{GUIDE}StructureDefinition/AIconfidence"
            assert extension["valueRange"] == interval["probabilityRange"]


def test_device_and_provenance_name_model_version_and_model_card(bundle: Bundle, shown: Document) -> None:
    urls = {entry["fullUrl"]: entry["resource"] for entry in shown["entry"]}
    (device,), (provenance,) = resources_in(shown, "Device"), resources_in(shown, "Provenance")
    assert device["meta"]["profile"] == [f"{GUIDE}StructureDefinition/AI-Device"]
    assert device["type"]["coding"][0]["system"] == f"{GUIDE}CodeSystem/AIdeviceTypeCS"
    assert device["type"]["coding"][0]["code"] == "Artificial-Intelligence"
    kind, card = device["extension"]
    assert kind["url"] == f"{GUIDE}StructureDefinition/aitransparency.AIKind"
    assert kind["valueCodeableConcept"]["coding"][0]["code"] == "Machine-Learning-Models"
    assert card["url"] == f"{GUIDE}StructureDefinition/aitransparency.modelCardDescription"
    assert provenance["meta"]["profile"] == [f"{GUIDE}StructureDefinition/AI-Provenance"]
    assert provenance["reason"] == [{"coding": [LABEL]}]
    assert provenance["entity"][-1]["what"] == card["valueReference"]
    document = urls[card["valueReference"]["reference"]]
    assert document["type"]["coding"][0]["system"] == f"{GUIDE}CodeSystem/AImodelCardCS"
    assert document["type"]["coding"][0]["code"] == "AIModelCard"
    assert document["category"][0]["coding"][0]["code"] == "AImodelCardMarkdownFormat"
    text = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
    for words in ("model version 3", bundle.digest, "synthetic", "not a medical device", "before session 1, remission"):
        assert words in text
    assert "GET /v1/model" in document["description"]


def test_without_intervals_there_is_no_confidence() -> None:
    plain = digested(toy_bundle())
    found = answered(plain, read(example()), transparency=True)
    assert all("extension" not in one for risk in resources_in(found, "RiskAssessment") for one in risk["prediction"])
