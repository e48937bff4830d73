"""Whether a resource is one of FHIR R4: every element known, of its type, and there where it must be.

The models are those of `fhir.resources`; its errors become issues with the FHIRPath of the element, and no value.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from serving.fhir.parts import MOST_ISSUES, FhirIssue, IssueCode
from serving.fhir.structure.expressions import expression_at
from serving.fhir.structure.shapes import REQUIRED, is_plainly_valid, wrong_types

READ_TYPES: Final = frozenset(
    {
        "AllergyIntolerance",
        "Condition",
        "Encounter",
        "List",
        "Medication",
        "MedicationAdministration",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
        "Questionnaire",
        "QuestionnaireResponse",
    }
)
"""The types of resources that a record is read from; others are left out unread."""
OF_R5: Final = frozenset(
    {
        "actualPeriod",
        "adherence",
        "admission",
        "basedOn",
        "bodyStructure",
        "definition",
        "device",
        "dietPreference",
        "doseForm",
        "effectiveDosePeriod",
        "effectiveTiming",
        "encounter",
        "focus",
        "informationSource",
        "isSubPotent",
        "marketingAuthorizationHolder",
        "medication",
        "occurenceDateTime",
        "occurencePeriod",
        "occurenceTiming",
        "occurrenceDateTime",
        "occurrencePeriod",
        "occurrenceTiming",
        "participant",
        "plannedEndDate",
        "plannedStartDate",
        "reason",
        "recorded",
        "relatedClinicalInformation",
        "renderedDosageInstruction",
        "reported",
        "reportedBoolean",
        "reportedReference",
        "statusChanged",
        "subPotentReason",
        "subjectStatus",
        "supportingInfo",
        "totalVolume",
        "triggeredBy",
        "used",
        "virtualService",
    }
)
"""Elements that FHIR R5 added to these types, so that they may be named where R4 does not have them [seen: models of
fhir.resources 8.3]."""
_REQUIRED: dict[str, str] = {
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_too_long": "a shorter text",
    "list_type": "a list without empty places",
    "model_type": "an object",
    "model_validation_format": "an object",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
}
_IS_TIME_ALLOWED: Final = re.compile(r"\b(DateTime|Instant) value\b")
"""In a message of the models: the types of FHIR R4 that may have a time."""
_NO_OFFSET: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)


def resource_issues(name: str, resource: Mapping[str, Any], expression: str) -> list[FhirIssue]:
    """What is wrong in a resource of the type ``name`` at a place; contained resources are checked on their own."""
    plain = {key: value for key, value in resource.items() if key != "contained"}
    if is_plainly_valid(name, plain):
        return []
    try:
        get_fhir_model_class(name).model_validate(plain)
    except ValidationError as error:
        return list(_translated(error, expression))
    wrong = wrong_types(name, plain)
    return [
        FhirIssue("structure", expression_at(expression, place), REQUIRED[kind], "another type")
        for place, kind in (pair for pair, _ in zip(wrong, range(MOST_ISSUES), strict=False))
    ]


def _translated(error: ValidationError, expression: str) -> Iterator[FhirIssue]:
    details = error.errors(include_url=False, include_context=False)
    for detail in details[:MOST_ISSUES]:
        location, kind = detail["loc"], detail["type"]
        if kind == "extra_forbidden":
            yield _unknown(location, expression)
            continue
        if location and location[-1] == "root":
            location = location[:-1]
        code, required, found = _explained(kind, detail["msg"], detail["input"])
        yield FhirIssue(code, expression_at(expression, location), required, found)


def _unknown(location: tuple[str | int, ...], expression: str) -> FhirIssue:
    """An element that R4 does not have: its name is shown only where it can't be a value."""
    name = location[-1]
    if name in OF_R5:
        found = "an element of FHIR R5"
        return FhirIssue("structure", expression_at(expression, location), "a resource of FHIR R4", found)
    place = expression_at(expression, location[:-1])
    return FhirIssue("structure", place, "only elements that FHIR R4 has here", "an unknown element")


def _explained(kind: str, message: str, value: Any) -> tuple[IssueCode, str, str]:
    if kind.endswith("missing"):
        return "required", "this element", "nothing"
    if "but got multiple" in message:
        return "structure", "one type of each element that has a choice of types", "several"
    if "Expect any of field value" in message:
        return "required", "one type of each element that has a choice of types", "none"
    if _IS_TIME_ALLOWED.search(message) and isinstance(value, str) and _NO_OFFSET.fullmatch(value):
        return "value", "an offset after the time, such as Z or +02:00; or a date alone", "a time without an offset"
    return "value", _REQUIRED.get(kind, "a value as FHIR R4 defines it for this element"), json_kind(value)


def json_kind(value: Any) -> str:
    """What kind of thing a JSON value is, never the value."""
    if value is None:
        return "nothing"
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "a text"),
        ((int, float), "a number"),
        (list, "a list"),
        (Mapping, "an object"),
    )
    return next((found for types, found in kinds if isinstance(value, types)), "another type")
