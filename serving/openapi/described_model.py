"""What the OpenAPI document is about."""

from dataclasses import dataclass

from serving.contract.description import Instruments, ModelDescription
from serving.http.body import BodyLimits
from serving.prediction.predictor import Predictor


@dataclass(frozen=True)
class DescribedModel:
    """The served model: its predictor, its tag in the model store, its descriptions, and the limits of a request."""

    predictor: Predictor
    tag: str
    model: ModelDescription
    instruments: Instruments
    limits: BodyLimits
