"""Figures of any predictions against what was observed: discrimination, calibration, error and net benefit.

The arithmetic is that of every report (`training.metrics`); this file chooses the figures and gives them names.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.records.timeline import Floats
from training.api.evaluation_input import ALL, EvaluationInput, FollowUpData, evaluation_input, warn_of_certainty
from training.api.refusals import argument_error, explained
from training.evidence.document import CalibrationCurve, DecisionCurve, Estimate
from training.metrics.disclosure import FEWEST
from training.metrics.discrimination import c_index, uno_c
from training.metrics.hazard_curve import hazard_curve
from training.metrics.incidence import aalen_johansen
from training.metrics.intervals import over_patients
from training.metrics.net_benefit import net_benefit, net_benefit_censored, net_benefit_treat_all
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import (
    THRESHOLDS,
    calibration_curve,
    curve_errors,
    curve_points,
    decision_curve,
    errors_with_noise,
    estimates,
    observed_curve,
    observed_rate,
    question_values,
)
from training.metrics.reliability import ClippedWarning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS, SEED = 200, 7
"""Those of a training by default."""
MEASURES = (
    "auc", "c_index", "uno_c", "calibration_intercept", "calibration_slope", "oe", "ici", "e50", "e90", "brier", "ipa",
    "log_loss",
)  # fmt: skip
"""Names of the figures, as reports and runs have them, in the order in which they are shown."""


@dataclass(frozen=True, eq=False, repr=False)
class PredictionEvaluation:
    """The figures of some predictions. ``frame`` has them as a table, ``plot`` shows the curves of all patients.

    ``patients`` were evaluated, ``events`` of them had the outcome (by ``horizon_days``); ``left_out`` counts the
    others by reason.
    """

    figures: tuple[tuple[str, int, int, Mapping[str, Estimate]], ...]
    calibration: CalibrationCurve | None
    decision: DecisionCurve
    left_out: Mapping[str, int]
    horizon_days: float | None = None

    @property
    def patients(self) -> int:
        """How many patients were evaluated."""
        return self.figures[0][1]

    @property
    def events(self) -> int:
        """How many of them had the outcome."""
        return self.figures[0][2]

    def __repr__(self) -> str:
        """Counts only."""
        by = "" if self.horizon_days is None else f" by day {self.horizon_days:g}"
        others = "".join(f", {number:,} left out ({reason})" for reason, number in self.left_out.items() if number)
        counts = f"{self.patients:,} patients, {self.events:,} with the outcome{by}{others}"
        number = len(self.figures) - 1
        groups = f", {number} group{'' if number == 1 else 's'}" if number else ""
        return f"<PredictionEvaluation: {counts}{groups}>"

    def frame(self) -> pd.DataFrame:
        """Give the figures as a table.

        Returns
        -------
        DataFrame, one row per group and figure
            ``group`` ("all" first), ``measure``, ``estimate``, ``low`` and ``high`` (95% bootstrap interval; NaN with
            fewer than five patients with or without the outcome), ``patients`` and ``events`` of the group. A group of
            fewer than ten patients has no figures.
        """
        rows = [
            {"group": group, "measure": name, "estimate": one.estimate, "low": one.low, "high": one.high}
            | {"patients": patients, "events": events}
            for group, patients, events, found in self.figures
            for name, one in found.items()
        ]
        return pd.DataFrame(rows).astype(dict.fromkeys(("estimate", "low", "high"), "float64"))

    def plot(self) -> "Figure":
        """Draw the calibration curve and the decision curve of all patients, side by side, with 95% limits."""
        from training.api.evaluation_plot import evaluation_figure

        return evaluation_figure(self.calibration, self.decision)


@explained
def evaluate_predictions(
    outcome: Any,
    probability: Any,
    time: Any = None,
    event: Any = None,
    groups: Any = None,
    *,
    thresholds: Sequence[float] = (0.2, 0.3, 0.4),
    draws: int = DRAWS,
    seed: int = SEED,
) -> PredictionEvaluation:
    """Compare predicted probabilities of any model with what was observed.

    Parameters
    ----------
    outcome : array-like of shape (patients,), or a number
        1 with the outcome, 0 without, NaN where not observed. With ``time`` and ``event`` instead one number: the day,
        counted as ``time`` is, by and including which ``probability`` predicts the event.
    probability : array-like of shape (patients,)
        Predicted probability of the outcome, from 0 to 1; NaN without a prediction. The model must not have seen these
        patients. One warning counts the predictions of 0 or 1.
    time : array-like of shape (patients,), optional
        Days that each patient was followed, from the start of risk to the event or to the end of follow-up; NaN for a
        patient who was never at risk. It is ``outcome_frame(...)["followed_days"]``.
    event : array-like of shape (patients,), optional
        How ``time`` ended: 0 or "censored", 1 or "relapse" for the event, 2 or "competing" for a competing event, which
        counts as no event. It is ``outcome_frame(...)["ended_by"]``.
    groups : array-like of shape (patients,), optional
        A label per patient, for figures per group, such as the site.
    thresholds : sequence of float, default (0.2, 0.3, 0.4)
        Probabilities of acting for net benefit, above 0 and below 1.
    draws : int, default 200
        Bootstrap draws of patients behind each 95% interval; 0 gives none.
    seed : int, default 7
        The same seed gives the same intervals.

    Returns
    -------
    PredictionEvaluation
        ``frame()`` has, for all patients and for each group:

        * ``auc`` (0.5 is chance, 1 perfect; with time that of events by the day), and with time ``c_index`` (Harrell)
          and ``uno_c``, both cut at the day;
        * ``calibration_intercept`` (calibration in the large, in log-odds: 0 is ideal, above 0 the predictions are too
          low), ``calibration_slope`` (1 is ideal, below 1 they are too extreme), ``oe`` (observed over expected);
        * ``ici``, ``e50``, ``e90``: mean, median and 90th percentile of the distance to the smooth calibration curve,
          in probability (smaller is better);
        * ``brier`` and ``log_loss`` in nats (smaller is better), ``ipa`` (scaled Brier score, 0 is no better than the
          rate, larger is better);
        * ``net_benefit_0.20`` and so on, per patient (larger is better), and ``net_benefit_gain_0.20`` over the better
          of acting for all and for none.

        ``plot()`` draws the calibration and the decision curve.

    Raises
    ------
    InputRefusedError
        For arguments that contradict each other, in one sentence: lengths or indexes that differ, a probability
        outside 0 to 1, ``time`` without ``event``, one kind of outcome only.

    Notes
    -----
    Patients without an outcome are left out and counted, not weighted, unless ``time`` tells how long they were
    followed: then patients followed to the day represent those lost before it (inverse probability of censoring).

    Examples
    --------
    >>> from training import evaluate_predictions
    >>> evaluated = evaluate_predictions([1, 0, 1, 0, 1, 0, 1, 0, 0, 1], [.9, .2, .8, .4, .3, .1, .7, .5, .3, .6])
    >>> evaluated
    <PredictionEvaluation: 10 patients, 5 with the outcome>
    >>> evaluated.frame().set_index("measure").loc["auc", "estimate"]
    np.float64(0.9)
    >>> evaluate_predictions([1, 0], [0.9, 20])
    Traceback (most recent call last):
    features.protocol.problems.InputRefusedError: argument probability: required probabilities from 0 to 1; found ...
    """
    asked = evaluation_input(outcome, probability, time, event, groups)
    acting = np.asarray(thresholds, dtype=np.float64)
    if acting.ndim != 1 or not ((acting > 0) & (acting < 1)).all():
        raise argument_error("thresholds", "probabilities above 0 and below 1", "another value")
    warn_of_certainty(asked.y_predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClippedWarning)  # said once, above, instead of once for each figure and group
        return _evaluated(asked, acting, over_patients(len(asked.y_observed), draws, seed))


def _evaluated(asked: EvaluationInput, acting: Floats, weights: Floats) -> PredictionEvaluation:
    figures = [_of_group(asked, name, weights, acting) for name in asked.groups]
    question, drawn = _question(asked, ALL), _drawn(asked, ALL, weights)
    return PredictionEvaluation(
        figures=tuple(figures),
        calibration=_calibration(question, asked.follow_up, drawn),
        decision=decision_curve(_benefit(question, asked.follow_up, drawn, THRESHOLDS)),
        left_out=asked.left_out,
        horizon_days=None if asked.follow_up is None else asked.follow_up.horizon,
    )


def _question(asked: EvaluationInput, group: str) -> QuestionData:
    """A group as the measures take it: one repeat, one fold."""
    kept = asked.groups[group]
    patients = np.arange(int(kept.sum()))
    once = np.zeros(len(patients), dtype=np.intp)
    y_observed, weights = asked.y_observed[kept], asked.weights[kept]
    answers = (once, once, y_observed, asked.y_predicted[kept], weights)
    if asked.follow_up is None:
        return QuestionData(group, "remission", None, patients, patients, *answers)
    return QuestionData(group, "relapse", int(asked.follow_up.horizon), patients, patients, *answers)


def _drawn(asked: EvaluationInput, group: str, weights: Floats) -> Floats:
    """The draws of a group's patients, (draws + 1, patients); only the data itself where there can be no interval."""
    question = _question(asked, group)
    known = question.subset(question.weights > 0)
    enough = known.drawn(weights[:, asked.groups[group]])
    return weights[: len(enough), asked.groups[group]]


def _of_group(
    asked: EvaluationInput, group: str, weights: Floats, thresholds: Floats
) -> tuple[str, int, int, Mapping[str, Estimate]]:
    kept = asked.groups[group]
    follow_up = None if asked.follow_up is None else asked.follow_up.subset(kept)
    question, drawn = _question(asked, group), _drawn(asked, group, weights)
    events = int((question.y_observed[question.weights > 0] == 1).sum())
    if len(question.row) < FEWEST and group != ALL:
        return group, len(question.row), events, {name: Estimate(estimate=np.nan) for name in MEASURES[:1]}
    values = question_values(question, drawn) | _errors(question, follow_up, drawn)
    if follow_up is not None:
        values |= _concordance(question, follow_up, drawn)
    found = estimates(values)
    return (
        group,
        len(question.row),
        events,
        {
            **{name: found[name] for name in MEASURES if name in found},
            **_acting(_benefit(question, follow_up, drawn, thresholds), thresholds),
        },
    )


def _concordance(question: QuestionData, follow_up: FollowUpData, draws: Floats) -> dict[str, Floats]:
    seen = (follow_up.days, follow_up.ended_by, question.y_predicted, draws, question.fold)
    return {"c_index": c_index(*seen), "uno_c": uno_c(*seen, follow_up.horizon)}


def _errors(question: QuestionData, follow_up: FollowUpData | None, draws: Floats) -> dict[str, Floats]:
    """Distances from the smooth curve, NaN if the predictions are equal: a curve through them would show chance."""
    if curve_points(question) is None:
        return dict.fromkeys(("ici", "e50", "e90"), np.full(len(draws), np.nan))
    if follow_up is None:
        return curve_errors(question, draws)
    predicted = question.y_predicted
    curve = hazard_curve(follow_up.days, follow_up.ended_by, predicted, draws, follow_up.horizon)
    return errors_with_noise(curve, predicted, draws)


def _calibration(question: QuestionData, follow_up: FollowUpData | None, draws: Floats) -> CalibrationCurve | None:
    points = curve_points(question)
    if points is None:
        return None
    if follow_up is None:
        return calibration_curve(question, points, observed_curve(question, points, draws))
    curve = hazard_curve(follow_up.days, follow_up.ended_by, question.y_predicted, draws, follow_up.horizon)
    return calibration_curve(question, points, curve.observed_at(points))


def _benefit(
    question: QuestionData, follow_up: FollowUpData | None, draws: Floats, thresholds: Floats
) -> dict[str, Floats]:
    """Net benefit of acting by the predictions ("model") and for all ("all"), (draws, thresholds)."""
    if follow_up is None:
        y_observed, y_predicted = question.y_observed, question.y_predicted
        model, rate = net_benefit(y_observed, y_predicted, draws, thresholds), observed_rate(question, draws)
    else:
        seen, day = (follow_up.days, follow_up.ended_by), follow_up.horizon
        model = net_benefit_censored(*seen, question.y_predicted, draws, thresholds, day)
        rate = aalen_johansen(*seen, draws, np.array([day])).relapse[:, 0]
    return {"model": model, "all": net_benefit_treat_all(rate, thresholds)}


def _acting(found: Mapping[str, Floats], thresholds: Floats) -> dict[str, Estimate]:
    gain = found["model"] - np.maximum(found["all"], 0.0)
    values = {f"net_benefit_{at:.2f}": found["model"][:, place] for place, at in enumerate(thresholds)}
    values |= {f"net_benefit_gain_{at:.2f}": gain[:, place] for place, at in enumerate(thresholds)}
    return estimates(values)
