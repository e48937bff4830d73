"""Which predictions count: the first per patient and landmark of each version."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from training.monitoring.statistics.logged import LoggedPrediction, ModelPredictions, by_model

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
PREDICTED = {"outcome": "predicted", "applicability": {"verdict": "inside"}, "remission": {"probability": 0.4}}


def refused(code: str) -> dict[str, object]:
    return {"outcome": "not_predictable", "reasons": [{"code": code, "message": "why"}]}


def prediction(
    hours: int,
    patient: str | None = "a",
    landmark: str | None = "first",
    answer: Mapping[str, object] | None = PREDICTED,
    row: Mapping[str, float] | None = None,
    digest: str = "d" * 64,
) -> LoggedPrediction:
    at = START + timedelta(hours=hours)
    row = {"age_years": 40.0} if row is None and answer == PREDICTED else row
    return LoggedPrediction(f"p{hours}", at, digest, "1", "r", landmark, 0, patient, row, answer)


def only(*predictions: LoggedPrediction) -> ModelPredictions:
    (found,) = by_model(predictions)
    return found


def ids(predictions: object) -> list[str]:
    return [one.prediction_id for one in predictions]  # type: ignore[attr-defined]


def test_asking_again_and_scoring_again_does_not_count() -> None:
    found = only(prediction(3), prediction(1), prediction(2), prediction(4, "b"))
    assert ids(found.landmarks["first"].asked) == ["p1", "p4"]
    assert (found.counts.predictions, found.counts.counted, found.counts.repeated) == (4, 2, 2)


def test_a_patient_counts_once_at_every_landmark() -> None:
    found = only(prediction(1), prediction(2, landmark="second"))
    assert found.counts.counted == 2


def test_a_record_that_was_completed_and_asked_about_again_counts_as_refused_and_then_as_answered() -> None:
    at = only(prediction(1, answer=refused("no_baseline")), prediction(2)).landmarks["first"]
    assert ids(at.asked) == ["p1"]
    assert ids(at.with_features) == ids(at.answered) == ["p2"]


def test_values_too_unusual_to_be_answered_are_values_all_the_same() -> None:
    at = only(prediction(1, answer=refused("outside_training"), row={"age_years": 99.0})).landmarks["first"]
    assert ids(at.with_features) == ["p1"]
    assert not at.answered
    assert at.asked[0].verdict == "not_predicted"


def test_what_was_erased_is_counted_and_left_out() -> None:
    found = only(prediction(1, patient=None, answer=None), prediction(2))
    assert (found.counts.erased, found.counts.counted) == (1, 1)


def test_asking_before_any_landmark_is_counted_and_left_out() -> None:
    found = only(prediction(1, landmark=None, answer=refused("landmark_not_reached")), prediction(2))
    assert (found.counts.without_landmark, found.counts.counted) == (1, 1)


def test_versions_are_separate_the_one_used_last_first() -> None:
    found = by_model([prediction(1), prediction(2, digest="e" * 64), prediction(3, digest="e" * 64, patient="b")])
    assert [(model.digest[0], model.counts.counted) for model in found] == [("e", 2), ("d", 1)]


def test_an_answer_s_numbers_are_read_and_their_absence_too() -> None:
    relapse = {"curve": None, "at_horizons": [{"days": 84, "probability": 0.3}, {"days": 182, "probability": None}]}
    given = prediction(1, answer=PREDICTED | {"relapse": relapse})
    assert (given.remission, given.relapse_by(84)) == (0.4, 0.3)
    assert str(given.relapse_by(182)) == str(given.relapse_by(7)) == "nan"
    assert str(prediction(1, answer=refused("died")).remission) == "nan"
