"""Every probability has a 90% interval that contains it, is coherent, and says what refits disagree about."""

from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.outcome_model import OutcomeModel
from models.outcomes import Floats, expit, relapse_curve
from models.score import Constant, LinearScore
from models.uncertainty import NORMAL_95, OutcomeRefits, PointAnswers, from_arrays, to_arrays
from tests.models.refits import COMPETING, EDGES, head_refits
from tests.serving.bundles import toy_bundle

FEATURES = len(catalogue(Protocol()))
NO_COMPETING = np.zeros((1, 1))


@pytest.fixture
def model() -> OutcomeModel:
    refits = OutcomeRefits(head_refits(1, relapse=False), head_refits(2, relapse=True))
    return replace(toy_bundle().models[1], refits=refits)


def rows_of(patients: int) -> Floats:
    rng = np.random.default_rng(5)
    rows = rng.normal(3, 4, (patients, FEATURES))
    rows[rng.random(rows.shape) < 0.25] = np.nan
    return rows


def test_a_missing_value_weighs_as_missing_and_an_extreme_one_as_the_most_extreme_seen() -> None:
    refits = head_refits(1, relapse=False)
    row = np.zeros((1, FEATURES))
    row[0, [0, 2, 5]] = np.nan, 3, 1e6
    by_hand = refits.missing_weight[:, 0] + (3 - 1.0) * refits.weight[:, 1] + (10 - 2.0) * refits.weight[:, 2]
    np.testing.assert_allclose(refits.linear_predictor(row)[0], by_hand, rtol=1e-5)


def test_remission_limits_by_hand() -> None:
    """Two refits at log-odds -1 and 1, nothing recorded; the variance is the mean squared distance from the answer."""
    refits = replace(
        head_refits(1, relapse=False, refits=2),
        missing_weight=np.zeros((2, 3), dtype=np.float32),
        baseline=np.array([[-1.0], [1.0]], dtype=np.float32),
    )
    nothing = np.full((1, 0), np.nan)
    for answer in (0.0, 0.5, -3.0):
        answers = PointAnswers(expit(np.array([answer])), None, nothing, nothing)
        found = OutcomeRefits(refits, None).intervals(np.full((1, FEATURES), np.nan), answers, (), NO_COMPETING)
        reach = NORMAL_95 * np.sqrt(((-1 - answer) ** 2 + (1 - answer) ** 2) / 2)
        np.testing.assert_allclose(found.remission[0], expit(np.array([answer - reach, answer + reach])))


def test_what_no_linear_score_explains_is_larger_near_0_and_1_up_to_a_limit() -> None:
    """Two draws of -0.3 and 0.3 at p (1 - p) = 0.21: twice as much where it is a quarter of that, at most 4 times."""
    refits = replace(
        head_refits(1, relapse=False, refits=2),
        missing_weight=np.zeros((2, 3), dtype=np.float32),
        baseline=np.zeros((2, 1), dtype=np.float32),
        unexplained=np.array([-0.3, 0.3], dtype=np.float32),
        typical=np.array(0.21),
    )
    quarter = 0.5 - np.sqrt(0.25 - 0.21 / 4)  # p (1 - p) = 0.21 / 4
    found = refits.log_odds(np.full((3, FEATURES), np.nan), np.array([0.3, quarter, 1e-9]))
    np.testing.assert_allclose(found[:, 1], 0.3 * np.array([1, 2, 4]), rtol=1e-6)
    np.testing.assert_allclose(found[:, 0], -found[:, 1])


def test_refitted_curves_are_those_of_the_chain_rule() -> None:
    """Also on days within a week, at the bounds of bands and on the last day."""
    refits = head_refits(2, relapse=True)
    linear_predictor = refits.linear_predictor(rows_of(4))
    days = np.array([0, 3, 7, 55, 56, 57, 100, 182])
    relapse, event_free = refits.curves(linear_predictor, COMPETING, days.tolist())
    weeks = np.diff(EDGES)
    for refit in range(len(refits.baseline)):
        hazard = np.repeat(expit(refits.baseline[refit] + linear_predictor[:, refit, None]), weeks, axis=1)
        curve = relapse_curve(hazard, np.repeat(COMPETING, weeks, axis=1), days)
        np.testing.assert_allclose(relapse[..., refit].T, curve.relapse, atol=1e-12)
        np.testing.assert_allclose(event_free[..., refit].T, curve.event_free, atol=1e-12)


def test_days_asked_for_twice_or_out_of_order_are_answered_as_asked() -> None:
    refits = head_refits(2, relapse=True)
    linear_predictor = refits.linear_predictor(rows_of(3))
    asked, sorted_once = (
        np.stack(refits.curves(linear_predictor, COMPETING, days)) for days in ([182, 0, 84, 182], [0, 84, 182])
    )
    np.testing.assert_allclose(asked, sorted_once[:, [2, 0, 1, 2]], atol=1e-15)


def test_a_patient_unlike_any_other_gets_limits_without_overflow() -> None:
    """Scores of a thousand to either side: as good as certain, and within 0 and 1."""
    remission, relapse = (
        replace(head_refits(1, relapse=relapse), upper=np.full(3, 1e4), lower=np.full(3, -1e4))
        for relapse in (False, True)
    )
    model = replace(toy_bundle().models[1], refits=OutcomeRefits(remission, relapse))
    with np.errstate(all="raise", under="ignore"):
        found = model.predict(np.array([[1e4], [-1e4]]).repeat(FEATURES, axis=1)).interval
    assert found is not None
    for limits in (found.remission, found.relapse, found.sustained):
        assert ((limits >= 0) & (limits <= 1)).all()


def test_every_interval_lies_within_0_and_1_and_contains_its_answer(model: OutcomeModel) -> None:
    predicted = model.predict(rows_of(200))
    found, curve = predicted.interval, predicted.curve
    assert found is not None
    assert curve is not None
    pairs = [(found.remission, predicted.remission), (found.relapse, predicted.relapse)]
    pairs += [(found.sustained, predicted.sustained)]
    assert found.curve_relapse is not None
    assert found.curve_event_free is not None
    pairs += [(found.curve_relapse, curve.relapse), (found.curve_event_free, curve.event_free)]
    for limits, answer in pairs:
        assert ((limits >= 0) & (limits <= 1)).all()
        assert (limits[..., 0] <= answer).all()
        assert (limits[..., 1] >= answer).all()


def test_limits_of_the_curves_never_turn_back(model: OutcomeModel) -> None:
    found = model.predict(rows_of(200)).interval
    assert found is not None
    assert found.curve_relapse is not None
    assert found.curve_event_free is not None
    assert (np.diff(found.curve_relapse, axis=1) >= 0).all()
    assert (np.diff(found.curve_event_free, axis=1) <= 0).all()
    assert (found.curve_relapse[:, 0] == 0).all()
    assert (found.curve_event_free[:, 0] == 1).all()


def test_limits_of_the_curves_are_those_of_the_horizons_on_the_same_days(model: OutcomeModel) -> None:
    """Where nothing has to be kept from turning back, as the refits lie around the answer.

    All are in remission, so that sustained means event-free.
    """
    assert model.relapse is not None
    average = replace(model.relapse, score=Constant(FEATURES))
    short = OutcomeRefits(None, head_refits(2, relapse=True, spread=0.01))
    alone = replace(model, remission=None, in_remission_at_landmark=True, relapse=average, refits=short)
    predicted = alone.predict(rows_of(50))
    found, curve = predicted.interval, predicted.curve
    assert found is not None
    assert curve is not None
    assert found.curve_relapse is not None
    assert found.curve_event_free is not None
    at = np.searchsorted(curve.days, model.horizons_days)
    np.testing.assert_allclose(found.curve_relapse[:, at], found.relapse, atol=1e-12)
    np.testing.assert_allclose(found.curve_event_free[:, at], found.sustained, atol=1e-12)


def test_sustained_remission_is_never_held_likelier_than_remission(model: OutcomeModel) -> None:
    found = model.predict(rows_of(200)).interval
    assert found is not None
    assert (found.sustained <= found.remission[:, None]).all()


def test_more_disagreement_gives_wider_intervals(model: OutcomeModel) -> None:
    rows = rows_of(100)
    wide = OutcomeRefits(head_refits(1, relapse=False, spread=0.3), head_refits(2, relapse=True, spread=0.3))
    narrow, wider = model.predict(rows).interval, replace(model, refits=wide).predict(rows).interval
    assert narrow is not None
    assert wider is not None
    for name in ("remission", "relapse", "sustained"):
        assert np.diff(getattr(wider, name)).mean() > np.diff(getattr(narrow, name)).mean()


def test_a_cohort_gets_the_intervals_that_its_patients_get_one_by_one(model: OutcomeModel) -> None:
    """However many are answered at a time: 1,200 patients do not fit into one portion."""
    rows = rows_of(1200)
    horizons, everything = (model.predict(rows, with_curve=curve).interval for curve in (False, True))
    assert horizons is not None
    assert horizons.curve_relapse is None
    for patient in (0, 599, 600, 1199):
        alone = model.predict(rows[patient : patient + 1]).interval
        assert alone is not None
        for name in ("remission", "relapse", "sustained", "curve_relapse", "curve_event_free"):
            together = everything if name.startswith("curve") else horizons
            np.testing.assert_allclose(getattr(together, name)[patient], getattr(alone, name)[0], atol=1e-12)


def test_what_is_not_answered_has_no_interval(model: OutcomeModel) -> None:
    assert model.refits is not None
    short = replace(model.refits, remission=None)
    found = replace(model, remission=None, refits=short).predict(rows_of(3)).interval
    assert found is not None
    assert np.isnan(found.remission).all()
    assert np.isnan(found.sustained).all()
    assert not np.isnan(found.relapse).any()


def test_a_head_that_gives_everybody_the_average_has_no_interval_and_neither_has_what_follows_from_it(
    model: OutcomeModel,
) -> None:
    """Such a head has an answer and no refits: what an average hides of a patient, no interval can say."""
    assert model.refits is not None
    rows = rows_of(3)
    found = replace(model, refits=replace(model.refits, remission=None)).predict(rows).interval
    assert found is not None
    assert np.isnan(found.remission).all()
    assert np.isnan(found.sustained).all()
    assert not np.isnan(found.relapse).any()
    predicted = replace(model, refits=replace(model.refits, relapse=None)).predict(rows)
    found = predicted.interval
    assert found is not None
    assert not np.isnan(found.remission).any()
    for limits in (found.relapse, found.sustained, found.curve_relapse, found.curve_event_free):
        assert limits is not None
        assert np.isnan(limits).all()
    assert not np.isnan(predicted.sustained).any()


def test_refits_that_lie_to_one_side_of_the_answer_widen_the_interval_around_it() -> None:
    """As around trees: all refits agree on log-odds 1; an answer of 0 has limits one reach of 1.645 to either side."""
    refits = replace(
        head_refits(1, relapse=False, refits=5),
        missing_weight=np.zeros((5, 3), dtype=np.float32),
        baseline=np.ones((5, 1), dtype=np.float32),
    )
    nothing, row = np.full((1, 0), np.nan), np.full((1, FEATURES), np.nan)
    known = OutcomeRefits(refits, None)
    apart = known.intervals(row, PointAnswers(np.array([0.5]), None, nothing, nothing), (), NO_COMPETING)
    np.testing.assert_allclose(apart.remission[0], expit(np.array([-NORMAL_95, NORMAL_95])))
    agreed = known.intervals(row, PointAnswers(expit(np.ones(1)), None, nothing, nothing), (), NO_COMPETING)
    np.testing.assert_allclose(agreed.remission[0], expit(np.ones(2)))


def test_competing_events_that_differ_between_patients_enter_each_ones_limits(model: OutcomeModel) -> None:
    """However many are answered at a time: 1,200 patients do not fit into one portion."""
    assert model.relapse is not None
    weight = np.zeros(FEATURES)
    weight[0] = 0.5
    wide, zero = np.full(FEATURES, 1e6), np.zeros(FEATURES)
    score = LinearScore(np.arange(FEATURES), -wide, wide, zero, weight, zero, FEATURES)
    depends = replace(model, relapse=replace(model.relapse, competing_score=score))
    rows = rows_of(1200)
    together = depends.predict(rows, with_curve=False).interval
    assert together is not None
    for patient in (0, 599, 1199):
        alone = depends.predict(rows[patient : patient + 1]).interval
        assert alone is not None
        np.testing.assert_allclose(together.relapse[patient], alone.relapse[0], atol=1e-12)
        np.testing.assert_allclose(together.sustained[patient], alone.sustained[0], atol=1e-12)


def test_where_everyone_is_in_remission_it_is_certain(model: OutcomeModel) -> None:
    assert model.refits is not None
    short = replace(model.refits, remission=None)
    found = replace(model, remission=None, in_remission_at_landmark=True, refits=short).predict(rows_of(3)).interval
    assert found is not None
    assert (found.remission == 1).all()
    assert not np.isnan(found.sustained).any()


def test_without_refits_there_are_no_intervals(model: OutcomeModel) -> None:
    assert replace(model, refits=None).predict(rows_of(2)).interval is None


def test_nobody_to_answer_for_is_an_empty_interval(model: OutcomeModel) -> None:
    found = model.predict(np.empty((0, FEATURES))).interval
    assert found is not None
    assert found.sustained.shape == (0, len(model.horizons_days), 2)


def test_refits_come_back_from_arrays() -> None:
    refits = head_refits(3, relapse=True)
    again = from_arrays(to_arrays(refits))
    for name, values in to_arrays(refits).items():
        np.testing.assert_array_equal(to_arrays(again)[name], values)
