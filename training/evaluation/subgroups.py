"""The figures of a question by subgroup: sex, age, diagnosis, site, and the study's yes/no columns and categories.

Groups of fewer than ten patients are named without figures (`disclosure`).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from training.evidence.document import Subgroup
from training.metrics.disclosure import FEWEST, with_small_groups_merged
from training.metrics.draws import Draws
from training.metrics.intervals import interval
from training.metrics.net_benefit import net_benefit
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import averaged, core_values, observed_rate

FEWEST_EVENTS = 5
"""Fewest events of a group whose number is given."""


def groups_of(cohort: Cohort, age_bands: Sequence[int]) -> Iterator[tuple[str, str, Mask]]:
    """Variable, group and flags of its patients, for all patients whose value is recorded.

    ``age_bands`` are the lower bounds in years of the second band and the following ones.
    """
    for variable, names in (("sex", None), ("diagnosis", None), ("site", cohort.site_names)):
        codes = cohort.site if variable == "site" else cohort.patients[variable].astype(np.intp)
        labels = names if names is not None else _categories(cohort, variable)
        for code in np.unique(codes[codes >= 0]).tolist():
            yield variable, labels[code], codes == code
    age = cohort.number("age_years")
    bounds = (0, *age_bands, 200)
    for low, high in pairwise(bounds):
        label = f"under {high}" if low == 0 else f"{low} and over" if high == 200 else f"{low} to {high - 1}"
        yield "age", label, (age >= low) & (age < high)
    for covariate in cohort.protocol.covariates:
        if covariate.kind == "binary":
            values = cohort.number(covariate.name)
            yield covariate.name, "yes", values == 1
            yield covariate.name, "no", values == 0
        if covariate.kind == "category":
            held = cohort.patients[covariate.name]
            yield from (
                (covariate.name, level, np.asarray(held == code)) for code, level in enumerate(covariate.levels)
            )


def _categories(cohort: Cohort, variable: str) -> tuple[str, ...]:
    columns = {column.name: column for column in cohort.protocol.tables["patients"]}
    return columns[variable].categories


def subgroups(
    asked: QuestionData, cohort: Cohort, draws: Draws, threshold: float, age_bands: Sequence[int]
) -> list[Subgroup]:
    """One entry per group with at least one patient in the question; net benefit is that at ``threshold``.

    A site's intervals are over its patients; those of other groups are as for the whole cohort.
    """
    once = asked.first_repeat.patient
    counted = np.zeros(len(cohort), dtype=np.bool_)
    counted[asked.observed.patient] = True
    return [
        _subgroup(variable, group, asked.subset(members[asked.patient]), _weights(variable, draws), threshold)
        for variable, groups in groupby(groups_of(cohort, age_bands), lambda found: found[0])
        for group, members in with_small_groups_merged([(group, members) for _, group, members in groups], counted)
        if members[once].any()
    ]


def _weights(variable: str, draws: Draws) -> Floats:
    return draws.patients if variable == "site" else draws.resampled


def _subgroup(variable: str, group: str, asked: QuestionData, draws: Floats, threshold: float) -> Subgroup:
    observed = asked.observed
    once = observed.first_repeat
    if len(once.row) < FEWEST:
        return Subgroup(variable=variable, group=group, n=None)
    events = int(once.y_observed.sum())
    draws = observed.drawn(draws)
    values = core_values(observed, draws)
    benefit = averaged(
        observed,
        lambda part, w: {"nb": net_benefit(part.y_observed, part.y_predicted, w, np.array([threshold]))[:, 0]},
        draws,
    )
    rate = averaged(observed, lambda part, w: {"rate": observed_rate(part, w)}, draws)["rate"]
    return Subgroup(
        variable=variable,
        group=group,
        n=len(once.row),
        events=events if events >= FEWEST_EVENTS else None,
        mean_predicted=float(np.average(observed.y_predicted, weights=observed.weights)),
        observed=interval(rate),
        discrimination=interval(values["auc"]),
        calibration_in_the_large=interval(values["calibration_intercept"]),
        net_benefit=interval(benefit["nb"]),
    )
