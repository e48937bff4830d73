"""Every probability has a 90% interval that contains it, is coherent, and says what refits disagree about."""

from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import catalogue
from features.protocol import Protocol
from models.outcome_model import OutcomeModel
from models.outcomes import Floats, expit, relapse_curve
from models.uncertainty import MISFIT, NORMAL_95, Answers, OutcomeRefits, from_arrays, to_arrays
from tests.models.refits import COMPETING, EDGES, head_refits
from tests.serving.bundles import toy_bundle

FEATURES = len(catalogue(Protocol()))


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
    np.testing.assert_allclose(refits.moved(row)[0], by_hand, rtol=1e-5)


def test_remission_limits_by_hand() -> None:
    """Two refits at log-odds -1 and 1, nothing recorded: middle 0, variance 2, and the allowance for misfit."""
    refits = replace(
        head_refits(1, relapse=False, refits=2),
        missing_weight=np.zeros((2, 3), dtype=np.float32),
        baseline=np.array([[-1.0], [1.0]], dtype=np.float32),
    )
    nothing = np.full((1, 0), np.nan)
    answers = Answers(np.array([0.5]), None, nothing, nothing)
    found = OutcomeRefits(refits, None).intervals(np.full((1, FEATURES), np.nan), answers, ())
    reach = NORMAL_95 * np.sqrt(((-1) ** 2 + 1**2) / (2 - 1) + MISFIT**2)
    np.testing.assert_allclose(found.remission[0], expit(np.array([-reach, reach])))


def test_refitted_curves_are_those_of_the_chain_rule() -> None:
    """Also on days within a week, at the bounds of bands and on the last day."""
    refits = head_refits(2, relapse=True)
    moved = refits.moved(rows_of(4))
    days = np.array([0, 3, 7, 55, 56, 57, 100, 182])
    relapse, event_free = refits.curves(moved, days.tolist())
    weeks = np.diff(EDGES)
    for refit in range(len(refits.baseline)):
        hazard = np.repeat(expit(refits.baseline[refit] + moved[:, refit, None]), weeks, axis=1)
        curve = relapse_curve(hazard, np.repeat(COMPETING, weeks), days)
        np.testing.assert_allclose(relapse[..., refit].T, curve.relapse, atol=1e-12)
        np.testing.assert_allclose(event_free[..., refit].T, curve.event_free, atol=1e-12)


def test_days_asked_for_twice_or_out_of_order_are_answered_as_asked() -> None:
    refits = head_refits(2, relapse=True)
    moved = refits.moved(rows_of(3))
    asked, sorted_once = (np.stack(refits.curves(moved, days)) for days in ([182, 0, 84, 182], [0, 84, 182]))
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
    """Where nothing has to be kept from turning back; all are in remission, so that sustained means event-free."""
    short = OutcomeRefits(None, head_refits(2, relapse=True, spread=0.01))
    predicted = replace(model, remission=None, in_remission_at_landmark=True, refits=short).predict(rows_of(50))
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
