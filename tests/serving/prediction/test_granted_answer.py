"""The service gives what was promoted for the clinic, logs what is in shadow, and nothing else."""

import json
from itertools import product
from typing import Any, get_args

import pytest

from features.protocol.document import Protocol
from models.bundle import Bundle
from models.promotion import TIERS as TIERS_OF_PROMOTION
from models.promotion import Action
from serving.contract.description import PromotionDescription
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import PredictionResponse, QuestionTier
from serving.log.shadow import whole_answer
from serving.prediction.granted_answer import question_label
from serving.prediction.predictor import PredictionReply, Predictor
from tests.serving.bundles import AT_LANDMARK, toy_bundle, wavering, with_applicability, without
from tests.serving.requests import changed, example, read

LANDMARK = "before session 2"
QUESTIONS = ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182")
BUNDLE = wavering(with_applicability(toy_bundle()))
TODAY = example(as_of_day=7, sessions=example()["sessions"][:1])
RESTS_ON = {f"sustained_{days}": ("remission", f"relapse_{days}") for days in (84, 182)}


def reply_to(document: dict[str, Any], tiers: dict[str, Any] | None, bundle: Bundle = BUNDLE, **how: bool) -> Any:
    granted = None if tiers is None else {LANDMARK: tiers}
    (reply,) = Predictor(bundle, "3", granted=granted).answer_many([read(document)], ["an-id"], **how)
    assert isinstance(reply, PredictionReply)
    return reply


def numbers(answer: dict[str, Any]) -> dict[str, float | None]:
    found = {"remission": None if answer["remission"] is None else answer["remission"]["probability"]}
    relapse = [] if answer["relapse"] is None else answer["relapse"]["at_horizons"]
    found |= {f"relapse_{one['days']}": one["probability"] for one in relapse}
    found |= {f"sustained_{one['horizon_days']}": one["probability"] for one in answer["sustained_remission"]}
    return found


WHOLE = reply_to(TODAY, None).answer
NUMBERS = numbers(WHOLE)


def given_at(tiers: dict[str, str], tier: str) -> set[str]:
    """The questions of a tier, where sustained remission has at most that of what it rests on."""
    order = ("not_promoted", "research", "shadow", "clinic")
    least = {
        name: min((tiers.get(one, "not_promoted") for one in (name, *RESTS_ON.get(name, ()))), key=order.index)
        for name in QUESTIONS
    }
    return {name for name, found in least.items() if found == tier}


def test_a_copy_of_an_earlier_version_answers_everything_for_the_clinic_and_says_so() -> None:
    assert WHOLE["tiers"] == dict.fromkeys(QUESTIONS, "clinic")
    assert WHOLE["withheld"] == []
    everything = reply_to(TODAY, dict.fromkeys(QUESTIONS, "clinic"))
    assert (everything.answer, everything.shadow) == (WHOLE, None)


TIERS = [dict(zip(QUESTIONS, tiers, strict=True)) for tiers in product(("clinic", "shadow", "not_promoted"), repeat=5)]


def test_no_number_that_is_withheld_is_said_or_drawn_in_what_is_given() -> None:
    """Every combination of tiers: not as a number, not in the curve, not as a point of it times remission."""
    for tiers in TIERS:
        reply, clinic = reply_to(TODAY, tiers), given_at(tiers, "clinic")
        answer = reply.answer
        assert PredictionResponse.model_validate_json(reply.body, strict=True)
        if not clinic:
            assert answer["outcome"] == "not_predictable"
            assert [reason["code"] for reason in answer["reasons"]] == ["not_promoted"]
        else:
            assert {name for name, found in numbers(answer).items() if found is not None} == clinic
            assert {one["question"] for one in answer["withheld"]} == set(QUESTIONS) - clinic
        body = reply.body.decode()
        for name in set(QUESTIONS) - clinic:
            assert repr(NUMBERS[name]) not in body, (tiers, name)
            assert not follows_from(answer, name, NUMBERS[name] or 0), (tiers, name)


def follows_from(answer: dict[str, Any], name: str, number: float) -> bool:
    """Whether a withheld number is in the curve, or is a point of it times the given probability of remission.

    Not looked at: sustained remission is nearly the product of a given remission and one less a given relapse.
    """
    kind, _, days = name.partition("_")
    if answer["outcome"] != "predicted":
        return False
    if name == "remission":
        return bool(answer["reasons"]["remission"])
    points = [] if answer["relapse"] is None else answer["relapse"]["curve"] or []
    if any(point["day"] >= int(days) for point in points) and kind == "relapse":
        return True
    remission = answer["remission"] and answer["remission"]["probability"]
    return any(abs((remission or 0) * point["event_free"] - number) < 1e-6 for point in points)


def test_what_is_in_shadow_is_logged_beside_what_is_given_and_nothing_else_is() -> None:
    for tiers in TIERS:
        reply = reply_to(TODAY, tiers)
        known = given_at(tiers, "clinic") | given_at(tiers, "shadow")
        together = json.loads(whole_answer(reply.body.decode(), reply.shadow and reply.shadow.decode()) or "")
        if not known:
            assert (together["outcome"], reply.shadow) == ("not_predictable", None)
            continue
        assert together["outcome"] == "predicted"
        assert {name: found for name, found in numbers(together).items() if found is not None} == {
            name: NUMBERS[name] for name in known
        }


def test_what_is_for_research_only_is_neither_given_nor_logged() -> None:
    reply = reply_to(TODAY, {"remission": "clinic", "relapse_84": "research"})
    assert reply.shadow is None
    assert {one["question"]: one["code"] for one in reply.answer["withheld"]} == {
        "relapse_84": "research_only",
        "relapse_182": "not_promoted",
        "sustained_84": "not_promoted",
        "sustained_182": "not_promoted",
    }
    assert repr(NUMBERS["relapse_84"]) not in reply.body.decode()


def test_a_landmark_that_is_not_promoted_gives_no_prediction_and_keeps_the_cautions() -> None:
    document = changed(("patient", "sex"), "female") | {"as_of_day": 7, "sessions": TODAY["sessions"]}
    (reply,) = Predictor(BUNDLE, "3", granted={"another landmark": {}}).answer_many([read(document)], ["an-id"])
    assert isinstance(reply, PredictionReply)
    answer = reply.answer
    assert answer["tiers"] == dict.fromkeys(QUESTIONS, "not_promoted")
    assert answer["cautions"] == WHOLE["cautions"]
    assert reply.row is not None, "drift is measured on what was asked"
    (reason,) = answer["reasons"]
    assert LANDMARK in reason["message"]
    assert reason["remedy"]


def test_a_patient_unlike_the_training_patients_gets_that_reason_whatever_was_promoted() -> None:
    old = TODAY | {"patient": TODAY["patient"] | {"age_years": 91}}
    reply = reply_to(old, {"remission": "shadow"})
    assert [reason["code"] for reason in reply.answer["reasons"]] == ["outside_training"]
    assert reply.shadow is None


def test_a_question_that_the_model_can_not_answer_is_not_known_and_not_withheld() -> None:
    reply = reply_to(TODAY, {"remission": "clinic"}, without(toy_bundle(), "relapse"))
    assert reply.answer["withheld"] == []
    assert reply.answer["tiers"]["relapse_84"] == "not_promoted"


def test_a_batch_gives_and_withholds_the_same() -> None:
    tiers = {"remission": "clinic", "relapse_84": "shadow", "sustained_84": "shadow"}
    whole, short = reply_to(TODAY, tiers), reply_to(TODAY, tiers, in_full=False)
    assert numbers(short.answer) == numbers(whole.answer)
    assert short.answer["withheld"] == whole.answer["withheld"]
    assert numbers(json.loads(short.shadow)) == numbers(json.loads(whole.shadow))


def test_where_everybody_is_in_remission_sustained_remission_rests_on_relapse_alone() -> None:
    bundle = wavering(toy_bundle(AT_LANDMARK))
    landmark = bundle.models[0].landmark.name
    records = [example(as_of_day=day) for day in range(0, 43, 7)]
    predictor = Predictor(bundle, "3", granted={one.landmark.name: {"sustained_84": "clinic"} for one in bundle.models})
    for record in records:
        try:
            (reply,) = predictor.answer_many([read(record)], ["an-id"])
        except RequestRefusedError:
            continue
        if isinstance(reply, PredictionReply) and reply.row is not None:
            assert reply.answer["tiers"]["sustained_84"] == "not_promoted", landmark
            assert "remission" not in reply.answer["tiers"]


def test_the_contract_names_every_tier_and_action_of_a_promotion() -> None:
    """It names them itself, because the client has nothing else of the models."""
    assert set(get_args(QuestionTier)) == {*TIERS_OF_PROMOTION, "not_promoted"}
    fields = PromotionDescription.model_fields
    assert set(get_args(fields["tier"].annotation)) == set(TIERS_OF_PROMOTION)
    assert set(get_args(fields["action"].annotation)) == set(get_args(Action))


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("remission", "remission"),
        ("relapse_84", "relapse within 84 days"),
        ("sustained_182", "sustained remission for 182 days"),
    ],
)
def test_a_question_is_named_for_people(question: str, label: str) -> None:
    assert question_label(question) == label
    assert Protocol().horizons_days == (84, 182)
