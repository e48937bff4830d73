"""The primary instrument of every patient: the first of the protocol's scales that was rated at baseline."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.protocol import Protocol
from features.timeline import Floats, Rows


@dataclass(frozen=True, eq=False)
class PrimaryScale:
    """Per patient, shape (patients,): the scale's code (-1: none), its baseline score and its cut-offs, in points."""

    protocol: Protocol
    code: NDArray[np.intp]
    baseline: Floats

    def ratings_among(self, assessments: Rows) -> Rows:
        """The ratings on each patient's primary instrument."""
        return assessments.where(np.asarray(assessments["instrument"] == self.code[assessments.patient]))

    def _of_scale(self, attribute: str) -> Floats:
        values = [getattr(scale, attribute) for scale in self.protocol.instruments.values()]
        table = np.array([np.nan if value is None else value for value in values] + [np.nan], dtype=np.float64)
        return table[self.code]  # the code -1 picks the NaN at the end

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
        """Highest score that counts as remission for the patient: also a reliable drop, where the protocol asks one."""
        if not self.protocol.remission.require_reliable_drop:
            return self.remission_at_most
        return np.minimum(self.remission_at_most, self.baseline - self.reliable_change)

    @cached_property
    def relapse_at_least(self) -> Floats:
        """Lowest score of the relapse band."""
        return self._of_scale("relapse_at_least")

    @cached_property
    def reliable_change(self) -> Floats:
        """Smallest change that is not measurement error."""
        return self._of_scale("reliable_change")


def baseline_score(assessments: Rows, code: int) -> Floats:
    """The last rating on the instrument on or before day 0."""
    rated = (assessments["instrument"] == code) & (assessments.numbers("day") <= 0)
    return assessments.where(np.asarray(rated)).last_for_patient("score")


def primary_scale(assessments: Rows, protocol: Protocol) -> PrimaryScale:
    """The first instrument of the protocol's remission rule that has a baseline, per patient."""
    codes = [protocol.instrument_names.index(name) for name in protocol.remission.instruments]
    before = assessments.where(assessments.numbers("day") <= 0)
    rated = np.bincount(np.asarray(before["instrument"], dtype=np.intp), minlength=len(protocol.instruments))
    chosen = np.full(assessments.patients, -1, dtype=np.intp)
    baseline = np.full(assessments.patients, np.nan)
    for code in codes:
        if not rated[code]:
            continue
        score = baseline_score(before, code)
        takes = (chosen < 0) & ~np.isnan(score)
        chosen[takes] = code
        baseline[takes] = score[takes]
    return PrimaryScale(protocol, chosen, baseline)
