import json
from typing import Any

import pytest

from features.protocol.columns import DAY_LIMIT, TABLES, Column
from serving.contract.reading import read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import LONGEST_TEXT, MOST_COVARIATES, MOST_ROWS, PredictionRequest
from tests.serving.requests import EXAMPLE, changed, example, problems, read

MARKER = "XMARKERX"
PLACES: dict[str, tuple[str | int, ...]] = {
    "patients": ("patient",),
    "prior_treatments": ("prior_treatments", 0),
    "sessions": ("sessions", 0),
    "assessments": ("assessments", 0),
    "events": ("events", 0),
}
COLUMNS = [
    (table, column)
    for table, columns in TABLES.items()
    for column in columns
    if column.name not in ("patient_id", "site_id")
]
NO_TEXTS = [entry for entry in COLUMNS if entry[1].name != "instrument"]  # its names depend on the protocol
BOUNDED = [(table, column) for table, column in COLUMNS if column.minimum is not None]


def _ids(cases: list[tuple[str, Column]]) -> list[str]:
    return [f"{table}.{column.name}" for table, column in cases]


def _path(table: str, column: Column) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else part for part in PLACES[table]) + "." + column.name


def test_the_example_is_right_in_every_part() -> None:
    assert problems(EXAMPLE) == ()


@pytest.mark.parametrize(("table", "column"), BOUNDED, ids=_ids(BOUNDED))
def test_a_declared_range_is_kept_at_its_edges(table: str, column: Column) -> None:
    assert column.minimum is not None
    assert column.maximum is not None
    number = float if column.kind == "number" else int
    for value in (column.minimum, column.maximum):
        assert problems(changed((*PLACES[table], column.name), number(value))) == ()
    step = 0.01 if column.kind == "number" else 1
    for value in (column.minimum - step, column.maximum + step):
        (problem,) = problems(changed((*PLACES[table], column.name), number(value) if step == 1 else value))
        assert problem.path == _path(table, column)
        assert problem.required == column.requirement()
        assert problem.found == "a number out of range"


@pytest.mark.parametrize(("table", "column"), NO_TEXTS, ids=_ids(NO_TEXTS))
def test_a_text_never_stands_in_for_another_kind_and_is_never_repeated(table: str, column: Column) -> None:
    text = json.dumps(changed((*PLACES[table], column.name), MARKER))
    with pytest.raises(RequestRefusedError) as caught:
        read_request(text)
    (problem,) = caught.value.problems
    assert problem.path == _path(table, column)
    assert problem.required == column.requirement()
    assert MARKER not in f"{caught.value!r} {caught.value} {caught.value.problems}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=_ids(COLUMNS))
def test_null_and_absent_are_not_recorded_and_a_required_field_must_be_there(table: str, column: Column) -> None:
    with_null = changed((*PLACES[table], column.name), None)
    absent = changed((*PLACES[table], column.name), None)
    place: Any = absent
    for part in PLACES[table]:
        place = place[part]
    del place[column.name]
    if column.required:
        assert [problem.found for problem in problems(absent)] == ["nothing"]
        assert len(problems(with_null)) == 1
    else:
        assert read(with_null) == read(absent)


@pytest.mark.parametrize(
    ("path", "literal", "found"),
    [
        (("as_of_day",), '"14"', "another type"),
        (("as_of_day",), "14.5", "another type"),
        (("as_of_day",), "true", "another type"),
        (("as_of_day",), str(DAY_LIMIT + 1), "a number out of range"),
        (("sessions", 0, "day"), "0.5", "another type"),
        (("sessions", 0, "session_number"), "1e400", None),
        (("assessments", 0, "score"), "NaN", "a number that is not finite"),
        (("assessments", 0, "score"), "Infinity", "a number that is not finite"),
        (("assessments", 0, "score"), "1e999", "a number that is not finite"),
        (("assessments", 0, "score"), '"16"', "another type"),
        (("assessments", 0, "score"), "true", "another type"),
        (("prior_treatments", 0, "adequate"), "1", "another type"),
        (("prior_treatments", 0, "adequate"), '"true"', "another type"),
        (("patient", "sex"), '"Female"', "another value"),
        (("patient", "patient_ref"), '" "', "a blank text"),
    ],
)
def test_kinds_are_strict(path: tuple[str | int, ...], literal: str, found: str | None) -> None:
    text = json.dumps(changed(path, "@")).replace('"@"', literal)
    (problem,) = problems(text)
    assert problem.path.endswith(str(path[-1]))
    assert found is None or problem.found == found


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("zip",), "?"),
        (("patient", "zip"), "patient.?"),
        (("sessions", 1, "zip"), "sessions[1].?"),
        (("assessments", 0, "Jane Doe 1980-01-01"), "assessments[0].?"),
    ],
)
def test_an_unknown_field_is_refused_without_its_name_which_may_be_a_value(
    path: tuple[str | int, ...], shown: str
) -> None:
    (problem,) = problems(changed(path, MARKER))
    assert (problem.path, problem.found) == (shown, "an unknown field")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("age_year", "age_years"), ("sexx", "sex"), ("illnes_duration_years", "illness_duration_years")],
)
def test_a_misspelled_field_is_answered_with_the_one_that_was_meant(given: str, meant: str) -> None:
    (problem,) = problems(changed(("patient", given), 1))
    assert problem.required == f"a known field (did you mean {meant}?)"


@pytest.mark.parametrize("path", [("patient", "as_of_day"), ("sessions", 0, "score"), ("requests",), ("age_years",)])
def test_a_field_of_another_place_is_not_answered_with_its_own_name(path: tuple[str | int, ...]) -> None:
    (problem,) = problems(changed(path, 1))
    assert problem.path.endswith(str(path[-1]))
    assert (problem.required, problem.found) == ("a field that belongs here", "an unknown field")


def test_every_problem_is_reported_at_once() -> None:
    document = changed(("patient", "sex"), "x", changed(("as_of_day",), None, changed(("events", 0, "day"), 1.5)))
    assert {problem.path for problem in problems(document)} == {"as_of_day", "patient.sex", "events[0].day"}


@pytest.mark.parametrize("table", MOST_ROWS)
def test_a_list_has_a_limit(table: str) -> None:
    row = EXAMPLE[table][0]
    assert problems(example(**{table: [row] * MOST_ROWS[table]})) == ()
    (problem,) = problems(example(**{table: [row] * (MOST_ROWS[table] + 1)}))
    assert (problem.path, problem.found) == (table, "too many")
    assert problem.required == f"at most {MOST_ROWS[table]} entries"


@pytest.mark.parametrize("name", ["patient_ref", "site_id"])
def test_a_text_has_a_limit(name: str) -> None:
    assert problems(changed(("patient", name), "x" * LONGEST_TEXT)) == ()
    (problem,) = problems(changed(("patient", name), MARKER * LONGEST_TEXT))
    expected = RequestProblem(f"patient.{name}", f"at most {LONGEST_TEXT} characters", "a text that is too long")
    assert problem == expected


@pytest.mark.parametrize(
    "text", ["", "{", '{"as_of_day": XMARKERX}', "[" * 5000, '{"a": "\ud800"}', "null", "[]", '"x"']
)
def test_what_is_no_object_is_refused_whole(text: str) -> None:
    (problem,) = problems(text)
    assert problem.path == ""
    assert MARKER not in problem.found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", RequestProblem("", "a JSON object", "another type")),
        ("null", RequestProblem("", "a JSON object", "another type")),
        ("", RequestProblem("", "a JSON text", "nothing")),
        (changed(("patient",), []), RequestProblem("patient", "a JSON object", "another type")),
        (changed(("sessions",), {}), RequestProblem("sessions", "a JSON array", "another type")),
        (changed(("sessions", 0), 1), RequestProblem("sessions[0]", "a JSON object", "another type")),
        (
            changed(("patient", "covariates"), []),
            RequestProblem("patient.covariates", "a JSON object", "another type"),
        ),
        (
            changed(("patient", "covariates"), {str(number): 1 for number in range(MOST_COVARIATES + 1)}),
            RequestProblem("patient.covariates", f"at most {MOST_COVARIATES} entries", "too many"),
        ),
    ],
)
def test_a_part_of_another_kind_is_reported_what_it_should_be(text: Any, expected: RequestProblem) -> None:
    assert problems(text) == (expected,)


def test_a_covariate_is_a_number_a_flag_or_a_text() -> None:
    assert problems(changed(("patient", "covariates"), {"a": 1, "b": 2.5, "c": True, "d": None, "e": MARKER})) == ()
    for value in ([MARKER], {MARKER: 1}, MARKER * 100):
        (problem,) = problems(changed(("patient", "covariates"), {"a": value}))
        assert problem.path == "patient.covariates.?"
        assert MARKER not in problem.required


def test_a_request_does_not_show_its_values_when_it_fails_inside_the_process() -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        PredictionRequest.model_validate(changed(("patient", "sex"), MARKER))
    assert MARKER not in str(caught.value)
