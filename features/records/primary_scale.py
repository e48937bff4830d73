"""The scales of every patient: the primary one, first of the protocol's with a rating at baseline, and a second.

If the protocol starts from remission, no baseline is needed: any rating up to the landmark determines the scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.protocol.document import Protocol
from features.records.rating_days import until_day_0
from features.records.timeline import Floats, Rows

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


def primary_scale(known: Rows, protocol: Protocol) -> PrimaryScale:
    """The primary instrument per patient, from the ratings ``known`` at a landmark.

    It is the first of the protocol's remission rule that has a baseline; if everyone is in remission at the landmark,
    the first with a rating.
    """
    baseline = until_day_0(known)
    code = _first_rated(_that_choose(known, protocol), protocol.primary_scales)
    own = baseline.where(np.asarray(baseline["instrument"] == code[baseline.patient]))
    return PrimaryScale(protocol, code, own.last_for_patient("score"))


def second_scale(known: Rows, primary: PrimaryScale) -> Codes:
    """Code per patient of the first depression scale other than the primary one, by the same rule (-1: none).

    If the primary scale is one of depression, it is the first other outcome scale.
    """
    protocol = primary.protocol
    return _first_rated(_that_choose(known, protocol), protocol.second_scales, primary.code)


def _that_choose(known: Rows, protocol: Protocol) -> Rows:
    """The ratings that determine a patient's scales."""
    return known if protocol.remission.at_landmark else until_day_0(known)


def _first_rated(ratings: Rows, codes: Sequence[int], other_than: Codes | None = None) -> Codes:
    """Code of the first of some scales that was rated (-1: none), per patient."""
    rated = np.bincount(np.asarray(ratings["instrument"], dtype=np.intp), minlength=max(codes) + 1).tolist()
    chosen = np.full(ratings.patients, -1, dtype=np.intp)
    for code in codes:
        if not rated[code]:
            continue
        takes = (chosen < 0) & ratings.where(np.asarray(ratings["instrument"] == code)).exists_for_patient()
        if other_than is not None:
            takes &= other_than != code
        chosen[takes] = code
    return chosen
