"""Whether answers move as declared when one clinical fact changes, and who moves against it."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.clinical_facts import CLINICAL_FACTS, ClinicalFact
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.timeline import Mask
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Constant, LinearScore
from tests.cohorts import cohort_of
from training.evaluation.direction import directions
from training.evidence.document import Direction
from training.experiment.train import Training

LANDMARK = Landmark("day 14", day=14)
PATIENTS = """
    patient_id  age_years  illness_duration_years
    a           40         4
    b           50         9
    c           30         -
"""
RATED = """
    patient_id  day  instrument  score
    a           0    gad7        16
    a           7    gad7        12
    b           0    gad7        18
    b           7    gad7        15
    c           0    gad7        14
    c           7    gad7        10
"""
DOSED = """
    patient_id  day  kind    session_number
    a           0    dosing  1
    b           0    dosing  1
    c           0    dosing  1
"""


def cohort() -> Cohort:
    return cohort_of(patients=PATIENTS, assessments=RATED, sessions=DOSED)


def score_of(cohort: Cohort, **weights: float) -> LinearScore:
    """A linear score of a few features by name, whose values are never held."""
    names = [feature.name for feature in catalogue(cohort.protocol)]
    used = np.array(sorted(names.index(name) for name in weights), dtype=np.int64)
    weight = np.array([weights[names[position]] for position in used])
    zeros = np.zeros(len(used))
    return LinearScore(used, zeros - 1e6, zeros + 1e6, zeros, weight, zeros, len(names))


def model_of(remission: LinearScore, horizons: tuple[int, ...] = (14, 84), weeks: int = 4) -> OutcomeModel:
    """Remission by a score; relapse at 5% a week to everybody, over a few weeks."""
    constant = Constant(remission.features)
    relapse = RelapseHead(constant, np.array([0, weeks]), np.array([np.log(0.05 / 0.95)]), np.zeros(1))
    return OutcomeModel(LANDMARK, horizons, False, RemissionHead(remission, 0.0), relapse)


def longer_illness(remission: Literal[-1, 1]) -> ClinicalFact:
    (fact,) = (fact for fact in CLINICAL_FACTS if fact.name == "longer_illness")
    return replace(fact, remission_sign=remission)


@pytest.mark.parametrize(("sign", "against"), [(-1, 2), (1, 0)])
def test_it_is_counted_whose_answer_moves_the_other_way_and_how_far(sign: Literal[-1, 1], against: int) -> None:
    """Five more years raise the log-odds by 0.1 from 0.08 and 0.18; c's duration is not known and takes no step."""
    seen = cohort()
    model = model_of(score_of(seen, illness_duration_years=0.02))
    remission, relapse = directions(seen, [model], 0.005, [longer_illness(sign)])
    moves = [1 / (1 + np.exp(-0.02 * (years + 5))) - 1 / (1 + np.exp(-0.02 * years)) for years in (4, 9)]
    assert (remission.head, remission.patients, remission.against) == ("remission", 2, against)
    assert remission.expected == ("more" if sign > 0 else "less")
    assert remission.largest_against == pytest.approx(max(moves) if against else 0.0)
    assert remission.median_move == pytest.approx(np.mean(moves))
    # The curve reaches day 28: the longest horizon within it is day 14.
    assert (relapse.head, relapse.horizon_days, relapse.against, relapse.median_move) == ("relapse", 14, 0, 0.0)


@pytest.mark.parametrize(("weight", "against"), [(0.00399, 0), (0.00401, 2)])
def test_half_a_percentage_point_is_no_move(weight: float, against: int) -> None:
    """From log-odds near 0 a step of d moves the probability by d/4: five years of 0.004 are 0.005."""
    seen = cohort()
    model = model_of(score_of(seen, illness_duration_years=weight))
    (found, _) = directions(seen, [model], 0.005, [longer_illness(-1)])
    assert found.against == against


def test_without_a_horizon_within_reach_and_without_a_sign_there_is_nothing_to_look_at() -> None:
    seen = cohort()
    model = model_of(score_of(seen, illness_duration_years=0.02), horizons=(84,))
    assert [row.head for row in directions(seen, [model], 0.005, [longer_illness(-1)])] == ["remission"]
    assert directions(seen, [replace(model, remission=None)], 0.005, [longer_illness(-1)]) == []
    unsigned = replace(longer_illness(-1), remission_sign=0, relapse_sign=0)
    assert directions(seen, [model_of(score_of(seen))], 0.005, [unsigned]) == []


def test_who_is_not_eligible_is_not_counted() -> None:
    def everybody(cohort: Cohort, landmark: Landmark) -> tuple[Cohort, Mask]:
        return cohort, np.ones(len(cohort), dtype=np.bool_)

    seen = cohort_of(
        patients=PATIENTS, assessments=RATED.replace("b           0    gad7        18\n", ""), sessions=DOSED
    )
    eligible = np.equal(build_features(seen, LANDMARK).ineligible, None)
    (found, _) = directions(seen, [model_of(score_of(seen))], 0.005, [replace(longer_illness(-1), apply=everybody)])
    assert found.patients == eligible.sum() < 3


def test_every_fact_is_looked_at_in_a_training_at_every_landmark(trained: Training) -> None:
    found = directions(trained.cohort, trained.bundle.models, 0.005)
    signs = sum(abs(fact.remission_sign) + abs(fact.relapse_sign) for fact in CLINICAL_FACTS)
    assert len(found) == signs * len(trained.landmarks)
    assert all(isinstance(row, Direction) and 0 < row.patients <= 400 for row in found)
    assert {row.landmark for row in found} == {fit.outcomes.landmark.name for fit in trained.landmarks}
