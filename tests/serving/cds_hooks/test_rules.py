"""The ten rules hold over every card that can be made and every feedback that is taken, and each can fail."""

import copy
import json
from typing import Any

import pytest

from models.bundle import Bundle
from serving.cds_hooks.card_text import CardContext
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.cds_hooks.feedback import read_feedback
from serving.cds_hooks.request import read_hook_call
from serving.cds_hooks.services import SERVICES
from serving.contract.calendar import CourseCalendar
from serving.contract.refusal import RequestRefusedError
from serving.openapi.examples import FIRST_DOSE
from tests.serving.answers import answered, drawn
from tests.serving.bundles import bundles_of_every_kind
from tests.serving.cds_hooks.calls import patient_view
from tests.serving.cds_hooks.feedbacks import FEEDBACK, accepted, overridden
from tests.serving.cds_hooks.rules import RULES, broken, broken_in_answer, broken_in_feedback

Document = dict[str, Any]
SETTINGS = CardSettings("card", "https://kap.example")
BUNDLES = bundles_of_every_kind()


def cards(answer: Document, lacking: tuple[str, ...] = (), settings: CardSettings = SETTINGS) -> Document:
    context = CardContext(CourseCalendar(FIRST_DOSE.first_dose), lacking)
    read = read_answer(json.dumps(answer | {"prediction_id": "f69b5789-ae6c-4549-b0e0-fe1c22364afb"}))
    made: Document = json.loads(prediction_cards(read, context, settings, "/decide?launch=abc").written())
    return made


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=BUNDLES)
def test_they_hold_over_the_cards_of_200_patients(bundle: Bundle) -> None:
    for reply in answered(bundle, drawn(7, 200)):
        shown = cards(json.loads(reply.body), ("conditions",))
        assert broken_in_answer(shown) == []
        expected = ["warning", "info"] if reply.answer["cautions"] else ["info"]
        assert [card["indicator"] for card in shown["cards"]] == expected


CARD: Document = {
    "uuid": "f69b5789-ae6c-4549-b0e0-fe1c22364afb",
    "summary": "x",
    "indicator": "info",
    "source": {"label": "x"},
}
BROKEN: dict[str, tuple[str, Document]] = {
    "cds-r-1": ("request", {"fhirAuthorization": {"access_token": "x"}}),
    "cds-resp-1": (
        "card",
        CARD | {"selectionBehavior": "at-most-one", "suggestions": [{"isRecommended": True}, {"isRecommended": True}]},
    ),
    "cds-resp-2": ("action", {"type": "delete", "resource": {"resourceType": "Patient"}}),
    "cds-resp-3": ("link", {"type": "absolute", "appContext": "x"}),
    "cds-resp-4": ("card", CARD | {"overrideReasons": [{"code": "a", "display": "A"}, {"code": "b"}]}),
    "cds-resp-5": ("suggestion", {"actions": [{"type": "create"}]}),
    "cds-resp-6": ("card", CARD | {"suggestions": [{"label": "x"}]}),
    "cds-fb-1": ("feedback", {"outcome": "ignored"}),
    "cds-fb-2": ("feedback", {"outcome": "accepted"}),
    "cds-fb-3": ("override", {"extension": {"x": 1}}),
}


@pytest.mark.parametrize("name", [name for name, _, _ in RULES])
def test_each_rule_can_fail(name: str) -> None:
    kind, part = BROKEN[name]
    assert name in broken(kind, part)


def test_a_call_that_breaks_its_rule_is_refused_at_the_path() -> None:
    call = patient_view(fhirAuthorization={"access_token": "x"})
    assert broken("request", call) == ["cds-r-1"]
    with pytest.raises(RequestRefusedError) as refused:
        read_hook_call(json.dumps(call).encode(), SERVICES[0])
    assert [problem.path for problem in refused.value.problems] == ["fhirServer"]
    assert broken("request", call | {"fhirServer": "https://ehr.example/fhir"}) == []


@pytest.mark.parametrize(
    ("rule", "change", "path"),
    [
        ("cds-fb-1", {"outcome": "ignored"}, "feedback[0].outcome"),
        ("cds-fb-2", {"outcome": "accepted"}, "feedback[0].acceptedSuggestions"),
        ("cds-fb-3", {"overrideReason": {"extension": {"x": 1}}}, "feedback[0].overrideReason"),
    ],
)
def test_feedback_that_breaks_a_rule_is_refused_at_the_path(rule: str, change: Document, path: str) -> None:
    sent = {"feedback": [copy.deepcopy(FEEDBACK) | change]}
    assert broken_in_feedback(sent) == [rule]
    with pytest.raises(RequestRefusedError) as refused:
        read_feedback(json.dumps(sent).encode())
    assert [problem.path for problem in refused.value.problems] == [path]


def test_feedback_that_is_taken_breaks_none() -> None:
    for sent in (accepted(), overridden(), overridden(reason=None), overridden(reason=None, comment=None)):
        read_feedback(json.dumps(sent).encode())
        assert broken_in_feedback(sent) == []
