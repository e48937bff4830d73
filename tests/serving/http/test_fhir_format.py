"""Which type of JSON a caller gets: what it accepts, the generic type as itself, and nothing but JSON."""

import pytest

from serving.http.fhir_format import answer_type

FHIR, JSON = "application/fhir+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", FHIR),
        ("*/*", FHIR),
        ("application/*", FHIR),
        ("application/fhir+json; fhirVersion=4.0", FHIR),
        ("application/json", JSON),
        ("text/json", "text/json"),
        ("APPLICATION/JSON", JSON),
        ("application/json, application/fhir+json", JSON),
        ("application/json;q=0.5, application/fhir+json", FHIR),
        ("application/fhir+xml, application/fhir+json;q=0.1", FHIR),
        ("application/json;q=much", JSON),
        ("application/fhir+xml", None),
        ("application/fhir+json;q=0", None),
        ("text/html", None),
    ],
)
def test_accept(accept: str, given: str | None) -> None:
    assert answer_type(accept, None) == given


@pytest.mark.parametrize(
    ("requested", "given"),
    [
        ("json", FHIR),
        ("application/json", JSON),
        ("application/fhir+json", FHIR),
        ("application/fhir json", FHIR),
        ("xml", None),
        ("", None),
    ],
)
def test_format_goes_before_accept(requested: str, given: str | None) -> None:
    """A plus sign that was not escaped in an address arrives as a space."""
    assert answer_type("application/fhir+xml", requested) == given
