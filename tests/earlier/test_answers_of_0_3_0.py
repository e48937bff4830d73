"""Version 0.3.0's parameters give its answers in today's classes; only the rule for intervals is another."""

import numpy as np
import pytest

from features.protocol.document import Landmark
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK, Floats, expit
from tests.earlier.limits_of_0_3_0 import limits, log_odds, refits_of
from tests.earlier.stored_numbers import StoredNumbers

KINDS = ("logistic", "xgboost")
LANDMARKS = range(3)
HORIZONS = (84, 182)
CURVES = 2
"""Patients with a weekly curve and with contributions."""
ANSWERS = ("remission", "relapse", "sustained")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredNumbers:
    return StoredNumbers.unpacked("0_3_0", tmp_path_factory.mktemp("version_0_3_0"))


def model_of(stored: StoredNumbers, kind: str, landmark: int) -> OutcomeModel:
    features = len(stored.names("simulated"))
    return OutcomeModel(
        landmark=Landmark("any", day=0),
        horizons_days=HORIZONS,
        in_remission_at_landmark=False,
        remission=stored.remission(f"{kind}/{landmark}/remission", features),
        relapse=stored.relapse(f"{kind}/{landmark}/relapse", features),
    )


def rows_of(stored: StoredNumbers, kind: str, landmark: int) -> Floats:
    """The rows of 0.3.0 of those who had an answer."""
    answered = stored.arrays[f"{kind}/{landmark}/answers/patients"].astype(np.intp)
    return stored.rows("simulated", landmark)[answered]


def answers_of(stored: StoredNumbers, kind: str, landmark: int) -> dict[str, Floats]:
    found = stored.below(f"{kind}/{landmark}/answers")
    return {name: values.astype(np.float64) for name, values in found.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("landmark", LANDMARKS)
def test_probabilities_and_curves_are_those_of_0_3_0(stored: StoredNumbers, kind: str, landmark: int) -> None:
    model, was = model_of(stored, kind, landmark), answers_of(stored, kind, landmark)
    rows = rows_of(stored, kind, landmark)
    assert len(rows) > 50
    now = model.predict(rows, with_curve=False)
    for name in ANSWERS:
        stored.assert_same(getattr(now, name), was[name], name)
    curve = model.predict(rows[:CURVES]).curve
    assert curve is not None
    stored.assert_same(curve.relapse, was["curve_relapse"], "curve")
    stored.assert_same(curve.event_free, was["curve_event_free"], "curve")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("landmark", LANDMARKS)
def test_contributions_are_those_of_0_3_0(stored: StoredNumbers, kind: str, landmark: int) -> None:
    model, was = model_of(stored, kind, landmark), answers_of(stored, kind, landmark)
    rows = rows_of(stored, kind, landmark)[:CURVES]
    assert model.remission is not None
    assert model.relapse is not None
    for name, head in (("remission", model.remission), ("relapse", model.relapse)):
        start, contributions = head.explain(rows)
        stored.assert_same(start, was[f"{name}_start"], name)
        stored.assert_same(contributions, was[f"{name}_contributions"], name)


@pytest.mark.parametrize("landmark", LANDMARKS)
def test_limits_are_those_of_0_3_0_by_its_rule_from_the_same_refitted_answers(
    stored: StoredNumbers, landmark: int
) -> None:
    """What each refit answers is computed as it was."""
    was, rows = answers_of(stored, "logistic", landmark), rows_of(stored, "logistic", landmark)
    remission, relapse, sustained = refitted(stored, landmark, rows, HORIZONS)
    of_remission = limits(was["remission"][None], remission)
    stored.assert_same(of_remission[0], was["remission_limits"], "remission")
    of_relapse = limits(was["relapse"].T, log_odds(relapse)).swapaxes(0, 1)
    stored.assert_same(of_relapse, was["relapse_limits"], "relapse")
    of_sustained = np.fmin(limits(was["sustained"].T, log_odds(sustained * expit(remission))), of_remission)
    stored.assert_same(of_sustained.swapaxes(0, 1), was["sustained_limits"], "sustained")


@pytest.mark.parametrize("landmark", LANDMARKS)
def test_limits_of_curves_are_those_of_0_3_0_by_its_rule(stored: StoredNumbers, landmark: int) -> None:
    was, rows = answers_of(stored, "logistic", landmark), rows_of(stored, "logistic", landmark)[:CURVES]
    days = tuple(range(0, DAYS_PER_WEEK * was["curve_relapse"].shape[1], DAYS_PER_WEEK))
    _, relapse, event_free = refitted(stored, landmark, rows, days)
    rising = np.maximum.accumulate(limits(was["curve_relapse"].T, log_odds(relapse)))
    falling = np.minimum.accumulate(limits(was["curve_event_free"].T, log_odds(event_free)))
    stored.assert_same(rising.swapaxes(0, 1), was["curve_relapse_limits"], "relapse")
    stored.assert_same(falling.swapaxes(0, 1), was["curve_event_free_limits"], "event-free")


def refitted(
    stored: StoredNumbers, landmark: int, rows: Floats, days: tuple[int, ...]
) -> tuple[Floats, Floats, Floats]:
    """Of each refit the log-odds of remission (1, n, refits), and relapse and event-free at days (days, n, refits)."""
    path = f"logistic/{landmark}"
    remission = refits_of(stored, f"{path}/remission_refits").log_odds(rows, np.full(len(rows), 0.5))[None]
    head = refits_of(stored, f"{path}/relapse_refits")
    competing = stored.arrays[f"{path}/relapse_refits/competing_hazard"].astype(np.float64)[None]
    return remission, *head.curves(head.scores(rows), competing, days)
