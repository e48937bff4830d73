"""Predictions are held against what came, month by month, without counting what can't be known yet."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.protocol.document import Protocol
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from tests.serving.bundles import toy_bundle
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.calibration import (
    OutcomeCalendar,
    cumulative_hazard,
    relapse_calibration,
    remission_calibration,
    unconfirmed_days,
)
from training.monitoring.statistics.joined import JoinedPredictions
from training.monitoring.statistics.logged import LoggedPrediction
from training.outcomes.labels import EndedBy

MODEL = toy_bundle().models[0]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def relapse_head() -> RelapseHead:
    assert MODEL.relapse is not None
    return MODEL.relapse


def made(number: int, remission: float, days_later: int = 0) -> LoggedPrediction:
    answer = {"outcome": "predicted", "remission": {"probability": remission}}
    at = FIRST + timedelta(days=days_later)
    return LoggedPrediction(f"p{number}", at, "d", "1", "r", MODEL.landmark.name, 0, f"h{number}", {}, answer)


def joined_of(
    predictions: list[LoggedPrediction],
    in_remission: np.ndarray,
    followed_days: np.ndarray | None = None,
    ended_by: np.ndarray | None = None,
) -> JoinedPredictions:
    number = len(predictions)
    made_on = np.array([one.at.date() for one in predictions], dtype="datetime64[D]")
    return JoinedPredictions(
        predictions=predictions,
        known_on=made_on + 42,
        in_remission=in_remission.astype(float),
        began_on=made_on + 19,
        followed_days=np.full(number, 0.0) if followed_days is None else followed_days,
        ended_by=np.zeros(number, dtype=np.int8) if ended_by is None else ended_by.astype(np.int8),
        at_risk=np.zeros(number, dtype=np.bool_) if followed_days is None else followed_days >= 1,
        reasons={},
        relapse_reasons={},
    )


def moment(months: int, last: str, protocol: Protocol | None = None) -> OutcomeCalendar:
    return OutcomeCalendar(
        Calendar.between(FIRST, FIRST + timedelta(days=30 * months)), np.datetime64(last), protocol or Protocol()
    )


def test_the_hazard_adds_up_to_what_the_head_predicts() -> None:
    """Without competing events the chance of a relapse by a day is 1 - exp(-hazard added up)."""
    head = RelapseHead(relapse_head().score, np.array([0, 8, 26]), np.array([-3.0, -3.5]), np.zeros(2), 0.9)
    added = cumulative_hazard(head, [made(1, 0.3)], Protocol())
    nothing = np.full((1, head.score.features), np.nan)
    assert 1 - np.exp(-added[0]) == pytest.approx(head.curve(nothing, head.days).relapse[0])


def test_calibrated_predictions_give_no_evidence_against_them() -> None:
    rng = np.random.default_rng(1)
    given = rng.uniform(0.1, 0.6, 400)
    predictions = [made(number, value, number) for number, value in enumerate(given.tolist())]
    right = remission_calibration(joined_of(predictions, rng.random(400) < given), MODEL, moment(16, "2027-04-01"), 1.0)
    wrong = remission_calibration(
        joined_of(predictions, rng.random(400) < np.minimum(2 * given, 1)), MODEL, moment(16, "2027-04-01"), 1.0
    )
    assert right is not None
    assert wrong is not None
    assert right.found.best_chance > 0.2
    assert wrong.found.best_chance < 1e-6
    assert wrong.outcome.expected.sum() == pytest.approx(given.sum())


def test_an_outcome_counts_from_the_month_in_which_it_is_settled() -> None:
    """Made in January, settled on day 42 in February: at the end of January nothing is known."""
    predictions = [made(number, 0.05) for number in range(30)]
    found = remission_calibration(joined_of(predictions, np.ones(30)), MODEL, moment(3, "2026-04-01"), 1.0)
    assert found is not None
    january, february = found.found.course.log_wealth[:2].tolist()
    assert january == pytest.approx(0)
    assert february > 20


def test_relapses_count_up_to_the_time_a_confirmation_takes() -> None:
    """A relapse 40 days after remission, dated 2026-03-01, needs up to 28 days to be confirmed."""
    joined = joined_of([made(1, 0.3)], np.ones(1), np.array([40.0]), np.array([EndedBy.RELAPSE]))
    assert unconfirmed_days(Protocol()) == 28
    for last, relapses in (("2026-03-28", 0), ("2026-03-29", 1), ("2026-12-01", 1)):
        found = relapse_calibration(joined, MODEL, moment(12, last), 1.0)
        assert found is not None
        assert found.outcome.observed.tolist() == [relapses], last


def test_the_expected_number_of_relapses_is_the_hazard_over_the_time_at_risk() -> None:
    """Followed for 10 weeks and known long enough: the hazard of the first ten weeks only."""
    joined = joined_of([made(1, 0.3)], np.ones(1), np.array([70.0]), np.array([EndedBy.CENSORED]))
    found = relapse_calibration(joined, MODEL, moment(12, "2026-12-01"), 1.0)
    assert found is not None
    assert found.outcome.expected[0] == pytest.approx(
        cumulative_hazard(relapse_head(), [made(1, 0.3)], Protocol())[0, 10]
    )


def drawn_relapses(model: OutcomeModel, number: int, faster: float) -> JoinedPredictions:
    """Patients followed for 26 weeks who relapse with ``faster`` times the predicted hazard, three a day."""
    rng = np.random.default_rng(3)
    predictions = [made(place, 0.3, place // 3) for place in range(number)]
    added = faster * cumulative_hazard(relapse_head(), predictions, Protocol())
    weeks = np.sum(added < rng.exponential(size=number)[:, None], axis=1)
    relapsed = weeks < added.shape[1]
    followed = np.where(relapsed, 7.0 * weeks, 182.0)
    return joined_of(predictions, np.ones(number), followed, np.where(relapsed, EndedBy.RELAPSE, EndedBy.CENSORED))


@pytest.mark.parametrize(("faster", "alarm"), [(1.0, False), (2.0, True), (0.3, True)])
def test_relapses_that_come_faster_or_slower_than_predicted_are_found(faster: float, alarm: bool) -> None:
    found = relapse_calibration(drawn_relapses(MODEL, 300, faster), MODEL, moment(14, "2027-02-20"), 0.03)
    assert found is not None
    assert (found.found.best_chance <= 0.05) == alarm
