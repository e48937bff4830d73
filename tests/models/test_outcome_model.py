"""Both heads of a landmark together, and what is said where one of them is missing."""

from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.outcome_model import OutcomeModel
from models.outcomes import Floats, expit
from tests.serving.bundles import MISSING, RELAPSE, REMISSION, toy_bundle

NAMES = [feature.name for feature in catalogue(Protocol())]


@pytest.fixture
def model() -> OutcomeModel:
    return toy_bundle().models[1]


def rows_of(patients: int) -> Floats:
    rng = np.random.default_rng(5)
    rows = rng.normal(3, 4, (patients, len(NAMES)))
    rows[rng.random(rows.shape) < 0.25] = np.nan
    return rows


def test_remission_by_hand(model: OutcomeModel) -> None:
    """Baseline 0.3 and slope 1.1; the sex is not recorded."""
    row = np.full(len(NAMES), np.nan)
    row[[NAMES.index(name) for name in ("baseline_distance_to_remission", "change_reliable", "age_years")]] = 2, 1.5, 40
    score = 2 * REMISSION["baseline_distance_to_remission"] + 1.5 * REMISSION["change_reliable"]
    score += 40 * REMISSION["age_years"] + MISSING
    assert model.predict(row[None, :]).remission[0] == pytest.approx(expit(np.array(0.3 + 1.1 * score)))


def test_relapse_by_hand(model: OutcomeModel) -> None:
    """Nothing recorded: eight weeks at log-odds -3, then 18 at -3.5, each moved alike; 0.2% compete in every week."""
    predicted = model.predict(np.full((1, len(NAMES)), np.nan))
    linear_predictor = 0.9 * MISSING * len(RELAPSE)
    early, late = expit(np.array([-3 + linear_predictor, -3.5 + linear_predictor]))
    horizons = dict(zip(model.horizons_days, range(9), strict=False))
    stays = {28: ((1 - early) * 0.998) ** 4, 84: ((1 - early) * 0.998) ** 8 * ((1 - late) * 0.998) ** 4}
    for days in horizons.keys() & stays.keys():
        expected = predicted.remission[0] * stays[days]
        assert predicted.sustained[0, horizons[days]] == pytest.approx(expected)
    assert horizons.keys() & stays.keys()


def test_the_curve_and_the_horizons_say_the_same(model: OutcomeModel) -> None:
    predicted = model.predict(rows_of(30))
    assert predicted.curve is not None
    for column, days in enumerate(model.horizons_days):
        (week,) = np.flatnonzero(predicted.curve.days == days)
        np.testing.assert_allclose(predicted.relapse[:, column], predicted.curve.relapse[:, week])
        kept = predicted.remission * predicted.curve.event_free[:, week]
        np.testing.assert_allclose(predicted.sustained[:, column], kept)


def test_leaving_out_the_curve_changes_no_number(model: OutcomeModel) -> None:
    full, short = model.predict(rows_of(10)), model.predict(rows_of(10), with_curve=False)
    assert short.curve is None
    for part in ("remission", "relapse", "sustained"):
        np.testing.assert_array_equal(getattr(short, part), getattr(full, part))


def test_sustained_remission_is_never_likelier_than_remission(model: OutcomeModel) -> None:
    predicted = model.predict(rows_of(500))
    assert (predicted.sustained <= predicted.remission[:, None]).all()
    assert (np.diff(predicted.sustained, axis=1) <= 0).all()
    assert (np.diff(predicted.relapse, axis=1) >= 0).all()


def test_without_a_relapse_head_only_remission_is_answered(model: OutcomeModel) -> None:
    predicted = replace(model, relapse=None).predict(rows_of(3))
    np.testing.assert_array_equal(predicted.remission, model.predict(rows_of(3)).remission)
    assert predicted.curve is None
    assert np.isnan(predicted.relapse).all()
    assert np.isnan(predicted.sustained).all()


def test_without_a_remission_head_relapse_given_remission_is_answered(model: OutcomeModel) -> None:
    predicted = replace(model, remission=None).predict(rows_of(3))
    np.testing.assert_array_equal(predicted.relapse, model.predict(rows_of(3)).relapse)
    assert np.isnan(predicted.remission).all()
    assert np.isnan(predicted.sustained).all()


def test_where_everyone_is_in_remission_remission_is_certain(model: OutcomeModel) -> None:
    predicted = replace(model, remission=None, in_remission_at_landmark=True).predict(rows_of(3))
    assert predicted.curve is not None
    assert predicted.remission.tolist() == [1, 1, 1]
    at_horizons = np.searchsorted(predicted.curve.days, model.horizons_days)
    np.testing.assert_array_equal(predicted.sustained, predicted.curve.event_free[:, at_horizons])


def test_without_any_head_nothing_is_answered(model: OutcomeModel) -> None:
    empty = replace(model, remission=None, relapse=None)
    assert model.can_answer
    assert not empty.can_answer
    assert np.isnan(empty.predict(rows_of(2)).remission).all()


def test_nobody_to_answer_for_is_an_empty_answer(model: OutcomeModel) -> None:
    predicted = model.predict(np.empty((0, len(NAMES))))
    assert predicted.sustained.shape == (0, len(model.horizons_days))
