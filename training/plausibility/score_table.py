"""The scores of every instrument: how many, lowest, quartiles, highest, and the share at both ends of the scale.

A group of fewer than ten patients gets counts and no figures (`training.metrics.disclosure`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.records.cohort import Cohort
from features.records.cut_offs import at_least, at_most
from features.records.timeline import Floats, Indices, Mask
from training.metrics.disclosure import FEWEST
from training.plausibility.scale_ratings import ScaleRatings, scale_ratings


@dataclass(frozen=True)
class ScoreFigures:
    """The scores of a group; ``quantiles`` are the lowest, the quartiles and the highest, in points.

    Quartiles are interpolated linearly, as in R and in spreadsheets. ``at_minimum`` and ``at_maximum`` are shares from
    0 to 1 of the ratings at the ends of the scale.
    """

    quantiles: tuple[float, ...]
    at_minimum: float
    at_maximum: float


@dataclass(frozen=True)
class ScoreGroup:
    """The ratings of one instrument in all (``site`` is ``None``) or at one site; no figures for few patients."""

    site: str | None
    ratings: int
    patients: int
    figures: ScoreFigures | None


@dataclass(frozen=True)
class InstrumentScores:
    """One instrument with the range of its scale, the scores in all and per site."""

    instrument: str
    minimum: float
    maximum: float
    whole: ScoreGroup
    sites: tuple[ScoreGroup, ...]


def score_table(cohort: Cohort) -> tuple[InstrumentScores, ...]:
    """The scores of every instrument that was rated, in the order of the protocol."""
    return tuple(_scores(ratings, cohort.site_names) for ratings in scale_ratings(cohort))


def _scores(ratings: ScaleRatings, site_names: Sequence[str]) -> InstrumentScores:
    scale = ratings.instrument
    patients = len(np.unique(ratings.rows.patient))
    figures = _figures(ratings, ratings.score) if patients >= FEWEST else None
    whole = ScoreGroup(None, len(ratings.rows), patients, figures)
    return InstrumentScores(scale.name, scale.minimum, scale.maximum, whole, tuple(_sites(ratings, site_names)))


def _figures(ratings: ScaleRatings, score: Floats) -> ScoreFigures:
    scale = ratings.instrument
    quantiles = tuple(np.quantile(score, [0, 0.25, 0.5, 0.75, 1]).tolist())
    low, high = at_most(score, scale.minimum).mean(), at_least(score, scale.maximum).mean()
    return ScoreFigures(quantiles, float(low), float(high))


def _sites(ratings: ScaleRatings, names: Sequence[str]) -> Iterator[ScoreGroup]:
    """A group per site with ratings, by name."""
    site = ratings.sites[ratings.rows.patient]
    order = np.argsort(site, kind="stable")
    bounds = np.searchsorted(site[order], np.arange(len(names) + 1))
    rated = np.bincount(ratings.sites[np.unique(ratings.rows.patient)] + 1, minlength=len(names) + 1)
    shown = _shown(rated)
    for code, name in enumerate(names):
        rows = order[bounds[code] : bounds[code + 1]]
        if len(rows):
            figures = _figures(ratings, ratings.score[rows]) if shown[code] else None
            yield ScoreGroup(name, len(rows), int(rated[code + 1]), figures)


def _shown(rated: Indices) -> Mask:
    """Which sites may have figures, given the patients without a site and at each.

    Without the second rule the figures of few patients would follow from the total by subtraction.
    """
    sites = rated[1:]
    shown = np.asarray(sites >= FEWEST)
    hidden = int(rated.sum() - sites[shown].sum())
    if 0 < hidden < FEWEST and shown.any():
        shown[np.argmin(np.where(shown, sites, np.iinfo(np.intp).max))] = False
    return shown


def render_scores(table: Sequence[InstrumentScores], *, by_site: bool = False) -> list[str]:
    """As lines for a terminal, at most 100 characters wide; none without ratings."""
    if not table:
        return []
    columns = (
        f"{'ratings':>10}{'patients':>9}{'lowest':>8}{'quartiles':>16}{'highest':>9}{'at lowest':>10}{'at highest':>11}"
    )
    lines = [f"{'Scores (range of the scale)':<26}{columns}"]
    for scores in table:
        lines.append(_line(f"{scores.instrument} ({scores.minimum:g} to {scores.maximum:g})", scores.whole))
        lines += [_line(f"  {group.site}", group) for group in scores.sites if by_site]
    return lines


def _line(label: str, group: ScoreGroup) -> str:
    name = f"  {label}" if len(label) <= 23 else f"  {label[:20]}..."
    start = f"{name:<26}{group.ratings:>10,}{group.patients:>9,}"
    if group.figures is None:
        return f"{start}   too few patients for figures"
    lowest, *quartiles, highest = group.figures.quantiles
    middle = " ".join(f"{value:.4g}" for value in quartiles)
    shares = f"{group.figures.at_minimum:>10.0%}{group.figures.at_maximum:>11.0%}"
    return f"{start}{lowest:>8.4g}{middle:>16}{highest:>9.4g}{shares}"
