"""A measure across sites, and the values that a new site should expect.

The caller chooses the measures and the scale on which they are nearly normal.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t

from features.records.timeline import Floats

_NAN = float("nan")


@dataclass(frozen=True)
class PooledEstimate:
    """The mean over sites with its 95% interval, the spread between sites, and 95% limits for a new site.

    ``tau`` is the standard deviation of the sites' true values. NaN if not defined: ``mean`` without any site,
    ``low``, ``high`` and ``tau`` below two sites, ``new_low`` and ``new_high`` below three.
    """

    sites: int
    mean: float
    low: float
    high: float
    tau: float
    new_low: float
    new_high: float


def pool(estimates: Floats, standard_errors: Floats) -> PooledEstimate:
    """Random-effects summary of one estimate per site, both (sites,); sites without a finite, positive error left out.

    The spread is by restricted maximum likelihood (Viechtbauer 2005, doi:10.3102/10769986030003261), the mean's
    interval by Hartung & Knapp 2001, doi:10.1002/sim.1009 (t with sites - 1 degrees of freedom), the limits for a new
    site by Higgins 2009, doi:10.1111/j.1467-985X.2008.00552.x (t with sites - 2), with the same standard error:
    IntHout 2016, doi:10.1136/bmjopen-2015-010247.
    """
    known = np.isfinite(estimates) & np.isfinite(standard_errors) & (standard_errors > 0)
    values, variances = estimates[known], standard_errors[known] ** 2
    sites = len(values)
    if sites == 0:
        return PooledEstimate(0, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN)
    if sites == 1:
        return PooledEstimate(1, float(values[0]), _NAN, _NAN, _NAN, _NAN, _NAN)
    variance_between = _variance_between(values, variances)
    weights = 1 / (variances + variance_between)
    mean = float(np.average(values, weights=weights))
    error = float(np.sqrt(weights @ (values - mean) ** 2 / ((sites - 1) * weights.sum())))
    half = error * float(t.ppf(0.975, sites - 1))
    new = float(t.ppf(0.975, sites - 2)) * float(np.sqrt(variance_between + error**2)) if sites > 2 else _NAN
    return PooledEstimate(
        sites, mean, mean - half, mean + half, float(np.sqrt(variance_between)), mean - new, mean + new
    )


def _variance_between(values: Floats, variances: Floats) -> float:
    """Where the slope of the restricted likelihood crosses 0 for the first time; 0 where it falls from the start."""
    slope = _slope_of_likelihood(values, variances)
    upper = float(values.var() * 4 + variances.max())
    while slope(upper) > 0:
        upper *= 2
    return float(brentq(slope, 0.0, upper, xtol=1e-14)) if slope(0.0) > 0 else 0.0


def _slope_of_likelihood(values: Floats, variances: Floats) -> Callable[[float], float]:
    """Derivative of the restricted log-likelihood by the variance between sites (twice it)."""

    def slope(variance_between: float) -> float:
        weights = 1 / (variances + variance_between)
        mean = weights @ values / weights.sum()
        squares = weights**2
        return float(squares @ (values - mean) ** 2 - weights.sum() + squares.sum() / weights.sum())

    return slope
