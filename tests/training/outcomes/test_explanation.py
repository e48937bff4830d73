"""The trace says what decided, in words; whatever it says agrees with the outcomes, and every patient can be traced."""

import textwrap

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from tests.cohorts import courses, random_cohort, random_protocol
from training.outcomes.explanation import explain_outcomes
from training.outcomes.labels import EndedBy, derive_outcomes


def traced(course: str, protocol: str = "", patient: str = "a") -> str:
    records, _ = courses(course)
    return explain_outcomes(records.cohort(protocol), patient)


def test_a_whole_trace() -> None:
    text = traced("""
        patient | doses | gad7                                               | events
        a       | 0 9   | -9:12 0:16 26:6 30:3 60:11 65:5 120:12 130:12      | 20:relapse 140:new_treatment
    """)
    assert text == textwrap.dedent("""\
        Patient a, protocol kap

        Primary instrument: gad7, the first of gad7, hama, lsas, pdss, pcl5, ybocs that was rated on or before day 0.
        Cut-offs: remission at most 4, relapse at least 10, reliable change 6.
        Baseline: 16, the last rating on or before day 0 (day -9: 12; day 0: 16).

        Landmark 'before session 1': day 0, the day of dosing session 1.
          Eligible.

        Landmark 'before session 2': day 9, the day of dosing session 2.
          Eligible.

        Landmark 'before session 3': day 23, 14 days after dosing session 2; session 3 never came.
          Eligible.

        Outcome, used at: before session 1, before session 2, before session 3
          Remission window: days 16 to 40, which is 7 to 31 days after day 9, the last dosing session up to day 42. \
Its middle is day 28.
            day 26: 6, 2 days from the middle
            day 30: 3, 2 days from the middle; the later of the two nearest: it decides
          Remission: yes. 3 is not above the cut-off of 4; it is a reliable change (6) below the baseline of 16.
          Time at risk of relapse: from day 30, the deciding rating; what comes after that day counts.
            day 60: 11, in the relapse band (at least 10), 8 above the best so far (3; 6 asked), not confirmed \
(7 to 28 days later): dates none
            day 65: 5, below the relapse band
            day 120: 12, in the relapse band (at least 10), 9 above the best so far (3; 6 asked), confirmed on day 130 \
(7 to 28 days later): dates a relapse
            day 130: 12, in the relapse band (at least 10), 9 above the best so far (3; 6 asked), not confirmed \
(7 to 28 days later): dates none
            day 20: event relapse, not counted, because on or before the start
            day 140: event new_treatment, a competing event
          Ended by a relapse on day 120, after 90 days.
          Sustained remission at 84 days: yes (up to day 114).
          Sustained remission at 182 days: no, because a relapse came by then (up to day 212).
        """)


@pytest.mark.parametrize(
    ("course", "sentence"),
    [
        ("0 | 0:3  |", "Not eligible: the baseline is already in the remission band."),
        ("  | 0:16 |", "Landmark 'before session 1': not reached; dosing session 1 never came."),
        ("0 | 0:16 |", "Landmark 'before session 3': not reached; dosing session 2 never came."),
        ("0 7 30 | 0:16 |", "day 21, 14 days after dosing session 2; session 3 came later, on day 30."),
        ("0 7 20 | 0:16 |", "Landmark 'before session 3': day 20, the day of dosing session 3."),
        ("0 100 | 0:16 |", "Not eligible: the remission window closed without a rating."),
        ("0 100 | 0:16 19:4 |", "Not eligible: a rating has already decided remission."),
        ("0 7 | 0:16 | 9:withdrawal", "Not eligible: the patient has withdrawn."),
        ("0 7 | 0:16 20:4 | 9:withdrawal", "not used, because after the withdrawal: day 20: 4"),
        ("0 7 | 0:16 20:4 |", "The rating that decides came on or before the landmark, when a nearer one could still"),
        ("0 7 | 0:16 20:4 |", "Outcome, used at: before session 1, before session 2\n"),
        ("  | 0:16 |", "Remission: not observed; no dosing session came up to day 42."),
        ("0 | 1:16 |", "Primary instrument: none, because none was rated on or before day 0: gad7, hama"),
        ("0 | 0:16 60:2 |", "no gad7 rating in these days; all ratings: day 0: 16; day 60: 2"),
        ("0 | 0:16 19:5 |", "Remission: no. 5 is above the cut-off of 4; it is a reliable change (6) below"),
        ("0 | 0:9 19:4 |", "Remission: no. 4 is not above the cut-off of 4; it is not a reliable change (6) below"),
        ("0 | 0:16 19:4 |", "Followed for less than a day: not part of the relapse model."),
        ("0 | 0:16 19:4 60:16 | 50:withdrawal", "not used, because after the withdrawal: day 60: 16"),
        ("0 | 0:16 19:4 | 50:withdrawal 60:death", "day 60: event death, not counted, because after the withdrawal"),
        ("0 | 0:16 19:4 | 50:withdrawal", "Ended by neither; last observed on day 50, after 31 days: the withdrawal."),
        ("0 | 0:16 19:4 | 50:death", "Ended by a competing event on day 50, after 31 days."),
        ("0 | 0:16 19:4 | 50:death", "at 84 days: no, because a competing event came by then (up to day 103)."),
        ("0 | 0:16 | 50:death", "Sustained remission at 84 days: not observed, because remission is not."),
    ],
)
def test_what_decided_is_said(course: str, sentence: str) -> None:
    assert sentence in traced(f"patient | doses | gad7 | events\na | {course}")


def test_remission_at_the_landmark_is_traced_for_each_landmark() -> None:
    text = traced(
        "patient | doses | events\na | 0 7 | 7:relapse 60:relapse",
        '[remission]\nstate = "at_landmark"\n[relapse]\nrule = "event"\n',
    )
    assert "no rating decides" in text
    assert text.count("Time at risk of relapse: from day 0, the landmark") == 1
    assert text.count("Not eligible: a relapse, a competing event or the end of follow-up has already occurred") == 2
    assert text.count("    day 7: event relapse\n") == 2, "the trace says what made the patient ineligible"


def test_in_remission_at_the_landmark_the_scale_is_the_one_rated_by_then() -> None:
    text = traced(
        "patient | doses | gad7 | hama\na | 0 7 | 5:3 60:12 70:12 | 0:9",
        '[remission]\nstate = "at_landmark"\n',
    )
    assert "Primary instrument: hama, the first of gad7, hama, lsas, pdss, pcl5, ybocs that was rated on or" in text
    assert text.count("Primary instrument: gad7") == 2, "from session 2 on"
    assert "Baseline: none on or before day 0, and none is needed." in text


def test_a_difference_is_shown_without_the_rounding_of_the_computer() -> None:
    text = traced("patient | doses | ybocs\na | 0 | 0:30 19:8.2 60:16.2 70:16.2")
    assert "8 above the best so far (8.2; 8 asked)" in text


def test_an_unknown_patient_is_refused_without_repeating_the_id() -> None:
    with pytest.raises(InputRefusedError) as refused:
        traced("patient | doses | gad7\na | 0 | 0:16", patient="Jane Doe")
    (problem,) = refused.value.problems
    assert (problem.place, problem.column) == ("patients", "patient_id")
    assert "Jane" not in repr(problem)


@pytest.mark.parametrize("seed", range(8))
def test_a_trace_agrees_with_the_outcomes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    cohort = random_cohort(rng, 25, protocol)
    first = derive_outcomes(cohort, protocol.landmarks[0])
    words = {EndedBy.RELAPSE: "Ended by a relapse on", EndedBy.COMPETING: "Ended by a competing event on"}
    for position, patient_id in enumerate(cohort.patient_ids.tolist()):
        text = explain_outcomes(cohort, patient_id)
        assert text.count("Landmark '") == len(protocol.landmarks)
        if protocol.remission.at_landmark:
            assert text.count("  Eligible.") == text.count("Time at risk of relapse: from day")
            continue
        assert (words.get(EndedBy(first.ended_by[position]), "Ended by neither") in text) == (
            first.ended_by[position] >= 0
        )
        assert ("Remission: yes" in text) == (first.remission[position] == 1)
        assert ("it decides" in text) == (not np.isnan(first.remission_day[position]))
