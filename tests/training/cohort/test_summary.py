"""The counts that a researcher sees first: what a cohort holds, and who is left out, for what reason."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from features.eligibility.eligibility import Ineligible
from features.protocol.document import Landmark, Protocol
from tests.cohorts import cohort_of, courses, random_cohort
from tests.places import COHORTS
from training.cohort.reader import read_cohort
from training.cohort.summary import ColumnSummary, OutcomeCounts, analysis_flow, cohort_summary, render_summary
from training.outcomes.labels import EndedBy

TWO_LANDMARKS = Protocol(
    landmarks=(Landmark("before session 2", before_session=2), Landmark("day 30", day=30)), horizons_days=(60,)
)

# GAD-7: remission at most 4 and at least 4 points below the baseline, relapse from 10 on. The last dose is on day 7,
# so the remission window runs from day 14 to day 38.
COURSES = """
patient    | doses | gad7                            | events                | what happens
stays      | 0 7   | 0:15 21:3 60:3 90:3             |                       | in remission, observed to day 90
relapses   | 0 7   | 0:15 21:3 60:12 70:12           |                       | relapse on day 60
dies       | 0 7   | 0:15 21:3 60:3                  | 70:death              | competing event on day 70
vanishes   | 0 7   | 0:15 21:3                       |                       | in remission, not followed for a day
no         | 0 7   | 0:15 21:9 60:3                  |                       | not in remission
unknown    | 0 7   | 0:15 60:3                       |                       | no reading in the window
well       | 0 7   | 0:4                             |                       | in the remission band at baseline
unrated    | 0 7   | 1:15                            |                       | no baseline
one_dose   | 0     | 0:15 21:3                       |                       | landmark before session 2 not reached
"""


def test_every_patient_is_counted_where_the_rules_put_them() -> None:
    records, _ = courses(COURSES)
    flow, _ = analysis_flow(records.cohort(TWO_LANDMARKS))
    assert flow.patients == 9
    assert dict(flow.left_out) == {
        Ineligible.LANDMARK_NOT_REACHED: 1,
        Ineligible.NO_BASELINE: 1,
        Ineligible.BASELINE_IN_REMISSION: 1,
    }
    assert flow.eligible == 9 - 3
    assert flow.instruments == (("gad7", 6),)
    assert flow.remission == OutcomeCounts(yes=4, no=1, not_observed=1)
    assert flow.ended == {EndedBy.CENSORED: 1, EndedBy.RELAPSE: 1, EndedBy.COMPETING: 1}
    assert flow.not_followed == 1
    assert flow.median_followed_days == 70 - 21  # of 90 - 21, 60 - 21 and 70 - 21
    # To day 21 + 60 = 81: only the first is observed to the end; relapse, death and no remission are a no.
    assert flow.sustained == ((60, OutcomeCounts(yes=1, no=3, not_observed=2)),)


def test_a_later_landmark_leaves_out_those_whose_answer_is_known_already() -> None:
    records, _ = courses(COURSES)
    # On day 32 the course of day 7 is over, and no later reading could be nearer to the middle, day 26, than day 21.
    late = replace(TWO_LANDMARKS, acute_max_days=14, landmarks=(TWO_LANDMARKS.landmarks[0], Landmark("day 32", day=32)))
    _, flow = analysis_flow(records.cohort(late))
    assert dict(flow.left_out) == {
        Ineligible.NO_BASELINE: 1,
        Ineligible.BASELINE_IN_REMISSION: 1,
        Ineligible.ALREADY_DECIDED: 6,
    }
    assert flow.eligible == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_counts_add_up_at_every_landmark(seed: int) -> None:
    cohort = random_cohort(np.random.default_rng(seed), 300)
    for flow in analysis_flow(cohort):
        assert flow.patients == flow.eligible + sum(count for _, count in flow.left_out)
        assert flow.eligible == flow.remission.yes + flow.remission.no + flow.remission.not_observed
        assert flow.eligible == sum(count for _, count in flow.instruments)
        assert flow.remission.yes == sum(flow.ended.values()) + flow.not_followed
        for _, answers in flow.sustained:
            assert flow.eligible == answers.yes + answers.no + answers.not_observed
            assert answers.yes <= flow.remission.yes


def test_the_summary_counts_rows_patients_days_and_missing_cells() -> None:
    cohort = cohort_of(
        patients="""
            patient_id  site_id  age_years  sex
            a           c1       40         female
            b           c1       -          male
            c           c2       60         -
            d           -        -          -
        """,
        sessions="""
            patient_id  session_number  day  kind
            a           1               0    dosing
            a           2               9    dosing
        """,
        assessments="""
            patient_id  day  instrument  score
            a           -3   gad7        16
            b           14   gad7        9
        """,
    )
    summary = cohort_summary(cohort)
    assert (summary.patients, summary.sites, summary.without_site) == (4, 2, 1)
    patients, _, sessions, assessments, events = summary.tables
    missing = {column.name: column.missing_share for column in patients.columns}
    assert (missing["site_id"], missing["age_years"], missing["sex"]) == (1 / 4, 2 / 4, 2 / 4)
    assert missing["body_mass_index"] == 1
    assert (sessions.rows, sessions.patients, sessions.first_day, sessions.last_day) == (2, 1, 0, 9)
    assert (assessments.rows, assessments.patients) == (2, 2)
    assert (assessments.first_day, assessments.last_day) == (-3, 14)
    assert ColumnSummary("score", 0.0) in assessments.columns
    assert (events.rows, events.first_day) == (0, None)


def test_a_history_that_nobody_asked_for_is_not_called_recorded() -> None:
    cohort = cohort_of(
        patients="""
            patient_id  prior_treatments_recorded
            a                   true
            b                   false
            c                   false
        """
    )
    summary = cohort_summary(cohort)
    assert summary.asked_for_history == 1
    assert "prior_treatments_recorded" not in {column.name for column in summary.tables[0].columns}
    assert "recorded for 1 of 3 patients" in render_summary(summary, ())


def test_the_number_of_treatments_is_called_unknown_only_if_somebody_was_not_asked() -> None:
    cohort = cohort_of(patients="patient_id prior_treatments_recorded\na true\nb true")
    (line,) = [line for line in render_summary(cohort_summary(cohort), ()).splitlines() if line.startswith("Earlier")]
    assert line == "Earlier treatments were recorded for 2 of 2 patients."


@pytest.mark.parametrize(
    ("rule", "events", "said"),
    [
        ("score", "", "No event is recorded: relapse rests on scores alone; death, new treatment and withdrawal"),
        ("event", "", "No event is recorded: nobody is known to have relapsed; death, new treatment and withdrawal"),
        ("score", "70:relapse", "No death, new treatment or withdrawal is recorded: these count as not having"),
        ("score", "70:death", None),
        ("score", "70:new_treatment", None),
        ("score", "70:withdrawal", None),
    ],
)
def test_events_that_nobody_recorded_are_no_observation_that_nothing_happened(
    rule: Literal["score", "event"], events: str, said: str | None
) -> None:
    records, _ = courses(f"patient | doses | gad7 | events\nx | 0 7 | 0:15 21:3 | {events}")
    relapse = replace(TWO_LANDMARKS.relapse, rule=rule)
    summary = cohort_summary(records.cohort(replace(TWO_LANDMARKS, relapse=relapse)))
    lines = render_summary(summary, ()).splitlines()
    assert (summary.missing_events is None) == (said is None)
    if said is not None:
        assert said in " ".join(lines)
    assert max(map(len, lines)) <= 100


def test_the_text_says_first_that_a_cohort_is_synthetic() -> None:
    records, _ = courses(COURSES)
    for name, is_synthetic in (("kap-synthetic", True), ("kap-synthetic-small", True), ("kap", False)):
        text = render_summary(cohort_summary(records.cohort(replace(TWO_LANDMARKS, name=name))), ())
        assert ("SYNTHETIC" in text.splitlines()[0]) == is_synthetic


def test_the_text_holds_every_count_and_fits_a_terminal() -> None:
    records, _ = courses(COURSES)
    cohort = records.cohort(TWO_LANDMARKS)
    text = render_summary(cohort_summary(cohort), analysis_flow(cohort)[:1])
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for expected in (
        'Protocol "kap": 9 patients, 0 sites, 9 patients without a site',
        "assessments 22 9 0 to 90",
        'Landmark "before session 2" (on the day of dosing session 2)',
        "left out: the landmark was not reached 1",
        "in the analysis 6",
        "primary instrument: gad7 6",
        "in remission 4",
        "relapsed 1",
        "died or began a new treatment first 1",
        "not in remission 1",
        "remission not observed: no reading decides 1",
        "60 days 1 3 2",
    ):
        assert expected in lines, text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_share_of_missing_cells_is_never_rounded_to_none_or_all() -> None:
    cohort = random_cohort(np.random.default_rng(4), 1000)
    age = np.full(1000, np.nan)
    age[0] = 40
    text = render_summary(cohort_summary(replace(cohort, patients=dict(cohort.patients) | {"age_years": age})), ())
    assert "age_years (>99%)" in text
    text = render_summary(
        cohort_summary(replace(cohort, patients=dict(cohort.patients) | {"age_years": age[::-1]})), ()
    )
    assert "age_years (>99%)" in text


def test_a_landmark_that_nobody_reaches_is_said_in_sentences() -> None:
    records, _ = courses("patient | doses | gad7\na | 0 | 0:15 14:3")
    cohort = records.cohort(TWO_LANDMARKS)
    flow, _ = analysis_flow(cohort)
    assert flow.eligible == 0
    assert flow.median_followed_days is None
    assert "No patients are left" in render_summary(cohort_summary(cohort), [flow])


def test_an_empty_cohort_has_a_summary() -> None:
    cohort = cohort_of(patients="patient_id")
    assert "0 patients" in render_summary(cohort_summary(cohort), analysis_flow(cohort))


@pytest.mark.parametrize(
    ("name", "left_out", "remission"),
    [
        ("beat_the_blues", {Ineligible.BASELINE_IN_REMISSION: 20}, OutcomeCounts(yes=26, no=58 - 26, not_observed=22)),
        (
            "antidepressant_trial",
            {Ineligible.BASELINE_IN_REMISSION: 5},
            OutcomeCounts(yes=37, no=125 - 37, not_observed=42),
        ),
        ("uis", {}, OutcomeCounts(yes=628, no=0, not_observed=0)),
    ],
)
def test_published_cohorts_give_the_counts_known_of_them(
    name: str, left_out: dict[Ineligible, int], remission: OutcomeCounts
) -> None:
    if not COHORTS.is_dir():
        pytest.skip(f"the published cohorts are not at {COHORTS}")
    flow = analysis_flow(read_cohort(COHORTS / name))[0]
    assert dict(flow.left_out) == left_out
    assert flow.remission == remission
