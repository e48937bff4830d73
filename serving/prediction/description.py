"""The served model with its protocol and its performance, and the scales that it reads.

The sources are the bundle and the performance that its promotion stored beside it (`read_performance`).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from features.catalogue import Feature, catalogue
from features.protocol.document import Protocol
from features.protocol.instruments import Instrument
from features.protocol.shortening import listed
from features.protocol.study import KAP_STUDY
from models.bundle import Bundle, BundleRefusedError, HeadRecord
from models.outcome_model import OutcomeModel
from models.performance import PERFORMANCE, PERFORMANCE_DIGEST, Performance
from models.promotion import Promotion
from serving.contract.description import (
    ApplicabilityProportions,
    Band,
    FeatureDescription,
    HeadDescription,
    Instruments,
    LandmarkDescription,
    LoincCodes,
    ModelDescription,
    PromotionDescription,
    ProtocolDescription,
    Scale,
)
from serving.prediction.granted_answer import tiers_at
from serving.prediction.no_prediction import needed_for
from serving.terminology.codes import load_terminology

JUDGEMENT = "It supports the clinician's own judgement and never replaces it."
INTENDED_USE = f"{KAP_STUDY.purpose} {JUDGEMENT}"
"""The intended use of the software and of every model of KAP; `intended_use` has that of another study's model."""
NOT_A_DEVICE = "This is research software and not a medical device."
SYNTHETIC = "It was fitted on synthetic (made-up) patients and says nothing about real ones."
REAL = "the patients of the development cohort, as recorded under run_id"
NO_PERFORMANCE = (
    "The performance of this model is not stored with it, because it was promoted by an earlier version. See run_id."
)
NO_PROMOTION = (
    "The decision about this model is not stored with it, because it was promoted by an earlier version: every "
    "question is answered for the clinic. See run_id."
)

_PERFORMANCE: TypeAdapter[Performance] = TypeAdapter(Performance)


def read_performance(entry: Path, metadata: Mapping[str, Any]) -> Performance | None:
    """The performance beside the bundle in the folder ``entry``; ``metadata`` has its SHA-256 from the promotion.

    ``None`` for a model that was promoted without one; ``BundleRefusedError`` if it was changed since.
    """
    path, digest = entry / PERFORMANCE, metadata.get(PERFORMANCE_DIGEST)
    if digest is None and not path.exists():
        return None
    document = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(document).hexdigest() != digest:
        raise BundleRefusedError(f"{PERFORMANCE}: its digest is not the one of the promotion")
    try:
        performance = _PERFORMANCE.validate_json(document, strict=True)
    except ValidationError:
        raise BundleRefusedError(f"{PERFORMANCE}: it does not have the form that this installation reads") from None
    if performance.bundle_digest != metadata.get("bundle_digest"):
        raise BundleRefusedError(f"{PERFORMANCE}: it is about another bundle")
    return performance


def describe_model(
    bundle: Bundle, version: str, run_id: str, performance: Performance | None, promotion: Promotion | None = None
) -> ModelDescription:
    """The answer of ``GET /v1/model``."""
    synthetic = bundle.training.get("synthetic") is True
    return ModelDescription(
        version=version,
        bundle_digest=bundle.digest,
        run_id=run_id,
        intended_use=intended_use(bundle.protocol),
        not_a_medical_device=NOT_A_DEVICE,
        synthetic=synthetic,
        learned_from=SYNTHETIC if synthetic else REAL,
        protocol=_protocol(bundle.protocol),
        landmarks=[_landmark(*pair) for pair in zip(bundle.models, bundle.records, strict=True)],
        features=[_feature(feature) for feature in catalogue(bundle.protocol)],
        performance=performance,
        notes=[
            *([NO_PERFORMANCE] if performance is None else performance.not_readable),
            *([NO_PROMOTION] if promotion is None else ()),
        ],
        promotion=None if promotion is None else _promotion(bundle, promotion),
    )


def _promotion(bundle: Bundle, promotion: Promotion) -> PromotionDescription:
    tiers = {model.landmark.name: tiers_at(model, promotion.granted).tiers for model in bundle.models}
    return PromotionDescription(
        decision=promotion.decision,
        action=promotion.action,
        by=promotion.by,
        at=promotion.at,
        reason=promotion.reason,
        tier=promotion.tier,
        granted=tiers,
        overridden=bool(promotion.not_met) or promotion.action == "override",
        not_met=list(promotion.not_met),
        approved_by=list(promotion.approved_by),
    )


def promotion_sentence(promotion: PromotionDescription) -> str:
    """By which decision the numbers are given; of an override, with what it passed over."""
    if promotion.overridden:
        return f"Not all checks were met: the model was {overridden_by(promotion)}."
    decision = f"(decision {promotion.decision} of {promotion.at[:10]}, {promotion.by})"
    if not any("clinic" in tiers.values() for tiers in promotion.granted.values()):
        return f"The model is not promoted for the clinic {decision}."
    return f"The numbers given are promoted for the clinic {decision}."


def overridden_by(promotion: PromotionDescription) -> str:
    """That a model was promoted although checks were not met, by whom, and which, as a clause."""
    named = listed(promotion.not_met) if promotion.not_met else "the checks that the decision names"
    return f"promoted by override ({promotion.by}, decision {promotion.decision}) although not met: {named}"


def intended_use(protocol: Protocol) -> str:
    """What a model under a protocol is for, in the study's own words if it declares them."""
    return f"{protocol.described.purpose} {JUDGEMENT}"


def describe_instruments(protocol: Protocol) -> Instruments:
    """The answer of ``GET /v1/instruments``."""
    primary = protocol.remission.instruments
    return Instruments(
        protocol=protocol.name,
        protocol_digest=protocol.digest,
        primary=list(primary),
        instruments=[_scale(scale, decides=scale.name in primary) for scale in protocol.instruments.values()],
    )


def _protocol(protocol: Protocol) -> ProtocolDescription:
    return ProtocolDescription(
        name=protocol.name,
        digest=protocol.digest,
        acute_max_days=protocol.acute_max_days,
        remission=protocol.remission,
        relapse=protocol.relapse,
        horizons_days=list(protocol.horizons_days),
        covariates=list(protocol.covariates),
    )


def _landmark(model: OutcomeModel, records: Mapping[str, HeadRecord]) -> LandmarkDescription:
    landmark, known = model.landmark, model.applicability
    heads = {
        name: HeadDescription(**vars(record), answers=getattr(model, name) is not None)
        for name, record in records.items()
    }
    return LandmarkDescription(
        name=landmark.name,
        needs=needed_for(landmark),
        before_session=landmark.before_session,
        else_days=landmark.else_days,
        day=landmark.day,
        heads=heads,
        applicability=None if known is None else ApplicabilityProportions(**known.proportions_by_verdict()),
    )


def _feature(feature: Feature) -> FeatureDescription:
    return FeatureDescription(
        name=feature.name,
        group=feature.group,
        meaning=feature.meaning,
        unit=feature.unit,
        minimum=feature.minimum,
        maximum=feature.maximum,
    )


def _scale(scale: Instrument, *, decides: bool) -> Scale:
    codes = load_terminology().loinc_of(scale.name)
    return Scale(
        name=scale.name,
        title=scale.title,
        kind=scale.kind,
        decides_outcomes=decides,
        minimum=scale.minimum,
        maximum=scale.maximum,
        bands=[Band(from_score=lowest, name=name) for lowest, name in scale.severity_bands],
        remission_at_most=scale.remission_at_most,
        relapse_at_least=scale.relapse_at_least,
        reliable_change=scale.reliable_change,
        source=scale.source,
        higher_is=scale.higher_is,
        remission_at_least=scale.remission_at_least,
        relapse_at_most=scale.relapse_at_most,
        loinc=LoincCodes(panel=codes.panels, total=codes.totals, items=codes.items),
    )
