"""HL7's own examples: each is read, left out with the reason, or refused at its FHIRPath, and none makes a crash.

Alone, a resource is refused with what to send. Beside a patient with a dose of ketamine it is one of an EHR's.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.places import GOLDEN
from tests.serving.fhir.resources import PATIENT, Resource, bundle, issues, ketamine, patient, places, read, unused

EXAMPLES = sorted([*(GOLDEN / "fhir-r4").glob("*.json"), *(GOLDEN / "cds-hooks").glob("*.json")])
AT = "Bundle.entry[2].resource"
OUTCOMES = """
AuditEvent-example-rest                        left out  resources of this type are not read
Bundle-bundle-example                          refused   entry[0].resource.subject
Condition-example                              left out  its code is not one of the terminology
Condition-f201                                 left out  its code is not one of the terminology
MedicationRequest-medrx0301                    left out  the medication has no code
MedicationStatement-example001                 left out  no code of the medication is known here
Observation-blood-pressure                     read
Observation-bmi                                read
Observation-f204                               left out  its code is not one of the terminology
Patient-example                                read
Patient-f201                                   read
Procedure-example                              left out  no code of the procedure is known here
Provenance-example                             left out  resources of this type are not read
Questionnaire-phq-9-questionnaire              left out  nothing in it is part of a record
QuestionnaireResponse-3141                     left out  no item has a code of a scale
QuestionnaireResponse-bb                       left out  no item has a code of a scale
QuestionnaireResponse-f201                     left out  no item has a code of a scale
QuestionnaireResponse-gcs                      left out  no item has a code of a scale
QuestionnaireResponse-ussg-fht-answers         left out  its status is not completed or amended
RiskAssessment-breastcancer-risk               left out  resources of this type are not read
RiskAssessment-cardiac                         left out  resources of this type are not read
RiskAssessment-genetic                         left out  resources of this type are not read
RiskAssessment-population                      left out  resources of this type are not read
RiskAssessment-prognosis                       left out  resources of this type are not read
RiskAssessment-riskexample                     left out  resources of this type are not read
02-example                                     read
05-example-prefetch-token                      refused   type
06-example-prefetch-token                      refused   type
08-example-prefetch-data                       refused
12-action                                      refused   subject
"""
"""Of each example with a resource: what becomes of the first one beside a patient and a dose, why, or where."""


def rows() -> Iterator[tuple[str, str, str]]:
    for line in OUTCOMES.strip().splitlines():
        yield line[:47].strip(), line[47:57].strip(), line[57:].strip()


def resources(part: Any) -> Iterator[Resource]:
    """The resources in a document, outermost only."""
    if isinstance(part, dict) and isinstance(part.get("resourceType"), str):
        yield part
    else:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        yield from (found for one in inner for found in resources(one))


def beside_a_dose(resource: Resource) -> bytes:
    """The resource as one about a patient who has had a dose of ketamine."""
    resource, subject, dose = copy.deepcopy(resource), PATIENT, ketamine("2026-01-05")
    if resource["resourceType"] == "Patient":
        dose["subject"] = {"reference": f"Patient/{resource.get('id', 'p')}"}
        return bundle(dose, {"resourceType": "Goal"}, resource)
    for name in ("subject", "patient"):
        if isinstance(resource.get(name), dict):
            resource[name] = subject
    return bundle(patient(), dose, resource)


@pytest.mark.skipif(not EXAMPLES, reason="HL7's examples are not here")
@pytest.mark.parametrize(("name", "outcome", "detail"), list(rows()))
def test_what_becomes_of_each_example(name: str, outcome: str, detail: str) -> None:
    (path,) = (path for path in EXAMPLES if path.stem == name)
    body = beside_a_dose(next(resources(json.loads(path.read_bytes()))))
    if outcome == "refused":
        assert places(body)[0] == f"{AT}.{detail}".rstrip(".")
        return
    said = unused(read(body))
    assert said.get(AT, "") == (detail if outcome == "left out" else "")


@pytest.mark.skipif(not EXAMPLES, reason="HL7's examples are not here")
def test_the_table_has_every_example_with_a_resource() -> None:
    with_resource = {path.stem for path in EXAMPLES if list(resources(json.loads(path.read_bytes())))}
    assert with_resource == {name for name, _, _ in rows()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_alone_each_example_is_refused_with_what_to_send(path: Any) -> None:
    found = issues(path.read_bytes())
    assert found[0].expression == "Bundle"
    assert "Patient" in found[0].required or "Bundle" in found[0].required


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_resource_of_every_example_is_read_or_refused(path: Any) -> None:
    """Also those after the first, with the subject that they have."""
    for resource in resources(json.loads(path.read_bytes())):
        found = issues(bundle(patient(), ketamine("2026-01-05"), resource))
        assert all(issue.expression.startswith("Bundle.entry[") for issue in found)
