"""Evidence written by hand for the tests of what reads it: a full training, an external validation, a nearly empty one.

No figure was computed from anybody; shapes are smooth curves that look like a real run's.
"""

from math import exp

from features.protocol.document import Protocol
from tests.training.evidences import direction
from training.average_risk import AVERAGE_RISK
from training.evidence.descriptions import (
    BaselineCell,
    BaselineColumn,
    BaselineRow,
    BaselineTable,
    Dependence,
    FeatureImportance,
    IncidenceGroup,
    LinearTerm,
    ModelSpecification,
    RelapseIncidence,
)
from training.evidence.document import (
    CalibrationCurve,
    CandidateEvidence,
    DecisionCurve,
    Estimate,
    EvaluatedCohort,
    Evidence,
    FeatureSummary,
    FlowCount,
    HeadEvidence,
    Instability,
    LandmarkEvidence,
    LandmarkGain,
    LeakageCheck,
    LearningCurve,
    Question,
    RefitCheck,
    SampleSize,
    Sensitivity,
    SiteEstimate,
    SiteMetaAnalysis,
    Subgroup,
)
from training.report.facts import ReportFacts, feature_dictionary, outcome_rules

NASTY = '<script>alert("1")</script> & $\\frac{a}{b}$ ]]> --> \x07 Zürich 北京'
"""A name that is a tag, a formula, the end of a comment, and a control character."""


def about(title: str = "KAP outcomes") -> ReportFacts:
    """Facts of a run under the default protocol."""
    return ReportFacts(
        title=title,
        model_version="7",
        run_id="0f3c5a1be2d94d3a9a7d0c1b2e3f4a5b",
        bundle_digest="c0ffee" * 10 + "abcd",
        written_on="1 March 2026",
        seed=7,
        provenance={"commit": "8ff3c09", "sources_digest": "ab" * 32, "python": "3.11.9", "package.numpy": "2.3.1"},
        settings={"seed": "7", "candidates": "no_model, one_variable, logistic, xgboost", "folds": "5"},
        features=feature_dictionary(Protocol()),
        outcomes=outcome_rules(Protocol()),
    )


def training_evidence() -> Evidence:
    """A training on a synthetic cohort: three landmarks, the first relapse head without a model."""
    marks = [
        landmark("before session 1", 0.64, "no_model", None),
        landmark("before session 2", 0.70, "logistic", "before session 1"),
        landmark("before session 3", 0.74, "xgboost", "before session 2"),
    ]
    return evidence(
        "held out",
        marks,
        EvaluatedCohort(source="synthetic-2500", digest="d1" * 32, patients=2500, sites=6, synthetic=True),
    )


def external_evidence() -> Evidence:
    """An external validation where everybody is in remission at the landmark: relapse only."""
    mark = landmark("after surgery", 0.67, "logistic", None)
    relapse = [question for question in mark.questions if question.head == "relapse"]
    heads = [head for head in mark.heads if head.head == "relapse"]
    flow = [box for box in mark.flow if not box.name.startswith("remission.")]
    mark = mark.model_copy(update={"questions": relapse, "heads": heads, "flow": flow, "gains": []})
    return evidence(
        "external", [mark], EvaluatedCohort(source="gbsg", digest="e2" * 32, patients=686, sites=1, synthetic=False)
    )


def bare_evidence() -> Evidence:
    """A quick training in which nothing was fitted and hardly a figure is defined, with names of the worst kind."""
    nothing = HeadEvidence(
        head="relapse",
        n=0,
        events=0,
        winner=None,
        note=NASTY,
        loss="log_loss",
        candidates=[],
        measures={},
        sample_size=None,
        instability=None,
        learning_curve=None,
    )
    undefined = Estimate(estimate=None)
    asked = Question(
        name=NASTY,
        head="remission",
        horizon_days=None,
        n=12,
        events=0,
        not_observed=3,
        measures={"auc": undefined, "unheard_of": Estimate(estimate=0.5)},
        calibration=CalibrationCurve(
            predicted=[0.1, 0.2], observed=[None, None], low=[None, None], high=[None, None], counts=[None] * 20
        ),
        decision=DecisionCurve(
            thresholds=[0.1, 0.2], model=[None, None], low=[None, None], high=[None, None], treat_all=[None, None]
        ),
        sites=[
            SiteEstimate(
                site=NASTY,
                n=12,
                events=0,
                discrimination=undefined,
                calibration_in_the_large=undefined,
                calibration_slope=undefined,
            )
        ],
        across_sites=[],
        subgroups=[Subgroup(variable=NASTY, group="yes", n=None)],
        sensitivity=[],
    )
    first = HeadEvidence(
        head="remission",
        n=12,
        events=0,
        winner="no_model",
        note="too few",
        loss="log_loss",
        candidates=[CandidateEvidence(name="no_model", loss=None, difference=undefined, z=None, p=None)],
        measures={},
        sample_size=SampleSize(parameters=0, patients=12, events=0, criteria={}, required=None, met=None),
        instability=None,
        learning_curve=None,
    )
    twice = [
        LandmarkEvidence(
            name=NASTY,
            flow=[FlowCount(name="patients", label=NASTY, n=12)],
            case_mix=[],
            heads=[first],
            questions=[asked],
            gains=[],
        ),
        LandmarkEvidence(name=NASTY, flow=[], case_mix=[], heads=[nothing], questions=[asked], gains=[]),
    ]
    found = evidence(
        "held out", twice, EvaluatedCohort(source=NASTY, digest="0" * 64, patients=12, sites=0, synthetic=False)
    )
    failed = LeakageCheck(name=NASTY, passed=False, required=NASTY, seen=NASTY, named=[NASTY])
    return found.model_copy(
        update={
            "quick": True,
            "baseline": [],
            "caveats": [NASTY],
            "leakage": [failed],
            "refit_check": None,
            "protocol": NASTY,
        }
    )


def evidence(kind: str, landmarks: list[LandmarkEvidence], cohort: EvaluatedCohort) -> Evidence:
    """Evidence about landmarks, with the checks of a whole training."""
    checks = (
        "shuffled outcomes",
        "future perturbation",
        "positive control",
        "near-duplicate records",
        "single features",
    )
    return Evidence.model_validate(
        {
            "kind": kind,
            "quick": False,
            "cohort": cohort,
            "protocol": "kap",
            "protocol_digest": "a1" * 32,
            "folds": "leave one site out, 6 sites",
            "resampled": "patients and sites",
            "draws": 500,
            "seed": 7,
            "landmarks": landmarks,
            "leakage": [
                LeakageCheck(name=name, passed=True, required="AUC within 0.45 to 0.55", seen="AUC 0.507")
                for name in checks
            ],
            "directions": [] if kind == "external" else [direction("before session 3", "remission", 419, 0.213)],
            "refit_check": RefitCheck(heads=6, identical=True),
            "caveats": ["Remission was not observed in 17% of patients; weights stand for them."],
            "baseline": baseline(),
        }
    )


def landmark(name: str, auc: float, relapse_winner: str, before: str | None) -> LandmarkEvidence:
    """A landmark with five questions and every figure."""
    questions = [
        question("remission", "remission", None, auc, 0.31),
        *(question(f"relapse by day {days}", "relapse", days, 0.62, rate) for days, rate in ((84, 0.33), (182, 0.45))),
        *(
            question(f"sustained to day {days}", "sustained", days, auc, rate)
            for days, rate in ((84, 0.2), (182, 0.16))
        ),
    ]
    gains = (
        [
            LandmarkGain(
                before=before,
                head="remission",
                n=1700,
                measures={"auc": around(0.04, 0.01), "log_loss": around(-0.02, 0.005)},
            )
        ]
        if before
        else []
    )
    return LandmarkEvidence(
        name=name,
        flow=flow(),
        case_mix=case_mix(),
        heads=[head("remission", "xgboost"), head("relapse", relapse_winner)],
        questions=questions,
        incidence=incidence(),
        gains=gains,
    )


def question(name: str, head_name: str, days: int | None, auc: float, rate: float) -> Question:
    """A question with every measure and figure; two of its groups are too small to show."""
    places = [0.02 + 0.02 * step for step in range(40)]
    seen = [min(1.0, place * 0.95 + 0.01) for place in places]
    counts = [max(0, round(420 * exp(-(((bin_ + 0.5) / 20 - rate) ** 2) / 0.03))) for bin_ in range(20)]
    thresholds = [0.01 * step for step in range(5, 61)]
    everyone: list[float] = [rate - (1 - rate) * t / (1 - t) for t in thresholds]
    model = [
        max(0.0, everyone[0] * (1 - t / 0.62) ** 2, every + 0.012 * t)
        for t, every in zip(thresholds, everyone, strict=True)
    ]
    measures = {
        "auc": around(auc, 0.02),
        "log_loss": around(0.58, 0.01),
        "brier": around(0.19, 0.005),
        "brier_reliability": around(0.001, 0.0005),
        "brier_resolution": around(0.02, 0.004),
        "brier_uncertainty": around(0.21, 0.003),
        "ipa": around(0.09, 0.02),
        "oe": around(1.01, 0.04),
        "calibration_intercept": around(0.01, 0.08),
        "calibration_slope": around(0.96, 0.09),
        "ici": around(0.012, 0.004),
        "e50": around(0.01, 0.004),
        "e90": around(0.03, 0.01),
    }
    sites = [
        SiteEstimate(
            site=f"synthetic-site-{letter}",
            n=200 + 60 * place,
            events=60 + 15 * place,
            discrimination=around(auc + 0.015 * (place - 2), 0.04),
            calibration_in_the_large=around(0.1 * (place - 2), 0.15),
            calibration_slope=around(0.95, 0.2),
        )
        for place, letter in enumerate("ABCDEF")
    ]
    across = [
        SiteMetaAnalysis(
            measure=measure,
            sites=6,
            mean=around(value, 0.03),
            tau=0.02,
            new_site_low=value - low,
            new_site_high=value + low,
        )
        for measure, value, low in (
            ("auc", auc, 0.07),
            ("calibration_intercept", 0.02, 0.3),
            ("calibration_slope", 0.95, 0.2),
        )
    ]
    named = (
        ("sex", "female"),
        ("sex", "male"),
        ("age", "under 30"),
        ("age", "30 to 44"),
        ("age", "45 to 59"),
        ("diagnosis", "gad"),
        ("diagnosis", "social_anxiety"),
        ("diagnosis", "ocd"),
    )
    groups = [
        Subgroup(
            variable=variable,
            group=group,
            n=900 - 90 * place,
            events=300 - 30 * place,
            mean_predicted=rate,
            observed=around(rate + 0.01 * place, 0.02),
            discrimination=around(auc - 0.01 * place, 0.03),
            calibration_in_the_large=around(0.07 * (place - 3), 0.1),
            net_benefit=around(0.04, 0.01),
        )
        for place, (variable, group) in enumerate(named)
    ]
    hidden = [
        Subgroup(variable="diagnosis", group="agoraphobia", n=None),
        Subgroup(variable="sex", group="other", n=None),
    ]
    return Question.model_validate(
        {
            "name": name,
            "head": head_name,
            "horizon_days": days,
            "n": 2000,
            "events": round(2000 * rate),
            "not_observed": 400,
            "observed_rate": rate,
            "measures": measures,
            "calibration": CalibrationCurve(
                predicted=places,
                observed=[None, *seen[1:]],
                low=[max(0.0, value - 0.04) for value in seen],
                high=[min(1.0, value + 0.04) for value in seen],
                counts=[count if count >= 10 else None for count in counts],
            ),
            "decision": DecisionCurve(
                thresholds=thresholds,
                model=[*model],
                low=[value - 0.01 for value in model],
                high=[value + 0.01 for value in model],
                treat_all=[*everyone],
            ),
            "sites": sites,
            "across_sites": across,
            "subgroups": [*groups, *hidden],
            "subgroup_threshold": 0.3,
            "sensitivity": [
                Sensitivity(
                    treatment=treatment,
                    n=n,
                    measures={key: measures[key] for key in ("auc", "calibration_slope", "oe")},
                )
                for treatment, n in (("weights", 2000), ("all-no", 2400), ("excluded", 2000))
            ],
        }
    )


def head(name: str, winner: str) -> HeadEvidence:
    """A head with candidates, sample size, instability and a learning curve."""
    relapse = name == "relapse"
    note = (
        f"no candidate predicted held-out patients better than the average: {AVERAGE_RISK}"
        if winner == "no_model"
        else ""
    )
    curve = LearningCurve(
        measure="c_index" if relapse else "auc",
        patients=[250, 500, 1000, 1500, 2000],
        values=[around(value, 0.02) for value in (0.6, 0.635, 0.66, 0.672, 0.68)],
        doubled_patients=4000,
        doubled=0.695,
    )
    measures = {
        "c_index": around(0.61, 0.03),
        "uno_c": around(0.6, 0.03),
        "integrated_brier": around(0.17, 0.01),
        "calibration_slope": around(0.9, 0.2),
    }
    return HeadEvidence.model_validate(
        {
            "head": name,
            "n": 700 if relapse else 2000,
            "events": 315 if relapse else 620,
            "winner": winner,
            "note": note,
            "loss": "log_loss",
            "candidates": [
                CandidateEvidence(
                    name=one,
                    loss=0.57 + 0.01 * behind,
                    difference=around(0.01 * behind, 0.0098 if behind else 0.0),
                    z=2.0 * behind or None,
                    p=0.023**behind if behind else None,
                )
                for behind, one in zip((3, 2, 1, 0), ("no_model", "one_variable", "logistic", "xgboost"), strict=True)
            ],
            "measures": measures if relapse else {},
            "sample_size": SampleSize(
                parameters=14,
                patients=700 if relapse else 2000,
                events=315 if relapse else 620,
                criteria={"shrinkage": 1100, "optimism": 640, "precision": 330},
                required=1100,
                met=not relapse,
            ),
            "instability": Instability(
                refits=100, mean_absolute_change=0.031, median_width=0.11, share_moving_over_ten_points=0.06
            ),
            "learning_curve": curve,
            "model": description(name, winner),
        }
    )


def flow() -> list[FlowCount]:
    """The boxes of a landmark."""
    named = (
        ("patients", "patients in the cohort", 2500),
        ("left_out.landmark_not_reached", "the landmark was not reached", 61),
        ("left_out.no_baseline", "no primary instrument was rated at baseline", 22),
        ("left_out.died", "the patient has died", 1),
        ("eligible", "in the analysis", 2416),
        ("remission.yes", "in remission", 620),
        ("remission.no", "not in remission", 1380),
        ("remission.not_observed", "remission not observed", 416),
        ("ended_by.relapse", "relapsed", 270),
        ("ended_by.competing", "had a competing event first", 38),
        ("ended_by.censored", "left without either", 312),
    )
    return [FlowCount(name=name, label=label, n=n) for name, label, n in named]


def case_mix() -> list[FeatureSummary]:
    """Every declared feature, some of them missing in some patients."""
    return [
        FeatureSummary(
            name=row.name,
            meaning=row.meaning,
            unit=row.unit,
            recorded=2416 - 17 * place,
            missing_share=17 * place / 2416 if place % 3 else 0.0,
            mean=1.5,
            sd=0.5,
            q05=0.1,
            q50=1.4,
            q95=2.9,
        )
        for place, row in enumerate(feature_dictionary(Protocol()))
    ]


def incidence() -> RelapseIncidence:
    """All patients and three groups, followed for half a year; fewer than ten of one group to the end."""
    days = list(range(7, 183, 7))

    def group(name: str, n: int, hazard: float) -> IncidenceGroup:
        relapse = [0.8 * (1 - exp(-hazard * day)) for day in days]
        return IncidenceGroup(
            name=name,
            n=n,
            at_risk=[n, n // 2, None if n < 300 else n // 3],
            relapse=[*relapse[:-1], None],
            low=[max(0.0, value - 0.07) for value in relapse],
            high=[min(1.0, value + 0.05) for value in relapse],
            competing=[0.25 * value for value in relapse],
            predicted=[1.04 * value for value in relapse],
        )

    named = (("all patients", 699, 0.0037), ("lowest third", 233, 0.0022), ("middle third", 233, 0.0035))
    groups = [group(*one) for one in (*named, ("highest third", 233, 0.0055))]
    return RelapseIncidence(days=days, at_risk_days=[0, 91, 182], groups=groups)


def baseline() -> list[BaselineTable]:
    """Table 1 of three groups by outcome and two sites, with a suppressed cell."""
    columns = [("remission", 620), ("no remission", 1380), ("remission not observed", 416)]
    cells = [BaselineCell(figures=[41.2, 11.6], missing=None) for _ in range(4)]
    yes = [BaselineCell(figures=[1200, 0.5], missing=0), *[BaselineCell(missing=15)] * 3]
    rows = [
        BaselineRow(feature="age_years", label="age", unit="years", kind="mean", cells=cells, difference=-0.12),
        BaselineRow(feature="sex_female", label="female sex", unit="no/yes", kind="yes/no", cells=yes),
    ]
    parts = {"landmark": "before session 1", "n": 2416, "rows": rows}
    by_outcome = [BaselineColumn(name=name, n=n) for name, n in columns]
    by_site = [BaselineColumn(name=NASTY, n=1200), BaselineColumn(name="south", n=1216)]
    fewer = [row.model_copy(update={"cells": row.cells[:3]}) for row in rows]
    return [
        BaselineTable.model_validate(parts | {"by": "outcome", "columns": by_outcome, "note": "The same in all: x."}),
        BaselineTable.model_validate(parts | {"by": "site", "columns": by_site, "rows": fewer}),
    ]


def description(head_name: str, winner: str) -> ModelSpecification:
    """The model of a head in full, as its winner has it."""
    relapse = head_name == "relapse"
    parts: dict[str, object] = {"head": head_name, "intercepts": [-4.1, -4.6] if relapse else [-0.8]}
    if relapse:
        parts |= {"weeks": [0, 4, 26], "horizons_days": [84, 182], "competing_hazards": [0.001, 0.002]}
    if winner == "no_model":
        return ModelSpecification.model_validate(parts | {"form": "average"})
    if winner == "logistic":
        terms = [term("age_years", "years", 0.01), term("sex_female", "no/yes", 0.2), term("drop_needed", "points", 0)]
        return ModelSpecification.model_validate(parts | {"form": "linear", "terms": terms, "limits_from": "60 refits"})
    importances = [
        FeatureImportance(feature=name, label=name.replace("_", " "), loss_increase=loss, gain_share=gain)
        for name, loss, gain in (("distance_to_remission", 0.031, 0.6), ("age_years", -0.0004, 0.4))
    ]
    curve = Dependence(
        feature="age_years", label="age", unit="years", values=[20, 40, 60], probability=[0.3, 0.34, 0.4]
    )
    found = {"form": "other", "importances": importances, "dependence": [curve]}
    return ModelSpecification.model_validate(parts | found | ({"dependence_day": 182} if relapse else {}))


def term(feature: str, unit: str, weight: float) -> LinearTerm:
    """A term whose limits are half its weight away."""
    return LinearTerm(
        feature=feature,
        label=feature.replace("_", " "),
        unit=unit,
        lower=0.0,
        upper=80.0,
        centre=1.5,
        weight=weight,
        low=weight / 2,
        high=1.5 * weight,
        missing_weight=weight / 4,
        sd=2.5,
    )


def around(value: float, half: float) -> Estimate:
    """An estimate in the middle of its interval."""
    return Estimate(estimate=value, low=value - half, high=value + half)
