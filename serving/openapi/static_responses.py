"""The responses that describe the served model, written once when it is loaded."""

from dataclasses import dataclass

import orjson

from models.performance import Performance
from models.promotion import Promotion
from serving.contract.description import ModelDescription
from serving.http.body import BodyLimits
from serving.openapi.described_model import DescribedModel
from serving.openapi.document import openapi_document
from serving.prediction.description import describe_instruments, describe_model
from serving.prediction.predictor import Predictor


@dataclass(frozen=True)
class Pages:
    """JSON of ``GET /v1/model``, ``GET /v1/instruments`` and ``GET /openapi.json``; ``description`` is the first's."""

    model: bytes
    instruments: bytes
    openapi: bytes
    description: ModelDescription


def pages_of(
    predictor: Predictor,
    *,
    run_id: str,
    tag: str,
    performance: Performance | None,
    limits: BodyLimits,
    promotion: Promotion | None = None,
) -> Pages:
    """The static responses of a model; ``tag`` is its entry in the model store."""
    bundle = predictor.bundle
    model = describe_model(bundle, predictor.answering_model.version, run_id, performance, promotion)
    instruments = describe_instruments(bundle.protocol)
    document = openapi_document(DescribedModel(predictor, tag, model, instruments, limits))
    return Pages(
        model.model_dump_json().encode(), instruments.model_dump_json().encode(), orjson.dumps(document), model
    )
