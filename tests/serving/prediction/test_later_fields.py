"""Fields that records got later: categories, ratings after a dose, preparation sessions, item 9, mirrored scales."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from features.build import build_features
from features.protocol.document import Covariate, Protocol
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.openapi.examples import record_at
from serving.openapi.schemas import component_schemas
from serving.prediction.description import describe_instruments
from serving.prediction.predictor import PredictionReply, Predictor
from serving.prediction.record import RecordReader
from tests.serving.bundles import toy_bundle
from tests.serving.requests import Document, changed, example, problems, read

RECRUITMENT = Covariate("recruitment", "category", "how the patient came", levels=("referred", "self_referred"))
HEIGHT = Covariate("height", "number", "height", 100, 250)
REMOTE = Covariate("remote", "binary", "sessions by video")
STUDY = replace(Protocol(), covariates=(RECRUITMENT, HEIGHT, REMOTE))


def refused(document: Document, protocol: Protocol = STUDY) -> tuple[RequestProblem, ...]:
    """Why a record is refused, by the contract or by the served protocol."""
    found = problems(document)
    if found:
        return found
    try:
        RecordReader(protocol).read(read(document))
    except RequestRefusedError as refusal:
        return refusal.problems
    return ()


def with_covariates(**values: Any) -> Document:
    return changed(("patient", "covariates"), values)


def test_a_category_is_sent_by_its_level() -> None:
    cohort = RecordReader(STUDY).read(read(with_covariates(recruitment="self_referred", height=170)))
    rows = build_features(cohort, STUDY.landmarks[0])
    found = dict(zip(rows.names, rows.values[0].tolist(), strict=True))
    assert (found["recruitment_referred"], found["recruitment_self_referred"], found["height"]) == (0, 1, 170)
    nothing = RecordReader(STUDY).read(read(with_covariates(recruitment=None)))
    assert np.isnan(build_features(nothing, STUDY.landmarks[0]).values[0, -4:-2]).all()


@pytest.mark.parametrize(
    ("values", "path", "required"),
    [
        (
            {"recruitment": "self-referred"},
            "recruitment",
            "one of referred, self_referred (did you mean self_referred?)",
        ),
        (
            {"recruitment": "SELF_REFERRED"},
            "recruitment",
            "one of referred, self_referred (did you mean self_referred?)",
        ),
        ({"recruitment": "XMARKERX"}, "recruitment", "one of referred, self_referred"),
        ({"recruitment": 1}, "recruitment", "one of referred, self_referred"),
        ({"recruitment": True}, "recruitment", "one of referred, self_referred"),
        ({"height": "170"}, "height", "a number from 100 to 250"),
        ({"height": "XMARKERX"}, "height", "a number from 100 to 250"),
        ({"remote": "true"}, "remote", "true or false"),
    ],
)
def test_a_value_that_a_covariate_does_not_have_is_refused_with_those_that_it_has(
    values: dict[str, Any], path: str, required: str
) -> None:
    (problem,) = refused(with_covariates(**values))
    assert (problem.path, problem.required) == (f"patient.covariates.{path}", required)
    assert "XMARKERX" not in str(problem)


def test_a_text_for_a_covariate_that_the_protocol_does_not_have_is_no_crash() -> None:
    (problem,) = refused(with_covariates(wieght="XMARKERX"))
    assert problem.path == "patient.covariates.?"


def test_the_same_day_before_and_after_the_dose_are_two_ratings() -> None:
    ratings = example()["assessments"]
    again = ratings[1] | {"score": 4}
    assert refused(example(assessments=[*ratings, again | {"after_dose": True}]), Protocol()) == ()
    (problem,) = refused(example(assessments=[*ratings, again | {"after_dose": False}]), Protocol())
    assert problem.path == "assessments[3].day"
    assert "after_dose" in problem.required


def answer(document: Document) -> dict[str, Any]:
    (reply,) = Predictor(toy_bundle(), "1").answer_many([read(document)], ["id"])
    assert isinstance(reply, PredictionReply)
    return reply.answer


def test_a_rating_after_the_dose_of_the_landmark_day_is_counted_as_not_used_and_changes_no_number() -> None:
    today = example(as_of_day=14)
    late = {"day": 14, "instrument": "gad7", "score": 2}
    plain, after = answer(today), answer(example(assessments=[*today["assessments"], late | {"after_dose": True}]))
    before = answer(example(assessments=[*today["assessments"], late]))
    assert after["landmark"] == plain["landmark"] == {"name": "before session 3", "day": 14, "date": None}
    for part in ("remission", "relapse", "sustained_remission", "reasons"):
        assert after[part] == plain[part]
        assert before[part] != plain[part]
    assert plain["not_used"]["assessments"] == 0
    assert after["not_used"]["assessments"] == 1


def test_a_preparation_session_before_day_0_changes_no_number_and_is_not_counted_as_later() -> None:
    prepared = {"session_number": 1, "day": -7, "kind": "preparation"}
    plain, other = answer(example()), answer(example(sessions=[*example()["sessions"], prepared]))
    assert other == plain
    (problem,) = refused(example(sessions=[*example()["sessions"], prepared | {"kind": "psychotherapy"}]), Protocol())
    assert problem.path == "sessions[2].day"
    assert "only a preparation session may be before day 0" in problem.required


@pytest.mark.parametrize(("item", "fits"), [(-1, False), (0, True), (3, True), (4, False), (1.5, False), (True, False)])
def test_item_9_is_a_whole_number_from_0_to_3(item: Any, fits: bool) -> None:
    rating = {"day": 1, "instrument": "bdi2", "score": 9, "suicidal_thoughts_item": item}
    assert (refused(example(assessments=[rating]), Protocol()) == ()) == fits


def test_item_9_belongs_to_the_scales_that_have_it_and_changes_no_number() -> None:
    ratings = example()["assessments"]
    (problem,) = refused(example(assessments=[ratings[0] | {"suicidal_thoughts_item": 1}]), Protocol())
    assert (problem.path, problem.found) == ("assessments[0].suicidal_thoughts_item", "a value")
    assert problem.required == "no value beside another instrument than phq9 and bdi2"
    plain = answer(example())
    other = answer(example(assessments=[*ratings[:2], ratings[2] | {"suicidal_thoughts_item": 1}]))
    assert [caution["code"] for caution in other["cautions"]] == ["suicidal_thoughts_item"]
    assert other | {"cautions": []} == plain | {"cautions": []}


def fits_schema(name: str, document: Any, protocol: Protocol = STUDY) -> bool:
    schemas = {"components": {"schemas": component_schemas(protocol)}}
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}"} | schemas).is_valid(document)


def test_the_schema_says_the_same() -> None:
    assert fits_schema("Patient", {"patient_ref": "a", "covariates": {"recruitment": "referred"}})
    assert not fits_schema("Patient", {"patient_ref": "a", "covariates": {"recruitment": "friends"}})
    session = {"session_number": 1, "day": -1}
    assert fits_schema("Session", session | {"kind": "preparation"})
    assert not fits_schema("Session", session | {"kind": "dosing"})
    rating = {"day": 1, "score": 3, "suicidal_thoughts_item": 1}
    assert fits_schema("Assessment", rating | {"instrument": "phq9"})
    assert not fits_schema("Assessment", rating | {"instrument": "gad7"})
    assert fits_schema(
        "Assessment", rating | {"instrument": "gad7", "suicidal_thoughts_item": None, "after_dose": True}
    )


def test_a_mirrored_scale_is_described_with_its_own_cut_offs_and_its_example_is_ill_at_baseline() -> None:
    protocol = replace(Protocol(), remission=replace(Protocol().remission, instruments=("who5",)))
    (scale,) = [one for one in describe_instruments(protocol).instruments if one.name == "who5"]
    assert (scale.higher_is, scale.remission_at_least, scale.relapse_at_most) == ("better", 52, 48)
    assert (scale.remission_at_most, scale.relapse_at_least, scale.decides_outcomes) == (None, None, True)
    first, second, *_ = record_at(protocol, protocol.landmarks[1])["assessments"]
    assert first["score"] < scale.relapse_at_most
    assert second["score"] == first["score"] + 10
