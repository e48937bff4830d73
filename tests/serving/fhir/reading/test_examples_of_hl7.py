"""Every example of HL7 about these resources is read or left out with the reason: what it gives stands in a table."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from serving.fhir.reading.conditions import read_conditions
from serving.fhir.reading.patient import read_patient
from serving.fhir.reading.ratings import read_ratings
from serving.fhir.reading.record_observations import read_record_observations
from serving.fhir.reading.vital_signs import read_vital_signs
from tests.places import GOLDEN
from tests.serving.fhir.reading.charts import ReadChart, Resource, read

FOLDER = GOLDEN / "fhir-r4"
READERS = (read_patient, read_conditions, read_ratings, read_vital_signs, read_record_observations)
EXAMPLES: dict[str, dict[str, Any]] = {
    "Patient-example": {"sex": "male", "birth_date": "1974-12-25"},
    "Patient-f201": {"sex": "male", "birth_date": "1960-03-13"},
    "Condition-example": {},
    "Condition-f201": {},
    "Observation-blood-pressure": {"resting_systolic_mmhg": 107, "resting_diastolic_mmhg": 60},
    "Observation-bmi": {},
    "Observation-f204": {},
    "QuestionnaireResponse-3141": {},
    "QuestionnaireResponse-bb": {},
    "QuestionnaireResponse-f201": {},
    "QuestionnaireResponse-gcs": {},
    "QuestionnaireResponse-ussg-fht-answers": {},
}
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the examples of HL7 are not here")


def example(name: str) -> Resource:
    loaded: Resource = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def charts(resource: Resource) -> Iterator[ReadChart]:
    for reader in READERS:
        yield read(reader, resource)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_its_cells_or_the_reason_why_not(name: str) -> None:
    read_charts = list(charts(example(name)))
    cells = {key: value for chart in read_charts for key, value in chart.cells.items()}
    assert cells == EXAMPLES[name]
    assert not [chart.refused for chart in read_charts if chart.refused]
    assert EXAMPLES[name] or [chart.unused for chart in read_charts if chart.unused]


def test_every_example_of_these_resources_is_in_the_table() -> None:
    kinds = ("Patient-", "Condition-", "Observation-", "QuestionnaireResponse-", "AllergyIntolerance-")
    assert {path.stem for path in FOLDER.glob("*.json") if path.stem.startswith(kinds)} == EXAMPLES.keys()
