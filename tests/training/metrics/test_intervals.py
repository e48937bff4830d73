"""Draws that repeat patients as often as chance would, and intervals that say when there is none."""

import numpy as np
import pytest

from training.metrics.intervals import blocks_of_draws, enough_for_interval, interval, over_patients, over_sites


def test_the_first_row_is_the_cohort_itself_and_every_draw_is_as_large() -> None:
    weights = over_patients(50, 30, seed=1)
    assert weights.shape == (31, 50)
    np.testing.assert_array_equal(weights[0], 1)
    np.testing.assert_array_equal(weights.sum(axis=1), 50)
    np.testing.assert_array_equal(weights, np.round(weights))


def test_the_same_seed_gives_the_same_draws_and_another_others() -> None:
    site = np.arange(40) % 4
    np.testing.assert_array_equal(over_sites(site, 5, seed=2), over_sites(site, 5, seed=2))
    assert (over_sites(site, 5, seed=2) != over_sites(site, 5, seed=3)).any()
    np.testing.assert_array_equal(over_patients(40, 5, seed=2), over_patients(40, 5, seed=2))
    assert (over_patients(40, 5, seed=2) != over_patients(40, 5, seed=3)).any()


def test_a_patient_is_left_out_of_a_draw_with_the_chance_of_e_to_the_minus_one() -> None:
    """(1 - 1/n)^n: 0.366 for 100 patients; 20,000 patients in draws, so within 0.02."""
    assert np.mean(over_patients(100, 200, seed=4)[1:] == 0) == pytest.approx(0.99**100, abs=0.02)


def test_sites_are_drawn_whole_before_their_patients() -> None:
    """Each site has its own size, so that a draw's patients of a site are a multiple of it, and sites go missing."""
    site = np.repeat([7, 3, 5], [4, 9, 11])
    shuffled = np.random.default_rng(0).permutation(len(site))
    weights = over_sites(site[shuffled], 200, seed=5)[1:]
    drawn = np.stack(
        [weights[:, site[shuffled] == name].sum(axis=1) / size for name, size in ((7, 4), (3, 9), (5, 11))]
    )
    np.testing.assert_array_equal(drawn, np.round(drawn))
    np.testing.assert_array_equal(drawn.sum(axis=0), 3)
    assert np.mean(drawn == 0) == pytest.approx((2 / 3) ** 3, abs=0.05)


def test_within_a_site_patients_are_drawn_alike() -> None:
    weights = over_sites(np.repeat([0, 1], [5, 15]), 4000, seed=6)[1:]
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.1)
    assert (weights[:, :5].max(axis=1) > weights[:, :5].min(axis=1)).mean() > 0.7


def test_an_interval_is_wider_where_sites_differ() -> None:
    """Ten sites whose means differ: drawing patients alone takes the sites for granted."""
    rng = np.random.default_rng(7)
    site = np.repeat(np.arange(10), 40)
    value = rng.standard_normal(10)[site] + rng.standard_normal(400)
    width = []
    for weights in (over_patients(400, 400, seed=8), over_sites(site, 400, seed=8)):
        found = interval(weights @ value / weights.sum(axis=1))
        assert found.low is not None
        assert found.high is not None
        width.append(found.high - found.low)
    assert width[1] > 2 * width[0]


def test_the_interval_of_a_mean_is_the_textbooks() -> None:
    """Mean +- 1.96 sd / sqrt(n)."""
    value = np.random.default_rng(9).standard_normal(500)
    weights = over_patients(500, 2000, seed=10)
    found = interval(weights @ value / 500)
    half = 1.96 * value.std() / np.sqrt(500)
    assert found.estimate == pytest.approx(value.mean())
    assert found.low == pytest.approx(value.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(value.mean() + half, abs=0.1 * half)


def test_an_interval_is_between_the_percentiles_of_the_draws_and_not_of_the_estimate() -> None:
    found = interval(np.concatenate([[1000.0], np.arange(41.0)]))
    assert (found.estimate, found.low, found.high) == (1000, 1, 39)


@pytest.mark.parametrize(("undefined", "given"), [(9, True), (10, True), (11, False), (100, False)])
def test_up_to_a_tenth_of_the_draws_may_be_undefined(undefined: int, given: bool) -> None:
    values = np.concatenate([[0.5], np.full(undefined, np.nan), np.linspace(0, 1, 100 - undefined)])
    found = interval(values)
    assert found.estimate == 0.5
    assert (found.low is not None, found.high is not None) == (given, given)


@pytest.mark.parametrize("values", [np.array([np.nan, 0.1, 0.2]), np.array([0.3])])
def test_there_is_no_interval_without_an_estimate_or_without_draws(values: np.ndarray) -> None:
    found = interval(values)
    assert found.estimate == (None if np.isnan(values[0]) else 0.3)
    assert (found.low, found.high) == (None, None)


@pytest.mark.parametrize(("draws", "patients"), [(1, 10), (3, 0), (7, 200_000), (5, 3_000_000)])
def test_blocks_of_draws_are_all_the_draws_once(draws: int, patients: int) -> None:
    weights = np.broadcast_to(np.arange(draws, dtype=np.float64)[:, None], (draws, patients))
    rows = np.concatenate([np.arange(draws)[block] for block in blocks_of_draws(weights)])
    np.testing.assert_array_equal(rows, np.arange(draws))


@pytest.mark.parametrize(("events", "others", "enough"), [(5, 5, True), (4, 50, False), (50, 4, False), (1, 0, False)])
def test_an_interval_takes_five_answers_of_either_kind(events: int, others: int, enough: bool) -> None:
    assert enough_for_interval(np.repeat([1.0, 0.0], [events, others])) == enough


def test_of_fewer_than_five_many_draws_hold_none_or_hardly_any() -> None:
    """Why five: e^-k of the draws hold none of k events: more than a third for one event, under 1 in 100 for five."""
    share = {}
    for events in (1, 5):
        drawn = over_patients(200, 4000, seed=3)[1:, :events].sum(axis=1)
        share[events] = np.mean(drawn == 0)
    assert share[1] == pytest.approx(np.exp(-1), abs=0.03)
    assert share[5] < 0.01
