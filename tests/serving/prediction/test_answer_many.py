"""A thousand requests and a single one take the same way, and every answer keeps to its documented type."""

import json
from dataclasses import replace

import pytest

from features.build import build_features
from features.protocol.document import Covariate, Landmark, Protocol
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import PredictionResponse
from serving.prediction.cautions import cautions_for
from serving.prediction.predictor import PredictionReply, Predictor
from serving.prediction.record import RecordReader
from tests.serving.answers import alike, answered, codes, drawn
from tests.serving.bundles import bundles_of_every_kind, toy_bundle
from tests.serving.requests import EXAMPLE, changed, example, read

BUNDLES = bundles_of_every_kind()
WRONG = [
    changed(("assessments", 1, "score"), 21.5, changed(("assessments", 0, "instrument"), "XMARKERX")),
    changed(("patient", "covariates"), {"height": 1}),
    changed(("sessions", 1, "session_number"), 1),
    changed(("sessions", 0, "day"), 9, changed(("assessments", 1, "day"), 0)),
    changed(("as_of_day",), 5),
    changed(("prior_treatments", 0, "start_day"), -10),
]


@pytest.mark.parametrize("kind", BUNDLES)
@pytest.mark.parametrize("in_full", [True, False])
def test_every_answer_is_of_its_documented_type(kind: str, in_full: bool) -> None:
    """What is written from plain values passes the strict types, and says the same as they do."""
    bundle = BUNDLES[kind]
    for reply in answered(bundle, drawn(1, 40, bundle.protocol), in_full=in_full):
        response = PredictionResponse.model_validate_json(reply.body, strict=True)
        assert response.model_dump(mode="json") == json.loads(reply.body) == reply.answer
        predicted = reply.answer["outcome"] == "predicted"
        without = {name: part for name, part in reply.answer.items() if not (predicted and name == "reasons")}
        assert reply.summary == without
        if predicted and reply.answer["relapse"] is not None:
            assert (reply.answer["relapse"]["curve"] is not None) == in_full


def test_the_answers_compared_are_of_every_kind() -> None:
    """The test above would pass on one kind of answer alone."""
    seen, verdicts, interval = set(), set(), {True: 0, False: 0}
    for bundle in BUNDLES.values():
        for reply in answered(bundle, drawn(1, 160, bundle.protocol)):
            verdicts.add(reply.answer["applicability"] and reply.answer["applicability"]["verdict"])
            seen |= codes(reply)
            if reply.answer["outcome"] == "predicted" and reply.answer["remission"] is not None:
                interval[reply.answer["remission"]["interval_90"] is not None] += 1
    assert seen >= {"no_baseline", "baseline_in_remission", "died", "outside_training", "not_learned", "ended_before"}
    assert verdicts == {None, "inside", "at_the_edge", "outside"}
    assert min(interval.values()) > 10


@pytest.mark.parametrize("kind", BUNDLES)
def test_a_patient_gets_the_same_answer_alone_and_among_many(kind: str) -> None:
    bundle = BUNDLES[kind]
    requests = drawn(2, 50, bundle.protocol)
    predictor, together = Predictor(bundle, "3"), answered(bundle, requests)
    for place, request in enumerate(requests):
        (alone,) = predictor.answer_many([request], [f"id-{place}"])
        assert isinstance(alone, PredictionReply)
        assert alike(alone.answer, together[place].answer)
        assert (alone.landmark, alone.landmark_day, alone.row) == (
            together[place].landmark,
            together[place].landmark_day,
            together[place].row,
        )


@pytest.mark.parametrize("seed", range(4))
def test_many_requests_in_one_cohort_get_the_rows_that_each_gets_alone_bit_for_bit(seed: int) -> None:
    requests, reader = drawn(seed, 40), RecordReader(Protocol())
    together = reader.read_many(requests)
    assert together.places.tolist() == list(range(len(requests)))
    assert together.cohort.patient_ids.tolist() == sorted(together.cohort.patient_ids.tolist())
    for landmark in Protocol().landmarks:
        rows = build_features(together.cohort, landmark)
        for place, request in enumerate(requests):
            alone = build_features(reader.read(request), landmark)
            assert alone.values[0].tobytes() == rows.values[place].tobytes()
            assert alone.day[0].tobytes() == rows.day[place].tobytes()
            assert alone.ineligible[0] == rows.ineligible[place]


def test_no_reference_enters_the_cohort() -> None:
    cohort = RecordReader(Protocol()).read_many([read(EXAMPLE), read(EXAMPLE)]).cohort
    assert EXAMPLE["patient"]["patient_ref"] not in cohort.patient_ids.tolist()
    assert len(set(cohort.patient_ids.tolist())) == 2


def test_the_problems_of_one_request_are_reported_for_that_one_as_if_it_came_alone() -> None:
    reader, right = RecordReader(Protocol()), drawn(3, 20)
    requests = [*right[:5], *map(read, WRONG[:4]), *right[5:], *map(read, WRONG[4:])]
    predictor = Predictor(toy_bundle(), "3")
    replies = predictor.answer_many(requests, [str(place) for place in range(len(requests))])
    for place, (request, reply) in enumerate(zip(requests, replies, strict=True)):
        if isinstance(reply, PredictionReply):
            assert request in right
            assert reply.answer["prediction_id"] == str(place)
            (alone,) = predictor.answer_many([request], [str(place)])
            assert isinstance(alone, PredictionReply)
            assert alike(reply.answer, alone.answer)
            continue
        assert request not in right
        with pytest.raises(RequestRefusedError) as caught:
            reader.read(request)
        assert reply.problems == caught.value.problems
    assert sum(isinstance(reply, RequestRefusedError) for reply in replies) == len(WRONG)


def test_a_covariate_out_of_its_range_is_reported_for_its_patient() -> None:
    protocol = replace(Protocol(), covariates=(Covariate("expectancy", "number", "expectation of benefit", 0, 10),))
    requests = [read(changed(("patient", "covariates"), {"expectancy": value})) for value in (10, 10.1, 0, -0.1)]
    records = RecordReader(protocol).read_many(requests)
    assert records.places.tolist() == [0, 2]
    assert list(records.refused) == [1, 3]
    paths = [problem.path for refused in records.refused.values() for problem in refused.problems]
    assert paths == ["patient.covariates.expectancy"] * 2


def test_nobody_is_answered_with_nothing_and_all_may_be_refused() -> None:
    predictor = Predictor(toy_bundle(), "3")
    assert predictor.answer_many([], []) == []
    refused = predictor.answer_many([read(document) for document in WRONG], ["x"] * len(WRONG))
    assert all(isinstance(reply, RequestRefusedError) for reply in refused)


def test_each_is_answered_at_its_own_landmark() -> None:
    first, second = example(sessions=[], events=[], assessments=EXAMPLE["assessments"][:1]), example(as_of_day=7)
    second["sessions"] = second["sessions"][:1]
    never = toy_bundle(Protocol(landmarks=(Landmark("week 1", day=7), Landmark("week 9", day=63))))
    replies = answered(toy_bundle(), [read(first), read(EXAMPLE), read(second), read(first)])
    assert [reply.landmark for reply in replies] == [f"before session {session}" for session in (1, 3, 2, 1)]
    assert [reply.landmark_day for reply in replies] == [14, 14, 7, 14]
    early, late = answered(never, [read(example(as_of_day=6, sessions=[], assessments=[])), read(EXAMPLE)])
    assert (early.landmark, early.landmark_day, early.row) == (None, None, None)
    assert (late.landmark, late.landmark_day) == ("week 1", 7)


def test_cautions_come_with_a_prediction_and_without_one_each_patients_own() -> None:
    with_opioid = changed(("patient", "opioid_use"), True)
    dead = changed(("events",), [{"day": 14, "event": "death"}], with_opioid)
    requests = [read(document) for document in (EXAMPLE, with_opioid, dead)]
    replies = answered(toy_bundle(), requests)
    assert [reply.answer["outcome"] for reply in replies] == ["predicted", "predicted", "not_predictable"]
    assert [reply.answer["cautions"] for reply in replies] == [cautions_for(request) for request in requests]
    given = [[caution["code"] for caution in reply.answer["cautions"]] for reply in replies]
    assert ["opioid_use" in own for own in given] == [False, True, True]
    plain, cautioned = replies[0].answer, replies[1].answer
    assert plain["remission"] == cautioned["remission"]
    assert plain["relapse"] == cautioned["relapse"]


@pytest.mark.parametrize("kind", BUNDLES)
def test_the_row_is_there_exactly_where_the_answer_follows_from_it(kind: str) -> None:
    from_the_row = {"outside_training", "not_learned"}
    for reply in answered(BUNDLES[kind], drawn(4, 40, BUNDLES[kind].protocol)):
        assert (reply.row is not None) == (codes(reply) <= from_the_row)
        assert (reply.landmark is None) == (reply.landmark_day is None) == ("landmark_not_reached" in codes(reply))


def test_the_row_holds_just_what_was_recorded() -> None:
    bundle, checked = toy_bundle(), 0
    for reply in answered(bundle, drawn(4, 40)):
        if reply.answer["outcome"] == "predicted":
            row, lacking = json.loads(reply.row or b""), set(reply.answer["not_recorded"])
            assert row.keys() == set(bundle.features) - lacking
            checked += 1
    assert checked > 5
