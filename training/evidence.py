"""What is proven about a model: every figure with its interval, as one document that is recorded and read again.

It is written once, by a training (on patients held out) or by an external evaluation; the promotion gate, the report,
MLflow's metrics and the audit all read it. Nothing in it identifies a patient.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict

FORMAT = 1


def _finite(value: object) -> object:
    """NaN and infinities become null: JSON has neither."""
    return None if isinstance(value, float | np.floating) and not np.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A figure; null where it is not defined."""


class Part(BaseModel):
    """A part of the evidence."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Estimate(Part):
    """A figure with its 95% interval."""

    estimate: Number
    low: Number = None
    high: Number = None


class CalibrationCurve(Part):
    """Observed against predicted probability, smoothed, with 95% limits; all lists have the same length.

    ``counts`` (20 bins of equal width from 0 to 1) is the distribution of the predictions; bins of fewer than ten
    patients are null, and where that would be a single one the next smallest too.
    """

    predicted: list[float]
    observed: list[Number]
    low: list[Number]
    high: list[Number]
    counts: list[int | None]


class DecisionCurve(Part):
    """Net benefit per patient at each threshold probability; lists of the same length.

    ``difference`` is the model's minus that of the better of acting for all and for none, with 95% limits from the
    same draws; larger is better. Empty where it was not computed.
    """

    thresholds: list[float]
    model: list[Number]
    low: list[Number]
    high: list[Number]
    treat_all: list[Number]
    difference: list[Number] = []
    difference_low: list[Number] = []
    difference_high: list[Number] = []


class SiteEstimate(Part):
    """One site's own figures."""

    site: str
    n: int
    events: int
    discrimination: Estimate
    calibration_in_the_large: Estimate
    calibration_slope: Estimate


class AcrossSites(Part):
    """A measure over sites: the random-effects mean, its interval, and what a new site should expect."""

    measure: str
    sites: int
    mean: Estimate
    tau: Number
    new_site_low: Number
    new_site_high: Number


class Subgroup(Part):
    """Figures of one group of patients. Those of fewer than ten are suppressed: ``n`` and all figures are null.

    ``events`` is null below five.
    """

    variable: str
    group: str
    n: int | None
    events: int | None = None
    mean_predicted: Number = None
    observed: Estimate | None = None
    discrimination: Estimate | None = None
    calibration_in_the_large: Estimate | None = None
    net_benefit: Estimate | None = None


class Sensitivity(Part):
    """The measures when unobserved outcomes are treated another way: "weights", "all-no" or "excluded"."""

    treatment: str
    n: int
    measures: dict[str, Estimate]


class Question(Part):
    """One yes/no question: remission, relapse by a day, or sustained remission to a day.

    ``head`` is remission, relapse or sustained; ``horizon_days`` is null for remission. ``n`` patients have an answer
    (``events`` of them yes), ``not_observed`` have none. For relapse the patients are those at risk. ``observed_rate``
    is weighted. ``subgroup_threshold`` is the threshold probability of the subgroups' net benefit.
    """

    name: str
    head: Literal["remission", "relapse", "sustained"]
    horizon_days: int | None
    n: int
    events: int
    not_observed: int
    observed_rate: Number = None
    measures: dict[str, Estimate]
    calibration: CalibrationCurve | None
    decision: DecisionCurve | None
    sites: list[SiteEstimate]
    across_sites: list[AcrossSites]
    subgroups: list[Subgroup]
    subgroup_threshold: Number = None
    sensitivity: list[Sensitivity]


class SampleSize(Part):
    """Riley's minimum number of patients for the parameters used; criteria by name, ``required`` the largest.

    ``parameters`` is what the winner estimates beside its baseline, penalised ones counted as the unpenalised ones
    that they amount to; ``considered`` counts each in full, and ``required_for_considered`` is what that would take.
    ``met`` is null where it can't be computed: where those held out show nothing that was learned.
    """

    parameters: int
    considered: int | None = None
    required_for_considered: int | None = None
    patients: int
    events: int
    criteria: dict[str, int]
    required: int | None
    met: bool | None


class Instability(Part):
    """How much patients' probabilities move between bootstrap refits (probability points, over patients)."""

    refits: int
    mean_absolute_change: Number
    median_width: Number
    share_moving_over_ten_points: Number


class LearningCurve(Part):
    """Held-out discrimination by number of training patients, and what twice the patients would buy.

    The extrapolation is a fitted inverse power law; null where the points do not support one.
    """

    measure: str
    patients: list[int]
    values: list[Estimate]
    doubled_patients: int | None
    doubled: Number


class CandidateEvidence(Part):
    """One candidate's mean held-out loss and its standard error, as the choice of the winner saw them."""

    name: str
    loss: Number
    standard_error: Number


class HeadEvidence(Part):
    """What is proven of a head beside its questions. ``measures`` has what is not of one horizon (c_index, ...)."""

    head: Literal["remission", "relapse"]
    n: int
    events: int
    winner: str | None
    note: str
    loss: str
    candidates: list[CandidateEvidence]
    measures: dict[str, Estimate]
    sample_size: SampleSize | None
    instability: Instability | None
    learning_curve: LearningCurve | None


class FeatureSummary(Part):
    """One feature's distribution among those analysed; ``q05`` to ``q95`` are percentiles of those recorded.

    Figures of fewer than ten recorded values are null, and so is a share that stands for one to four patients; features
    of yes or no have no percentiles.
    """

    name: str
    meaning: str
    unit: str
    recorded: int
    missing_share: float
    mean: Number
    sd: Number
    q05: Number
    q50: Number
    q95: Number


class RiskGroup(Part):
    """A third of the patients at risk by predicted relapse: what was predicted and what was seen, at ``days``."""

    name: str
    n: int
    predicted_event_free: list[Number]
    observed_event_free: list[Number]
    observed_low: list[Number]
    observed_high: list[Number]


class RiskGroups(Part):
    """Event-free curves (no relapse, no competing event) by thirds of predicted risk, beside Kaplan-Meier."""

    days: list[int]
    groups: list[RiskGroup]


class LandmarkGain(Part):
    """What this landmark adds over the one before it, on patients predicted at both: differences of measures."""

    before: str
    head: Literal["remission", "relapse"]
    n: int
    measures: dict[str, Estimate]


class FlowCount(Part):
    """A box of the flow diagram."""

    name: str
    label: str
    n: int


class LandmarkEvidence(Part):
    """Everything about one landmark."""

    name: str
    flow: list[FlowCount]
    case_mix: list[FeatureSummary]
    heads: list[HeadEvidence]
    questions: list[Question]
    risk_groups: RiskGroups | None
    gains: list[LandmarkGain]


class LeakageCheck(Part):
    """One check of the leakage gate, in words with its figures."""

    name: str
    passed: bool
    required: str
    seen: str
    named: list[str] = []


class Reproduction(Part):
    """Whether fitting the winners a second time gave the same bytes."""

    heads: int
    identical: bool


class CohortUsed(Part):
    """The cohort that the evidence is about."""

    source: str
    digest: str
    patients: int
    sites: int
    synthetic: bool


class Evidence(Part):
    """All that is proven of a model on one cohort.

    ``kind`` is "held out" for a training (every patient predicted by models that never saw the patient), "external"
    for a model judged on another cohort, "updated" for a model updated on this cohort (cross-fitted). ``quick`` marks
    a training that skipped parts and can't be promoted. ``folds`` says how patients were held out. ``bundle_digest``
    names the model; evidence without it is about no model in particular.
    """

    format: int = FORMAT
    kind: Literal["held out", "external", "updated"]
    quick: bool
    bundle_digest: str | None = None
    cohort: CohortUsed
    protocol: str
    protocol_digest: str
    folds: str
    resampled: str
    draws: int
    seed: int
    landmarks: list[LandmarkEvidence]
    leakage: list[LeakageCheck]
    reproduction: Reproduction | None
    caveats: list[str] = []

    def landmark(self, name: str) -> LandmarkEvidence:
        """The landmark of a name."""
        return next(found for found in self.landmarks if found.name == name)

    def as_json(self) -> str:
        """The document; the same evidence gives the same text."""
        return self.model_dump_json(indent=1) + "\n"


def read_evidence(document: bytes | str) -> Evidence:
    """The evidence in a JSON text; raises pydantic's ``ValidationError`` for anything else."""
    return Evidence.model_validate_json(document)
