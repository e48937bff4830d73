"""Losses of candidate and champion are paired by patient; what can't be compared is said."""

from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from tests.training.registry import held_out_of
from training.champion_comparison import compare, winners_predictions

HERE = ("before session 1", "remission")
LATER = ("before session 1", "relapse")


def frame(probability: list[float], observed: list[float], **columns: list[float]) -> pd.DataFrame:
    names = [f"p{number}" for number in range(len(probability))]
    return pd.DataFrame({"probability": probability, "observed": observed, "weight": 1.0} | columns, index=names)


def test_the_difference_of_log_loss_and_its_standard_error_are_those_of_pairs() -> None:
    """Five patients: -ln .8 less -ln .5, five: -ln .6 less -ln .5."""
    candidate = frame([0.8] * 5 + [0.6] * 5, [1.0] * 10)
    champion = frame([0.5] * 10, [1.0] * 10)
    (found,) = compare({HERE: candidate}, {HERE: champion}, "1").heads
    first, second = -log(0.8) + log(0.5), -log(0.6) + log(0.5)
    half = abs(first - second) / 2  # each patient's distance from the mean
    assert (found.patients, found.loss) == (10, "log loss")
    assert found.difference == pytest.approx((first + second) / 2)
    assert found.standard_error == pytest.approx(half / sqrt(10))
    assert found.at_least == pytest.approx(found.difference - 1.645 * found.standard_error)


def test_patients_weigh_as_they_do_for_the_candidate() -> None:
    candidate = frame([0.8] * 5 + [0.6] * 5, [1.0] * 10).assign(weight=[3.0] * 5 + [1.0] * 5)
    (found,) = compare({HERE: candidate}, {HERE: frame([0.5] * 10, [1.0] * 10)}, "1").heads
    assert found.difference == pytest.approx((3 * -log(0.8) + -log(0.6)) / 4 + log(0.5))


def test_who_left_early_counts_through_those_who_stayed() -> None:
    """Two of ten relapse on day 7, four of the eight others leave on day 14: the four who stay count twice."""
    followed = [7.0] * 2 + [14.0] * 4 + [84.0] * 4
    observed = [1.0] * 2 + [0.0] * 8
    candidate = frame([0.2] * 10, observed, followed_days=followed)
    champion = frame([0.3] * 10, observed, followed_days=followed)
    (found,) = compare({LATER: candidate}, {LATER: champion}, "1").heads
    relapsed, stayed = 0.8**2 - 0.7**2, 0.2**2 - 0.3**2
    assert found.patients == 6
    assert found.difference == pytest.approx((2 * relapsed + 4 * 2 * stayed) / (2 + 4 * 2))


def test_repeats_are_averaged_and_only_the_winner_counts() -> None:
    table = held_out_of(skill=1.0, patients=20)
    doubled = pd.concat([table, table.assign(candidate="xgboost", probability=0.5)])
    doubled.loc[doubled["repeat"] == 1, "probability"] = 0.0
    rows = winners_predictions(doubled, {HERE: "logistic", LATER: None})
    assert set(rows) == {HERE}
    once = table[(table["head"] == "remission") & (table["landmark"] == HERE[0]) & (table["repeat"] == 0)]
    expected = once.set_index("patient")["probability"] / 2
    np.testing.assert_allclose(rows[HERE]["probability"], expected.loc[rows[HERE].index])


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        ({}, "has no predictions"),
        ({HERE: frame([0.5] * 9, [1.0] * 9)}, "fewer than 10 patients"),
        ({HERE: frame([0.5] * 12, [1.0] * 11 + [0.0])}, "other outcomes"),
    ],
)
def test_what_can_not_be_compared_is_said(champion: dict[tuple[str, str], pd.DataFrame], reason: str) -> None:
    found = compare({HERE: frame([0.5] * 12, [1.0] * 12)}, champion, "1")
    assert found.heads == ()
    assert reason in found.impossible[0]
