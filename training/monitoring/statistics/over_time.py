"""Observed and expected outcomes, and mean answers, per quarter, with 95% limits.

Quarters are those of the prediction. A quarter with too few patients is joined to the next, and the last to the one
before it, so that neither a window nor the rest of the total discloses a few patients.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import chi2

from features.records.timeline import Floats, Mask
from training.evaluation.case_mix import FEWEST_ALIKE
from training.evidence.parts import Estimate
from training.metrics.disclosure import FEWEST
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.calibration import HeadOutcomes
from training.monitoring.statistics.document import AnswerWindow, CalibrationWindow, MeanAnswers
from training.monitoring.statistics.drift import answers_given
from training.monitoring.statistics.e_processes import Months
from training.monitoring.statistics.logged import LandmarkPredictions
from training.monitoring.statistics.reference import AnswerReference

Span = tuple[str, str, Mask]
"""The first and the last month of a window, and flags of its patients."""


def windows(came: Months, calendar: Calendar, enough: Callable[[Mask], bool]) -> Iterator[Span]:
    """The quarters in which patients came (n,), joined until each window has enough; none where all have too few."""
    quarter = (calendar.first + came) // 3
    cuts: list[int] = []
    kept = np.zeros(len(came), dtype=np.bool_)
    for number in np.unique(quarter).tolist():
        kept = kept | (quarter == number)
        if enough(kept):
            cuts.append(number)
            kept = np.zeros(len(came), dtype=np.bool_)
    begin = -1
    for number in cuts:
        last = int(quarter.max()) if number == cuts[-1] else number
        within = (quarter > begin) & (quarter <= last)
        yield calendar.label(int(came[within].min())), calendar.label(int(came[within].max())), within
        begin = number


def ratio(observed: float, expected: float) -> Estimate:
    """Observed over expected with exact Poisson limits, a little wide for probabilities that are not small.

    Sources: Garwood 1936, doi:10.1093/biomet/28.3-4.437; Debray 2017, doi:10.1136/bmj.i6460.
    """
    low = chi2.ppf(0.025, 2 * observed) / 2 if observed else 0.0
    high = chi2.ppf(0.975, 2 * (observed + 1)) / 2
    return Estimate(estimate=observed / expected, low=low / expected, high=high / expected)


def enough_outcomes(outcome: HeadOutcomes) -> Callable[[Mask], bool]:
    """Whether figures of some patients may be disclosed: ten of them, five with the outcome and five without."""

    def enough(kept: Mask) -> bool:
        patients, yes = int(kept.sum()), int(outcome.observed[kept].sum())
        return patients >= FEWEST and min(yes, patients - yes) >= FEWEST_ALIKE

    return enough


def outcome_windows(outcome: HeadOutcomes, calendar: Calendar) -> list[CalibrationWindow]:
    """Observed and expected outcomes over time."""
    found = []
    for first, last, within in windows(outcome.came, calendar, enough_outcomes(outcome)):
        observed, expected = float(outcome.observed[within].sum()), float(outcome.expected[within].sum())
        window = CalibrationWindow(
            first=first,
            last=last,
            patients=int(within.sum()),
            observed=int(observed),
            expected=expected,
            ratio=ratio(observed, expected),
        )
        found.append(window)
    return found


def answers_over_time(answer: AnswerReference, at: LandmarkPredictions, calendar: Calendar) -> MeanAnswers:
    """The mean probability given for a head over time."""
    given = answers_given(answer, at.answered)
    there = ~np.isnan(given)
    came = calendar.months([one.at for one in at.answered])[there]
    found = [
        AnswerWindow(first=first, last=last, patients=int(within.sum()), mean=_mean(given[there][within]))
        for first, last, within in windows(came, calendar, lambda kept: int(kept.sum()) >= FEWEST)
    ]
    return MeanAnswers(
        landmark=at.landmark,
        head=answer.head,
        horizon_days=answer.horizon_days,
        reference=answer.mean,
        windows=found,
    )


def _mean(values: Floats) -> Estimate:
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate(estimate=mean, low=max(mean - 1.96 * error, 0.0), high=min(mean + 1.96 * error, 1.0))
