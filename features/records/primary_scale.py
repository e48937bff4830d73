"""The scales of every patient: the primary one, first of the protocol's with a rating at baseline, and a second.

If the protocol starts from remission, no baseline is needed: any rating up to the landmark determines the scale.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.compilation.decorator import compiled
from features.protocol.document import Protocol
from features.records.compiled_rows import RatingRows
from features.records.timeline import Floats, Indices, Rows, nothing_recorded

Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PrimaryScale:
    """Per patient, shape (patients,): the scale's code (-1: none), its baseline score and its cut-offs, in points.

    All are severity points (`severity`). ``baseline`` is NaN where the scale was not rated by day 0, before the dose.
    """

    protocol: Protocol
    code: Codes
    baseline: Floats

    def ratings_among(self, assessments: Rows) -> Rows:
        """The ratings on each patient's primary instrument."""
        return assessments.where(np.asarray(assessments["instrument"] == self.code[assessments.patient]))

    def _of_scale(self, attribute: str) -> Floats:
        return self.protocol.scale_numbers[attribute][self.code]

    @cached_property
    def minimum(self) -> Floats:
        """Lowest score of the scale."""
        return self._of_scale("minimum")

    @cached_property
    def span(self) -> Floats:
        """Highest minus lowest score of the scale."""
        return self._of_scale("maximum") - self.minimum

    @cached_property
    def remission_at_most(self) -> Floats:
        """Highest score that counts as remission."""
        return self._of_scale("remission_at_most")

    @cached_property
    def remission_criterion(self) -> Floats:
        """Highest score that counts as remission for the patient: also a reliable drop, if the protocol requires one.

        Without a baseline only the remission band counts.
        """
        if not self.protocol.remission.require_reliable_drop:
            return self.remission_at_most
        return np.fmin(self.remission_at_most, self.baseline - self.reliable_change)

    @cached_property
    def relapse_at_least(self) -> Floats:
        """Lowest score of the relapse band."""
        return self._of_scale("relapse_at_least")

    @cached_property
    def reliable_change(self) -> Floats:
        """Smallest change that is not measurement error."""
        return self._of_scale("reliable_change")


@dataclass(frozen=True, eq=False)
class RatedScales:
    """Of every patient, shape (patients,): the primary scale, and the codes of a second one (-1: none).

    ``second`` is the first depression scale other than the primary one, by the same rule; if the primary scale is one
    of depression, the first other outcome scale. ``second_now`` is the same where there is one, else the first that is
    rated by the landmark.
    """

    primary: PrimaryScale
    second: Codes
    second_now: Codes


def rated_scales(ratings: RatingRows, patients: int, protocol: Protocol) -> RatedScales:
    """The scales of so many patients, from the ratings known at a landmark.

    The primary one is the first of the protocol's remission rule that has a baseline; if everyone is in remission at
    the landmark, the first with a rating.
    """
    last_day = np.inf if protocol.remission.at_landmark else 0.0
    order = _ScaleOrder(_places(protocol.primary_scales), _places(protocol.second_scales), last_day)
    code, second, second_now = (np.full(patients, -1, dtype=np.intp) for _ in range(3))
    baseline = nothing_recorded(patients)
    _write_scales(ratings, order, code, second, second_now, baseline)
    return RatedScales(PrimaryScale(protocol, code, baseline), second, second_now)


class _ScaleOrder(NamedTuple):
    """The place of each scale among the primary and the second ones, by code, and the last day of their ratings."""

    primary: Indices
    second: Indices
    last_day: float


@lru_cache(maxsize=64)
def _places(codes: tuple[int, ...]) -> Indices:
    """The place of each scale among some, by code, -1 where it is none of them; the code -1 picks the end."""
    places = np.full(max(codes) + 2, -1, dtype=np.intp)
    places[list(codes)] = np.arange(len(codes))
    return places


@compiled
def _write_scales(
    ratings: RatingRows, order: _ScaleOrder, code: Codes, second: Codes, second_now: Codes, baseline: Floats
) -> None:
    """Write every patient's scales and baseline, each of shape (patients,); the codes are -1 before."""
    nobody = second  # still -1: no scale is excluded
    _write_first(ratings, order.last_day, order.primary, nobody, code)
    _write_last(ratings, 0.0, code, baseline)
    _write_first(ratings, order.last_day, order.second, code, second)
    _write_first(ratings, np.inf, order.second, code, second_now)
    for patient in range(len(second)):
        if second[patient] >= 0:
            second_now[patient] = second[patient]


@compiled
def _write_first(ratings: RatingRows, last_day: float, places: Indices, other_than: Codes, chosen: Codes) -> None:
    """Write into ``chosen`` (patients,) each patient's first scale by ``places``; ``other_than`` are not chosen."""
    for row in range(len(ratings.patient)):
        code, whose = ratings.instrument[row], ratings.patient[row]
        if ratings.known_on[row] > last_day or code >= len(places) or places[code] < 0 or code == other_than[whose]:
            continue
        if chosen[whose] < 0 or places[code] < places[chosen[whose]]:
            chosen[whose] = code


@compiled
def _write_last(ratings: RatingRows, last_day: float, code: Codes, last: Floats) -> None:
    """Write into ``last`` (patients,) the last score known by a day on the scale of each patient's code."""
    for row in range(len(ratings.patient)):
        whose = ratings.patient[row]
        if ratings.known_on[row] <= last_day and ratings.instrument[row] == code[whose]:
            last[whose] = ratings.score[row]
