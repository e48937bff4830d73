"""Scores that a wrong key, sum, scale or direction leaves behind are named; scores as they should be are not."""

import numpy as np
import pytest

from features.protocol.instruments import INSTRUMENTS
from tests.cohorts import cohort_of
from tests.training.plausibility.rated_cohorts import INDEX, found, rated, rated_courses

SHIFTED = {7: 10, 8: 10, 9: 10, 12: 30, 18: 30}
"""Patients by GAD-7 total with items keyed 1 to 4: nobody below 7, and many at 7, who have no symptom."""


def test_items_keyed_from_1_are_named_with_the_shift() -> None:
    warned = found(rated(SHIFTED))["shifted_totals"]
    assert warned.severity == "warning"
    assert "gad7: none of 90 scores is below 7" in warned.text
    assert "items keyed 1 to 4 where 0 to 3 is due, so that every total is 7 too high" in warned.text
    assert dict(warned.counts) == {"ratings": 90, "unused_totals": 7}


@pytest.mark.parametrize(("patients", "warned"), [(9, False), (10, True), (11, True)])
def test_an_edge_shows_where_ten_patients_would_be_beyond_it(patients: int, warned: bool) -> None:
    """As many have 7 as 8 and 9, so as many would be expected to have 6."""
    cohort = rated(SHIFTED | {7: patients, 8: patients, 9: patients})
    assert bool(found(cohort)) == warned


def test_a_distribution_that_fades_out_has_no_edge() -> None:
    """100, 200 and 300 patients fall by 2/3 and then by 1/2, so next by 3/8: 100 * 1/2 * 3/4 = 37 are expected."""
    assert "shifted_totals" in found(rated({7: 100, 8: 200, 9: 300}))
    # 10 * (1/10) * (1/10) / (10/11) = 0.11 patients are expected.
    assert "shifted_totals" not in found(rated({7: 10, 8: 100, 9: 110, 12: 100}))


@pytest.mark.parametrize(("lowest", "code"), [(4, None), (5, "unused_low_totals"), (7, "shifted_totals")])
def test_a_fifth_of_the_totals_must_be_unused_and_only_as_many_as_items_name_the_cause(
    lowest: int, code: str | None
) -> None:
    """The GAD-7 has 22 totals: 4 of them are less than a fifth, 5 more."""
    by_code = found(rated({lowest: 20, lowest + 1: 20, lowest + 2: 20}))
    assert by_code.keys() & {"unused_low_totals", "shifted_totals"} == ({code} if code else set())


def test_a_study_that_admits_from_a_score_on_has_no_edge_before_day_0() -> None:
    assert "shifted_totals" not in found(rated(SHIFTED, day=0))
    assert "shifted_totals" in found(rated(SHIFTED, day=1))


@pytest.mark.parametrize(("highest", "warned"), [(18, False), (17, False), (16, True)])
def test_totals_that_end_abruptly_are_warned_of(highest: int, warned: bool) -> None:
    """Of 22 totals 18, 19, 20 and 21 are less than a fifth; with 17 they are more."""
    by_code = found(rated({0: 20, 5: 20, highest - 2: 20, highest - 1: 20, highest: 20}, day=0))
    assert ("unused_high_totals" in by_code) == warned


@pytest.mark.parametrize(("patients", "warned"), [(24, False), (25, True), (26, True)])
def test_totals_of_every_second_point_are_warned_of(patients: int, warned: bool) -> None:
    """Two of five neighbours are used: 25 * 2/5 = 10 patients would be expected at each total between."""
    by_code = found(rated(dict.fromkeys(range(0, 22, 2), patients)))
    assert ("gaps_in_totals" in by_code) == warned
    if warned:
        assert dict(by_code["gaps_in_totals"].counts)["unused_totals"] == 10  # of 0 to 20, which are 21 totals


@pytest.mark.parametrize(("gaps", "warned"), [(4, False), (5, True)])
def test_gaps_must_be_a_fifth_of_the_totals_used(gaps: int, warned: bool) -> None:
    """Of the 22 totals of the GAD-7, those beside a gap are used."""
    used = dict.fromkeys(set(range(22)) - {3 * gap + 2 for gap in range(gaps)}, 20)
    assert ("gaps_in_totals" in found(rated(used))) == warned


def test_few_patients_leave_gaps_by_chance() -> None:
    scores = np.random.default_rng(3).integers(0, 22, 40).tolist()
    assert not found(rated_courses([{30: score} for score in scores], protocol=INDEX))


@pytest.mark.parametrize(("fractions", "warned"), [(9, False), (10, True), (11, True)])
def test_means_of_items_are_no_totals(fractions: int, warned: bool) -> None:
    """Of 20 ratings half or more must be no whole numbers; some are after a missing item was stood for."""
    by_code = found(rated({1.5: fractions, 2: 20 - fractions}))
    assert ("fractions" in by_code) == warned
    if warned:
        assert (
            "they look like means of the items. Record the total of the 7 items, 0 to 21." in by_code["fractions"].text
        )
    rescaled = found(rated({1.5: fractions, 14: 20 - fractions}))
    assert ("fractions" in rescaled) == warned
    assert "means" not in "".join(each.text for each in rescaled.values())


def test_nineteen_ratings_are_too_few_to_tell() -> None:
    assert "fractions" not in found(rated({1.5: 19}))
    assert "fractions" in found(rated({1.5: 20}))


DASS = """
[instruments.dass21_anxiety]
title = "DASS-21, anxiety, doubled"
minimum = 0
maximum = 42
remission_at_most = 7
relapse_at_least = 10
reliable_change = 6
source = "made up for this test"
"""


@pytest.mark.parametrize(("odd", "warned"), [(3, False), (4, True), (5, True)])
def test_sums_that_were_not_multiplied_are_warned_of(odd: int, warned: bool) -> None:
    """The DASS-21 doubles its sum: of 20 scores a fifth that are odd show that some were not doubled."""
    by_code = found(rated({13: odd, 14: 20 - odd}, instrument="dass21_anxiety", protocol=INDEX + DASS))
    assert ("not_multiplied" in by_code) == warned


def test_totals_that_are_multiples_by_the_scale_s_own_rule_have_no_gap() -> None:
    doubled = dict.fromkeys(range(0, 43, 2), 30)
    assert not found(rated(doubled, instrument="dass21_anxiety", protocol=INDEX + DASS))


T_SCORE = """
[instruments.promis_anxiety]
title = "PROMIS anxiety, T score"
minimum = 20
maximum = 90
remission_at_most = 54
relapse_at_least = 60
reliable_change = 5
source = "made up for this test"
"""


def test_the_lowest_t_score_of_a_short_form_is_no_edge() -> None:
    """It is 40.3 on the form of four items, though the scale goes lower."""
    scores = {40.3: 40, 48.0: 20, 51.2: 20, 53.7: 20}
    assert not found(rated(scores, instrument="promis_anxiety", protocol=INDEX + T_SCORE))


def changes(rise: int, fall: int) -> list[dict[int, int]]:
    """Courses from day 0 to day 30 that rise or fall."""
    return [{0: 10, 30: 12}] * rise + [{0: 10, 30: 8}] * fall


@pytest.mark.parametrize(("rise", "warned"), [(17, False), (18, True), (19, True)])
def test_scores_that_get_worse_for_most_are_warned_of(rise: int, warned: bool) -> None:
    """Of 20 patients 18 or more rise by chance in 2 of 10,000 cohorts, 17 or more in 13 (binomial, one half)."""
    by_code = found(rated_courses(changes(rise, 20 - rise), protocol=INDEX))
    assert ("rising_scores" in by_code) == warned
    if warned:
        assert f"for the worse, for {rise} of 20 patients" in by_code["rising_scores"].text


@pytest.mark.skipif("who5" not in INSTRUMENTS, reason="no built-in scale has higher scores for the better")
def test_on_a_scale_of_well_being_a_fall_is_the_worse() -> None:
    protocol = INDEX.replace('"gad7"', '"who5"')
    low, high = [20 + 4 * (n % 8) for n in range(40)], [60 + 4 * (n % 9) for n in range(40)]
    better = [{0: first, 30: last} for first, last in zip(low, high, strict=True)]
    worse = [{0: first, 30: last} for first, last in zip(high, low, strict=True)]
    assert not found(rated_courses(better, instrument="who5", protocol=protocol))
    warned = found(rated_courses(worse, instrument="who5", protocol=protocol))
    assert "scores fall during treatment, for the worse, for 40 of 40" in warned["rising_scores"].text


def test_scores_that_rise_after_treatment_are_no_finding() -> None:
    """Relapses, from day 41 on, when the remission window is over."""
    assert "rising_scores" not in found(rated_courses([{0: 10, 30: 8, 41: 15}] * 20, protocol=INDEX))
    assert "rising_scores" in found(rated_courses([{0: 10, 30: 8, 40: 15}] * 20, protocol=INDEX))


def test_an_experience_has_no_direction_and_no_edge() -> None:
    rows = "\n".join(f"p{n} 0 cadss 40\np{n} 30 cadss 80" for n in range(30))
    assert not found(cohort_of(INDEX, assessments=f"patient_id day instrument score\n{rows}"))
