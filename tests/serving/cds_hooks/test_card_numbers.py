"""A card of numbers: what they are and are not, and what the EHR did not send; without any it comes as configured."""

import json
from dataclasses import replace
from typing import Any

import pytest

from serving.cds_hooks.card_text import CardContext, percent, summary_of
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.contract.response import NotPredictable, Prediction
from serving.openapi.examples import FIRST_DOSE
from tests.serving.answers import answered
from tests.serving.bundles import toy_bundle, wavering, with_applicability
from tests.serving.requests import changed, example, read

Document = dict[str, Any]
BUNDLE = wavering(with_applicability(toy_bundle()))
NONE, CARD = CardSettings("none", None), CardSettings("card", None)
ALLERGY = changed(("patient", "ketamine_allergy"), True)


def answer_to(document: Document) -> Prediction | NotPredictable:
    (reply,) = answered(BUNDLE, [read(document)])
    return read_answer(reply.body.decode())


def cards(
    document: Document, settings: CardSettings = NONE, launch: str | None = None, lacking: tuple[str, ...] = ()
) -> list[Document]:
    written = prediction_cards(answer_to(document), CardContext(FIRST_DOSE, lacking), settings, launch).written()
    found: list[Document] = json.loads(written)["cards"]
    return found


def test_the_numbers_come_first_with_their_intervals_and_the_date() -> None:
    (card,) = cards(example())
    assert card["summary"].startswith(
        "Synthetic model, not for care: remission 49%; relapse in 12 weeks, if in remission, 49%"
    )
    lines = card["detail"].split("\n")
    assert lines[0] == "- **Remission:** 49% (90% interval 42% to 57%)"
    assert lines[1] == "- **Relapse within 12 weeks**, if in remission: 49% (90% interval 42% to 57%)"
    assert lines[3] == (
        "- **Sustained remission** (remission, then 12 weeks without relapse), of all: 24% (90% interval 19% to 30%)"
    )
    assert "Predicted for *before session 3*, 2026-10-21." in lines


def test_a_card_says_what_its_numbers_are_not() -> None:
    for document in (example(), example(assessments=[])):
        (card,) = cards(document, CARD)
        for words in ("not effects of treatment", "not a medical device", "synthetic (made-up) patients"):
            assert words in card["detail"]


@pytest.mark.parametrize(
    ("settings", "document", "number"),
    [
        (NONE, example(assessments=[]), 0),
        (CARD, example(assessments=[]), 1),
        (NONE, ALLERGY | {"assessments": []}, 1),
        (NONE, example(), 1),
    ],
)
def test_without_a_prediction_there_is_a_card_as_configured_and_always_one_with_cautions(
    settings: CardSettings, document: Document, number: int
) -> None:
    assert len(cards(document, settings)) == number


@pytest.mark.parametrize(
    ("settings", "document"), [(CARD, example(assessments=[])), (CARD, ALLERGY | {"assessments": []})]
)
def test_an_old_course_without_a_prediction_has_no_card(settings: CardSettings, document: Document) -> None:
    context = CardContext(FIRST_DOSE, (), is_over=True)
    assert prediction_cards(answer_to(document), context, settings, None).cards == ()
    assert prediction_cards(answer_to(example()), context, settings, None).cards


def test_a_card_without_a_prediction_says_why_and_what_to_do() -> None:
    (card,) = cards(example(assessments=[]), CARD)
    assert "no prediction is possible" in card["summary"]
    assert "To do: record a rating on or before day 0" in card["detail"]


def test_addresses_are_there_only_if_the_service_knows_its_own() -> None:
    (card,) = cards(example(), NONE, "/decide?launch=abc")
    assert "links" not in card
    assert "url" not in card["source"]
    (card,) = cards(example(), CardSettings("none", "https://kap.example"), "/decide?launch=abc")
    assert card["links"][0]["url"] == "https://kap.example/decide?launch=abc"


def test_what_was_not_sent_is_said() -> None:
    assert "Not sent" not in cards(example())[0]["detail"]
    (card,) = cards(example(), lacking=("conditions", "allergies"))
    assert "**Not sent by the record system:** conditions, allergies." in card["detail"]


def test_a_patient_at_the_edge_has_a_less_certain_card() -> None:
    (card,) = cards(changed(("patient", "age_years"), 60.1))
    assert "Less certain for this patient:" in card["detail"]


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.0, "under 0.1%"), (0.99499, "99%"), (0.995, "over 99%"), (1.0, "over 99%")]
)
def test_no_probability_is_shown_as_certain(probability: float, shown: str) -> None:
    assert percent(probability) == shown


def test_a_prediction_without_any_number_has_a_summary() -> None:
    answer = answer_to(example())
    empty = answer.model_copy(update={"remission": None, "relapse": None, "sustained_remission": []})
    assert summary_of(empty) == "Synthetic model, not for care: no number is known."
    real = empty.model_copy(update={"model": empty.model.model_copy(update={"synthetic": False})})
    assert summary_of(real) == "KAP outlook: no number is known."
    assert replace(CARD, no_answer="none") == NONE
