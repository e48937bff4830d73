"""Evidence for tests: that of a good model on 2,500 synthetic patients, and ways to spoil it."""

from collections.abc import Callable
from typing import Literal

from features.protocol.document import Protocol
from training.config import load_policy
from training.evidence.document import (
    CalibrationCurve,
    CandidateEvidence,
    DecisionCurve,
    Direction,
    Estimate,
    EvaluatedCohort,
    Evidence,
    HeadEvidence,
    Instability,
    LandmarkEvidence,
    LeakageCheck,
    LearningCurve,
    Question,
    RefitCheck,
    SampleSize,
    SiteEstimate,
    Subgroup,
)
from training.experiment.champion_comparison import ChampionComparison

HEADS: tuple[Literal["remission", "relapse"], ...] = ("remission", "relapse")
NO_CHAMPION = ChampionComparison(None)
RATES = {"remission": 0.31, "relapse": 0.38, "sustained": 0.18}
THRESHOLDS = [round(0.02 * step, 2) for step in range(1, 50)]


def good_evidence(protocol: Protocol | None = None, winner: str = "logistic") -> Evidence:
    """Every question of the protocol at every landmark, each answered well by ``winner``."""
    protocol = protocol or Protocol()
    return Evidence(
        kind="held out",
        quick=False,
        cohort=EvaluatedCohort(source="simulated", digest="c" * 64, patients=2500, sites=8, synthetic=True),
        protocol=protocol.name,
        protocol_digest=protocol.digest,
        folds="sites",
        resampled="patients within sites",
        draws=500,
        seed=7,
        landmarks=[landmark_evidence(landmark.name, protocol, winner) for landmark in protocol.landmarks],
        leakage=[
            LeakageCheck(name=name, passed=True, required="as it should be", seen="as it should be")
            for name in load_policy().leakage_checks
        ],
        directions=[direction(landmark.name, head) for landmark in protocol.landmarks for head in HEADS],
        refit_check=RefitCheck(heads=2 * len(protocol.landmarks), identical=True),
    )


def direction(
    landmark: str, head: Literal["remission", "relapse"], against: int = 0, largest: float = 0.001
) -> Direction:
    """What a worse rating does to an answer: so many of 900 patients move against the sign, one so far."""
    return Direction(
        landmark=landmark,
        fact="worse_rating",
        meaning="The latest rating is worse.",
        head=head,
        horizon_days=None if head == "remission" else 182,
        expected="less" if head == "remission" else "more",
        patients=900,
        margin=0.005,
        against=against,
        largest_against=largest,
        median_move=-0.04 if head == "remission" else 0.03,
    )


def landmark_evidence(name: str, protocol: Protocol, winner: str = "logistic") -> LandmarkEvidence:
    heads: list[Literal["remission", "relapse"]] = ["remission", "relapse"]
    if protocol.remission.at_landmark:
        heads = ["relapse"]
    questions = [question_of(kind, days) for days in protocol.horizons_days for kind in ("relapse", "sustained")]
    if "remission" in heads:
        questions = [question_of("remission", None), *questions]
    return LandmarkEvidence(
        name=name,
        flow=[],
        case_mix=[],
        heads=[head_of(head, winner) for head in heads],
        questions=questions,
        gains=[],
    )


def head_of(head: Literal["remission", "relapse"], winner: str | None = "logistic") -> HeadEvidence:
    even = Estimate(estimate=0.0, low=0.0, high=0.0)
    patients, events = (2100, 650) if head == "remission" else (640, 245)
    return HeadEvidence(
        head=head,
        n=patients,
        events=events,
        winner=winner,
        note="",
        loss="log_loss",
        candidates=[CandidateEvidence(name="no_model", loss=0.62, difference=even, z=None, p=None)],
        measures={} if head == "remission" else {"c_index": Estimate(estimate=0.63, low=0.59, high=0.67)},
        sample_size=SampleSize(
            parameters=6, patients=patients, events=events, criteria={"precision": 340}, required=600, met=True
        ),
        instability=Instability(
            refits=100, mean_absolute_change=0.02, median_width=0.08, share_moving_over_ten_points=0.01
        ),
        learning_curve=LearningCurve(measure="auc", patients=[], values=[], doubled_patients=None, doubled=None),
    )


def question_of(kind: Literal["remission", "relapse", "sustained"] | str, days: int | None) -> Question:
    rate = RATES[kind]
    treat_all = [rate - (1 - rate) * at / (1 - at) for at in THRESHOLDS]
    model = [max(value, 0.0) + 0.01 for value in treat_all]
    large = Estimate(estimate=0.03, low=-0.12, high=0.18)
    return Question(
        name=kind if days is None else f"{kind}_{days}",
        head=kind,  # type: ignore[arg-type]
        horizon_days=days,
        n=600,
        events=int(600 * rate),
        not_observed=80,
        measures={
            "auc": Estimate(estimate=0.71, low=0.66, high=0.75),
            "calibration_intercept": large,
            "calibration_slope": Estimate(estimate=0.96, low=0.78, high=1.15),
        },
        calibration=CalibrationCurve(predicted=[], observed=[], low=[], high=[], counts=[]),
        decision=DecisionCurve(
            thresholds=THRESHOLDS,
            model=model,
            low=[value - 0.03 for value in model],
            high=[value + 0.03 for value in model],
            treat_all=treat_all,
            difference=[0.01] * len(THRESHOLDS),
            difference_low=[-0.005] * len(THRESHOLDS),
            difference_high=[0.025] * len(THRESHOLDS),
        ),
        sites=[
            SiteEstimate(
                site="north",
                n=300,
                events=90,
                discrimination=Estimate(estimate=0.7),
                calibration_in_the_large=Estimate(estimate=0.1),
                calibration_slope=Estimate(estimate=1.0),
            )
        ],
        across_sites=[],
        subgroups=[
            Subgroup(variable="sex", group="female", n=380, events=120, calibration_in_the_large=large),
            Subgroup(variable="sex", group="male", n=220, events=60, calibration_in_the_large=Estimate(estimate=-0.2)),
            Subgroup(variable="age", group="80 and over", n=None),
        ],
        sensitivity=[],
    )


def with_landmarks(evidence: Evidence, change: Callable[[LandmarkEvidence], LandmarkEvidence]) -> Evidence:
    """The evidence with every landmark changed alike."""
    return evidence.model_copy(update={"landmarks": [change(landmark) for landmark in evidence.landmarks]})


def with_questions(evidence: Evidence, change: Callable[[Question], Question]) -> Evidence:
    """The evidence with every question changed alike."""
    return with_landmarks(
        evidence,
        lambda landmark: landmark.model_copy(update={"questions": [change(each) for each in landmark.questions]}),
    )


def with_measure(evidence: Evidence, name: str, figure: Estimate | None) -> Evidence:
    """The evidence with one measure of every question set, or left out."""
    if figure is None:
        return with_questions(
            evidence,
            lambda each: each.model_copy(update={"measures": {k: v for k, v in each.measures.items() if k != name}}),
        )
    return with_questions(
        evidence, lambda each: each.model_copy(update={"measures": dict(each.measures) | {name: figure}})
    )


def with_heads(evidence: Evidence, **changes: object) -> Evidence:
    """The evidence with every head changed alike."""
    return with_landmarks(
        evidence,
        lambda landmark: landmark.model_copy(
            update={"heads": [head.model_copy(update=changes) for head in landmark.heads]}
        ),
    )
