import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.build import build_features
from features.protocol.document import Covariate, Landmark, Protocol
from features.records.landmark import landmark_days
from models.bundle import Bundle
from models.outcomes import expit
from serving.contract.reading import read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.response import Interval, NotPredictable, Prediction, PredictionResponse
from serving.prediction.predictor import Predictor
from serving.prediction.record import RecordReader
from tests.cohorts import random_cohort, random_protocol
from tests.serving.bundles import AT_LANDMARK, NOTE, toy_bundle, waver, wavering, with_applicability, without
from tests.serving.requests import EXAMPLE, changed, example, problems, read, request_of

COVARIATES = (
    Covariate("expectancy", "number", "expectation of benefit", 0, 10),
    Covariate("married", "binary", "lives with a partner"),
)


def answer(document: dict[str, Any], bundle: Bundle | None = None) -> Prediction:
    root = Predictor(bundle or toy_bundle(), "3").predict(read(document)).root
    assert isinstance(root, Prediction), root
    return root


def refusal(document: dict[str, Any], bundle: Bundle | None = None) -> NotPredictable:
    root = Predictor(bundle or toy_bundle(), "3").predict(read(document)).root
    assert isinstance(root, NotPredictable), root
    return root


def refused(document: dict[str, Any], protocol: Protocol | None = None) -> list[tuple[str, str]]:
    with pytest.raises(RequestRefusedError) as caught:
        RecordReader(protocol or Protocol()).read(read(document))
    return [(problem.path, problem.found) for problem in caught.value.problems]


@pytest.mark.parametrize("seed", range(12))
def test_the_row_from_a_request_equals_the_row_from_the_tables_bit_for_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = replace(random_protocol(rng), covariates=COVARIATES)
    cohort = random_cohort(rng, 25, protocol)
    reader, compared = RecordReader(protocol), 0
    for landmark in protocol.landmarks:
        rows, days = build_features(cohort, landmark), landmark_days(cohort, landmark)
        for patient in np.flatnonzero(~np.isnan(days)):
            today = int(days[patient]) + int(rng.choice([0, 0, 1, 9]))
            one = reader.read(read_request(json.dumps(request_of(cohort, int(patient), today))))
            from_request = build_features(one, landmark)
            assert from_request.day[0] == days[patient]
            assert from_request.values[0].tobytes() == rows.values[patient].tobytes()
            compared += 1
    assert compared >= 25


@pytest.mark.parametrize(
    ("as_of_day", "doses", "name", "day"),
    [
        (0, [0], "before session 1", 0),
        (1, [0], "before session 2", 1),
        (30, [0], "before session 2", 30),
        (7, [0, 7], "before session 2", 7),
        (8, [0, 7], "before session 3", 8),
        (13, [0, 7], "before session 3", 13),
        (14, [0, 7], "before session 3", 14),
        (21, [0, 7], "before session 3", 21),
        (22, [0, 7], "before session 3", 21),
        (42, [0, 7], "before session 3", 21),
        (20, [0, 7, 20], "before session 3", 20),
        (42, [0, 7, 28], "before session 3", 21),
        (42, [0, 7, 20, 28], "before session 3", 20),
        (50, [0, 38], "before session 2", 38),  # the acute course is over, and session 3 did not come
    ],
)
def test_the_latest_landmark_reached_answers(as_of_day: int, doses: list[int], name: str, day: int) -> None:
    sessions = [{"session_number": n, "day": dose, "kind": "dosing"} for n, dose in enumerate(doses, start=1)]
    baseline = [{"day": -7, "instrument": "gad7", "score": 16}]
    found = answer(
        {"as_of_day": as_of_day, "patient": {"patient_ref": "a"}, "sessions": sessions, "assessments": baseline}
    )
    assert (found.landmark.name, found.landmark.day) == (name, day)


def test_no_landmark_is_reached_before_day_0() -> None:
    (reason,) = refusal(example(as_of_day=-1, sessions=[], assessments=[], events=[])).reasons
    assert reason.code == "landmark_not_reached"
    assert reason.remedy is not None


def test_a_session_that_did_not_come_in_time_leaves_its_landmark_not_reached() -> None:
    """Nothing helps any more: the acute course ended on day 42."""
    only = Protocol(landmarks=(Landmark("second", before_session=2),))
    late = example(as_of_day=43, sessions=EXAMPLE["sessions"][:1])
    (reason,) = refusal(late, toy_bundle(only)).reasons
    assert (reason.code, reason.remedy) == ("landmark_not_reached", None)
    assert "dosing session 2 did not come by day 42" in reason.message
    assert answer(late | {"as_of_day": 42}, toy_bundle(only)).landmark.day == 42


def test_of_two_landmarks_on_one_day_the_later_in_the_protocol_answers() -> None:
    two = (Landmark("day 5", day=5), Landmark("also day 5", day=5), Landmark("day 3", day=3))
    assert answer(EXAMPLE, toy_bundle(Protocol(landmarks=two))).landmark.name == "also day 5"


def test_what_came_after_the_landmark_is_counted_and_makes_no_difference() -> None:
    before = answer(example(as_of_day=14))
    later = example(as_of_day=42)
    later["sessions"] += [
        {"session_number": 3, "day": 14, "kind": "dosing"},
        {"session_number": 4, "day": 21, "kind": "dosing"},
    ]
    later["assessments"] += [
        {"day": 15, "instrument": "gad7", "score": 3},
        {"day": 42, "instrument": "gad7", "score": 2},
    ]
    later["events"] += [{"day": 14, "event": "relapse"}]
    after = answer(later)
    assert before.not_used.model_dump() == {"sessions": 0, "assessments": 0, "events": 0}
    assert after.not_used.model_dump() == {"sessions": 2, "assessments": 2, "events": 1}
    same = {"prediction_id", "not_used"}
    assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert after.prediction_id != before.prediction_id


@pytest.mark.parametrize("table", ["sessions", "assessments", "events"])
def test_nothing_may_be_later_than_today(table: str) -> None:
    today = max(row["day"] for row in EXAMPLE[table])
    reader = RecordReader(Protocol())
    only = example(as_of_day=today, **{name: [] for name in ("sessions", "assessments", "events") if name != table})
    reader.read(read(only))
    row = [entry["day"] for entry in EXAMPLE[table]].index(today)
    assert refused(only | {"as_of_day": today - 1}) == [(f"{table}[{row}].day", "a later day")]


def test_earlier_treatments_never_asked_are_missing_and_asked_with_none_are_zero() -> None:
    assert "earlier_response" in answer(example(prior_treatments=None)).not_recorded
    assert "earlier_response" not in answer(example(prior_treatments=[])).not_recorded
    assert answer(example(prior_treatments=None)).not_recorded.count("adequate_failures") == 1


def test_the_protocol_decides_which_instruments_and_scores_there_are() -> None:
    wrong = changed(("assessments", 1, "score"), 21.5, changed(("assessments", 0, "instrument"), "XMARKERX"))
    assert refused(wrong) == [
        ("assessments[0].instrument", "another value"),
        ("assessments[1].score", "a number out of range"),
    ]
    for score, number in ((0, 0), (21, 0), (21.01, 1), (-0.01, 1)):
        document = changed(("assessments", 1, "score"), score)
        assert (len(refused(document)) if number else 0) == number
        if not number:
            RecordReader(Protocol()).read(read(document))


def test_the_protocol_decides_which_covariates_there_are() -> None:
    protocol = replace(Protocol(), covariates=COVARIATES)
    for good in ({"expectancy": 0, "married": True}, {"expectancy": 10, "married": 0}, {"expectancy": None}, {}):
        RecordReader(protocol).read(read(changed(("patient", "covariates"), good)))
    for bad, path in (
        ({"expectancy": 10.1}, "patient.covariates.expectancy"),
        ({"expectancy": True}, "patient.covariates.expectancy"),
        ({"married": 0.5}, "patient.covariates.married"),
        ({"height": 1}, "patient.covariates.?"),
    ):
        assert [where for where, _ in refused(changed(("patient", "covariates"), bad), protocol)] == [path]


OWN_SCALE = Covariate("expectancy", "number", "expectation in per cent", 0, 100)


@pytest.mark.parametrize(
    ("declared", "fields", "path"),
    [
        ((), {"expectancy": 7}, None),
        ((), {"expectancy": 11}, "patient.expectancy"),
        ((), {"covariates": {"expectancy": 7}}, "patient.covariates.expectancy"),
        ((OWN_SCALE,), {"covariates": {"expectancy": 70}}, None),
        ((OWN_SCALE,), {"covariates": {"expectancy": 101}}, "patient.covariates.expectancy"),
        ((OWN_SCALE,), {"expectancy": 7}, "patient.expectancy"),
        ((OWN_SCALE,), {"expectancy": 7, "covariates": {"expectancy": 70}}, "patient.expectancy"),
        ((OWN_SCALE,), {"expectancy": None, "covariates": {"expectancy": 70}}, None),
        ((OWN_SCALE,), {"working_alliance": 8}, None),
    ],
)
def test_a_column_that_the_study_declares_itself_is_sent_among_the_covariates_and_any_other_is_not(
    declared: tuple[Covariate, ...], fields: dict[str, Any], path: str | None
) -> None:
    protocol = replace(Protocol(), covariates=declared)
    document = example(patient={"patient_ref": "c1-0042"} | fields)
    if path is None:
        RecordReader(protocol).read(read(document))
    else:
        found = problems(document) or _refusal(document, protocol)
        assert [problem.path for problem in found] == [path]
        assert not any("7" in problem.required for problem in found)


def _refusal(document: dict[str, Any], protocol: Protocol) -> tuple[RequestProblem, ...]:
    with pytest.raises(RequestRefusedError) as caught:
        RecordReader(protocol).read(read(document))
    return caught.value.problems


def test_of_many_problems_with_the_values_100_are_listed_and_the_others_counted() -> None:
    twice = example(assessments=[{"day": 0, "instrument": "gad7", "score": 5}] * 5_000)
    names = example(patient={"patient_ref": "a", "covariates": {f"name{number}": 1 for number in range(900)}})
    refused = RecordReader(Protocol()).read_many([read(twice), read(EXAMPLE), read(names)]).refused
    assert {place: (len(one.problems), one.more) for place, one in refused.items()} == {0: (100, 4_899), 2: (100, 800)}


def test_a_refusal_says_where_a_column_belongs_that_came_in_the_wrong_place() -> None:
    (among,) = _refusal(example(patient={"patient_ref": "a", "covariates": {"expectancy": 7}}), Protocol())
    assert "send it as patient.expectancy" in among.required
    protocol = replace(Protocol(), covariates=(OWN_SCALE,))
    (outside,) = _refusal(example(patient={"patient_ref": "a", "expectancy": 7}), protocol)
    assert "send it as patient.covariates.expectancy" in outside.required


@pytest.mark.parametrize("declared", [(), (OWN_SCALE, Covariate("insomnia", "binary", "as the study asks for it"))])
def test_the_row_equals_that_of_the_tables_in_every_place_of_a_declared_column(declared: tuple[Covariate, ...]) -> None:
    cohort = random_cohort(np.random.default_rng(2), 20, replace(Protocol(), covariates=declared))
    reader, landmark = RecordReader(cohort.protocol), Landmark("day 20", day=20)
    rows = build_features(cohort, landmark)
    for patient in range(len(cohort)):
        one = reader.read(read(request_of(cohort, patient, 20)))
        assert build_features(one, landmark).values[0].tobytes() == rows.values[patient].tobytes()
    assert not np.isnan(rows.values[:, rows.names.index("expectancy")]).all()
    assert len(set(rows.names)) == len(rows.names)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("sessions", 1, "session_number"), 1, "sessions[1].session_number"),
        (("sessions", 0, "session_number"), 3, "sessions[0].day"),
        (("sessions", 0, "day"), 1, "sessions[0].day"),
        (("assessments", 1, "day"), 0, "assessments[1].day"),
        (("prior_treatments", 0, "start_day"), -10, "prior_treatments[0].end_day"),
    ],
)
def test_rows_that_contradict_one_another_are_refused(path: tuple[str | int, ...], value: int, where: str) -> None:
    assert [shown for shown, _ in refused(changed(path, value))] == [where]


def test_whatever_came_after_a_death_is_refused_at_its_path() -> None:
    paths = [path for path, _ in refused(changed(("events", 0, "event"), "death"))]
    assert paths == ["sessions[1].day", "assessments[1].day"]


def test_reasons_add_up_to_the_answer() -> None:
    rng = np.random.default_rng(5)
    cohort, predictor, checked = random_cohort(rng, 120), Predictor(toy_bundle(), "3"), 0
    for patient in range(len(cohort)):
        root = predictor.predict(read(request_of(cohort, patient, int(rng.integers(0, 40))))).root
        if not isinstance(root, Prediction):
            continue
        assert root.remission is not None
        assert root.relapse is not None
        for explanation in (root.reasons.remission, root.reasons.relapse):
            assert explanation is not None
            proportions = [entry.contribution for entry in explanation.contributions]
            assert math.fsum([explanation.start, *proportions]) == explanation.log_odds
            assert proportions == sorted(proportions, key=abs, reverse=True)
            assert all(
                entry.value is not None or entry.feature in root.not_recorded for entry in explanation.contributions
            )
        first_week = root.relapse.curve[1].relapse
        assert root.reasons.remission is not None
        assert root.reasons.relapse is not None
        assert expit(np.array(root.reasons.remission.log_odds)) == pytest.approx(root.remission.probability, rel=1e-12)
        assert expit(np.array(root.reasons.relapse.log_odds)) == pytest.approx(first_week, rel=1e-12)
        checked += 1
    assert checked > 20


def test_the_three_numbers_are_coherent_at_every_horizon() -> None:
    found = answer(EXAMPLE)
    assert found.remission is not None
    assert found.relapse is not None
    assert [point.day for point in found.relapse.curve] == list(range(0, 26 * 7 + 1, 7))
    for point in found.relapse.curve:
        assert point.relapse + point.event_free + point.competing == pytest.approx(1, abs=1e-12)
    points = {point.day: point for point in found.relapse.curve}
    for risk, lasting in zip(found.relapse.at_horizons, found.sustained_remission, strict=True):
        assert risk.days == lasting.horizon_days
        assert risk.probability == points[risk.days].relapse
        assert lasting.probability == found.remission.probability * points[risk.days].event_free


def test_every_probability_carries_its_interval() -> None:
    found = answer(EXAMPLE, wavering(toy_bundle()))
    assert found.remission is not None
    assert found.relapse is not None
    carried: list[tuple[float | None, Interval | None]]
    carried = [(found.remission.probability, found.remission.interval_90)]
    carried += [(point.relapse, point.relapse_interval_90) for point in found.relapse.curve]
    carried += [(point.event_free, point.event_free_interval_90) for point in found.relapse.curve]
    carried += [(risk.probability, risk.interval_90) for risk in found.relapse.at_horizons]
    carried += [(lasting.probability, lasting.interval_90) for lasting in found.sustained_remission]
    assert len(carried) == 1 + 27 + 27 + 2 + 2
    for probability, interval in carried:
        assert probability is not None
        assert interval is not None
        assert interval.low == pytest.approx(probability - waver(probability), abs=1e-15)
        assert interval.high == pytest.approx(probability + waver(probability), abs=1e-15)


def test_a_model_without_refits_gives_no_intervals() -> None:
    found = answer(EXAMPLE)
    assert found.remission is not None
    assert found.relapse is not None
    assert found.remission.interval_90 is None
    assert {point.relapse_interval_90 for point in found.relapse.curve} == {None}
    assert [lasting.interval_90 for lasting in found.sustained_remission] == [None, None]


def test_what_can_not_be_said_has_no_interval_either() -> None:
    found = answer(EXAMPLE, wavering(without(toy_bundle(), "remission")))
    assert found.remission is None
    assert [lasting.interval_90 for lasting in found.sustained_remission] == [None, None]


@pytest.mark.parametrize(
    ("age", "verdict"), [(None, "inside"), (30, "inside"), (60, "inside"), (60.1, "at_the_edge"), (90, "at_the_edge")]
)
def test_an_answer_says_whether_the_patient_is_like_the_training_patients(age: float | None, verdict: str) -> None:
    found = answer(changed(("patient", "age_years"), age), with_applicability(toy_bundle()))
    assert found.applicability is not None
    assert found.applicability.verdict == verdict
    flagged = [
        {
            "code": "out_of_range",
            "feature": "age_years",
            "message": "age is outside the range of the training patients",
        }
    ]
    assert found.applicability.model_dump()["reasons"] == ([] if verdict == "inside" else flagged)


def test_several_flags_are_all_named() -> None:
    document = changed(("patient", "diagnosis"), "panic", changed(("patient", "age_years"), 61))
    found = answer(document, with_applicability(toy_bundle()))
    assert found.applicability is not None
    assert [(reason.code, reason.feature) for reason in found.applicability.reasons] == [
        ("out_of_range", "age_years"),
        ("unseen_category", "diagnosis_panic"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        ("age_years", 90.1, "out_of_range", "age is far outside the range of the training patients"),
        ("diagnosis", "ocd", "unseen_category", "diagnosis of OCD has a value that no training patient had"),
    ],
)
def test_who_is_too_unlike_the_training_patients_gets_no_prediction_and_the_reason(
    path: str, value: float | str, code: str, message: str
) -> None:
    found = refusal(changed(("patient", path), value), with_applicability(toy_bundle()))
    (reason,) = found.reasons
    assert reason.code == "outside_training"
    assert reason.message == f"before session 3: the patient is unlike the training patients: {message}"
    assert found.applicability is not None
    assert found.applicability.verdict == "outside"
    assert [(unlike.code, unlike.message) for unlike in found.applicability.reasons] == [(code, message)]
    assert str(value) not in message


def test_what_can_not_be_predicted_anyhow_is_not_evaluated() -> None:
    document = changed(("patient", "age_years"), 90.1, example(assessments=[]))
    found = refusal(document, with_applicability(toy_bundle()))
    assert [reason.code for reason in found.reasons] == ["no_baseline"]
    assert found.applicability is None


def test_without_a_head_its_part_of_the_answer_is_null_and_noted() -> None:
    found = answer(EXAMPLE, without(toy_bundle(), "remission"))
    assert found.remission is None
    assert found.reasons.remission is None
    assert [entry.probability for entry in found.sustained_remission] == [None, None]
    assert found.notes == [f"relapse: {NOTE}", "remission: not fitted, because there are too few training data"]
    found = answer(EXAMPLE, without(toy_bundle(), "relapse"))
    assert found.relapse is None
    assert found.remission is not None


def test_where_everyone_is_in_remission_only_relapse_is_predicted() -> None:
    found = answer(example(events=[]), toy_bundle(AT_LANDMARK))
    assert found.remission is None
    assert found.relapse is not None
    assert found.notes == [f"relapse: {NOTE}"]
    points = {point.day: point for point in found.relapse.curve}
    for lasting in found.sustained_remission:
        assert lasting.probability == points[lasting.horizon_days].event_free


@pytest.mark.parametrize(
    ("changes", "bundle", "code"),
    [
        ({"assessments": []}, toy_bundle(), "no_baseline"),
        ({"assessments": [{"day": 1, "instrument": "gad7", "score": 16}]}, toy_bundle(), "no_baseline"),
        ({"assessments": [{"day": 0, "instrument": "phq9", "score": 16}]}, toy_bundle(), "no_baseline"),
        ({"assessments": [{"day": 0, "instrument": "gad7", "score": 4}]}, toy_bundle(), "baseline_in_remission"),
        ({"events": [{"day": 14, "event": "death"}]}, toy_bundle(), "died"),
        ({"events": [{"day": 14, "event": "withdrawal"}]}, toy_bundle(), "withdrew"),
        ({"patient": {"patient_ref": "a", "age_years": 17.9}}, toy_bundle(), "age_outside"),
        ({"as_of_day": 43}, toy_bundle(), "window_over"),
        (
            {"as_of_day": 43, "assessments": [*EXAMPLE["assessments"], {"day": 26, "instrument": "gad7", "score": 9}]},
            toy_bundle(),
            "already_decided",
        ),
        ({"events": [{"day": 14, "event": "relapse"}]}, toy_bundle(AT_LANDMARK), "ended_before"),
        ({}, without(toy_bundle(), "remission", "relapse"), "not_learned"),
        ({}, toy_bundle(Protocol(landmarks=(Landmark("week 9", day=63),))), "landmark_not_reached"),
    ],
)
def test_what_can_not_be_predicted_is_said_and_not_guessed(changes: dict[str, Any], bundle: Bundle, code: str) -> None:
    found = refusal(example(**changes), bundle)
    assert [reason.code for reason in found.reasons] == [code]
    assert found.model.version == "3"
    assert found.prediction_id


@pytest.mark.parametrize(
    ("landmark", "sessions", "needs"),
    [
        (Landmark("week 9", day=63), [], "as_of_day to be 63 or later"),
        (Landmark("second", before_session=2), [], "dosing session 1 to be recorded"),
        (
            Landmark("second", before_session=2),
            [EXAMPLE["sessions"][1] | {"day": 0}],
            "dosing session 1 is not recorded, though",
        ),
        (Landmark("fourth", before_session=4), EXAMPLE["sessions"], "dosing sessions 1 to 3 to be recorded"),
    ],
)
def test_a_landmark_not_reached_is_named_with_what_it_needs(
    landmark: Landmark, sessions: list[Any], needs: str
) -> None:
    (reason,) = refusal(example(sessions=sessions), toy_bundle(Protocol(landmarks=(landmark,)))).reasons
    assert landmark.name in reason.message
    assert needs in reason.message


def test_the_answer_survives_the_way_through_json() -> None:
    for bundle in (toy_bundle(), wavering(with_applicability(toy_bundle()))):
        for document in (EXAMPLE, changed(("patient", "diagnosis"), "ocd")):
            response = Predictor(bundle, "3").predict(read(document))
            assert PredictionResponse.model_validate_json(response.model_dump_json()) == response
