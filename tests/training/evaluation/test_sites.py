"""A question answered at each site, what a new site should expect, and which patients an interval is drawn over."""

import numpy as np
import pytest

from features.records.timeline import Floats
from tests.training.evaluation.evaluated_examples import asked_of, cohort_of, once
from training.evaluation.sites import by_site
from training.metrics.draws import draw
from training.metrics.question_measures import core_values
from training.metrics.random_effects import pool

PER_SITE = 60


def drawn(sites: int, seed: int = 3) -> tuple[list[float], list[float], list[int]]:
    """Answers, predictions and sites of as many patients at every site; the predictions are right."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(0.1, 0.9, sites * PER_SITE)
    answers = (rng.random(len(predicted)) < predicted).astype(float)
    return answers.tolist(), predicted.tolist(), np.repeat(np.arange(sites), PER_SITE).tolist()


def test_a_site_is_evaluated_by_its_own_patients_and_their_draws() -> None:
    answers, predicted, site = drawn(2)
    cohort = cohort_of(site)
    draws = draw(cohort, True, 40, 1)
    sites, across = by_site(asked_of(answers, predicted), cohort, draws.patients, 3)
    assert [found.site for found in sites] == ["c1", "c2"]
    alone = core_values(asked_of(answers[:PER_SITE], predicted[:PER_SITE]), draws.patients[:, :PER_SITE])
    assert sites[0].discrimination.estimate == pytest.approx(alone["auc"][0])
    assert sites[0].calibration_slope.low == pytest.approx(np.quantile(alone["calibration_slope"][1:], 0.025))
    assert sites[0].n == PER_SITE
    assert sites[0].events == sum(answers[:PER_SITE])
    assert across == []  # two sites say nothing of a third


def test_from_three_sites_on_they_are_summed_up_and_an_auc_is_pooled_as_log_odds() -> None:
    answers, predicted, site = drawn(4)
    cohort = cohort_of(site)
    draws = draw(cohort, False, 60, 1)
    sites, across = by_site(asked_of(answers, predicted), cohort, draws.patients, 3)
    auc, intercept, _ = across
    values = [
        core_values(asked_of(answers, predicted).subset(np.array(site) == code), draws.patients) for code in range(4)
    ]
    areas = np.array([found["auc"][0] for found in values])
    errors = np.array([found["auc"][1:].std() for found in values])
    pooled = pool(np.log(areas / (1 - areas)), errors / (areas * (1 - areas)))
    assert auc.mean.estimate == pytest.approx(1 / (1 + np.exp(-pooled.mean)))
    assert auc.new_site_high == pytest.approx(1 / (1 + np.exp(-pooled.new_high)))
    shifts = np.array([found.calibration_in_the_large.estimate for found in sites])
    errors = np.array([found["calibration_intercept"][1:].std() for found in values])
    assert intercept.mean.estimate == pytest.approx(pool(shifts, errors).mean)


def test_no_new_site_is_promised_more_than_a_perfect_auc() -> None:
    rng = np.random.default_rng(5)
    site = np.repeat(np.arange(3), PER_SITE)
    answers = rng.integers(0, 2, 3 * PER_SITE).astype(float)
    noise = np.array([0.55, 0.6, 1.6])[site]
    predicted = 1 / (1 + np.exp(-(answers - 0.5 + noise * rng.standard_normal(len(site)))))
    cohort = cohort_of(site.tolist())
    _, across = by_site(asked_of(answers.tolist(), predicted.tolist()), cohort, draw(cohort, False, 60, 1).patients, 3)
    assert across[0].new_site_low is not None
    assert across[0].new_site_high is not None
    assert 0 < across[0].new_site_low < 0.6
    assert 0.95 < across[0].new_site_high < 1


def test_a_site_with_few_answers_of_a_kind_and_patients_without_a_site_have_no_figures() -> None:
    answers = [1.0] * 4 + [0.0] * 40 + [1.0] * 5 + [0.0] * 5 + [1.0] * 20 + [0.0] * 20
    site = [0] * 44 + [1] * 10 + [-1] * 40
    predicted = np.linspace(0.2, 0.8, 94).tolist()
    sites, _ = by_site(asked_of(answers, predicted), cohort_of(site), once(94), 3)
    assert [(found.site, found.n, found.events) for found in sites] == [("c2", 10, 5)]


def test_a_site_whose_figures_would_give_a_small_site_away_is_not_shown() -> None:
    answers, predicted, site = drawn(3)
    with_a_few = cohort_of(site[:-3] + [3] * 3)
    sites, across = by_site(asked_of(answers, predicted), with_a_few, draw(with_a_few, False, 20, 1).patients, 3)
    assert [found.site for found in sites] == ["c1", "c2"]  # c3, the smallest, would leave three
    assert across[0].sites == 3


def test_draws_begin_with_the_data_and_are_over_sites_only_where_sites_were_held_out() -> None:
    cohort = cohort_of([0] * 30 + [1] * 50 + [-1] * 20)
    by_patients, by_sites = draw(cohort, False, 20, 4), draw(cohort, True, 20, 4)
    for found in (by_patients, by_sites):
        assert (found.patients[0] == 1).all()
        assert (found.resampled[0] == 1).all()
        assert found.patients.shape == found.resampled.shape == (21, 100)
    assert (by_patients.resampled == by_patients.patients).all()
    assert (by_sites.patients.sum(axis=1) == 100).all()
    # Three clusters of 30, 50 and 20: whole ones come once, more often, or not at all.
    assert _sizes(by_sites.resampled[1:], slice(0, 30)) <= {0, 30, 60, 90}
    assert _sizes(by_sites.resampled[1:], slice(80, 100)) <= {0, 20, 40, 60}
    assert (by_patients.words, by_sites.words) == ("patients", "sites, and patients within them")


def test_a_single_site_is_drawn_over_patients() -> None:
    found = draw(cohort_of([0] * 12), True, 5, 4)
    assert (found.resampled == found.patients).all()
    assert found.words == "patients"


def _sizes(draws: Floats, members: slice) -> set[float]:
    return set(draws[:, members].sum(axis=1).tolist())
