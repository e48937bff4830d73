"""A prediction without a server, from the endpoint's request in JSON to its answer in JSON."""

from typing import Any
from zoneinfo import ZoneInfo

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from models.promotion import Granted
from serving.contract.reading import read_record
from serving.contract.refusal import RequestRefusedError
from serving.prediction.predictor import Predictor


def predict_json(
    body: bytes, bundle: Bundle, version: str, zone: ZoneInfo | None = None, granted: Granted | None = None
) -> dict[str, Any]:
    """The answer for the patient in a JSON text; ``zone`` is the clinic's, for a record in dates that names none.

    ``granted`` has the tiers of the questions; without it all are answered for the clinic.
    Raises ``InputRefusedError`` with a path in place of a table.
    """
    try:
        response = Predictor(bundle, version, granted=granted).predict(read_record(body, zone))
    except RequestRefusedError as refused:
        problems = [Problem(p.path or "request", None, None, p.required, p.found) for p in refused.problems]
        raise InputRefusedError(problems) from None
    answer: dict[str, Any] = response.model_dump(mode="json")
    return answer
