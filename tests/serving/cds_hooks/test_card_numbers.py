"""A card of numbers: what they are and are not, and what the EHR did not send; without any it comes as configured."""

import json
from dataclasses import replace
from typing import Any

import pytest

from serving.cds_hooks.card_text import CardContext, percent, summary_of, with_interval
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.contract.response import Interval, NotPredictable, Prediction
from serving.decision.frequencies import Frequency
from serving.decision.names import PageNames
from serving.decision.phrases import PagePhrases
from serving.decision.texts import texts_in
from serving.decision.view import numbers_of
from serving.openapi.examples import FIRST_DOSE
from tests.serving.answers import answered
from tests.serving.bundles import toy_bundle, wavering, with_applicability
from tests.serving.decision.pages import view_of
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
        "Synthetic model, not for care: remission 49%; relapse in 26 weeks, if in remission, "
    )
    lines = card["detail"].split("\n")
    assert lines[0] == "- **Remission:** 49% (90% interval 42% to 57%)"
    assert lines[1] == "- **Relapse within 12 weeks**, if in remission: 49% (90% interval 42% to 57%)"
    assert lines[3] == (
        "- **Sustained remission** (remission, then 12 weeks without relapse), of all: 24% (90% interval 19% to 30%)"
    )
    assert "Predicted for *before session 3*, 2026-10-21." in lines
    assert "A new treatment and death count neither as relapse nor as sustained remission." in card["detail"]
    assert "product" not in card["detail"]


def test_the_summary_leads_with_the_numbers_that_the_page_leads_with() -> None:
    """The longest horizons: a number that seems to change from the card to its page would not be believed."""
    (card,) = cards(example())
    answer = answer_to(example())
    assert isinstance(answer, Prediction)
    expected = {one.outcome: (one.days, percent(one.frequency.probability)) for one in numbers_of(answer)}
    (relapse_days, relapse), (sustained_days, sustained) = expected["relapse"], expected["sustained"]
    assert (relapse_days, sustained_days) == (182, 182)
    assert card["summary"].endswith(
        f"relapse in 26 weeks, if in remission, {relapse}; remission for 26 weeks {sustained}."
    )
    assert len(card["summary"]) < 140


def test_a_horizon_without_a_number_is_not_in_the_summary() -> None:
    answer = answer_to(example())
    assert isinstance(answer, Prediction)
    assert answer.relapse is not None
    first, last = answer.relapse.at_horizons
    unknown = last.model_copy(update={"probability": None, "interval_90": None})
    relapse = answer.relapse.model_copy(update={"at_horizons": [first, unknown]})
    assert "relapse in 12 weeks" in summary_of(answer.model_copy(update={"relapse": relapse}))


@pytest.mark.parametrize(
    ("probability", "interval"), [(0.0604, (0.0004, 0.0996)), (0.4806, (0.4057, 0.5555)), (0.995, (0.0949, 0.999))]
)
def test_the_card_and_the_page_show_one_number_with_one_interval(
    probability: float, interval: tuple[float, float]
) -> None:
    say = PagePhrases(texts_in("en"), PageNames(texts_in("en")))
    shown = Frequency.of(probability, interval)
    low, high = interval
    on_page = f"{say.percent(probability)} (90% interval {say.interval(shown)})"
    assert with_interval(probability, Interval(low=low, high=high)) == on_page


def test_every_number_of_the_card_stands_in_the_table_of_the_page() -> None:
    view = view_of(BUNDLE, example())
    say = PagePhrases(texts_in("en"), PageNames(texts_in("en")))
    detail = cards(example())[0]["detail"]
    rows = say.exact(view.numbers)
    assert len(rows) == 5
    for _, probability, interval in rows:
        assert f"{probability} (90% interval {interval})" in detail


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
