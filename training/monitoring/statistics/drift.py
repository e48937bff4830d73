"""Drift of patients and answers from those of the training: evidence and size of each change.

The evidence is the wealth of an e-process against "nothing has changed" (`ranks`, `e_processes`); sizes are those of
the last ninety days. `verdict` decides what follows from both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
from scipy.special import ndtri

from features.records.timeline import Floats
from training.evaluation.case_mix import FEWEST_ALIKE
from training.metrics.disclosure import FEWEST
from training.monitoring.statistics.bins import Bins
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.checks import MonitoredItem, MonitoringFinding, Size
from training.monitoring.statistics.e_processes import change_in_ranks
from training.monitoring.statistics.logged import LandmarkPredictions, LoggedPrediction
from training.monitoring.statistics.ranks import ranks, ties
from training.monitoring.statistics.reference import (
    REMISSION,
    AnsweredReference,
    AnswerReference,
    LandmarkReference,
    Spread,
)

ENOUGH_PATIENTS = 100
"""Patients at a landmark among whom a shift of 0.8 standard deviations is found in nine of ten cases
(`tests/training/monitoring/test_power.py`)."""
RECENT = timedelta(days=90)
FEWEST_RECENT = 20
"""Recent are the last ninety days, or the last twenty patients if fewer came in them."""
STANDARD_DEVIATIONS, SHARE = "standard deviations", "share"

ApplicabilityProportions = Mapping[MonitoredItem, float]


@dataclass(frozen=True, eq=False)
class _ValueStream:
    """Values of one monitored item in order of arrival, shape (n,), and the bins that they are ranked in."""

    item: MonitoredItem
    bins: Bins
    values: Floats
    predictions: Sequence[LoggedPrediction]
    size: Callable[[Floats], Size]


def drift_at(
    reference: LandmarkReference, at: LandmarkPredictions, calendar: Calendar, proportions: ApplicabilityProportions
) -> list[MonitoringFinding]:
    """The findings about the features and answers at a landmark."""
    if reference.patients < FEWEST:
        return []
    streams = [*_answered(reference, at), *_probabilities(reference, at), *_features(reference, at)]
    return [_found(stream, calendar, proportions[stream.item]) for stream in streams if stream.item in proportions]


def _found(stream: _ValueStream, calendar: Calendar, share: float) -> MonitoringFinding:
    values, item = stream.values, stream.item
    drawn = ties([one.prediction_id for one in stream.predictions], f"{item.kind} {item.name}")
    ranked = ranks(stream.bins.counts, stream.bins.place(values), drawn)
    months = calendar.months([one.at for one in stream.predictions])
    course = change_in_ranks(ranked, months, calendar.number, stream.bins.cells)
    recent = values[_first_recent(stream.predictions) :]
    size = stream.size(recent) if len(recent) >= FEWEST else None
    return MonitoringFinding(item, course, share, len(values), len(values) >= ENOUGH_PATIENTS, size)


def _first_recent(predictions: Sequence[LoggedPrediction]) -> int:
    """The position of the first recent prediction."""
    if not predictions:
        return 0
    since = predictions[-1].at - RECENT
    within = sum(one.at >= since for one in predictions)
    return max(len(predictions) - max(within, FEWEST_RECENT), 0)


def _answered(reference: LandmarkReference, at: LandmarkPredictions) -> Iterator[_ValueStream]:
    """The answers by verdict: inside, at the edge or not predicted."""
    known = reference.answered
    if known is None:
        return
    place = {name: group for group, names in enumerate(known.groups) for name in names}
    values = np.array([place[one.verdict] for one in at.asked], dtype=np.float64)
    counts = np.array(known.counts, dtype=np.float64)
    bins = Bins(np.arange(len(counts) - 1, dtype=np.float64), counts)
    item = MonitoredItem(reference.name, "answered", "")
    yield _ValueStream(item, bins, values, at.asked, partial(_answered_size, known))


def _answered_size(known: AnsweredReference, recent: Floats) -> Size:
    """The share that is not in the first group: at the edge or not predicted."""
    return _share_size(1 - known.counts[0] / sum(known.counts), (recent > 0).astype(np.float64))


def _probabilities(reference: LandmarkReference, at: LandmarkPredictions) -> Iterator[_ValueStream]:
    for answer in reference.answers:
        values = answers_given(answer, at.answered)
        yield from _valued(
            MonitoredItem(reference.name, "probability", answer.head),
            answer.spread,
            (values, at.answered),
            partial(_probability_size, np.nan if answer.mean is None else answer.mean),
        )


def answers_given(answer: AnswerReference, predictions: Sequence[LoggedPrediction]) -> Floats:
    """The probabilities given for one head, shape (n,); NaN where there is none."""
    days = answer.horizon_days or 0
    given = [one.remission if answer.head == REMISSION else one.relapse_by(days) for one in predictions]
    return np.array(given, dtype=np.float64)


def _features(reference: LandmarkReference, at: LandmarkPredictions) -> Iterator[_ValueStream]:
    rows = [one.row or {} for one in at.with_features]
    for feature in reference.features:
        values = np.array([row.get(feature.name, np.nan) for row in rows], dtype=np.float64)
        missing = np.isnan(values).astype(np.float64)
        counts = np.array([feature.recorded, reference.patients - feature.recorded], dtype=np.float64)
        yield _ValueStream(
            MonitoredItem(reference.name, "recorded", feature.name),
            Bins(np.zeros(1), counts),
            missing,
            at.with_features,
            partial(_recorded_size, float(counts[0] / counts.sum())),
        )
        item = MonitoredItem(reference.name, "value", feature.name)
        yield from _valued(item, feature.spread, (values, at.with_features), _value_size)


def _valued(
    item: MonitoredItem,
    spread: Spread | None,
    column: tuple[Floats, Sequence[LoggedPrediction]],
    size: Callable[[Bins, Floats], Size],
) -> Iterator[_ValueStream]:
    """The values that are recorded, if the reference has bins for them."""
    if spread is None:
        return
    values, predictions = column
    there, bins = np.flatnonzero(~np.isnan(values)), spread.bins()
    kept = [predictions[place] for place in there.tolist()]
    yield _ValueStream(item, bins, values[there], kept, partial(size, bins))


def _probability_size(before: float, bins: Bins, recent: Floats) -> Size:
    return _shift(bins, recent, before, float(recent.mean()))


def _recorded_size(before: float, missing: Floats) -> Size:
    return _share_size(before, 1 - missing)


def _value_size(bins: Bins, recent: Floats) -> Size:
    """A shift in standard deviations; of a yes or no also the proportions of yes."""
    if len(bins.counts) != 2 or not np.isin(recent, (0, 1)).all():
        return _shift(bins, recent, np.nan, np.nan)
    return _shift(bins, recent, bins.counts[1] / bins.counts.sum(), float(recent.mean()), disclosed=not _few(recent))


def _shift(bins: Bins, recent: Floats, before: float, now: float, *, disclosed: bool = True) -> Size:
    """How far recent values lie from the reference's, in the standard deviations of a normal distribution.

    From the chance that a recent value is above one of the reference (McGraw & Wong 1992,
    doi:10.1037/0033-2909.111.2.361), which is 0.5 where they are alike.
    """
    number = bins.counts.sum()
    above = float(np.clip(bins.standing(recent).mean(), 0.5 / number, 1 - 0.5 / number))
    return Size(STANDARD_DEVIATIONS, before, now, float(np.sqrt(2) * ndtri(above)), len(recent), disclosed)


def _share_size(before: float, recent: Floats) -> Size:
    now = float(recent.mean())
    return Size(SHARE, before, now, now - before, len(recent), disclosed=not _few(recent))


def _few(recent: Floats) -> bool:
    """Whether a share of yes, among zeros and ones, would disclose one to four patients."""
    yes = int(recent.sum())
    return any(0 < number < FEWEST_ALIKE for number in (yes, len(recent) - yes))
