"""What a refusal costs has a limit, whatever is sent: problems listed, names looked up, and answers' sizes."""

import difflib
import json
from collections.abc import Callable
from typing import Any

import pytest

from serving.contract import refusal
from serving.contract.batch import BatchContent, evenly_shortened, read_batch
from serving.contract.reading import read_request
from serving.contract.refusal import MOST_IN_BATCH, MOST_PROBLEMS, MOST_SUGGESTIONS, RequestRefusedError
from serving.contract.request import MOST_BATCH_ROWS, MOST_REQUESTS, MOST_ROWS
from tests.serving.requests import EXAMPLE, changed, example

MANY = 5_000
MOST_BYTES = 2**20
UNKNOWN = {f"name{number}": 1 for number in range(MANY)}


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names for which a known one is looked up."""
    names: list[str] = []

    def watched(name: str, *rest: Any, **options: Any) -> list[str]:
        names.append(name)
        return difflib.get_close_matches(name, *rest, **options)

    monkeypatch.setattr(refusal, "get_close_matches", watched)
    return names


def refused(document: Any) -> RequestRefusedError:
    with pytest.raises(RequestRefusedError) as caught:
        read_request(json.dumps(document))
    return caught.value


def batch_of(*documents: Any) -> BatchContent:
    return read_batch(json.dumps({"requests": documents}).encode(), MOST_BYTES)


@pytest.mark.parametrize(
    "document",
    [
        example(**UNKNOWN),
        example(patient=EXAMPLE["patient"] | UNKNOWN),
        example(assessments=[{"day": 0, "instrument": "gad7", "score": 5} | {"a": 1, "b": 2}] * (MANY // 2)),
        example(assessments=[{"day": 0, "instrument": "gad7", "score": ""}] * MANY),
        example(events=[{"day": 0, "event": f"event{number % 7}", "day ": 1} for number in range(1_000)] + [{}] * MANY),
    ],
    ids=["unknown", "unknown of the patient", "unknown in rows", "wrong", "too many rows"],
)
def test_a_refusal_lists_100_problems_at_most_and_counts_the_rest(document: Any, looked_up: list[str]) -> None:
    found = refused(document)
    assert len(found.problems) <= MOST_PROBLEMS
    assert len(looked_up) <= MOST_SUGGESTIONS


def test_the_number_of_the_rest_is_right() -> None:
    found = refused(example(**UNKNOWN))
    assert (len(found.problems), found.more) == (MOST_PROBLEMS, MANY - MOST_PROBLEMS)
    assert found.as_document()["more_problems"] == MANY - MOST_PROBLEMS
    assert refused(changed(("as_of_day",), "x")).more == 0


def test_covariates_beyond_their_number_are_one_problem_and_not_looked_up(looked_up: list[str]) -> None:
    (problem,) = refused(changed(("patient", "covariates"), UNKNOWN)).problems
    assert (problem.path, problem.found) == ("patient.covariates", "too many")
    assert looked_up == []


def test_a_batch_looks_up_no_more_names_than_one_record(looked_up: list[str]) -> None:
    batch_of(*[example(**{f"day{number}": 1 for number in range(30)})] * 50)
    assert len(looked_up) == MOST_SUGGESTIONS


@pytest.mark.parametrize("number", [4, 50, MOST_REQUESTS])
def test_the_refused_records_of_a_batch_share_the_problems_and_each_has_one(number: int) -> None:
    batch = batch_of(*[{f"name{place}": 1 for place in range(150)}] * number)
    shown = [one for one in evenly_shortened(batch.records) if isinstance(one, RequestRefusedError)]
    listed = [len(one.problems) for one in shown]
    assert len(shown) == number
    assert min(listed) >= 1
    assert max(listed) <= MOST_PROBLEMS
    assert sum(listed) <= max(MOST_IN_BATCH, number)
    full = [one for one in batch.records if isinstance(one, RequestRefusedError)]
    assert [str(one) for one in shown] == [str(one) for one in full]


def test_a_batch_is_read_one_record_at_a_step() -> None:
    reading = BatchContent(json.dumps({"requests": [EXAMPLE] * 5}).encode(), MOST_BYTES)
    steps = 0
    while not reading.advance(0.0):
        steps += 1
        assert len(reading.records) == steps
    assert (steps, len(reading.records)) == (5, 5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"c1-0042"', '"\\ud800"'),
        lambda text: text.replace('"c1-0042"', '"' + "\udcff" + '"'),
        lambda text: text.replace("41", "9" * 5_000),
        lambda text: text.replace('"age_years": 41', '"age_years": 41, "age_years": 42'),
        lambda text: text.replace('"sex"', '"\\u0073ex": "male", "sex"'),
        lambda text: text.replace("{", "[" * 400 + "{").replace("}", "}" + "]" * 400),
    ],
    ids=["lone surrogate", "a byte that is not UTF-8", "5,000 digits", "a name twice", "a name twice, escaped", "deep"],
)
def test_what_no_json_reader_takes_spoils_its_own_record_only(spoil: Callable[[str], str]) -> None:
    right = json.dumps(EXAMPLE)
    spoilt = spoil(right)
    assert spoilt != right
    body = f'{{"requests": [{right}, {spoilt}, {right}]}}'.encode("utf-8", "surrogateescape")
    first, second, third = read_batch(body, MOST_BYTES).records
    assert first == third == read_request(right)
    assert isinstance(second, RequestRefusedError)
    with pytest.raises(RequestRefusedError) as alone:
        read_request(spoilt.encode("utf-8", "surrogateescape"))
    assert alone.value.problems == second.problems


@pytest.mark.parametrize("chunk", [700, 701, 1_000, 5_000])
def test_where_the_text_is_cut_to_be_read_makes_no_difference(chunk: int) -> None:
    text = json.dumps(
        {"in_full": True, "requests": [changed(("patient", "patient_ref"), "é🙂" * 9)] * 40}, ensure_ascii=False
    )
    found = read_batch(text.encode(), chunk)
    assert found.in_full
    assert set(map(repr, found.records)) == {repr(found.records[0])}
    assert len(found.records) == 40
    assert not isinstance(found.records[0], RequestRefusedError)


def test_records_beyond_the_rows_of_a_batch_are_refused_one_by_one() -> None:
    long = example(as_of_day=40_000, assessments=[{"day": 0, "instrument": "gad7", "score": 5}] * 9_996, events=[])
    assert read_request(json.dumps(long)).rows == 9_999
    found = batch_of(*[long] * 27, EXAMPLE).records
    refused = [place for place, one in enumerate(found) if isinstance(one, RequestRefusedError)]
    assert refused == [25, 26]
    (problem,) = next(one for one in found if isinstance(one, RequestRefusedError)).problems
    assert problem.required == f"at most {MOST_BATCH_ROWS} rows in all records of a batch"


@pytest.mark.parametrize("part", ["{}", "[]", "[{}]"])
def test_a_body_of_empty_parts_is_refused_before_it_is_decoded(part: str) -> None:
    row = EXAMPLE["assessments"][0]
    most = example(**{table: [EXAMPLE[table][0]] * number for table, number in MOST_ROWS.items()})
    assert read_request(json.dumps(most | {"assessments": [row] * MOST_ROWS["assessments"]}, separators=(",", ":")))
    text = f'{{"sessions": [{",".join([part] * 100_000)}]}}'
    for read in (lambda: read_request(text), lambda: read_batch(f'{{"requests": [{text}]}}'.encode(), MOST_BYTES)):
        with pytest.raises(RequestRefusedError) as caught:
            read()
        (problem,) = caught.value.problems
        assert problem.required.endswith("objects and lists")


def test_a_record_is_no_longer_in_a_batch_than_alone() -> None:
    long = example(assessments=[{"day": 0, "instrument": "gad7", "score": 5}] * 30_000)
    with pytest.raises(RequestRefusedError) as caught:
        batch_of(EXAMPLE, long)
    (problem,) = caught.value.problems
    assert (problem.path, problem.required, problem.found) == ("requests[1]", f"at most {MOST_BYTES} bytes", "more")


@pytest.mark.parametrize(
    "text",
    [
        "{", '{"requests": [1', '{"requests": [1}', '{"requests": [1]', '{"requests": [1]} x', '{"requests": [tru]}',
        '{"requests": [1,]}', "{1: 2}", '{"requests" [1]}', "", "x", '{"requests": [' + "[" * 10_000, "{,}",
        "\ufeff{}",
    ],
)  # fmt: skip
def test_a_malformed_batch_is_refused_as_such(text: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        read_batch(text.encode(), MOST_BYTES)
    (problem,) = caught.value.problems
    assert (problem.required, problem.found) == ("a JSON text", "malformed JSON")
