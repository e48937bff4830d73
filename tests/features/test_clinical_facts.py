"""Clinical facts: the step that each takes in a record, on whom, and that nobody else's record changes."""

import numpy as np
import pytest

from features.build import FeatureRows, build_features
from features.catalogue import catalogue
from features.clinical_facts import CLINICAL_FACTS, ClinicalFact
from features.protocol.columns import TREATMENTS
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from tests.cohorts import DEFAULT, CohortRecords, Record, cohort_of, random_cohort, random_protocol, random_records

FACTS = {fact.name: fact for fact in CLINICAL_FACTS}
DAY_14 = Landmark("day 14", day=14)


def test_the_facts_of_the_directional_check_are_declared() -> None:
    signs = {fact.name: (fact.remission_sign, fact.relapse_sign) for fact in CLINICAL_FACTS}
    assert signs == {
        "worse_rating": (-1, 1),
        "adequate_failure": (-1, 0),
        "comorbid_depression": (-1, 1),
        "longer_illness": (-1, 1),
        "benzodiazepine": (-1, 0),
    }
    for fact in CLINICAL_FACTS:
        assert fact.meaning.endswith(".")
        assert "[seen]" in fact.source


def scores(cohort: Cohort) -> list[float]:
    return cohort.assessments.numbers("score").tolist()


RATED = """
    patient_id  day  instrument  score
    a           -2   gad7        12
    a           0    gad7        {baseline}
    a           7    gad7        {on_7}
    a           21   gad7        9
    a           0    phq9        14
    a           14   phq9        11
"""


@pytest.mark.parametrize(("on_7", "worse"), [(9, 9 + 6), (15, 21), (16, 21), (20, 21)])
def test_the_latest_known_rating_gets_worse_within_the_scale(on_7: int, worse: int) -> None:
    """GAD-7: reliable change 6, at most 21; neither a later rating nor another scale takes part."""
    cohort = cohort_of(assessments=RATED.format(baseline=16, on_7=on_7))
    changed, applies = FACTS["worse_rating"].apply(cohort, DAY_14)
    differs = np.flatnonzero(np.array(scores(changed)) != np.array(scores(cohort)))
    assert applies.tolist() == [True]
    assert cohort.assessments.numbers("day")[differs].tolist() == [7]
    assert np.array(scores(changed))[differs].tolist() == [worse]


def test_the_highest_rating_cannot_get_worse() -> None:
    changed, applies = FACTS["worse_rating"].apply(cohort_of(assessments=RATED.format(baseline=16, on_7=21)), DAY_14)
    assert applies.tolist() == [False]
    assert scores(changed) == scores(cohort_of(assessments=RATED.format(baseline=16, on_7=21)))


def test_without_a_rating_after_day_0_the_baseline_gets_worse() -> None:
    cohort = cohort_of(assessments=RATED.format(baseline=11, on_7=9))
    changed, _ = FACTS["worse_rating"].apply(cohort, Landmark("day 3", day=3))
    differs = np.flatnonzero(np.array(scores(changed)) != np.array(scores(cohort)))
    assert cohort.assessments.numbers("day")[differs].tolist() == [0]
    assert np.array(scores(changed))[differs].tolist() == [11 + 6]


@pytest.mark.parametrize(("asked", "applied"), [("true", True), ("false", False)])
def test_a_failure_is_added_where_treatments_were_asked_for(asked: str, applied: bool) -> None:
    cohort = cohort_of(
        patients=f"patient_id  prior_treatments_recorded\na           {asked}",
        prior_treatments="patient_id  treatment  end_day\na           cbt        -90\na           tms        -",
    )
    wanted = cohort_of(
        patients=f"patient_id  prior_treatments_recorded\na           {asked}",
        prior_treatments="""
            patient_id  treatment  adequate  outcome      end_day
            a           ssri       true      no_response  -
            a           cbt        -         -            -90
            a           tms        -         -            -
        """,
    )
    changed, applies = FACTS["adequate_failure"].apply(cohort, DAY_14)
    assert applies.tolist() == [applied]
    assert changed.digest == (wanted if applied else cohort).digest


COLUMN_STEPS = """
    fact                 column                  age  before  after
    comorbid_depression  comorbid_depression     40   false   true
    comorbid_depression  comorbid_depression     40   true    -
    comorbid_depression  comorbid_depression     40   -       -
    longer_illness       illness_duration_years  40   10      15
    longer_illness       illness_duration_years  -    10      15
    longer_illness       illness_duration_years  40   35      40
    longer_illness       illness_duration_years  40   36      -
    longer_illness       illness_duration_years  -    85      90
    longer_illness       illness_duration_years  -    86      -
    longer_illness       illness_duration_years  40   -       -
    benzodiazepine       benzodiazepine_mg       40   0       10
    benzodiazepine       benzodiazepine_mg       40   190     200
    benzodiazepine       benzodiazepine_mg       40   191     -
    benzodiazepine       benzodiazepine_mg       40   -       -
"""


@pytest.mark.parametrize("line", COLUMN_STEPS.strip().splitlines()[1:], ids=str.strip)
def test_a_step_in_a_column(line: str) -> None:
    fact, column, age, before, after = line.split()

    def cohort(value: str) -> Cohort:
        table = f"patient_id  age_years  {column}\na           {age}       {value}"
        return cohort_of(patients=table, assessments="patient_id  day  instrument  score\na  0  gad7  16")

    changed, applies = FACTS[fact].apply(cohort(before), DAY_14)
    assert applies.tolist() == [after != "-"]
    assert changed.digest == cohort(before if after == "-" else after).digest


@pytest.mark.parametrize("fact", CLINICAL_FACTS, ids=lambda fact: fact.name)
@pytest.mark.parametrize("seed", range(4))
def test_only_the_records_of_those_to_whom_it_applies_change(fact: ClinicalFact, seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng) if seed else DEFAULT
    cohort = random_cohort(rng, 60, protocol)
    before = cohort.digest
    for landmark in protocol.landmarks:
        changed, applies = fact.apply(cohort, landmark)
        assert cohort.digest == before
        assert changed.patient_ids.tolist() == cohort.patient_ids.tolist()
        assert applies.any()
        one = np.array([0])
        for patient in range(len(cohort)):
            one[0] = patient
            assert (changed.take(one).digest != cohort.take(one).digest) == applies[patient]


def changed_against(before: FeatureRows, after: FeatureRows, fact: ClinicalFact) -> set[str]:
    """Names of the features that changed without a sign in the direction of the fact, or came or went."""
    wrong = set()
    for position, feature in enumerate(catalogue(DEFAULT)):
        one, other = before.values[:, position], after.values[:, position]
        if (np.isnan(one) != np.isnan(other)).any():
            wrong.add(feature.name)
        direction = np.sign((other - one)[~np.isnan(one) & (one != other)])
        for expected, sign in (
            (fact.remission_sign, feature.remission_sign),
            (fact.relapse_sign, feature.relapse_sign),
        ):
            if expected and (direction * sign != expected).any():
                wrong.add(feature.name)
    return wrong


@pytest.mark.parametrize("fact", CLINICAL_FACTS, ids=lambda fact: fact.name)
@pytest.mark.parametrize("seed", range(8))
def test_a_fact_moves_only_features_whose_signs_have_its_direction(fact: ClinicalFact, seed: int) -> None:
    """So that a model that keeps every declared sign keeps the direction of the fact."""
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng) if seed else DEFAULT
    cohort = random_cohort(rng, 150, protocol)
    for landmark in protocol.landmarks:
        changed, applies = fact.apply(cohort, landmark)
        before, after = build_features(cohort, landmark), build_features(changed, landmark)
        assert not changed_against(before, after, fact)
        differs = (np.nan_to_num(before.values, nan=-99) != np.nan_to_num(after.values, nan=-99)).any(axis=1)
        assert (differs == applies).all()


DAYS = ({}, {"end_day": -30}, {"start_day": -400}, {"start_day": -400, "end_day": 0})


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("outcome", ["no_response", "partial_response"])
def test_an_adequate_failure_of_any_class_moves_only_features_with_a_sign(treatment: str, outcome: str) -> None:
    records = random_records(np.random.default_rng(7), 80)
    before = build_features(records.cohort(), DAY_14)
    for days in DAYS:
        failure: Record = {"treatment": treatment, "adequate": 1.0, "outcome": outcome} | days
        added = [{"patient_id": patient["patient_id"]} | failure for patient in records.patients]
        tables = records.tables | {"prior_treatments": records.tables["prior_treatments"] + added}
        after = build_features(CohortRecords(records.patients, tables).cohort(), DAY_14)
        assert not changed_against(before, after, FACTS["adequate_failure"])
        failures = [rows.values[:, rows.names.index("adequate_failures")] for rows in (before, after)]
        np.testing.assert_equal(failures[1], failures[0] + 1)
