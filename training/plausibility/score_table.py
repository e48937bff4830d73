"""The scores of every instrument: how many, lowest, quartiles, highest, and the share at both ends of the scale.

A group of fewer than ten patients gets counts and no figures (`training.metrics.disclosure`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.instruments import Instrument
from features.records.cohort import Cohort
from features.records.cut_offs import at_least, at_most
from features.records.timeline import Indices, Mask
from training.metrics.counted_values import CountedValues
from training.metrics.disclosure import FEWEST
from training.plausibility.score_counts import ScoreCounts, SiteScores, merged_scores, score_counts


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
    return table_of(score_counts(cohort))


def table_of(counts: Sequence[ScoreCounts]) -> tuple[InstrumentScores, ...]:
    """The table of counted scores."""
    return tuple(map(_scores, counts))


def _scores(counts: ScoreCounts) -> InstrumentScores:
    scale, whole = counts.instrument, merged_scores(list(counts.sites.values()))
    sites = sorted(site for site in counts.sites if site is not None)
    shown = _shown(np.array([counts.sites[site].patients for site in sites], dtype=np.intp), whole.patients)
    groups = [
        _group(site, counts.sites[site], scale, shown=is_shown) for site, is_shown in zip(sites, shown, strict=True)
    ]
    in_all = _group(None, whole, scale, shown=whole.patients >= FEWEST)
    return InstrumentScores(scale.name, scale.minimum, scale.maximum, in_all, tuple(groups))


def _group(site: str | None, found: SiteScores, scale: Instrument, *, shown: bool) -> ScoreGroup:
    return ScoreGroup(site, len(found.scores), found.patients, _figures(found.scores, scale) if shown else None)


def _figures(scores: CountedValues, scale: Instrument) -> ScoreFigures:
    ends = (at_most(scores.values, scale.minimum), at_least(scores.values, scale.maximum))
    low, high = (int(scores.counts[at_end].sum()) / len(scores) for at_end in ends)
    return ScoreFigures(scores.quantiles([0, 0.25, 0.5, 0.75, 1]), low, high)


def _shown(sites: Indices, patients: int) -> Mask:
    """Which sites may have figures, given the patients at each, and in all.

    Without the second rule the figures of few patients would follow from the total by subtraction.
    """
    shown = np.asarray(sites >= FEWEST)
    hidden = patients - int(sites[shown].sum())
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
