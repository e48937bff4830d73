"""The best candidate answers, unless the average does about as well on the same patients."""

import numpy as np
import pytest
from scipy import stats

from features.records.timeline import Floats
from training.learning.choice import Choice, LossDifference, choose, difference
from training.settings.sections import SelectionSettings

USUAL = SelectionSettings()


def chosen(*, site: list[int] | None = None, fitted_on: list[bool] | None = None, **losses: list[float]) -> Choice:
    """The choice among candidates by rising complexity, each with a loss per patient; all at one site."""
    number = len(next(iter(losses.values())))
    return choose(
        {name: np.array(loss) for name, loss in losses.items()},
        np.ones(number, dtype=np.bool_) if fitted_on is None else np.array(fitted_on),
        np.zeros(number, dtype=np.int32) if site is None else np.array(site),
        USUAL,
    )


@pytest.mark.parametrize(("more", "winner"), [(-0.01, "no_model"), (0.01, "logistic")])
def test_the_average_stays_until_one_in_ten_by_chance(more: float, winner: str) -> None:
    """Two patients who lose 1/2 and 0: the mean is 1/4, its standard error sqrt((1/16 + 1/16) / 1 / 2) = 1/4 too.

    Of t with one degree of freedom one in ten lies beyond tan(0.4 pi) = 3.0777.
    """
    at_the_limit = 0.25 * (np.tan(0.4 * np.pi) - 1)
    found = chosen(no_model=[0.5 + at_the_limit + more, at_the_limit + more], logistic=[0.0, 0.0])
    assert found.differences["no_model"].standard_error == pytest.approx(0.25)
    assert (found.winner, found.best) == (winner, "logistic")


def test_the_test_of_a_difference_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    average, model = rng.normal(0.6, 0.2, 30), rng.normal(0.55, 0.2, 30)
    found = difference(average - model, np.zeros(30, dtype=np.int32), USUAL)
    expected = stats.ttest_rel(average, model, alternative="greater")
    assert (found.z, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    both_sides = stats.ttest_rel(average, model).confidence_interval(0.95)
    assert found.limits == pytest.approx((both_sides.low, both_sides.high))


def test_the_best_answers_also_where_a_simpler_candidate_is_nearly_as_good() -> None:
    """Chance explains what the simpler one lacks, and not what the average lacks."""
    found = chosen(no_model=[1.0, 1.2, 1.1, 0.9], logistic=[0.6, 0.4, 0.5, 0.5], xgboost=[0.4, 0.6, 0.49, 0.5])
    assert found.differences["logistic"].tolerated
    assert not found.differences["no_model"].tolerated
    assert found.winner == "xgboost"


@pytest.mark.parametrize(
    ("losses", "winner"),
    [
        ({"no_model": [0.9, 0.8], "logistic": [0.5, 0.4], "xgboost": [0.4, 0.5]}, "logistic"),
        ({"no_model": [0.9, 0.8], "one_variable": [0.5, 0.4], "logistic": [0.5, 0.4]}, "one_variable"),
        ({"no_model": [0.5, 0.4], "logistic": [0.4, 0.5]}, "no_model"),
        ({"no_model": [0.5, 0.4], "logistic": [0.6, 0.6]}, "no_model"),
        ({"no_model": [0.5, 0.4]}, "no_model"),
    ],
)
def test_a_tie_goes_to_the_simpler(losses: dict[str, list[float]], winner: str) -> None:
    found = chosen(**losses)
    assert (found.winner, found.best) == (winner, winner)


def test_what_all_candidates_find_hard_about_a_patient_cancels() -> None:
    """Losses that differ between patients by thousands: a hundredth less for every patient is still certain."""
    hard = np.random.default_rng(1).integers(0, 4000, 50).astype(np.float64)
    gained = np.where(np.arange(50) % 2 == 0, 0.0078125, 0.015625)  # exact in binary, also beside thousands
    found = chosen(no_model=(hard + gained).tolist(), logistic=hard.tolist())
    assert found.differences["no_model"].estimate == 0.01171875
    # All 50 differences lie 0.00390625 to one side of their mean.
    assert found.differences["no_model"].standard_error == pytest.approx(0.00390625 / np.sqrt(49))
    assert found.winner == "logistic"


def within_sites(sites: int, values: tuple[float, ...]) -> tuple[Floats, np.ndarray]:
    """The same differences at each of so many sites."""
    return np.tile(np.array(values), sites), np.repeat(np.arange(sites), len(values))


def test_below_eight_sites_patients_are_the_units() -> None:
    """Seven sites with one patient at +1 and one at -1: sqrt(14 x 1 / 13 / 14)."""
    found = difference(*within_sites(7, (1.0, -1.0)), USUAL)
    assert found.estimate == 0
    assert found.standard_error == pytest.approx(np.sqrt(1 / 13))


def test_from_eight_sites_on_sites_are_the_units() -> None:
    """What differs within a site and not between sites is no reason for doubt: each site's sum is 0."""
    assert difference(*within_sites(8, (1.0, -1.0)), USUAL).standard_error == 0


def test_sites_that_differ_make_the_difference_less_certain_than_their_patients_do() -> None:
    """Eight sites of 3 patients, 4 at +1 and 4 at -1: sums of 3 and -3, sqrt(8 x 9 x 8 / 7) / 24; sqrt(1 / 23) else."""
    paired, site = np.repeat([1.0, -1.0], 12), np.repeat(np.arange(8), 3)
    assert difference(paired, site, USUAL).standard_error == pytest.approx(np.sqrt(8 * 9 * 8 / 7) / 24)
    assert difference(paired, np.zeros(24, dtype=np.int32), USUAL).standard_error == pytest.approx(np.sqrt(1 / 23))


def test_a_large_site_counts_by_its_patients() -> None:
    """Eight sites, one of 9 patients at 0.9 and seven of 1 at 0.1: the mean is (8.1 + 0.7) / 16 = 0.55."""
    paired, site = np.repeat([0.9, 0.1], [9, 7]), np.append(np.zeros(9, dtype=np.int32), np.arange(1, 8))
    found = difference(paired, site, USUAL)
    assert found.estimate == pytest.approx(0.55)
    sums = [9 * (0.9 - 0.55), *[0.1 - 0.55] * 7]
    assert found.standard_error == pytest.approx(np.sqrt(sum(each**2 for each in sums) * 8 / 7) / 16)


def test_patients_without_an_outcome_have_no_effect() -> None:
    """Two patients with outcomes as in the first test, and many without."""
    nobody = [0.0] * 30
    found = chosen(no_model=[0.5, 0.0, *nobody], logistic=[0.0, 0.0, *nobody], fitted_on=[True, True, *[False] * 30])
    assert found.differences["no_model"] == LossDifference(0.25, 0.25, 2, 0.1)


def test_one_patient_says_nothing_of_how_much_patients_vary_and_so_nothing_for_a_model() -> None:
    found = chosen(no_model=[5.0], logistic=[0.0])
    assert found.differences["no_model"].estimate == 5
    assert np.isnan(found.differences["no_model"].standard_error)
    assert found.winner == "no_model"


def test_the_best_candidate_is_not_compared_with_itself() -> None:
    itself = LossDifference(0.0, 0.0, 30, 0.1)
    assert itself.tolerated
    assert (itself.limits, np.isnan(itself.z), np.isnan(itself.p)) == ((0, 0), True, True)


def test_a_difference_that_is_the_same_for_every_patient_is_no_chance() -> None:
    assert not LossDifference(0.1, 0.0, 30, 0.1).tolerated


def test_the_average_is_rarely_given_up_without_a_signal() -> None:
    """200 cohorts of 200 patients whose losses under a model differ from the average's by chance alone.

    A difference in the model's favour that chance explains in fewer than one of ten comes in one of ten by chance.
    """
    rng = np.random.default_rng(2)
    site = np.zeros(200, dtype=np.int32)
    given_up = 0
    for _ in range(200):
        losses = {"no_model": np.full(200, 0.6), "logistic": 0.6 + rng.normal(0, 0.1, 200)}
        given_up += choose(losses, np.ones(200, dtype=np.bool_), site, USUAL).winner != "no_model"
    assert given_up / 200 == pytest.approx(0.1, abs=3 * np.sqrt(0.1 * 0.9 / 200))


def test_the_best_of_three_alike_candidates_answers_rarely_without_a_signal() -> None:
    """Candidates are fitted on the same patients, so their losses are correlated, by 0.8 here; each equals the average.

    The best of the three is tested, so that the level of one test is exceeded, by far less than three times.
    """
    rng = np.random.default_rng(5)
    given_up = 0
    for _ in range(400):
        common = rng.normal(0, 0.1 * np.sqrt(0.8), 200)
        losses = {"no_model": np.full(200, 0.6)}
        for name in ("one_variable", "logistic", "xgboost"):
            losses[name] = 0.6 + common + rng.normal(0, 0.1 * np.sqrt(0.2), 200)
        given_up += (
            choose(losses, np.ones(200, dtype=np.bool_), np.zeros(200, dtype=np.int32), USUAL).winner != "no_model"
        )
    assert 0.08 < given_up / 400 < 0.2
