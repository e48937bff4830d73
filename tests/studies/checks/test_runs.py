"""How studies run: interrupted and gone on with, without signal, and on samples of a cohort."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.outcomes import RelapseCurve
from tests.cohorts import random_records
from tests.mechanisms import second
from tests.mechanisms.second import true_probabilities
from tests.studies.__main__ import with_defaults
from tests.studies.markdown import refusals
from tests.studies.no_signal import WEEKS, Population, losses_of, on_gad7, permuted
from tests.studies.settings import Pieces, Row
from tests.studies.sources import FRESH, at_landmarks, fresh_patients, sample_of, training_cohort


def test_a_finished_piece_is_read_and_another_is_computed(tmp_path: Path) -> None:
    pieces, computed = Pieces(tmp_path / "deeper" / "pieces.jsonl"), []

    def compute() -> list[Row]:
        computed.append(1)
        return [{"figure": 0.5}]

    for seed in (1, 2, 1):
        assert pieces.get({"seed": seed}, compute) == [{"figure": 0.5}]
    assert len(computed) == 2


def test_a_piece_that_was_cut_off_while_written_is_computed_again(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path / "pieces.jsonl")
    pieces.get({"seed": 1}, lambda: [{"figure": 1}])
    whole = pieces.path.read_text()
    pieces.path.write_text(whole + whole.replace("1", "2")[:-9])
    assert pieces.get({"seed": 2}, lambda: [{"figure": 3}]) == [{"figure": 3}]
    assert pieces.get({"seed": 1}, list) == [{"figure": 1}]
    assert pieces.path.read_text().count("\n") == 2


def test_without_signal_the_outcomes_are_the_same_and_nothing_predicts_them() -> None:
    drawn = on_gad7(second.draw_cohort(4000, seed=1, missing=0.28))
    shuffled = permuted(drawn, np.random.default_rng(2))
    assert sorted(shuffled.course.deciding_score) == sorted(drawn.course.deciding_score)
    assert shuffled.remission.mean() == drawn.remission.mean()
    assert np.array_equal(shuffled.course.score, drawn.course.score, equal_nan=True)
    truth = true_probabilities(drawn.people, drawn.course, draws=50)[2]
    reached = truth.reached
    assert roc_auc_score(drawn.remission[reached], truth.remission[reached]) > 0.7
    assert roc_auc_score(shuffled.remission[reached], truth.remission[reached]) == pytest.approx(0.5, abs=0.04)


def test_remission_and_what_follows_it_are_permuted_together() -> None:
    drawn = on_gad7(second.draw_cohort(500, seed=3, missing=0.28))
    shuffled = permuted(drawn, np.random.default_rng(4))

    def courses(cohort: second.SecondCohort) -> list[tuple[float, ...]]:
        scores = np.hstack([cohort.course.deciding_score[:, None], cohort.follow_up.score, cohort.seen.visits])
        return sorted(map(tuple, scores.tolist()))

    assert courses(shuffled) == courses(drawn)


def test_the_true_rates_lose_nothing_and_others_their_squared_distance() -> None:
    """A weekly curve that starts at 0 and rises by 1% a week; the true rates lie on it, or 0.1 above at every week."""
    days = np.arange(27) * 7
    relapse = np.tile(days / 700, (4, 1))
    curve = RelapseCurve(days, 1 - relapse, relapse, np.zeros_like(relapse))
    model: Any = SimpleNamespace(predict=lambda _: SimpleNamespace(remission=np.full(4, 0.5), curve=curve))
    rows = np.zeros((4, 3))
    assert losses_of(model, rows, Population(0.5, WEEKS / 100)) == pytest.approx((0, 0), abs=1e-12)
    assert losses_of(model, rows, Population(0.3, WEEKS / 100 + 0.1)) == pytest.approx((0.04, 0.01))


def test_each_study_has_sizes_of_its_own_and_keeps_what_was_asked_for() -> None:
    asked = {"patients": None, "missing": [0.36], "mechanism": None}
    sizes = with_defaults("size_table", asked)
    assert max(sizes["patients"]) == 20_000
    assert "rotterdam" in sizes["mechanism"]
    assert sizes["missing"] == [0.36]
    assert with_defaults("coverage", asked)["patients"] == [2500]


def test_fresh_patients_are_in_no_training_and_have_a_truth_at_every_landmark() -> None:
    fresh = fresh_patients("second", 60, seed=5, draws=20)
    fitted_on = training_cohort("second", 60, seed=5, missing=0.0)
    assert fresh.cohort.digest != fitted_on.digest
    assert training_cohort("second", 60, seed=FRESH + 5, missing=0.0).number("age_years").tolist() == (
        fresh.cohort.number("age_years").tolist()
    )
    assert list(fresh.truths) == [landmark.name for landmark in fresh.cohort.protocol.landmarks]
    first = fresh.truths["before session 1"]
    assert not np.isnan(first.remission).any()


def test_a_study_may_leave_out_landmarks() -> None:
    cohort = training_cohort("second", 40, seed=6, missing=0.0)
    assert [landmark.name for landmark in at_landmarks(cohort, (1, 3)).protocol.landmarks] == [
        "before session 1",
        "before session 3",
    ]


def test_a_sample_and_the_rest_are_everybody_once() -> None:
    cohort = random_records(np.random.default_rng(7), 30).cohort()
    sample, rest = sample_of(cohort, 20, seed=8)
    assert len(sample) == 20
    assert sorted([*sample.patient_ids, *rest.patient_ids]) == sorted(cohort.patient_ids)


def test_a_refused_training_is_counted_with_its_reason() -> None:
    found = refusals([{"refused": "too few patients"}, {"figure": 1}, {"refused": "too few patients"}])
    assert found == "\n* 2 trainings are left out, because the product refuses: too few patients\n"
    assert refusals([{"figure": 1}]) == ""
