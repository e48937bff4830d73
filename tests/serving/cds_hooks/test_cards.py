"""Cautions stand on a card of their own, before the numbers; feedback on either finds the prediction."""

import copy
import json
from typing import Any

import pytest

from serving.cds_hooks.card_ids import caution_card_of, prediction_of
from serving.cds_hooks.card_text import MOST_SUMMARY, CardContext, caution_summary_of, percent, time_text
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.cds_hooks.feedback import read_feedback
from serving.contract.response import Caution
from serving.openapi.examples import FIRST_DOSE
from serving.prediction.cautions import RULES
from tests.serving.answers import answered
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.cds_hooks.feedbacks import overridden
from tests.serving.requests import example, read

Document = dict[str, Any]
PREDICTION = "f69b5789-ae6c-4549-b0e0-fe1c22364afb"
SAFETY = {"suicidal_intent": True, "ketamine_allergy": True, "mania_history": True}


def cards(document: Document, no_answer: Any = "none") -> list[Document]:
    (reply,) = answered(refitted(toy_bundle()), [read(document)])
    answer = read_answer(json.dumps(json.loads(reply.body) | {"prediction_id": PREDICTION}))
    settings = CardSettings(no_answer, "https://kap.example")
    shown = prediction_cards(answer, CardContext(FIRST_DOSE, ()), settings, "/decide?launch=x").written()
    found: list[Document] = json.loads(shown)["cards"]
    return found


def with_facts(**facts: bool) -> Document:
    document = copy.deepcopy(example())
    document["patient"] |= facts
    return document


def test_cautions_come_first_on_a_card_of_their_own_and_the_numbers_are_information() -> None:
    cautions, numbers = cards(with_facts(**SAFETY))
    assert (cautions["indicator"], numbers["indicator"]) == ("warning", "info")
    assert cautions["summary"] == "Safety: a suicidal intent or a recent attempt is recorded, and 2 more cautions."
    assert "%" not in cautions["summary"] + cautions["detail"]
    assert "caution" not in numbers["summary"].lower()
    assert "links" in numbers


def test_the_most_urgent_caution_leads_whatever_the_order_of_the_rules() -> None:
    detail = cards(with_facts(**SAFETY))[0]["detail"]
    assert detail.index("suicidal intent") < detail.index("allergy") < detail.index("manic episode")


def test_a_record_without_cautions_has_the_numbers_alone() -> None:
    (only,) = cards(example())
    assert (only["indicator"], only["uuid"]) == ("info", PREDICTION)


@pytest.mark.parametrize(("no_answer", "indicators"), [("none", ["warning"]), ("card", ["warning", "info"])])
def test_without_a_prediction_cautions_are_shown_in_any_case(no_answer: str, indicators: list[str]) -> None:
    document = with_facts(mania_history=True) | {"assessments": []}
    assert [card["indicator"] for card in cards(document, no_answer)] == indicators


def test_feedback_on_either_card_is_bound_to_the_prediction_and_the_two_differ() -> None:
    uuids = [card["uuid"] for card in cards(with_facts(**SAFETY))]
    assert len(set(uuids)) == 2
    given = [read_feedback(json.dumps(overridden(uuid)).encode()).feedback[0] for uuid in uuids]
    assert [one.prediction_id for one in given] == [PREDICTION, PREDICTION]
    assert given[0].canonical() != given[1].canonical(), "or the log would take them for the same"


def test_the_id_of_a_card_may_come_in_capitals() -> None:
    assert prediction_of(caution_card_of(PREDICTION).upper()) == PREDICTION
    assert prediction_of(PREDICTION.upper()) == PREDICTION


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_caution_can_lead_a_summary_in_one_sentence(rule: Any) -> None:
    caution = Caution(code=rule.code, message=rule.message, source=rule.source)
    for number in (1, 2, 30):
        summary = caution_summary_of([caution] * number)
        assert len(summary) <= MOST_SUMMARY
        assert summary.startswith("Safety: ")
        assert " to weigh" not in summary, "each says what it is about"
        assert summary.count(". ") == 0


def test_a_caution_of_a_newer_service_that_is_too_long_is_counted() -> None:
    assert caution_summary_of([Caution(code="newer", message="x" * 200, source="s")]) == "Safety: 1 caution to weigh."


def test_sources_are_shown_with_their_tags_as_words() -> None:
    detail = cards(with_facts(**SAFETY))[0]["detail"]
    assert "what comes first (our judgement)" in detail
    assert "that a mood may switch (not checked)" in detail
    assert "[" not in detail


def test_the_summary_says_synthetic_whom_it_counts_and_weeks() -> None:
    (only,) = cards(example())
    assert only["summary"].startswith("Synthetic model, not for care: remission ")
    assert "; relapse in 26 weeks, if in remission, " in only["summary"]


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0004, "under 0.1%"),
        (0.0006, "0.1%"),
        (0.0994, "9.9%"),
        (0.09996, "10%"),
        (0.1, "10%"),
        (0.994, "99%"),
        (0.995, "over 99%"),
    ],
)
def test_a_decimal_is_shown_only_below_10_percent(probability: float, text: str) -> None:
    assert percent(probability) == text


@pytest.mark.parametrize(("days", "text"), [(6, "6 days"), (7, "1 week"), (8, "8 days"), (84, "12 weeks")])
def test_days_are_weeks_where_they_make_whole_ones(days: int, text: str) -> None:
    assert time_text(days) == text
