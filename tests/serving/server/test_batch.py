"""A record of a batch is read by the rules of a single body, and one that breaks them spoils no other."""

import json
from typing import Any

import pytest

from serving.contract.batch import BatchContent, read_batch
from serving.contract.dated_record import in_days
from serving.contract.reading import read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import MOST_REQUESTS, PredictionRequest
from serving.contract.response import BatchResponse
from serving.prediction.predictor import PredictionReply, Predictor
from tests.serving.bundles import toy_bundle
from tests.serving.requests import EXAMPLE, changed, example, problems

RECORDS = f"1 to {MOST_REQUESTS} records"
LITERALS = [
    '"12"', "12.0", "12", "-0", "-0.0", "1e2", "NaN", "-Infinity", "1e400", "9" * 400, "null", "true", '""', '" "',
    '"XMARKERX"', "{}", "[]", "[[]]", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": {"b": 1}}', '{"a": ' + "9" * 400 + "}",
]  # fmt: skip
PLACES: list[tuple[str | int, ...]] = [
    ("as_of_day",),
    ("unknown",),
    ("patient",),
    ("patient", "patient_ref"),
    ("patient", "age_years"),
    ("patient", "sex"),
    ("patient", "comorbid_ptsd"),
    ("patient", "covariates"),
    ("patient", "unknown"),
    ("prior_treatments",),
    ("prior_treatments", 0, "adequate"),
    ("sessions",),
    ("sessions", 0),
    ("sessions", 1, "day"),
    ("sessions", 1, "dose_mg_per_kg"),
    ("assessments", 0, "score"),
    ("assessments", 0, "instrument"),
    ("events", 0, "event"),
]


def texts() -> list[str]:
    """The example with one value replaced, by every literal at every place; as it came, whatever its kind."""
    spliced = [json.dumps(changed(place, "@")) for place in PLACES]
    return [text.replace('"@"', literal) for text in spliced for literal in LITERALS] + LITERALS


def alone(text: str) -> PredictionRequest | tuple[RequestProblem, ...]:
    try:
        return read_request(text)
    except RequestRefusedError as refused:
        return refused.problems


MOST_BYTES = 2**20


def batch_of(text: str) -> BatchContent:
    return read_batch(text.encode("utf-8", "surrogatepass"), MOST_BYTES)


def refused(text: str) -> list[RequestProblem]:
    """What is wrong with a batch as a whole."""
    with pytest.raises(RequestRefusedError) as caught:
        batch_of(text)
    return list(caught.value.problems)


def in_a_batch(records: list[str]) -> list[PredictionRequest | tuple[RequestProblem, ...]]:
    found = batch_of(f'{{"requests": [{", ".join(records)}]}}').records
    return [one.problems if isinstance(one, RequestRefusedError) else in_days(one) for one in found]


def test_a_record_is_read_as_if_it_came_alone() -> None:
    """Strict kinds, numbers that are not finite, unknown fields: the same is taken and refused, in the same words."""
    taken = 0
    for text in texts():
        expected = alone(text)
        assert in_a_batch([text]) == [expected], text
        taken += isinstance(expected, PredictionRequest)
    assert 20 < taken < len(texts()) - 200


def test_one_wrong_record_spoils_no_other() -> None:
    right, records = json.dumps(EXAMPLE), texts()
    mixed = [text for record in records[:100] for text in (right, record)]
    assert in_a_batch(mixed) == [alone(text) for text in mixed]


def test_right_records_are_all_read() -> None:
    records = [json.dumps(example(as_of_day=day)) for day in range(7, 60)]
    assert in_a_batch(records) == [alone(record) for record in records]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"requests": []}, ("requests", RECORDS, "too few")),
        ({"requests": [{}] * (MOST_REQUESTS + 1)}, ("requests", RECORDS, "too many")),
        ({"requests": {}}, ("requests", "a JSON array", "another type")),
        ({}, ("requests", RECORDS, "nothing")),
        ({"requests": [{}], "in_full": 1}, ("in_full", "true or false", "another type")),
        ({"requests": [{}], "in_full": None}, ("in_full", "true or false", "another type")),
        ({"requests": [{}], "more": 1}, ("?", "a known field", "an unknown field")),
        ([EXAMPLE], ("", "a JSON object", "another type")),
    ],
)
def test_a_batch_has_between_one_and_a_thousand_records_and_nothing_else(
    document: Any, expected: tuple[str, str, str]
) -> None:
    assert refused(json.dumps(document)) == [RequestProblem(*expected)]


@pytest.mark.parametrize(
    "document",
    [EXAMPLE, {"as_of_day": 14}, {"patient": 1, "in_full": True}, example(zip=1), changed(("as_of_day",), "14")],
)
def test_one_record_in_the_place_of_a_batch_is_reported_where_it_belongs(document: Any) -> None:
    (problem,) = refused(json.dumps(document))
    assert (problem.path, problem.found) == ("", "one record")
    assert problem.required == '{"requests": [RECORD, ...]} for a batch, or POST /v1/predict for one record'


@pytest.mark.parametrize("document", [{"sessions": []}, {"requests": [EXAMPLE], "as_of_day": 14}])
def test_what_is_no_single_record_has_its_problems_reported_one_by_one(document: Any) -> None:
    assert "one record" not in [problem.found for problem in refused(json.dumps(document))]


def test_nothing_is_said_in_sentences_that_are_not_ours() -> None:
    """What checks the contract has English of its own: "Input should be ..."."""
    said = {problem.required for text in texts() for problem in problems(text)}
    assert len(said) > 15
    assert not [words for words in said if "should" in words or "validation" in words or "Input" in words]


def test_a_full_batch_is_taken_without_the_curve_unless_it_is_asked_for() -> None:
    batch = batch_of(json.dumps({"requests": [{}] * MOST_REQUESTS}))
    assert (len(batch.records), batch.in_full) == (MOST_REQUESTS, False)


def test_every_item_of_an_answer_is_of_a_documented_type() -> None:
    documents = [EXAMPLE, example(assessments=[]), changed(("as_of_day",), "12"), changed(("as_of_day",), 3)]
    read = batch_of(json.dumps({"requests": documents})).records
    requests = [one for one in read if isinstance(one, PredictionRequest)]
    replies = iter(Predictor(toy_bundle(), "3").answer_many(requests, ["a", "b", "c"], in_full=False))
    items = []
    for one in read:
        reply = one if isinstance(one, RequestRefusedError) else next(replies)
        items.append(reply.answer if isinstance(reply, PredictionReply) else reply.as_item())
    text = json.dumps({"answers": items})
    assert BatchResponse.model_validate_json(text, strict=True).model_dump(mode="json") == json.loads(text)
    assert [item["outcome"] for item in items] == ["predicted", "not_predictable", "refused", "refused"]
    assert [problem["path"] for item in items[2:] for problem in item["problems"]] == [
        "as_of_day",
        "sessions[1].day",
        "assessments[1].day",
    ]


def test_a_refusal_holds_no_value() -> None:
    (refused,) = batch_of(json.dumps({"requests": [changed(("patient", "age_years"), "XMARKERX")]})).records
    assert isinstance(refused, RequestRefusedError)
    assert "XMARKERX" not in f"{refused!r} {refused.as_item()} {refused.__context__}"
