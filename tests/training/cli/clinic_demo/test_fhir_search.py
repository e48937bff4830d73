"""The mock EHR's searches find what FHIR R4 says, for the parameters that CDS Hooks lets a prefetch use."""

import pytest

from training.cli.clinic_demo.fhir_search import Resource, SearchRefusedError, search

LOINC = "http://loinc.org"


def observation(identifier: str, patient: str, code: str, date: str, status: str = "final") -> Resource:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": status,
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": date,
    }


RESOURCES: list[Resource] = [
    {"resourceType": "Patient", "id": "1"},
    observation("a", "1", "70274-6", "2026-10-01"),
    observation("b", "1", "70274-6", "2026-10-08T09:00:00Z"),
    observation("c", "1", "44261-6", "2026-10-08"),
    observation("d", "2", "70274-6", "2026-10-08", status="amended"),
    {
        "resourceType": "MedicationStatement",
        "id": "e",
        "status": "active",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "N06AB06"}]},
        "effectivePeriod": {"start": "2025-01-01"},
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "f",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "questionnaire": "http://loinc.org/q/69737-5",
        "authored": "2026-10-09T09:00:00Z",
    },
]


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("Observation", {}, "abcd"),
        ("Observation", {"patient": "1"}, "abc"),
        ("Observation", {"patient": "Patient/1"}, "abc"),
        ("Observation", {"subject": "Patient/2"}, "d"),
        ("Observation", {"patient": "1", "code": "70274-6"}, "ab"),
        ("Observation", {"patient": "1", "code": f"{LOINC}|70274-6,{LOINC}|44261-6"}, "abc"),
        ("Observation", {"patient": "1", "code": "http://snomed.info/sct|70274-6"}, ""),
        ("Observation", {"code": f"{LOINC}|"}, "abcd"),
        ("Observation", {"status": "amended"}, "d"),
        ("Observation", {"_id": "b"}, "b"),
        ("Observation", {"date": "ge2026-10-08"}, "bcd"),
        ("Observation", {"date": "gt2026-10-08"}, ""),
        ("Observation", {"date": "le2026-10-08"}, "abcd"),
        ("Observation", {"date": "lt2026-10-08"}, "a"),
        ("Observation", {"date": "2026-10-08"}, "bcd"),
        ("Observation", {"date": "2026-10"}, "abcd"),
        ("Observation", {"patient": "1", "_sort": "-date", "_count": "1"}, "b"),
        ("Observation", {"patient": "1", "_sort": "date", "_count": "1"}, "a"),
        ("Observation", {"patient": "1", "_count": "0"}, ""),
        ("MedicationStatement", {"patient": "1", "code": "N06AB06", "effective": "lt2026-01-01"}, "e"),
        ("QuestionnaireResponse", {"patient": "1", "questionnaire": "http://loinc.org/q/69737-5"}, "f"),
        ("QuestionnaireResponse", {"patient": "1", "questionnaire": "http://loinc.org/q/44249-1"}, ""),
        ("Condition", {"patient": "1"}, ""),
    ],
)
def test_a_search_finds(kind: str, query: dict[str, str], found: str) -> None:
    assert "".join(one["id"] for one in search(RESOURCES, kind, list(query.items()))) == found


def test_two_dates_are_a_period() -> None:
    both = [("date", "ge2026-10-02"), ("date", "le2026-10-08"), ("patient", "1")]
    assert "".join(one["id"] for one in search(RESOURCES, "Observation", both)) == "bc"


@pytest.mark.parametrize("name", ["value-quantity", "code:in", "_include", "_sort:desc"])
def test_a_parameter_that_it_does_not_have_is_refused_and_not_ignored(name: str) -> None:
    """Ignoring it would find more than was asked for."""
    with pytest.raises(SearchRefusedError, match="found another parameter"):
        search(RESOURCES, "Observation", [(name, "1")])


@pytest.mark.parametrize(("name", "value"), [("_count", "many"), ("_count", "-1"), ("_sort", "value")])
def test_a_setting_that_it_does_not_have_is_refused(name: str, value: str) -> None:
    with pytest.raises(SearchRefusedError):
        search(RESOURCES, "Observation", [(name, value)])
