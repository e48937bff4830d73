"""The body of a FHIR call: what is no JSON, too large or ambiguous is refused quickly, with the place and no value."""

import pytest

from serving.fhir.parts import FhirIssue, FhirRefusedError
from serving.fhir.structure.json_text import DEEPEST, MOST_PARTS, MOST_VALUES, plain_json

NAME = "Zephyrine"


def issues(body: bytes) -> tuple[FhirIssue, ...]:
    with pytest.raises(FhirRefusedError) as caught:
        plain_json(body)
    return caught.value.issues


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "nothing"),
        (b"  \n", "nothing"),
        (b'{"a": ', "malformed JSON at line 1 column 7"),
        (b'{"a": NaN}', "malformed JSON at line 1 column 1"),
        (b'{"name": "\xff"}', "other bytes"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, found: str) -> None:
    (issue,) = issues(body)
    assert (issue.code, issue.expression, issue.found) == ("structure", "Bundle", found)


def test_a_null_counts_as_absent_and_a_byte_order_mark_is_skipped() -> None:
    assert plain_json(b'\xef\xbb\xbf{"id": null, "given": ["a", null]}') == {"given": ["a", None]}


def test_a_name_that_stands_twice_is_refused_at_its_resource() -> None:
    resource = '{"contained":[{"id":"NAME","id":"2"}],"NAME":{"b":1,"b":2}}'
    body = f'{{"resourceType":"Bundle","entry":[{{}},{{"resource":{resource}}}]}}'
    found = issues(body.replace("NAME", NAME).encode())
    assert [one.expression for one in found] == ["Bundle.entry[1].resource.contained[0]", "Bundle.entry[1].resource"]
    assert NAME not in str(found)


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("text", "most"),
    [
        (lambda number: "[" * number + "]" * number, DEEPEST),
        (lambda number: "[" + ",".join(["[]"] * (number - 1)) + "]", MOST_PARTS),
        (lambda number: "[" + ",".join(["1"] * (number + 1)) + "]", MOST_VALUES),
    ],
    ids=["depth", "parts", "values"],
)
def test_a_body_with_more_or_deeper_parts_than_a_course_needs_is_refused(text: object, most: int, more: int) -> None:
    body = text(most + more).encode()  # type: ignore[operator]
    if more == 1:
        assert issues(body)[0].code == "too-long"
    else:
        plain_json(body)


def test_brackets_and_commas_of_texts_count_for_nothing() -> None:
    body = b'{"a": "' + b'[{,\\"' * MOST_VALUES + b'", "b": ["]]]"]}'
    assert plain_json(body)["b"] == ["]]]"]


def test_closing_brackets_in_texts_hide_no_depth() -> None:
    body = b'["]]]]",' * (DEEPEST + 1) + b"1" + b"]" * (DEEPEST + 1)
    assert issues(body)[0].code == "too-long"


def test_a_number_of_many_digits_is_no_finite_number() -> None:
    assert plain_json(b"[" + b"9" * 100_000 + b"]") == [float("inf")]
