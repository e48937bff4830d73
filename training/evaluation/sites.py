"""How a question is answered at each site, and what a new site should expect: random effects over the sites."""

from collections.abc import Sequence

import numpy as np

from features.cohort import Cohort
from features.timeline import Floats
from training.evaluation.intervals import interval
from training.evaluation.question_measures import core_values
from training.evaluation.questions import Asked
from training.evaluation.random_effects import pool
from training.evidence import AcrossSites, Estimate, SiteEstimate

FEWEST_EVENTS = 5
"""Answers of either kind at a site for figures of its own."""
FEWEST_SITES = 3
MEASURES = ("auc", "calibration_intercept", "calibration_slope")


def by_site(asked: Asked, cohort: Cohort, draws: Floats) -> tuple[list[SiteEstimate], list[AcrossSites]]:
    """Figures of every site with enough answers, and their summary from three sites on.

    ``draws`` (draws + 1, patients) are over patients: a site is not drawn again within itself.
    """
    found = [
        (cohort.site_names[code], part, core_values(part, draws))
        for code in np.unique(cohort.site[cohort.site >= 0]).tolist()
        if _enough(part := asked.of(cohort.site[asked.patient] == code).observed)
    ]
    sites = [_site(name, part, values) for name, part, values in found]
    if len(found) < FEWEST_SITES:
        return sites, []
    return sites, [_across(measure, [values[measure] for *_, values in found]) for measure in MEASURES]


def _enough(asked: Asked) -> bool:
    once = asked.first_repeat.y_observed
    return int(min((once == 1).sum(), (once == 0).sum())) >= FEWEST_EVENTS


def _site(name: str, asked: Asked, values: dict[str, Floats]) -> SiteEstimate:
    once = asked.first_repeat
    return SiteEstimate(
        site=name,
        n=len(once.row),
        events=int(once.y_observed.sum()),
        discrimination=interval(values["auc"]),
        calibration_in_the_large=interval(values["calibration_intercept"]),
        calibration_slope=interval(values["calibration_slope"]),
    )


def _across(measure: str, values: Sequence[Floats]) -> AcrossSites:
    estimates = np.array([drawn[0] for drawn in values])
    errors = np.array([np.nanstd(drawn[1:]) if np.isfinite(drawn[1:]).sum() > 1 else np.nan for drawn in values])
    usable = np.isfinite(estimates) & np.isfinite(errors) & (errors > 0)
    pooled = pool(estimates[usable], errors[usable])
    return AcrossSites(
        measure=measure,
        sites=int(usable.sum()),
        mean=Estimate(estimate=pooled.mean, low=pooled.low, high=pooled.high),
        tau=pooled.tau,
        new_site_low=pooled.new_low,
        new_site_high=pooled.new_high,
    )
