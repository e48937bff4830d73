"""Cautions as detected issues, which EHRs show as warnings on their own, whatever becomes of the numbers.

A note of a risk assessment would be lost where an EHR shows its numbers only, and there is none without a prediction.
"""

from collections.abc import Mapping
from typing import Final

from serving.fhir.answer.context import AnswerContext
from serving.fhir.answer.elements import Resource, concept, reference, uri_identifier
from serving.prediction.caution_sources import shown_source

MAY_BE_LIFE_THREATENING: Final = ("ketamine_allergy", "aneurysm_or_brain_haemorrhage", "suicidal_intent")
"""Contraindications of the esketamine label, and suicidal intent. For these ``severity`` is high: "may be
life-threatening" (FHIR R4, detectedissue-severity). Others have no severity, which is not a low one [judgement]."""


def detected_issue(caution: Mapping[str, str], context: AnswerContext) -> Resource:
    """One caution (`response.Caution`)."""
    code = caution["code"]
    return {
        "resourceType": "DetectedIssue",
        "identifier": [uri_identifier(context.url(code))],
        "status": "final",
        "code": concept(code),
        **({"severity": "high"} if code in MAY_BE_LIFE_THREATENING else {}),
        "patient": reference(context.record.subject),
        "identifiedDateTime": context.instant,
        "author": reference(context.device_url),
        "detail": f"{caution['message']} Source: {shown_source(caution['source'])}.",
    }
