"""What-ifs are about another patient: only what is still open may be asked, and never a treatment."""

import json
from dataclasses import replace
from typing import Any

import pytest

from features.protocol.document import Covariate, Protocol
from models.bundle import Bundle
from models.remission import RemissionHead
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import Prediction, PredictionResponse
from serving.decision.questions import MOST_QUESTIONS, RATING, changed_request, questions
from serving.decision.study import study_facts
from serving.decision.what_if import read_what_if
from tests.serving.bundles import linear, refitted, toy_bundle
from tests.serving.decision.pages import launch_of, usual_bundle
from tests.serving.requests import EXAMPLE, changed, example, read

BUNDLE = usual_bundle()


def asked(document: dict[str, Any], bundle: Bundle = BUNDLE) -> dict[str, Any]:
    launch = launch_of(bundle, document)
    answer = PredictionResponse.model_validate_json(launch.answer).root
    assert isinstance(answer, Prediction)
    return {one.name: one for one in questions(launch.request, answer, study_facts(bundle))}


def other(answers: dict[str, Any], document: dict[str, Any] | None = None, bundle: Bundle = BUNDLE) -> dict[str, Any]:
    launch = launch_of(bundle, document)
    answer = PredictionResponse.model_validate_json(launch.answer).root
    request = changed_request(launch.request, answer, study_facts(bundle), answers)
    found: dict[str, Any] = json.loads(request.model_dump_json())
    return found


def test_what_the_model_uses_and_the_record_lacks_is_asked_with_the_next_rating_first() -> None:
    found = asked(EXAMPLE)
    assert list(found) == [RATING, "illness_duration_years", "comorbid_depression", "working_alliance"]
    assert (found[RATING].instrument, found[RATING].minimum, found[RATING].maximum) == ("gad7", 0, 21)
    assert len(found) <= MOST_QUESTIONS


def test_what_is_recorded_is_not_asked() -> None:
    assert "illness_duration_years" not in asked(changed(("patient", "illness_duration_years"), 3))


def test_no_question_is_about_a_treatment_or_a_screening_fact() -> None:
    """The model uses the dose of a benzodiazepine, and the record lacks it: asked for, it would look like an effect."""
    found = asked(EXAMPLE)
    assert "benzodiazepine_mg" not in found
    assert not {"psychosis_history", "suicidal_intent"} & found.keys()


@pytest.mark.parametrize(
    ("document", "is_asked"),
    [
        (EXAMPLE, True),  # today is the landmark's day
        (
            example(
                as_of_day=15, sessions=[*EXAMPLE["sessions"], EXAMPLE["sessions"][1] | {"session_number": 3, "day": 14}]
            ),
            False,
        ),
        (example(as_of_day=0, sessions=[], events=[], assessments=EXAMPLE["assessments"][:1]), False),  # the baseline
    ],
    ids=["today", "yesterday", "baseline"],
)
def test_the_next_rating_is_asked_while_it_can_still_count(document: dict[str, Any], is_asked: bool) -> None:
    assert (RATING in asked(document)) == is_asked


def test_the_other_patient_has_the_answers_and_nothing_else_differs() -> None:
    found = other({"comorbid_depression": True, RATING: 5})
    expected = json.loads(read(EXAMPLE).model_dump_json())
    *ratings, added = found["assessments"]
    assert ratings == expected["assessments"]
    assert {name: value for name, value in added.items() if value is not None} == {
        "day": 14,
        "instrument": "gad7",
        "score": 5,
    }
    expected["patient"]["comorbid_depression"] = True
    assert found | {"assessments": []} == expected | {"assessments": []}


def test_a_rating_of_the_same_day_gives_way() -> None:
    document = example(assessments=[*EXAMPLE["assessments"], {"day": 14, "instrument": "gad7", "score": 8}])
    scores = [row["score"] for row in other({RATING: 5}, document)["assessments"] if row["day"] == 14]
    assert scores == [5]


def test_a_covariate_of_the_study_is_asked_and_filled_in_as_one() -> None:
    protocol = Protocol(covariates=(Covariate("insomnia", "binary", "Insomnia by an index."),))
    toy = refitted(toy_bundle(protocol))
    score = linear(protocol, {"insomnia": -0.5})
    bundle = replace(toy, models=tuple(replace(one, remission=RemissionHead(score, 0.3, 1.1)) for one in toy.models))
    assert "insomnia" not in asked(EXAMPLE, toy), "a model that does not use it does not ask"
    assert asked(EXAMPLE, bundle)["insomnia"].kind == "yes_no"
    assert other({"insomnia": True}, bundle=bundle)["patient"]["covariates"] == {"insomnia": True}


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        ({}, "answers"),
        ({"ketamine_allergy": True}, "answers"),
        ({"benzodiazepine_mg": 5}, "answers"),
        ({"XMARKERX": 5}, "answers"),
        ({RATING: -1}, f"answers.{RATING}"),
        ({RATING: 22}, f"answers.{RATING}"),
        ({RATING: 5.5}, f"answers.{RATING}"),
        ({RATING: True}, f"answers.{RATING}"),
        ({RATING: "XMARKERX"}, f"answers.{RATING}"),
        ({"comorbid_depression": 1}, "answers.comorbid_depression"),
        ({"illness_duration_years": 91}, "answers.illness_duration_years"),
    ],
    ids=str,
)
def test_another_question_or_value_is_refused_without_repeating_it(answers: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        other(answers)
    assert [problem.path for problem in refused.value.problems] == [path]
    assert "XMARKERX" not in str(refused.value.problems)


@pytest.mark.parametrize("score", [0, 21])
def test_the_ends_of_the_scale_are_taken(score: int) -> None:
    assert other({RATING: score})["assessments"][-1]["score"] == score


def test_an_answer_without_a_prediction_has_no_what_if() -> None:
    with pytest.raises(RequestRefusedError):
        other({RATING: 5}, example(assessments=[]))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"answers": 3}', b'{"answers": {"a": null}}', b'{"answers": {}, "more": 1}', b"\xff",
             b'{"answers": {"next_rating": NaN}}', b'{"answers": {"XMARKERX": {"a": 1}}}'],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read_what_if(body)
    assert "XMARKERX" not in str(refused.value.problems)


def test_an_answer_that_is_given_twice_has_two_meanings() -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read_what_if(b'{"answers": {"next_rating": 5, "next_rating": 6}}')
    assert refused.value.problems[0].required == "each name once"
