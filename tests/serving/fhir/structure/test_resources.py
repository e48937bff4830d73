"""What is a resource of FHIR R4: every other one is refused at the FHIRPath of what is wrong."""

import copy
import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.references import ResourceIndex
from serving.fhir.structure.resource_check import resource_issues
from serving.fhir.structure.resources import MOST_RESOURCES, sent_resources
from serving.fhir.structure.shapes import is_plainly_valid
from tests.serving.fhir.resources import bundle, ketamine, parameters, patient, statement, weight

AT = "Bundle.entry[0].resource"


def found(body: bytes) -> tuple[list[LocatedResource], ReadingNotes]:
    notes = ReadingNotes()
    return sent_resources(json.loads(body), notes).located, notes


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"valueQuantity": {"value": "70"}}, "structure", "value.value"),
        ({"valueQuantity": {"value": True}}, "value", "value.value"),
        ({"valueQuantity": []}, "value", "value"),
        ({"valueBoolean": True}, "structure", ""),
        ({"code": None}, "required", "code"),
        ({"status": None}, "required", "status"),
        ({"status": 5}, "value", "status"),
        ({"category": {"text": "vital-signs"}}, "value", "category"),
        ({"effectiveDateTime": "2026-02-30"}, "value", "effective"),
        ({"effectiveDateTime": "2026-01-05T10:00:00"}, "value", "effective"),
        ({"effectiveDateTime": 2026}, "structure", "effective"),
        ({"code": {"coding": [{"code": 5}]}}, "value", "code.coding[0].code"),
        ({"code": {"coding": [None]}}, "value", "code.coding"),
        ({"Zephyrine": "Zephyrine"}, "structure", ""),
        ({"code": {"Zephyrine": 1}}, "structure", "code"),
        ({"triggeredBy": []}, "structure", "triggeredBy"),
        ({"contained": [{"resourceType": "Medication", "status": 5}]}, "value", "contained[0].status"),
        ({"contained": [5]}, "structure", "contained[0]"),
        ({"contained": {}}, "structure", "contained"),
        ({"resourceType": 5}, "required", "resourceType"),
    ],
)
def test_an_observation_that_is_not_of_r4_is_refused_at_its_element(change: Any, code: str, place: str) -> None:
    resource = {key: value for key, value in (weight(70, "2026-01-05") | change).items() if value is not None}
    located, notes = found(bundle(resource))
    assert not located
    assert (notes.issues[0].code, notes.issues[0].expression) == (code, f"{AT}.{place}".rstrip("."))
    assert "Zephyrine" not in str(notes.issues)


@pytest.mark.parametrize("time", ["2026-01-05T10:00:00", "2026-01-05T10:00", "2026-01-05T10:00:00.5"])
@pytest.mark.parametrize("element", ["effectiveDateTime", "effectiveInstant"])
def test_a_time_without_an_offset_is_refused_with_what_is_missing(element: str, time: str) -> None:
    resource = weight(70, "2026-01-05")
    del resource["effectiveDateTime"]
    _, notes = found(bundle(resource | {element: time}))
    (issue,) = notes.issues
    assert issue.found == "a time without an offset"
    assert issue.required.startswith("an offset after the time")
    assert time not in str(issue)


def test_a_date_of_birth_with_a_time_is_not_asked_for_an_offset() -> None:
    _, notes = found(bundle(patient(birthDate="1985-04-12T10:00:00")))
    assert "offset" not in str(notes.issues)


def test_an_r5_resource_is_refused_where_r4_has_another_element() -> None:
    resource = statement("s")
    resource["medication"] = {"concept": resource.pop("medicationCodeableConcept")}
    _, notes = found(bundle(resource))
    assert [(one.expression, one.found) for one in notes.issues] == [(f"{AT}.medication", "an element of FHIR R5")]


def test_types_that_are_not_read_are_left_out_and_said() -> None:
    located, notes = found(bundle({"resourceType": "Goal", "anything": 5}, patient()))
    assert [part.expression for part in notes.unused] == [AT]
    assert not notes.issues
    assert [one.expression for one in located] == [AT, "Bundle.entry[1].resource"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"[]", "Bundle"),
        (json.dumps(patient()).encode(), "Bundle"),
        (b'{"resourceType": "Bundle", "entry": []}', "Bundle.type"),
        (bundle(patient(), type="history"), "Bundle.type"),
        (bundle(entry={}), "Bundle.entry"),
        (bundle(entry=[5]), "Bundle.entry[0]"),
        (bundle(entry=[{"resource": []}]), "Bundle.entry[0].resource"),
        (bundle(entry=[{"fullUrl": 5}]), "Bundle.entry[0].fullUrl"),
        (bundle(entry=[{"Zephyrine": 5}]), "Bundle.entry[0]"),
        (b'{"resourceType": "Parameters", "parameter": [{"valueString": "a"}]}', "Parameters.parameter[0].name"),
        (
            b'{"resourceType": "Parameters", "parameter": [{"name": "a", "resource": 5}]}',
            "Parameters.parameter[0].resource",
        ),
    ],
)
def test_what_holds_no_resources_is_refused_with_what_to_send(body: bytes, place: str) -> None:
    _, notes = found(body)
    assert [one.expression for one in notes.issues] == [place]


def test_bundles_in_parameters_and_in_bundles_are_opened() -> None:
    inner = json.loads(bundle(patient(), weight(70, "2026-01-05")))
    body = parameters(json.loads(bundle(inner)), part={"part": [{"name": "x", "resource": statement("s")}]})
    located, notes = found(body)
    assert not notes.issues
    assert [one.expression for one in located] == [
        "Parameters.parameter[0].resource.entry[0].resource.entry[0].resource",
        "Parameters.parameter[0].resource.entry[0].resource.entry[1].resource",
        "Parameters.parameter[1].part[0].resource",
    ]


def test_a_resource_sent_twice_counts_once_and_two_versions_are_refused() -> None:
    located, notes = found(bundle(patient(), patient(), weight(70, "2026-01-05"), weight(71, "2026-01-05")))
    assert len(located) == 2
    assert [part.expression for part in notes.unused] == ["Bundle.entry[1].resource"]
    assert [one.expression for one in notes.issues] == ["Bundle.entry[3].resource"]


def test_more_resources_than_are_read_are_refused() -> None:
    few = [patient(id=str(number)) for number in range(MOST_RESOURCES)]
    assert not found(bundle(*few))[1].issues
    assert found(bundle(*few, patient()))[1].issues[0].code == "too-long"


@pytest.mark.parametrize(
    ("reference", "resolves"),
    [
        ("Observation/w", True),
        ("Observation/w/_history/3", True),
        ("https://ehr.example/fhir/Observation/w", True),
        ("https://other.example/fhir/Observation/w", False),
        ("urn:uuid:5c2a8f0e-0000-4000-8000-000000000001", True),
        ("#m", True),
        ("#x", False),
        ("Observation/x", False),
        ("", False),
    ],
)
def test_references_resolve(reference: str, resolves: bool) -> None:
    uuid = "urn:uuid:5c2a8f0e-0000-4000-8000-000000000001"
    located = [
        LocatedResource(
            "Bundle.entry[0].resource",
            weight(70, "2026-01-05"),
            "Observation/w",
            "https://ehr.example/fhir/Observation/w",
        ),
        LocatedResource("Bundle.entry[1].resource", {"resourceType": "Medication"}, uuid, uuid),
    ]
    holder = LocatedResource("Bundle.entry[2].resource", {"contained": [{"resourceType": "Medication", "id": "m"}]})
    found_one = ResourceIndex(located).resolve({"reference": reference}, holder)
    assert (found_one is not None) == resolves
    if reference == "#m" and found_one:
        assert found_one.expression == "Bundle.entry[2].resource.contained[0]"


def changes(value: Any) -> list[Any]:
    """Values of other kinds in place of one."""
    return [None, True, 5, 0.5, "", " ", "2026", "2026-13", "\ud800", [], {}, [value], {"value": value}, 10**12, "a\tb"]


@pytest.mark.parametrize(
    "resource", [patient(birthDate="1980-05-04"), ketamine("2026-01-05T10:00:00+01:00"), statement("s")]
)
def test_what_is_accepted_without_a_model_is_accepted_by_the_model(resource: dict[str, Any]) -> None:
    """The quick check may be stricter than the models of fhir.resources, and never laxer."""
    assert is_plainly_valid(resource["resourceType"], resource)
    accepted = 0
    for path in paths_of(resource):
        for value in changes(at(resource, path)):
            changed = copy.deepcopy(resource)
            at(changed, path[:-1])[path[-1]] = value
            if is_plainly_valid(resource["resourceType"], changed):
                accepted += 1
                try:
                    get_fhir_model_class(resource["resourceType"]).model_validate(changed)
                except ValidationError:
                    pytest.fail(f"accepted: {path} = {value!r}")
    assert accepted


def paths_of(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [found_path for key, value in inner for found_path in [(*path, key), *paths_of(value, (*path, key))]]


def at(part: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        part = part[key]
    return part


def test_no_issue_names_a_type_that_was_sent() -> None:
    assert resource_issues("Patient", {"resourceType": "Zephyrine"}, AT)
    assert "Zephyrine" not in str(resource_issues("Patient", {"resourceType": "Zephyrine"}, AT))
