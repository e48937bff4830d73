"""No text of a reading has a value of the patient, whatever is wrong with it: reasons and refusals are shown."""

from typing import Any

import pytest

from serving.fhir.reading.conditions import read_conditions
from serving.fhir.reading.patient import read_patient
from serving.fhir.reading.ratings import read_ratings
from serving.fhir.reading.record_observations import read_record_observations
from serving.fhir.reading.vital_signs import read_vital_signs
from tests.serving.fhir.reading.charts import ICD, LOINC, OWN, Resource, coded, observation, quantity, read

MARK, NUMBER, DAY = "Quokka", 773142, "2031-07-19"
READERS = (read_patient, read_conditions, read_ratings, read_vital_signs, read_record_observations)


def condition(**elements: Any) -> Resource:
    return {"resourceType": "Condition", "code": coded((ICD, "F41.1")), **elements}


SENT: dict[str, Resource] = {
    "a score out of range": observation(LOINC, "70274-6", valueInteger=NUMBER),
    "a score in words": observation(LOINC, "70274-6", valueString=MARK),
    "a score in another unit": observation(LOINC, "70274-6", valueQuantity=quantity(NUMBER, MARK)),
    "a rating of later": observation(LOINC, "70274-6", DAY, valueInteger=3),
    "a rating at no time": observation(LOINC, "70274-6", f"{DAY}T25:00:00Z", valueInteger=3),
    "an item out of its key": observation(
        LOINC, "69737-5", component=[{"code": coded((LOINC, "69725-0")), "valueInteger": NUMBER}]
    ),
    "an answer of another list": {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "authored": "2026-10-01",
        "item": [{"linkId": "/69725-0", "text": MARK, "answer": [{"valueCoding": {"system": MARK, "code": MARK}}]}],
    },
    "a form of nothing known": {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [{"linkId": MARK, "answer": [{"valueString": MARK}]}],
    },
    "an unknown condition": condition(code=coded((ICD, MARK))),
    "a condition of later": condition(recordedDate=DAY),
    "a condition without a code": condition(code={"text": MARK}),
    "a condition with an onset in words": condition(onsetString=MARK),
    "a condition with an age at onset": condition(onsetAge={"value": NUMBER, "unit": MARK}),
    "a gender that tells no sex": {"resourceType": "Patient", "gender": MARK, "birthDate": DAY},
    "an allergy to something else": {"resourceType": "AllergyIntolerance", "code": coded((ICD, MARK))},
    "a weight in another unit": observation(LOINC, "29463-7", valueQuantity=quantity(NUMBER, MARK)),
    "a mass index of later": observation(LOINC, "39156-5", DAY, valueQuantity=quantity(NUMBER, "kg/m2")),
    "an unknown observation": observation(LOINC, MARK, valueInteger=NUMBER),
    "a value of no column": observation(OWN, "diagnosis", valueString=MARK),
    "a value out of range": observation(OWN, "expectancy", valueInteger=NUMBER),
}


@pytest.mark.parametrize("kind", SENT)
def test_no_value_is_in_any_text(kind: str) -> None:
    texts = []
    for reader in READERS:
        chart = read(reader, SENT[kind])
        texts += [f"{part.expression} {part.why}" for part in chart.notes.unused]
        texts += [f"{one.expression} {one.required} {one.found}" for one in chart.notes.issues]
    assert texts, "something is said"
    for text in texts:
        assert MARK not in text
        assert str(NUMBER) not in text
        assert DAY not in text
