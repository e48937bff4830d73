"""The choice of a candidate: the best on held-out patients, or the average where none is significantly better.

By the rule in use the average is kept unless the best candidate's held-out loss is significantly lower: a one-sided
paired t test (Student 1908, doi:10.1093/biomet/6.1.1). A training's settings may name another rule. The difficulty of a
patient cancels in a paired difference. Choosing the simplest candidate that is about as good would be better for
remission and worse for relapse, whose signals are weaker (models/README.md has the table).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from features.records.timeline import Floats
from training.settings.sections import SelectionSettings


@dataclass(frozen=True)
class LossDifference:
    """How much larger a candidate's mean loss is than the best one's, in nats per patient, and its standard error.

    The standard error comes from ``units`` patients or sites, and ``level`` is the one-sided level of the test. It is
    nominal: the best of several candidates is tested, which raises the rate of false positives, and a useless candidate
    predicts worse than the average, which lowers it.
    """

    estimate: float
    standard_error: float
    units: int
    level: float

    @property
    def limits(self) -> tuple[float, float]:
        """The 95% limits of the difference."""
        away = float(t.ppf(0.975, self.units - 1)) * self.standard_error
        return self.estimate - away, self.estimate + away

    @property
    def z(self) -> float:
        """The difference in standard errors; NaN for the best candidate itself."""
        return self.estimate / self.standard_error if self.standard_error > 0 else float("nan")

    @property
    def p(self) -> float:
        """The one-sided p of the t test; NaN as ``z``."""
        return float(t.sf(self.z, self.units - 1))

    @property
    def tolerated(self) -> bool:
        """Whether the difference is not significant, or it is not known whether it is."""
        if self.standard_error == 0:
            return self.estimate == 0
        return not self.p < self.level


@dataclass(frozen=True)
class Choice:
    """The winner and the best candidate by loss, and every candidate's difference to the best, by rising complexity.

    ``rule`` is the one in use.
    """

    winner: str
    best: str
    differences: Mapping[str, LossDifference]
    rule: str = SelectionSettings.rule


def choose(
    losses: Mapping[str, Floats],
    fitted_on: NDArray[np.bool_],
    site: NDArray[np.integer],
    settings: SelectionSettings,
) -> Choice:
    """Choose among candidates by rising complexity, of which the first is the average; ties go to the simpler.

    ``losses`` (patients,) are summed held-out losses per patient, 0 where a patient has none; ``fitted_on`` (patients,)
    flags who has some, ``site`` (patients,) holds codes.
    """
    best = min(losses, key=lambda name: float(losses[name].sum()))
    among = site[fitted_on]
    differences = {name: difference((loss - losses[best])[fitted_on], among, settings) for name, loss in losses.items()}
    average = next(iter(losses))
    if settings.rule == "best":
        winner = best
    elif settings.rule == "simplest":
        winner = next(name for name, found in differences.items() if found.tolerated)
    elif settings.rule == "one_standard_error":
        reach = difference(losses[best][fitted_on], among, settings).standard_error
        winner = next(name for name, found in differences.items() if name == best or found.estimate <= reach)
    else:
        winner = average if differences[average].tolerated else best
    return Choice(winner, best, differences, settings.rule)


def difference(paired: Floats, site: NDArray[np.integer], settings: SelectionSettings) -> LossDifference:
    """The mean of paired differences (patients,), and its standard error: over sites where there are enough of them.

    The standard error is NaN below two patients.
    """
    number = len(paired)
    if number < 2:
        return LossDifference(float(paired.sum()), float("nan"), number, settings.level)
    away = paired - paired.mean()
    units = away
    sites, code = np.unique(site, return_inverse=True)
    if len(sites) >= settings.fewest_sites:
        units = np.bincount(code, weights=away)
    spread = float(units @ units) * len(units) / (len(units) - 1)
    return LossDifference(float(paired.mean()), float(np.sqrt(spread)) / number, len(units), settings.level)
