"""What is served, in full: the model with its protocol and its performance, and the scales that it reads.

Everything is taken from the bundle and from what its promotion put beside it (`read_performance`). How the pages that
say it are sent is left to `pages`.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from features.catalogue import Feature, catalogue
from features.protocol.document import Covariate, Protocol, RelapseRule, RemissionRule
from features.protocol.instruments import Instrument
from models.bundle import Bundle, BundleRefusedError, HeadRecord
from models.outcome_model import OutcomeModel
from models.performance import PERFORMANCE, PERFORMANCE_DIGEST, Performance
from serving.contract.response import Part, Probability
from serving.prediction.no_prediction import needed_for

INTENDED_USE = (
    "To inform a clinician who plans ketamine-assisted psychotherapy of an anxiety disorder about the probability of "
    "remission and of relapse after it, beside and never instead of the clinician's own judgement."
)
NOT_A_DEVICE = "This is research software and not a medical device."
SYNTHETIC = "It was learned from synthetic (made-up) patients and says nothing about real ones."
REAL = "the patients of the training cohort named by run_id"
NO_PERFORMANCE = (
    "What was measured of this model did not come with it: it was promoted before that was kept. See run_id."
)


class HeadDescription(Part):
    """What a head was learned from: so many patients, events among them, the winning candidate, a note for people.

    ``answers`` is false where the training cohort could not teach it.
    """

    patients: int
    events: int
    winner: str | None
    note: str
    answers: bool


class ApplicabilityProportions(Part):
    """Which share of the training patients is inside, at the edge and outside, by the verdicts on applicability."""

    inside: Probability
    at_the_edge: Probability
    outside: Probability


class LandmarkDescription(Part):
    """A moment of prediction, what a record needs to reach it, and what answers there.

    ``before_session`` is the dosing session on whose day it is, at the latest ``else_days`` days after the session
    before, whether the session comes or not. ``day`` is its day where it is a fixed one, counted from day 0.
    ``applicability`` is null where the model does not describe its training patients.
    """

    name: str
    needs: str
    before_session: int | None
    else_days: int | None
    day: int | None
    heads: dict[str, HeadDescription]
    applicability: ApplicabilityProportions | None


class ProtocolDescription(Part):
    """The study's rules: what counts as the acute course (days), as remission and as relapse, and over which horizons.

    ``digest`` is the SHA-256 of the whole protocol; ``horizons_days`` count from remission.
    """

    name: str
    digest: str
    acute_max_days: int
    remission: RemissionRule
    relapse: RelapseRule
    horizons_days: list[int]
    covariates: list[Covariate]


class FeatureDescription(Part):
    """One number that is computed from a record; what is out of ``minimum`` to ``maximum`` is an error."""

    name: str
    group: str
    meaning: str
    unit: str
    minimum: float
    maximum: float


class ModelDescription(Part):
    """The model that answers: where it came from, what it is for, what it was learned from and how good it was found.

    ``version`` and ``run_id`` name it and its training in the registry, ``bundle_digest`` is the SHA-256 of its
    manifest, which has those of all its files. ``synthetic``: learned from made-up patients. ``performance`` is null
    where it did not come with the model, which ``notes`` says; its intervals are of 95%.
    """

    version: str
    bundle_digest: str
    run_id: str
    intended_use: str
    not_a_medical_device: str
    synthetic: bool
    learned_from: str
    protocol: ProtocolDescription
    landmarks: list[LandmarkDescription]
    features: list[FeatureDescription]
    performance: Performance | None
    notes: list[str]


class Band(Part):
    """A published band of severity, from its lowest score on."""

    from_score: float
    name: str


class Scale(Part):
    """A rating scale; scores are in points, higher is worse.

    ``kind`` is "outcome", or "experience" for what may be recorded and decides nothing. ``decides_outcomes``: remission
    and relapse are read from it under the served protocol. ``remission_at_most``, ``relapse_at_least`` and
    ``reliable_change`` are null for an experience. ``source`` has the source of every number.
    """

    name: str
    title: str
    kind: str
    decides_outcomes: bool
    minimum: float
    maximum: float
    bands: list[Band]
    remission_at_most: float | None
    relapse_at_least: float | None
    reliable_change: float | None
    source: str


class Instruments(Part):
    """Every scale that a record may hold under the served protocol.

    ``primary`` are those that decide outcomes: the first of them that was rated at baseline is the patient's own.
    """

    protocol: str
    protocol_digest: str
    primary: list[str]
    instruments: list[Scale]


_PERFORMANCE: TypeAdapter[Performance] = TypeAdapter(Performance)


def read_performance(entry: Path, metadata: Mapping[str, Any]) -> Performance | None:
    """What a promotion put beside the bundle in the folder ``entry``, of which ``metadata`` keeps the SHA-256.

    ``None`` for a model that was promoted without; ``BundleRefusedError`` where it is not as it was promoted.
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


def describe_model(bundle: Bundle, version: str, run_id: str, performance: Performance | None) -> ModelDescription:
    """The model as ``GET /v1/model`` says it."""
    synthetic = bundle.training.get("synthetic") is True
    return ModelDescription(
        version=version,
        bundle_digest=bundle.digest,
        run_id=run_id,
        intended_use=INTENDED_USE,
        not_a_medical_device=NOT_A_DEVICE,
        synthetic=synthetic,
        learned_from=SYNTHETIC if synthetic else REAL,
        protocol=_protocol(bundle.protocol),
        landmarks=[_landmark(*pair) for pair in zip(bundle.models, bundle.records, strict=True)],
        features=[_feature(feature) for feature in catalogue(bundle.protocol)],
        performance=performance,
        notes=[NO_PERFORMANCE] if performance is None else list(performance.not_readable),
    )


def describe_instruments(protocol: Protocol) -> Instruments:
    """The scales as ``GET /v1/instruments`` says them."""
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
        applicability=None if known is None else ApplicabilityProportions(**known.shares_by_verdict()),
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
    )
