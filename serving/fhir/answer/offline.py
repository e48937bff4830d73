"""A prediction without a server, from a patient's FHIR resources to the bundle that the service would send."""

import datetime as dt
from collections.abc import Sequence
from uuid import uuid4

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from models.promotion import Promotion
from serving.contract.refusal import RequestRefusedError
from serving.fhir.answer.bundle import answer_bundle
from serving.fhir.answer.elements import Resource
from serving.fhir.parts import FhirIssue, FhirRefusedError
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from serving.fhir.reading.problems import issues_of
from serving.prediction.description import describe_model
from serving.prediction.predictor import Predictor


def predict_fhir(
    body: bytes,
    bundle: Bundle,
    version: str,
    defaults: ReadingDefaults,
    *,
    transparency: bool,
    promotion: Promotion | None = None,
) -> Resource:
    """The answer to a Bundle or Parameters; raises ``InputRefusedError`` with a FHIRPath in place of a table.

    ``defaults`` has the bundle's own protocol. Without a ``promotion`` every question is answered. The
    id and the time of the answer are new.
    """
    try:
        record = read_fhir(body, defaults)
    except FhirRefusedError as refused:
        raise input_refused(refused.issues) from None
    predictor = Predictor(bundle, version, granted=None if promotion is None else promotion.granted)
    (reply,) = predictor.answer_many([record.request], [str(uuid4())])
    if isinstance(reply, RequestRefusedError):
        raise input_refused(issues_of(reply, record))
    described = describe_model(bundle, version, predictor.run_id, None, promotion)
    return answer_bundle(reply.answer, record, described, dt.datetime.now(dt.UTC), transparency=transparency)


def input_refused(issues: Sequence[FhirIssue]) -> InputRefusedError:
    """The problems of a body for a command, each at its FHIRPath."""
    return InputRefusedError(
        [Problem(issue.expression or "bundle", None, None, issue.required, issue.found) for issue in issues]
    )
