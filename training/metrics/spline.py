"""Restricted cubic splines, which are straight beyond their outer knots, for curves of unknown shape.

The number of knots depends on the data.
"""

from dataclasses import dataclass

import numpy as np

from features.records.timeline import Floats

_KNOTS = {5: (0.05, 0.275, 0.5, 0.725, 0.95), 3: (0.1, 0.5, 0.9)}
"""Quantiles. Source: Harrell 2015, Regression Modeling Strategies, table 2.3, doi:10.1007/978-3-319-19425-7."""

_FIVE_KNOTS_FROM, _THREE_KNOTS_FROM = 100, 30
"""Patients with the rarer outcome. Test: test_few_relapses_are_given_a_stiffer_curve."""


@dataclass(frozen=True, eq=False)
class Spline:
    """The knots of a spline, and the transformation that makes its columns, otherwise nearly equal, uncorrelated.

    ``knots`` (knots,), ``centre`` (columns,), ``whitening`` (columns, columns). Without knots it is a straight line.
    """

    knots: Floats
    centre: Floats
    whitening: Floats

    def columns(self, values: Floats) -> Floats:
        """Columns of variance 1 over the values that the spline was fitted to, shape (n, columns).

        A direction in which those values did not vary is 0 throughout.
        """
        return np.asarray((_bent(values, self.knots) - self.centre) @ self.whitening)


def spline_through(values: Floats, outcomes: float) -> Spline:
    """A spline over ``values`` (n,) for a regression whose rarer outcome occurred ``outcomes`` times.

    Five knots, three below 100 such outcomes, a straight line below 30. Equal knots count as one; if fewer than three
    are left, because there are few values, the line is straight.
    Source: Harrell 2015, Regression Modeling Strategies, section 2.4, doi:10.1007/978-3-319-19425-7.
    """
    knots = _knots(values, outcomes)
    columns = _bent(values, knots)
    if len(columns) == 0:
        return Spline(knots, np.zeros(columns.shape[1]), np.zeros((columns.shape[1], columns.shape[1])))
    centre = columns.mean(axis=0)
    _, size, directions = np.linalg.svd((columns - centre) / np.sqrt(len(columns)), full_matrices=False)
    known = size > 1e-9 * max(1.0, float(size.max()))
    return Spline(knots, centre, directions.T * np.where(known, 1 / np.where(known, size, 1.0), 0.0))


def _knots(values: Floats, outcomes: float) -> Floats:
    for number, fewest in ((5, _FIVE_KNOTS_FROM), (3, _THREE_KNOTS_FROM)):
        if outcomes < fewest:
            continue
        knots = np.unique(np.quantile(values, _KNOTS[number]))
        if len(knots) >= 3:
            return knots
    return np.empty(0)


def _bent(values: Floats, knots: Floats) -> Floats:
    """The spline's columns before the transformation: (n, 1) without knots, else (n, knots - 1)."""
    if len(knots) == 0:
        return values[:, None]
    cubes = np.maximum(values[:, None] - knots, 0.0) ** 3
    last, before_last = knots[-1], knots[-2]
    to_last, to_before = (last - knots[:-2]) / (last - before_last), (before_last - knots[:-2]) / (last - before_last)
    bent = cubes[:, :-2] - cubes[:, -2:-1] * to_last + cubes[:, -1:] * to_before
    return np.column_stack([values, bent / (last - knots[0]) ** 2])
