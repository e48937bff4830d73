"""The evidence about a model: every figure with its interval, in one recorded document.

A training (on held-out patients), an external evaluation or an update writes it once. The promotion policy, the report,
MLflow's metrics and the audit read it. Nothing in it identifies a patient.
"""

from typing import Literal

from pydantic import AliasChoices, Field, model_validator

from training.evidence.descriptions import BaselineTable, ModelSpecification, RelapseIncidence
from training.evidence.parts import (
    CalibrationCurve,
    DecisionCurve,
    Estimate,
    EvidencePart,
    Number,
    Question,
    Sensitivity,
    SiteEstimate,
    SiteMetaAnalysis,
    Subgroup,
)

__all__ = [
    "FORMAT", "Acknowledgement", "CalibrationCurve", "CandidateEvidence", "DecisionCurve", "Direction", "Estimate",
    "EvaluatedCohort", "Evidence", "EvidencePart", "FeatureSummary", "FlowCount", "HeadEvidence", "Instability",
    "LandmarkEvidence", "LandmarkGain", "LeakageCheck", "LearningCurve", "Number", "Question", "RefitCheck",
    "SampleSize", "Sensitivity", "SiteEstimate", "SiteMetaAnalysis", "Subgroup",
    "read_evidence",
]  # fmt: skip

FORMAT = 3
"""Format 1 had neither directions nor sensitivities of the kind "worse by"; 1 and 2 had no descriptions."""
EARLIER = "risk_groups"
"""A part of landmarks in formats 1 and 2."""


class SampleSize(EvidencePart):
    """Riley's minimum number of patients for the parameters used; criteria by name, ``required`` the largest.

    ``parameters`` are the winner's effective parameters without its baseline; ``considered`` counts each in full, and
    ``required_for_considered`` is the number of patients for that. ``met`` is null if it can't be computed, because
    the held-out predictions show no signal.
    """

    parameters: int
    considered: int | None = None
    required_for_considered: int | None = None
    patients: int
    events: int
    criteria: dict[str, int]
    required: int | None
    met: bool | None


class Instability(EvidencePart):
    """How much patients' probabilities move between bootstrap refits (probability points, over patients)."""

    refits: int
    mean_absolute_change: Number
    median_width: Number
    share_moving_over_ten_points: Number


class LearningCurve(EvidencePart):
    """Held-out discrimination by number of training patients, and what twice the patients would buy.

    The extrapolation is a fitted inverse power law; null where the points do not support one.
    """

    measure: str
    patients: list[int]
    values: list[Estimate]
    doubled_patients: int | None
    doubled: Number


class CandidateEvidence(EvidencePart):
    """One candidate's mean held-out loss, and its difference to the best one's, as the choice used them.

    ``difference`` is paired by patient and has a 95% interval; ``z`` is the difference in standard errors and
    ``p`` its one-sided p by the t test, null for the best candidate itself. The average (no_model) is kept unless its
    ``p`` is below the level of the settings, by the usual rule; else the best is chosen. ``research_only`` says why no
    bundle can hold it, empty if one can.
    """

    name: str
    loss: Number
    difference: Estimate
    z: Number
    p: Number
    research_only: str = ""


class HeadEvidence(EvidencePart):
    """The evidence of a head, except its questions. ``measures`` has those without a horizon (c_index, ...).

    ``model`` is the head in full, where it was fitted or updated on this cohort. ``absent`` says by name why
    candidates were not fitted.
    """

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
    model: ModelSpecification | None = None
    absent: dict[str, str] = Field(default_factory=dict)


class FeatureSummary(EvidencePart):
    """One feature's distribution among those analysed; ``q05`` to ``q95`` are percentiles of those recorded.

    Figures of fewer than ten recorded values are null, and so is a share of one to four patients; yes/no features have
    no percentiles.
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


class LandmarkGain(EvidencePart):
    """The gain of a landmark over the one before, on patients predicted at both: differences of measures."""

    before: str
    head: Literal["remission", "relapse"]
    n: int
    measures: dict[str, Estimate]


class FlowCount(EvidencePart):
    """A box of the flow diagram."""

    name: str
    label: str
    n: int


class LandmarkEvidence(EvidencePart):
    """Everything about one landmark."""

    name: str
    flow: list[FlowCount]
    case_mix: list[FeatureSummary]
    heads: list[HeadEvidence]
    questions: list[Question]
    gains: list[LandmarkGain]
    incidence: RelapseIncidence | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_risk_groups(cls, given: object) -> object:
        """Formats 1 and 2 had event-free curves by thirds of risk, which ``incidence`` replaces."""
        return {key: value for key, value in given.items() if key != EARLIER} if isinstance(given, dict) else given


class Acknowledgement(EvidencePart):
    """Who is responsible for training although a leakage check failed, and why."""

    check: str
    by: str
    reason: str

    def as_text(self) -> str:
        """Who is responsible, and why."""
        return f"acknowledged by {self.by}: {self.reason}"


class LeakageCheck(EvidencePart):
    """One leakage check, in sentences with its figures.

    ``warning`` says what to look at after a check that passed, empty if nothing. A failed check stops a training
    unless it is ``acknowledged``; one that is not ``acknowledgeable`` always does.
    """

    name: str
    passed: bool
    required: str
    seen: str
    named: list[str] = Field(default_factory=list)
    warning: str = ""
    acknowledgeable: bool = True
    acknowledged: Acknowledgement | None = None

    @property
    def stops(self) -> bool:
        """Whether it failed and is not acknowledged."""
        return not self.passed and self.acknowledged is None

    @property
    def seen_in_full(self) -> str:
        """The finding, with the warning if there is one."""
        return f"{self.seen}. Warning: {self.warning}" if self.warning else self.seen

    @property
    def verdict(self) -> str:
        """The verdict, with who acknowledged a failed check, and why."""
        if self.acknowledged is not None:
            return f"FAILED, {self.acknowledged.as_text()}"
        return ("passed, with a warning" if self.warning else "passed") if self.passed else "FAILED"


class Direction(EvidencePart):
    """The effect of one step of a clinical fact on one answer at one landmark, over all patients who can take the step.

    ``expected`` is the direction in which the outcome's probability should move. ``against`` counts the ``patients``
    whose probability moves the other way by more than ``margin``, ``largest_against`` is the largest such move, 0
    without any, and ``median_move`` the median of all moves with its sign (probability points from 0 to 1).
    ``horizon_days`` is null for remission.
    """

    landmark: str
    fact: str
    meaning: str
    head: Literal["remission", "relapse"]
    horizon_days: int | None
    expected: Literal["more", "less"]
    patients: int
    margin: float
    against: int
    largest_against: float
    median_move: Number


class RefitCheck(EvidencePart):
    """Whether a second fit of the winners gave the same bytes."""

    heads: int
    identical: bool


class EvaluatedCohort(EvidencePart):
    """The cohort that the evidence is about."""

    source: str
    digest: str
    patients: int
    sites: int
    synthetic: bool


class Evidence(EvidencePart):
    """All evidence about a model on one cohort.

    ``kind`` is "held out" for a training (every patient predicted by models fitted without the patient), "external"
    for a model evaluated on another cohort, "updated" for one updated on this cohort (cross-fitted). ``quick`` marks
    a training that skipped parts, and that only an override promotes. ``folds`` says how patients were held out.
    ``bundle_digest`` names the model; evidence without it is about no model in particular. ``model_synthetic`` says
    whether the model was fitted on a synthetic cohort, `EvaluatedCohort.synthetic` whether the evaluated one is
    synthetic. ``directions`` are about the model on its development cohort; none for a validation cohort.
    ``baseline`` holds the patients analysed at the first landmark, by outcome and by site.
    """

    format: int = FORMAT
    kind: Literal["held out", "external", "updated"]
    quick: bool
    bundle_digest: str | None = None
    model_synthetic: bool = False
    cohort: EvaluatedCohort
    protocol: str
    protocol_digest: str
    folds: str
    resampled: str
    draws: int
    seed: int
    landmarks: list[LandmarkEvidence]
    leakage: list[LeakageCheck]
    directions: list[Direction] = Field(default_factory=list)
    refit_check: RefitCheck | None = Field(validation_alias=AliasChoices("refit_check", "reproduction"))
    caveats: list[str] = Field(default_factory=list)
    baseline: list[BaselineTable] = Field(default_factory=list)

    def landmark(self, name: str) -> LandmarkEvidence:
        """The landmark of a name."""
        return next(found for found in self.landmarks if found.name == name)

    def as_json(self) -> str:
        """The document; the same evidence gives the same text."""
        return self.model_dump_json(indent=1) + "\n"


def read_evidence(document: bytes | str) -> Evidence:
    """The evidence in a JSON text; raises pydantic's ``ValidationError`` for anything else."""
    return Evidence.model_validate_json(document)
