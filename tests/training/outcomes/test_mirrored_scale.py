"""A cohort on a mirrored scale has the outcomes and features of the original; people see points as recorded."""

from dataclasses import replace

import numpy as np
import pytest

from features.build import build_features
from features.protocol.document import Protocol
from features.protocol.instruments import INSTRUMENTS
from features.protocol_reading import parse_protocol
from tests.cohorts import CohortRecords, Record, cohort_of, random_protocol, random_records
from training.leakage.future_perturbation import future_check
from training.outcomes.digests import features_digest, outcomes_digest
from training.outcomes.explanation import explain_outcomes
from training.outcomes.labels import derive_outcomes
from training.outcomes.table import outcomes_frame
from training.report.facts import outcome_rules


def declared(name: str, minimum: float, maximum: float, bands: tuple[float, float], *, mirrored: bool) -> str:
    keys = ("remission_at_least", "relapse_at_most") if mirrored else ("remission_at_most", "relapse_at_least")
    numbers = [minimum + maximum - band if mirrored else band for band in bands]
    return f"""
[instruments.{name}]
title = "{name}"
minimum = {minimum}
maximum = {maximum}
higher_is = "{"better" if mirrored else "worse"}"
{keys[0]} = {numbers[0]}
{keys[1]} = {numbers[1]}
reliable_change = 5
source = "made up"
"""


def protocol_of(drawn: Protocol, *, mirrored: bool) -> Protocol:
    """A drawn protocol that decides by two scales of its own; both are mirrored, or neither is."""
    own = declared("calm", 3, 24, (8, 13), mirrored=mirrored) + declared("rest", 0, 40, (10, 21), mirrored=mirrored)
    instruments = parse_protocol(own).own_instruments
    return replace(drawn, own_instruments=instruments, remission=replace(drawn.remission, instruments=("rest", "calm")))


def turned(row: Record) -> Record:
    ends = {"calm": 27.0, "rest": 40.0}
    name = str(row["instrument"])
    return row | {"score": ends[name] - float(row["score"])} if name in ends else row


@pytest.mark.parametrize("seed", range(8))
def test_a_mirrored_scale_changes_no_outcome_and_no_feature(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = random_protocol(rng)
    plain, mirrored = (protocol_of(drawn, mirrored=way) for way in (False, True))
    records = random_records(rng, 60, plain)
    ratings = [turned(row) for row in records.tables["assessments"]]
    assert ratings != records.tables["assessments"]
    one = records.cohort(plain)
    other = CohortRecords(records.patients, records.tables | {"assessments": ratings}).cohort(mirrored)
    for landmark in plain.landmarks:
        assert features_digest(build_features(one, landmark)) == features_digest(build_features(other, landmark))
        assert outcomes_digest(derive_outcomes(one, landmark)) == outcomes_digest(derive_outcomes(other, landmark))
    shown, recorded = outcomes_frame(one), outcomes_frame(other)
    ends = shown["instrument"].map({"calm": 27.0, "rest": 40.0}).astype(float)
    np.testing.assert_array_equal(ends - shown["baseline"], recorded["baseline"])
    assert shown.drop(columns="baseline").equals(recorded.drop(columns="baseline"))
    features = [build_features(other, landmark) for landmark in mirrored.landmarks]
    assert future_check(other, features, seed).passed


WHO5 = """
[remission]
instrument = "who5"
anchor = "index"
window_days = [20, 40]
[relapse]
confirm_within_days = [7, 28]
"""
COURSE = """
    patient_id  day  instrument  score  after_dose
    a           -2   who5        20     -
    a           0    who5        24     -
    a           0    who5        80     true
    a           30   who5        40     false
    a           30   who5        72     true
    a           60   who5        44     -
    a           70   who5        40     -
"""


def test_an_explanation_shows_the_points_that_were_recorded_in_the_direction_of_the_scale() -> None:
    text = explain_outcomes(cohort_of(WHO5, assessments=COURSE), "a")
    for line in (
        "Cut-offs: remission at least 52, relapse at most 48, reliable change 10.",
        "Baseline: 24, the last rating on or before day 0 (day -2: 20; day 0: 24).",
        "day 30: 40, 0 days from the middle",
        "day 30: 72 after the dose, 0 days from the middle; the later of the two nearest: it decides",
        "Remission: yes. 72 is not below the cut-off of 52; it is a reliable change (10) above the baseline of 24.",
        "day 60: 44, in the relapse band (at most 48), 28 below the best so far (72; 10 asked), confirmed on day 70",
    ):
        assert line in text, text


@pytest.mark.parametrize(("score", "remitted"), [(51, "no"), (52, "yes"), (53, "yes")])
def test_remission_is_at_the_cut_off_or_better(score: int, remitted: str) -> None:
    course = f"patient_id day instrument score\na 0 who5 24\na 30 who5 {score}\n"
    frame = outcomes_frame(
        cohort_of(WHO5, assessments=course, sessions="patient_id session_number day kind\na 1 0 dosing\n")
    )
    assert frame["remission"].iloc[0] == remitted
    assert frame["baseline"].iloc[0] == 24


def test_a_score_with_decimals_is_shown_as_it_was_recorded() -> None:
    course = "patient_id day instrument score\na 0 who5 8.2\na 30 who5 72\n"
    assert outcomes_frame(cohort_of(WHO5, assessments=course))["baseline"].tolist() == [8.2] * 3


def test_the_rules_in_a_report_name_the_bands_in_the_direction_of_the_scale() -> None:
    rules = outcome_rules(parse_protocol(WHO5))
    assert "(who5 at least 52)" in rules["remission"]
    assert "(who5 at most 48)" in rules["relapse"]
    assert INSTRUMENTS["who5"].higher_is == "better"


@pytest.mark.parametrize(("after_dose", "remission"), [("true", "yes"), ("false", "not_observed")])
def test_a_reading_after_the_dose_of_the_landmark_day_was_not_known_there_and_may_decide(
    after_dose: str, remission: str
) -> None:
    protocol = '[[landmarks]]\nname = "day 30"\nday = 30\n' + WHO5.replace('"who5"', '"gad7"')
    course = f"patient_id day instrument score after_dose\na 0 gad7 16 -\na 30 gad7 3 {after_dose}\na 90 gad7 2 -\n"
    frame = outcomes_frame(cohort_of(protocol, assessments=course))
    found = frame["remission"].iloc[0] if frame["eligible"].iloc[0] else "not_observed"
    assert found == remission
