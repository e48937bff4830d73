"""The scores of every instrument, counted by value and site: so the parts of a cohort add up to the whole."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from features.protocol.instruments import Instrument
from features.records.coded import AT_ONCE
from features.records.cohort import Cohort
from training.metrics.counted_values import CountedValues, added_values
from training.plausibility.scale_ratings import ScaleRatings, scale_ratings


@dataclass(frozen=True, eq=False)
class SiteScores:
    """The scores of one instrument at a site, and how many patients have any."""

    patients: int
    scores: CountedValues


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """The scores of one instrument by site, ``None`` for patients without one; only sites with ratings."""

    instrument: Instrument
    sites: Mapping[str | None, SiteScores]


def score_counts(cohort: Cohort) -> tuple[ScoreCounts, ...]:
    """What a table of scores is made of, in the order of the protocol."""
    names = (*cohort.site_names, None)  # the code -1 of no site picks the one at the end
    return tuple(ScoreCounts(ratings.instrument, dict(_by_site(ratings, names))) for ratings in scale_ratings(cohort))


def added_scores(parts: Sequence[Sequence[ScoreCounts]], instruments: Sequence[str]) -> tuple[ScoreCounts, ...]:
    """The scores of the patients of several parts, in this order of the instruments."""
    found: dict[str, list[ScoreCounts]] = defaultdict(list)
    for one in chain.from_iterable(parts):
        found[one.instrument.name].append(one)
    return tuple(_added(found[name]) for name in instruments if name in found)


def _by_site(ratings: ScaleRatings, names: Sequence[str | None]) -> Iterator[tuple[str | None, SiteScores]]:
    values = np.sort(pd.unique(ratings.score))
    counts = np.zeros((len(names), len(values)), dtype=np.int64)
    for start in range(0, len(ratings.rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        site = ratings.sites[ratings.rows.patient[part]] % len(names)
        cells = site * len(values) + np.searchsorted(values, ratings.score[part])
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
    rated = np.bincount(ratings.sites[ratings.rows.exists_for_patient()] % len(names), minlength=len(names))
    for code in np.flatnonzero(rated).tolist():
        there = np.flatnonzero(counts[code])
        yield names[code], SiteScores(int(rated[code]), CountedValues(values[there], counts[code][there]))


def _added(parts: Sequence[ScoreCounts]) -> ScoreCounts:
    sites = dict.fromkeys(site for part in parts for site in part.sites)
    return ScoreCounts(
        parts[0].instrument,
        {site: merged_scores([part.sites[site] for part in parts if site in part.sites]) for site in sites},
    )


def merged_scores(groups: Sequence[SiteScores]) -> SiteScores:
    """The scores of groups of patients, none of whom is in two, as those of one."""
    return SiteScores(sum(one.patients for one in groups), added_values(one.scores for one in groups))
