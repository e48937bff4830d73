"""The answers of ``GET /v1/model`` and ``GET /v1/instruments``; `serving.prediction.description` fills them in."""

from typing import Literal

from features.protocol.document import Covariate, RelapseRule, RemissionRule
from models.performance import Performance
from serving.contract.response import Part, Probability, QuestionTier


class HeadDescription(Part):
    """What a head was fitted on: patients, events among them, the winning candidate, and a note.

    ``answers`` is false if it could not be fitted.
    """

    patients: int
    events: int
    winner: str | None
    note: str
    answers: bool


class ApplicabilityProportions(Part):
    """The proportions of the training patients who are inside, at the edge and outside."""

    inside: Probability
    at_the_edge: Probability
    outside: Probability


class LandmarkDescription(Part):
    """A landmark (moment of prediction), what a record needs to reach it, and the heads that answer there.

    ``before_session`` is the dosing session on whose day it is; if the session is late or never comes, it is
    ``else_days`` days after the session before. ``day`` is its day if it is a fixed one, counted from day 0.
    ``applicability`` is null if the model does not describe its training patients.
    """

    name: str
    needs: str
    before_session: int | None
    else_days: int | None
    day: int | None
    heads: dict[str, HeadDescription]
    applicability: ApplicabilityProportions | None


class ProtocolDescription(Part):
    """The study's rules: the acute course (days), remission, relapse, and the horizons.

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
    """One number computed from a record; a value outside ``minimum`` to ``maximum`` is an error."""

    name: str
    group: str
    meaning: str
    unit: str
    minimum: float
    maximum: float


class PromotionDescription(Part):
    """The decision by which this model answers: its number, what was decided by whom, when (UTC) and why.

    ``granted`` has the tier of every question at every landmark. ``overridden``: it was promoted although the checks in
    ``not_met`` were not met. ``approved_by`` are the persons who approved it before.
    """

    decision: int
    action: Literal["promote", "override", "rollback"]
    by: str
    at: str
    reason: str
    tier: Literal["research", "shadow", "clinic"]
    granted: dict[str, dict[str, QuestionTier]]
    overridden: bool
    not_met: list[str]
    approved_by: list[str]


class ModelDescription(Part):
    """The served model: its origin, intended use, development cohort and performance.

    ``version`` and ``run_id`` name it and its training in the registry. ``bundle_digest`` is the SHA-256 of its
    manifest, which has the digests of all its files. ``synthetic``: fitted on made-up patients. ``performance`` has 95%
    intervals. ``promotion`` is the decision by which it answers. Where one is null, ``notes`` says why.
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
    promotion: PromotionDescription | None = None


class Band(Part):
    """A published severity band, by its lowest score."""

    from_score: float
    name: str


class LoincCodes(Part):
    """LOINC codes of a scale: of the whole form, of its total, and of its items in the order of the form.

    Each list is empty where no code was found in a source.
    """

    panel: tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


class Scale(Part):
    """A rating scale; scores are in points as recorded.

    ``kind`` is "outcome", or "experience" for a scale that decides no outcome. ``decides_outcomes``: it decides
    remission and relapse under the served protocol. ``higher_is`` is "worse" or "better". If it is worse, the cut-offs
    are ``remission_at_most`` and ``relapse_at_least``, else ``remission_at_least`` and ``relapse_at_most``; the other
    two are null. They and ``reliable_change`` are null for an experience, and where no number is published. ``source``
    has the source of every number. ``loinc`` has the codes by which FHIR resources name the scale.
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
    higher_is: str = "worse"
    remission_at_least: float | None = None
    relapse_at_most: float | None = None
    loinc: LoincCodes = LoincCodes()


class Instruments(Part):
    """Every scale that a record may hold under the served protocol.

    ``primary`` are those that decide outcomes; a patient's primary scale is the first of them rated at baseline.
    """

    protocol: str
    protocol_digest: str
    primary: list[str]
    instruments: list[Scale]
