"""Models fitted on five published data sets in the cohort format, evaluated on held-out patients.

A single repeat of the folds, which leaves the figures as they are but for their last digits.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.places import COHORTS
from training.cohort.reader import read_cohort
from training.config import load_config
from training.experiment.evidence import build_evidence
from training.experiment.records import summary
from training.experiment.train import quietly, train
from training.provenance import collect_provenance

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not COHORTS.is_dir(), reason="the real cohorts, ../shared/cohorts beside the repository, are absent"
    ),
]


@cache
def landmarks_of(name: str) -> dict[str, Any]:
    """The summary by landmark, all four candidates."""
    config = replace(load_config(), fewest_repeats=1, most_repeats=1)
    finished = train(read_cohort(COHORTS / name), config, collect_provenance(), quietly, workers=2)
    evidence = build_evidence(replace(finished, config=replace(config, quick=True, draws=1)), name, quietly, workers=2)
    return {landmark["name"]: landmark for landmark in summary(finished, evidence)}


def winner(head: dict[str, Any]) -> dict[str, float]:
    return dict(head["candidates"][head["winner"]])


def test_remission_after_a_computer_programme_for_anxiety_and_depression() -> None:
    (landmark,) = landmarks_of("beat_the_blues").values()
    assert winner(landmark["remission"])["auc"] >= 0.79


def test_with_a_single_relapse_the_overall_rate_is_given_and_said_to_be() -> None:
    (landmark,) = landmarks_of("beat_the_blues").values()
    relapse = landmark["relapse"]
    assert relapse["events"] == 1
    assert relapse["winner"] == "no_model"
    assert list(relapse["candidates"]) == ["no_model"]
    assert "the rarer outcome has 1 of 22 patients" in relapse["note"]
    assert "every patient the cohort's average risk" in relapse["note"]


def test_remission_on_an_antidepressant_after_two_weeks() -> None:
    assert winner(landmarks_of("antidepressant_trial")["two weeks"]["remission"])["auc"] >= 0.80


def test_relapse_of_breast_cancer() -> None:
    (landmark,) = landmarks_of("rotterdam").values()
    assert landmark["remission"] is None
    assert winner(landmark["relapse"])["c_index"] >= 0.66


def test_where_there_is_hardly_a_signal_the_winner_claims_next_to_nothing() -> None:
    """Patients paired, a regression beats the average by little, among patients of the same two sites."""
    (landmark,) = landmarks_of("uis").values()
    assert 0.5 <= winner(landmark["relapse"])["c_index"] < 0.62
