"""In FHIR, device, provenance and model card say how the model was promoted, and what is not given has an outcome."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from models.promotion import Promotion
from serving.fhir.answer.elements import write
from serving.fhir.answer.offline import predict_fhir
from serving.fhir.reading.options import ReadingDefaults
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import digested
from tests.serving.fhir.readers import resources_in
from tests.serving.promotions import IN_SHADOW, NOT_MET, met, promotion_of

EXAMPLE = Path(__file__).parents[1].joinpath("example.json").read_bytes()
BUNDLE = digested(refitted(toy_bundle()))
DEFAULTS = ReadingDefaults(lambda _: dt.date(2026, 10, 14), None, BUNDLE.protocol)
MET = "The numbers given are promoted for the clinic (decision 7 of 2026-11-30, A. Tester)."


def answer_under(promotion: Promotion) -> dict[str, Any]:
    answer = predict_fhir(EXAMPLE, BUNDLE, "3", DEFAULTS, transparency=True, promotion=promotion)
    found: dict[str, Any] = json.loads(write(answer))
    return found


def said_in(answer: dict[str, Any]) -> dict[str, str]:
    """What device, provenance and model card say."""
    (device,), (provenance,) = resources_in(answer, "Device"), resources_in(answer, "Provenance")
    (card,) = resources_in(answer, "DocumentReference")
    text = base64.b64decode(card["content"][0]["attachment"]["data"]).decode()
    return {"device": json.dumps(device["note"]), "provenance": json.dumps(provenance["reason"]), "card": text}


@pytest.mark.parametrize("action", ["override", "rollback"])
def test_device_provenance_and_model_card_say_an_override_also_after_a_rollback(action: str) -> None:
    for where, text in said_in(answer_under(promotion_of(BUNDLE, action=action))).items():
        assert "the model was promoted by override (A. Tester, decision 7)" in text, where
        assert all(name in text for name in NOT_MET), where
        assert MET not in text


def test_numbers_that_met_every_check_are_said_to_be_promoted() -> None:
    assert [where for where, text in said_in(answer_under(met(BUNDLE))).items() if MET not in text] == []


def test_what_is_in_shadow_has_no_risk_assessment_and_is_said_not_to_be_given() -> None:
    answer = answer_under(met(BUNDLE))
    outcomes = [issue for one in resources_in(answer, "OperationOutcome") for issue in one["issue"]]
    withheld = [issue for issue in outcomes if issue["code"] == "suppressed"]
    assert IN_SHADOW in [issue["details"]["text"] for issue in withheld]
    assert len(withheld) == 2
    whole = answer_under(promotion_of(BUNDLE, granted={one.landmark.name: EVERYTHING for one in BUNDLE.models}))
    points = [len(probabilities(one)) for one in (answer, whole)]
    assert points[1] - points[0] == 2
    assert set(probabilities(answer)) < set(probabilities(whole))
    assert "suppressed" not in json.dumps(whole)


EVERYTHING: dict[str, Any] = dict.fromkeys(
    ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182"), "clinic"
)


def probabilities(answer: dict[str, Any]) -> list[float]:
    return [
        one["probabilityDecimal"]
        for risk in resources_in(answer, "RiskAssessment")
        for one in risk["prediction"]
        if "probabilityDecimal" in one
    ]
