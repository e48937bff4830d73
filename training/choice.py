"""Which candidate answers: the best on patients it never saw, unless the average does about as well.

The average is kept unless the best candidate's held-out loss is lower by more than one standard error of the
difference, patients paired: what all candidates find hard about a patient cancels in a difference. Then the best
candidate answers: the simplest within one standard error of it reaches more for remission and less for relapse, whose
signals are weaker (see the table in models/README.md, also for a stack). Source of the one-standard-error rule:
Breiman 1984, Classification and Regression Trees, section 3.4.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.timeline import Floats

NORMAL_975 = 1.959964
FEWEST_SITES = 8
"""Sites from which they are the units that vary; fewer say too little of how much they do."""


@dataclass(frozen=True)
class Difference:
    """How much larger a candidate's mean loss is than the best one's, in nats per patient, and its standard error."""

    estimate: float
    standard_error: float

    @property
    def limits(self) -> tuple[float, float]:
        """The 95% limits of the difference."""
        return self.estimate - NORMAL_975 * self.standard_error, self.estimate + NORMAL_975 * self.standard_error

    @property
    def z(self) -> float:
        """The difference in standard errors; NaN for the best candidate itself."""
        return self.estimate / self.standard_error if self.standard_error > 0 else float("nan")

    @property
    def tolerated(self) -> bool:
        """Whether the best candidate is not better by more than one standard error; also where that is not known."""
        return not self.estimate > self.standard_error


@dataclass(frozen=True)
class Choice:
    """The winner and the best candidate by loss, and every candidate's difference to the best, by rising complexity."""

    winner: str
    best: str
    differences: Mapping[str, Difference]


def choose(losses: Mapping[str, Floats], taught: NDArray[np.bool_], site: NDArray[np.integer]) -> Choice:
    """Choose among candidates by rising complexity, of which the first is the average; ties go to the simpler.

    ``losses`` (patients,) are summed held-out losses per patient, 0 where a patient has none; ``taught`` (patients,)
    flags who has some, ``site`` (patients,) holds codes.
    """
    best = min(losses, key=lambda name: float(losses[name].sum()))
    differences = {name: difference((loss - losses[best])[taught], site[taught]) for name, loss in losses.items()}
    average = next(iter(losses))
    return Choice(average if differences[average].tolerated else best, best, differences)


def difference(paired: Floats, site: NDArray[np.integer]) -> Difference:
    """The mean of paired differences (patients,), and its standard error: over sites where there are enough of them.

    The standard error is NaN for a single patient.
    """
    number = len(paired)
    if number < 2:
        return Difference(float(paired.sum()), float("nan") if number else 0.0)
    away = paired - paired.mean()
    units = away
    sites, code = np.unique(site, return_inverse=True)
    if len(sites) >= FEWEST_SITES:
        units = np.bincount(code, weights=away)
    spread = float(units @ units) * len(units) / (len(units) - 1)
    return Difference(float(paired.mean()), float(np.sqrt(spread)) / number)
