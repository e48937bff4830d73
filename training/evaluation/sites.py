"""The figures of a question at each site, and what a new site should expect: random effects over the sites."""

from collections.abc import Sequence

import numpy as np

from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.outcomes import expit
from training.evidence.document import Estimate, SiteEstimate, SiteMetaAnalysis
from training.metrics.disclosure import with_small_groups_merged
from training.metrics.intervals import enough_for_interval, interval
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import core_values
from training.metrics.random_effects import pool

MEASURES = ("auc", "calibration_intercept", "calibration_slope")


def by_site(
    asked: QuestionData, cohort: Cohort, draws: Floats, fewest_sites: int
) -> tuple[list[SiteEstimate], list[SiteMetaAnalysis]]:
    """Figures of every site with enough answers, and their summary from ``fewest_sites`` on.

    ``draws`` (draws + 1, patients) are over patients: a site is not resampled within itself. A site that is merged with
    a small one (`disclosure`) is in the summary only.
    """
    counted = np.zeros(len(cohort), dtype=np.bool_)
    counted[asked.observed.patient] = True
    groups = [(name, cohort.site == code) for code, name in enumerate(cohort.site_names)]
    alone = {name for name, _ in with_small_groups_merged(groups, counted)}
    found = [
        (name, part, core_values(part, draws))
        for name, members in groups
        if _enough(part := asked.subset(members[asked.patient]).observed)
    ]
    sites = [_site(name, part, values) for name, part, values in found if name in alone]
    if len(found) < fewest_sites:
        return sites, []
    return sites, [_across(measure, [values[measure] for *_, values in found]) for measure in MEASURES]


def _enough(asked: QuestionData) -> bool:
    return enough_for_interval(asked.first_repeat.y_observed)


def _site(name: str, asked: QuestionData, values: dict[str, Floats]) -> SiteEstimate:
    once = asked.first_repeat
    return SiteEstimate(
        site=name,
        n=len(once.row),
        events=int(once.y_observed.sum()),
        discrimination=interval(values["auc"]),
        calibration_in_the_large=interval(values["calibration_intercept"]),
        calibration_slope=interval(values["calibration_slope"]),
    )


def _across(measure: str, values: Sequence[Floats]) -> SiteMetaAnalysis:
    """The summary of one measure; an AUC is pooled on the log-odds, on which ``tau`` stays.

    Near 1 it is skewed, and no site can expect more than 1: Snell 2018, doi:10.1177/0962280217705678.
    """
    estimates = np.array([drawn[0] for drawn in values])
    errors = np.array([np.nanstd(drawn[1:]) if np.isfinite(drawn[1:]).sum() > 1 else np.nan for drawn in values])
    if measure == "auc":
        inside = np.where((estimates > 0) & (estimates < 1), estimates, np.nan)
        estimates, errors = np.log(inside / (1 - inside)), errors / (inside * (1 - inside))
    usable = np.isfinite(estimates) & np.isfinite(errors) & (errors > 0)
    pooled = pool(estimates[usable], errors[usable])
    limits = np.array([pooled.mean, pooled.low, pooled.high, pooled.new_low, pooled.new_high])
    mean, low, high, new_low, new_high = (expit(limits) if measure == "auc" else limits).tolist()
    return SiteMetaAnalysis(
        measure=measure,
        sites=int(usable.sum()),
        mean=Estimate(estimate=mean, low=low, high=high),
        tau=pooled.tau,
        new_site_low=new_low,
        new_site_high=new_high,
    )
