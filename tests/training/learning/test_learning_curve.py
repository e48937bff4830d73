"""How good models of fewer patients are, and what twice as many would gain."""

import numpy as np
import pytest

from tests.training.metrics.fitted import fitted
from training.config import load_config
from training.learning.learning_curve import (
    SmallerFits,
    _extrapolated,
    _part,
    fit_on_fewer,
    learning_curve,
    number_of_smaller_fits,
)
from training.learning.relapse_task import RelapseTask
from training.metrics.discrimination import auc, c_index

CONFIG = load_config()
FRACTIONS = CONFIG.evaluation.learning_curve_fractions
SIZES = np.array([100.0, 200, 300, 400])


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0])
def test_a_known_inverse_power_law_is_continued_to_twice_the_patients(exponent: float) -> None:
    values = 0.8 - 2.0 * SIZES**-exponent * 0.3
    assert _extrapolated(SIZES, values, 800) == pytest.approx(0.8 - 0.6 * 800**-exponent, abs=1e-6)


def test_nothing_is_promised_where_the_points_do_not_rise_or_are_too_few() -> None:
    assert np.isnan(_extrapolated(SIZES, np.array([0.7, 0.69, 0.68, 0.67]), 800))
    assert np.isnan(_extrapolated(SIZES[1:], np.array([0.6, 0.65, 0.67]), 800))
    assert np.isnan(_extrapolated(SIZES, np.array([0.6, np.nan, 0.65, 0.67]), 800))


def test_nothing_above_a_perfect_order_is_promised() -> None:
    steep = np.array([0.5, 0.7, 0.85, 0.99])
    assert not _extrapolated(SIZES, steep, 100_000) > 1


def test_a_larger_part_contains_a_smaller_one_and_nobody_held_out() -> None:
    others = np.arange(1000) % 4 != 0
    parts = [_part(others, fraction, 3) for fraction in FRACTIONS]
    for smaller, larger in zip(parts, [*parts[1:], others], strict=True):
        assert (smaller <= larger).all()
        assert not smaller[~others].any()
    assert [part.sum() for part in parts] == pytest.approx([0.25 * 750, 0.5 * 750, 0.75 * 750], rel=0.1)


def test_the_curve_ends_with_what_the_whole_training_reached_and_starts_below_or_at_it() -> None:
    found = fitted(repeats=2)
    fits = [found.remission]
    calls: list[None] = []
    training_sets = fit_on_fewer(fits, found.folds, CONFIG, lambda: calls.append(None), workers=1)
    assert len(calls) == number_of_smaller_fits(fits, found.folds, CONFIG) == 3 * 4
    remission = training_sets[0]
    assert remission is not None
    known = int((~np.isnan(found.outcomes.remission)).sum())
    assert remission.fitted_on == tuple(round(known * 3 / 4 * share) for share in (*FRACTIONS, 1.0))
    curve = learning_curve(found.remission.task, remission, np.ones((2, 400)))
    assert (curve.measure, curve.patients) == ("auc", list(remission.fitted_on))
    outs = found.remission.candidates["logistic"].held_out[0]
    patient = np.concatenate([out.patient for out in outs])
    expected = auc(
        found.outcomes.remission[patient],
        np.concatenate([out.probability for out in outs]),
        found.weights[None, patient],
        found.folds.fold[0, patient],
    )
    assert curve.values[-1].estimate == pytest.approx(expected[0])
    assert curve.doubled_patients == 2 * remission.fitted_on[-1]


def test_relapse_is_measured_by_concordance_within_the_folds() -> None:
    found = fitted(repeats=2)
    whole = found.relapse.candidates["logistic"].held_out[0]
    curve = learning_curve(found.relapse.task, SmallerFits((150,), (whole,)), np.ones((2, 400)))
    patient = np.concatenate([out.patient for out in whole])
    task = found.relapse.task
    assert isinstance(task, RelapseTask)
    expected = c_index(
        task.followed[patient],
        np.where(task.relapsed, 1, 0).astype(np.int8)[patient],
        np.concatenate([out.probability[:, -1] for out in whole]),
        np.ones((1, len(patient))),
        found.folds.fold[0, patient],
    )
    assert curve.measure == "c_index"
    assert curve.values[0].estimate == pytest.approx(expected[0])


def test_too_few_points_are_shown_without_a_continuation() -> None:
    found = fitted(repeats=2)
    whole = found.remission.candidates["logistic"].held_out[0]
    curve = learning_curve(found.remission.task, SmallerFits((150, 300), (whole, whole)), np.ones((2, 400)))
    assert len(curve.values) == 2
    assert curve.doubled is None


def test_a_head_that_the_learner_did_not_fit_has_no_curve() -> None:
    found = fitted(repeats=2)
    only_rate = found.remission.candidates["no_model"]
    fit = type(found.remission)(found.remission.task, {"no_model": only_rate}, "no_model", only_rate.head, None, "")
    assert fit_on_fewer([fit], found.folds, CONFIG, lambda: None, workers=1) == [None]
