"""A name that an object has twice is refused with its path, wherever it stands: only the last would count."""

import json

import pytest

from serving.contract.batch import read_batch
from serving.contract.reading import read_request
from serving.contract.refusal import MOST_PROBLEMS, RequestProblem, RequestRefusedError
from tests.serving.requests import EXAMPLE

RIGHT = json.dumps(EXAMPLE)


def paths(text: str) -> list[str]:
    with pytest.raises(RequestRefusedError) as caught:
        read_request(text)
    assert {problem.found for problem in caught.value.problems} == {"a name that is there twice"}
    return [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "again", "path"),
    [
        ('"score": 9', '"score": 9, "score": 20', "assessments[1].score"),
        ('"as_of_day"', '"as_of_day": 14, "as_of_day"', "as_of_day"),
        ('"sex"', '"sex": "male", "sex"', "patient.sex"),
        ('"sex"', '"\\u0073ex": "male", "sex"', "patient.sex"),
        ('"sex"', '"zip": 1, "zip": 1, "sex"', "patient.?"),
        ('"sex"', '"covariates": {"XMARKERX": 1, "XMARKERX": 2}, "sex"', "patient.covariates.?"),
        ('"sex"', '"covariates": {"a": {"b": [{"c": 1, "c": 2}]}}, "sex"', "patient.covariates.?.?"),
        ('"events"', '"events": [], "events"', "events"),
        ('"assessments"', '"assessments": [], "assessments"', "assessments"),
    ],
)
def test_it_is_refused_with_its_path(name: str, again: str, path: str) -> None:
    text = RIGHT.replace(name, again)
    assert text != RIGHT
    assert paths(text) == [path]


def test_equal_values_make_no_difference() -> None:
    assert paths(RIGHT.replace('"sex": "female"', '"sex": "female", "sex": "female"')) == ["patient.sex"]


def test_every_one_is_listed_up_to_100() -> None:
    assert paths(RIGHT.replace('"day": 0', '"day": 0, "day": 0')) == [
        "sessions[0].day",
        "assessments[0].day",
        "assessments[2].day",
    ]
    with pytest.raises(RequestRefusedError) as caught:
        read_request('{"as_of_day": [' + ", ".join(['{"a": 1, "a": 2, "a": 3}'] * 200) + "]}")
    assert (len(caught.value.problems), caught.value.more) == (MOST_PROBLEMS, 400 - MOST_PROBLEMS)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"requests": [%s], "requests": [%s]}', "requests"),
        ('{"requests": [%s], "in_full": true, "in_full": false, "x": %s}', "in_full"),
        ('{"requests": [%s, %s], "in_full": {"day": 1, "day": 2}}', "in_full.day"),
    ],
)
def test_around_the_records_of_a_batch_it_refuses_all(text: str, path: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        read_batch((text % (RIGHT, RIGHT)).encode(), 2**20)
    assert caught.value.problems == (RequestProblem(path, "each name once", "a name that is there twice"),)
