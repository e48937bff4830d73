"""The evidence of one landmark: patient flow, case mix, questions and curves."""

from collections.abc import Mapping, Sequence

import numpy as np

from features.catalogue import catalogue
from features.records.cohort import Cohort
from features.records.timeline import Floats
from training.cohort.summary import LandmarkFlow, landmark_flow
from training.evaluation.case_mix import case_mix
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.relapse_calibration import observed_relapse, relapse_benefit, relapse_errors
from training.evaluation.relapse_incidence import relapse_incidence
from training.evaluation.sites import by_site
from training.evaluation.subgroups import subgroups
from training.evidence.document import (
    CalibrationCurve,
    FlowCount,
    HeadEvidence,
    LandmarkEvidence,
    Question,
    Sensitivity,
)
from training.metrics.draws import Draws
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import (
    averaged,
    benefit,
    calibration_curve,
    core_values,
    curve_errors,
    curve_points,
    decision_curve,
    estimates,
    observed_curve,
    observed_rate,
    question_values,
)
from training.settings.sections import EvaluationSettings

OTHER_TREATMENTS = ("all-no", "excluded")
"""Treatments of unobserved outcomes other than weights for the observed ones."""
COMPARED = ("auc", "log_loss", "calibration_intercept", "calibration_slope", "oe")
"""Measures shown for each treatment of unobserved outcomes, beside the rate of yes."""


def landmark_evidence(
    cohort: Cohort,
    evaluated: EvaluatedPredictions,
    heads: list[HeadEvidence],
    draws: Draws,
) -> LandmarkEvidence:
    """The evidence of a landmark without its questions and the gain over the one before, which `gather` adds."""
    declared = catalogue(cohort.protocol)
    return LandmarkEvidence(
        name=evaluated.outcomes.landmark.name,
        flow=flow_counts(landmark_flow(cohort, evaluated.outcomes)),
        case_mix=case_mix(evaluated.features.values, declared, evaluated.outcomes.eligible),
        heads=heads,
        questions=[],
        incidence=relapse_incidence(evaluated, draws.resampled),
        gains=[],
    )


def question_evidence(
    cohort: Cohort, evaluated: EvaluatedPredictions, asked: QuestionData, draws: Draws, settings: EvaluationSettings
) -> Question:
    """The evidence of a question that has an answer for somebody."""
    observed, everyone = asked.observed, asked.first_repeat
    resampled = observed.drawn(draws.resampled)
    values = question_values(observed, resampled)
    once = observed.first_repeat
    rate = float(np.average(observed.y_observed, weights=observed.weights))
    threshold = min(max(round(rate, 1), 0.1), 0.9)
    errors, curve = _calibration(evaluated, asked, resampled)
    by_relapse = asked.head == "relapse"
    acting = relapse_benefit(evaluated, asked, resampled) if by_relapse else benefit(observed, resampled)
    sites, across = by_site(asked, cohort, draws.patients, settings.fewest_sites)
    return Question(
        name=asked.name,
        head=asked.head,
        horizon_days=asked.horizon_days,
        n=len(once.row),
        events=int(once.y_observed.sum()),
        not_observed=len(everyone.row) - len(once.row),
        observed_rate=rate,
        measures=estimates(values | errors),
        calibration=curve,
        decision=decision_curve(acting),
        sites=sites,
        across_sites=across,
        subgroups=subgroups(asked, cohort, draws, threshold, settings.age_bands),
        subgroup_threshold=threshold,
        sensitivity=_sensitivity(asked, values, resampled, settings.worse_by),
    )


def _calibration(
    evaluated: EvaluatedPredictions, asked: QuestionData, draws: Floats
) -> tuple[dict[str, Floats], CalibrationCurve | None]:
    """Distances from the smooth calibration curve, and the curve; NaN and ``None`` if there can be none."""
    observed = asked.observed
    points = curve_points(observed)
    if points is None:
        return dict.fromkeys(("ici", "e50", "e90"), np.full(len(draws), np.nan)), None
    if asked.head == "relapse":
        seen = observed_relapse(evaluated, asked, points, draws)
        return relapse_errors(evaluated, asked, draws), calibration_curve(observed, points, seen)
    return curve_errors(observed, draws), calibration_curve(observed, points, observed_curve(observed, points, draws))


def _sensitivity(
    asked: QuestionData, weighted: Mapping[str, Floats], draws: Floats, worse_by: Sequence[float]
) -> list[Sensitivity]:
    """The question under every treatment of unobserved answers; for remission also as if the patients lost did worse.

    ``weighted`` are the figures under the weights. For relapse and sustained remission the weights use what is known of
    patients who were lost; a shift would not.
    """
    found = [_treated("weights", asked.observed, weighted, draws)]
    others = {treatment: asked.treated(treatment).observed for treatment in OTHER_TREATMENTS}
    if asked.head == "remission":
        others |= {f"worse by {shift}": asked.worse_by(shift) for shift in worse_by}
    return found + [_treated(name, other, core_values(other, draws), draws) for name, other in others.items()]


def _treated(treatment: str, treated: QuestionData, values: Mapping[str, Floats], draws: Floats) -> Sensitivity:
    rate = averaged(treated, lambda part, weights: {"observed_rate": observed_rate(part, weights)}, draws)
    return Sensitivity(
        treatment=treatment,
        n=len(np.unique(treated.patient)),
        measures=estimates(rate | {name: values[name] for name in COMPARED}),
    )


def flow_counts(flow: LandmarkFlow) -> list[FlowCount]:
    """The boxes of the flow diagram, from all patients down."""
    boxes = [FlowCount(name="patients", label="patients in the cohort", n=flow.patients)]
    boxes += [
        FlowCount(name=f"left_out.{reason.name.lower()}", label=reason.value, n=count)
        for reason, count in flow.left_out
    ]
    boxes.append(FlowCount(name="eligible", label="in the analysis", n=flow.eligible))
    answers = (("yes", "in remission"), ("no", "not in remission"), ("not_observed", "remission not observed"))
    boxes += [
        FlowCount(name=f"remission.{name}", label=label, n=getattr(flow.remission, name)) for name, label in answers
    ]
    ends = {end.name.lower(): count for end, count in flow.ended.items()}
    words = {"relapse": "relapsed", "competing": "had a competing event first", "censored": "left without either"}
    boxes += [FlowCount(name=f"ended_by.{name}", label=words[name], n=count) for name, count in ends.items()]
    return boxes
