"""How a model was promoted, for tests of what people read: by an override, and the later horizon in shadow."""

from typing import Any

from models.bundle import Bundle
from models.promotion import Promotion
from serving.contract.description import PromotionDescription
from serving.contract.request import PredictionRequest
from serving.prediction.description import describe_model
from serving.prediction.predictor import PredictionReply, Predictor

NOT_MET = ("sample size, before session 3", "net benefit, before session 3")
PARTLY: dict[str, Any] = {
    "remission": "clinic", "relapse_84": "clinic", "sustained_84": "clinic", "relapse_182": "shadow",
    "sustained_182": "shadow",
}  # fmt: skip
IN_SHADOW = "Relapse within 182 days is in shadow: it is computed and logged, and not given."


def promotion_of(bundle: Bundle, **changes: Any) -> Promotion:
    """By default an override by A. Tester, which leaves the answers to the later horizon in shadow."""
    said: dict[str, Any] = {
        "decision": 7, "action": "override", "by": "A. Tester", "at": "2026-11-30T09:00:00Z", "reason": "for a pilot",
        "tier": "clinic", "granted": {model.landmark.name: PARTLY for model in bundle.models}, "not_met": NOT_MET,
    }  # fmt: skip
    return Promotion(bundle_digest=bundle.digest, **said | changes)


def met(bundle: Bundle) -> Promotion:
    """A promotion of the same questions for which every check was met."""
    return promotion_of(bundle, action="promote", not_met=())


def described(bundle: Bundle, promotion: Promotion) -> PromotionDescription:
    """The promotion as the service describes it."""
    found = describe_model(bundle, "3", "a1b2", None, promotion).promotion
    assert found is not None
    return found


def reply_under(promotion: Promotion, bundle: Bundle, request: PredictionRequest) -> PredictionReply:
    """The answer of a service with this promotion."""
    (reply,) = Predictor(bundle, "3", granted=promotion.granted).answer_many([request], ["id-0"])
    assert isinstance(reply, PredictionReply)
    return reply
