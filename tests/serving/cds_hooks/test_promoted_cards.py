"""A card says what is not given and why, and of an override which checks were passed over."""

import json
from typing import Any

import pytest

from models.promotion import Promotion
from serving.cds_hooks.card_text import CardContext
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.openapi.examples import FIRST_DOSE
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.promotions import IN_SHADOW, NOT_MET, PARTLY, described, met, promotion_of, reply_under
from tests.serving.requests import example, read

PREDICTION = "f69b5789-ae6c-4549-b0e0-fe1c22364afb"
BUNDLE = refitted(toy_bundle())
NOTHING = {model.landmark.name: dict.fromkeys(PARTLY, "shadow") for model in BUNDLE.models}


def detail_under(promotion: Promotion, no_answer: Any = "card") -> str:
    """The text of the card with the numbers, or that says why there are none."""
    reply = reply_under(promotion, BUNDLE, read(example()))
    answer = read_answer(json.dumps(json.loads(reply.body) | {"prediction_id": PREDICTION}))
    context = CardContext(FIRST_DOSE, (), promotion=described(BUNDLE, promotion))
    settings = CardSettings(no_answer, "https://kap.example")
    (card,) = json.loads(prediction_cards(answer, context, settings, None).written())["cards"]
    return str(card["detail"])


def test_what_is_in_shadow_is_named_and_has_no_line_of_its_own() -> None:
    said = detail_under(met(BUNDLE))
    assert IN_SHADOW in said.partition("**Not given:**")[2]
    assert "182 days" not in said.partition("**Not given:**")[0]
    assert "The numbers given are promoted for the clinic (decision 7 of 2026-11-30, A. Tester)." in said


@pytest.mark.parametrize("action", ["override", "rollback"])
def test_an_override_is_said_with_the_checks_that_it_passed_over_also_after_a_rollback(action: str) -> None:
    said = detail_under(promotion_of(BUNDLE, action=action))
    assert "Not all checks were met: the model was promoted by override (A. Tester, decision 7)" in said
    assert all(name in said for name in NOT_MET)
    assert "promoted for the clinic" not in said


def test_a_card_without_numbers_says_that_the_model_is_not_promoted_for_the_clinic() -> None:
    said = detail_under(promotion_of(BUNDLE, granted=NOTHING, action="promote", not_met=()))
    assert "not promoted for the clinic" in said
    assert "The numbers given are promoted" not in said
