"""The scales of every patient: the primary one, first of the protocol's that was rated at baseline, and a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.protocol import Protocol
from features.timeline import Floats, Rows, nothing_recorded

Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PrimaryScale:
    """Per patient, shape (patients,): the scale's code (-1: none), its baseline score and its cut-offs, in points."""

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


def primary_scale(assessments: Rows, protocol: Protocol) -> PrimaryScale:
    """The first instrument of the protocol's remission rule that has a baseline, per patient."""
    return PrimaryScale(protocol, *_first_rated(assessments, protocol.primary_scales))


def second_scale(assessments: Rows, primary: PrimaryScale) -> Codes:
    """Code of the first depression scale with a baseline that is not the primary scale (-1: none), per patient.

    Where depression is the primary complaint, the first other outcome scale takes its place.
    """
    return _first_rated(assessments, primary.protocol.second_scales, primary.code)[0]


def _first_rated(assessments: Rows, codes: Sequence[int], other_than: Codes | None = None) -> tuple[Codes, Floats]:
    """Code of the first of some scales that was rated on or before day 0 (-1: none), and its last score by then."""
    before = assessments.where(assessments.numbers("day") <= 0)
    rated = np.bincount(np.asarray(before["instrument"], dtype=np.intp), minlength=max(codes) + 1).tolist()
    chosen = np.full(assessments.patients, -1, dtype=np.intp)
    baseline = nothing_recorded(assessments.patients)
    for code in codes:
        if not rated[code]:
            continue
        score = before.where(np.asarray(before["instrument"] == code)).last_for_patient("score")
        takes = (chosen < 0) & ~np.isnan(score)
        if other_than is not None:
            takes &= other_than != code
        chosen[takes] = code
        baseline[takes] = score[takes]
    return chosen, baseline
