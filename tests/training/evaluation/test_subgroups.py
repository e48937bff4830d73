"""What is said of parts of the patients, and that nothing can be worked out of fewer than ten."""

import numpy as np
import pytest

from tests.training.evaluation.evaluated_examples import NAN, asked_of, cohort_of, once
from training.evaluation.subgroups import subgroups
from training.evidence.document import Subgroup
from training.metrics.disclosure import with_small_groups_merged
from training.metrics.draws import Draws

FEMALE, MALE, INTERSEX = 0, 1, 2


def as_they_are(patients: int) -> Draws:
    return Draws(once(patients), once(patients), "patients", 2, 0)


def found_for(answers: list[float], **columns: list[float]) -> dict[tuple[str, str], Subgroup]:
    predicted = np.linspace(0.2, 0.8, len(answers)).tolist()
    cohort = cohort_of([0] * len(answers), **columns)  # type: ignore[arg-type]
    groups = subgroups(asked_of(answers, predicted), cohort, as_they_are(len(answers)), 0.5, (30, 45, 60))
    return {(group.variable, group.group): group for group in groups}


def test_a_group_is_evaluated_by_its_own_answers() -> None:
    found = found_for([1.0, 0.0] * 10 + [0.0] * 20, sex=[FEMALE] * 20 + [MALE] * 20)
    female = found["sex", "female"]
    assert (female.n, female.events) == (20, 10)
    assert female.observed is not None
    assert female.observed.estimate == pytest.approx(10 / 20)
    predicted = np.linspace(0.2, 0.8, 40)[:20]
    assert female.mean_predicted == pytest.approx(predicted.mean())
    # At the threshold 0.5 net benefit is (yes - no) / n among those predicted at least 0.5.
    above = predicted >= 0.5
    assert female.net_benefit is not None
    assert female.net_benefit.estimate == pytest.approx((above[::2].sum() - above[1::2].sum()) / 20)
    male = found["sex", "male"]
    assert male.events is None  # fewer than five
    assert male.discrimination is not None
    assert male.discrimination.estimate is None  # without an event there is nobody to compare


def test_ten_answers_are_shown_and_nine_are_not() -> None:
    answers = [1.0, 0.0] * 30
    found = found_for(answers, sex=[FEMALE] * 10 + [MALE] * 50)
    assert found["sex", "female"].n == 10
    found = found_for(answers, sex=[FEMALE] * 9 + [INTERSEX] * 9 + [MALE] * 42)
    assert found["sex", "female"] == Subgroup(variable="sex", group="female", n=None)


def test_who_has_no_answer_does_not_count_towards_the_ten() -> None:
    found = found_for([NAN] * 5 + [1.0] * 9 + [0.0] * 40, sex=[FEMALE] * 14 + [INTERSEX] * 9 + [MALE] * 31)
    assert found["sex", "female"].n is None


def test_a_small_group_cannot_be_had_by_subtraction() -> None:
    answers = [1.0] * 3 + [1.0, 0.0] * 30
    found = found_for(answers, sex=[INTERSEX] * 3 + [FEMALE] * 40 + [MALE] * 20)
    assert found["sex", "intersex"].n is None
    assert ("sex", "male") not in found
    together = found["sex", "male or intersex"]
    assert (together.n, together.events) == (23, 3 + 10)
    assert found["sex", "female"].n == 40
    for variable in {variable for variable, _ in found}:
        shown = sum(group.n or 0 for (name, _), group in found.items() if name == variable)
        assert shown == 63 or 63 - shown >= 10


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ((40, 20), ["a", "b"]),  # nothing is small
        ((40, 20, 9, 9), ["a", "b", "c", "d"]),  # eighteen are left untold of: neither nine can be had
        ((40, 20, 5, 4), ["a", "b or c or d", "c", "d"]),  # nine would be
        ((40, 20, 0), ["a", "b", "c"]),  # nobody is nobody
        ((9, 9), ["a", "b"]),  # all are small
        ((40, 9), ["a or b", "b"]),
    ],
)
def test_which_small_groups_are_merged(sizes: tuple[int, ...], shown: list[str]) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    groups = [(name, group == number) for number, name in enumerate("abcd"[: len(sizes)])]
    assert [name for name, _ in with_small_groups_merged(groups, np.ones(len(group), dtype=np.bool_))] == shown


def test_patients_whose_value_is_not_recorded_are_in_no_group_and_hide_a_small_one() -> None:
    group = np.repeat([0, 1, -1], [40, 4, 12])
    groups = [("a", group == 0), ("b", group == 1)]
    assert [name for name, _ in with_small_groups_merged(groups, np.ones(56, dtype=np.bool_))] == ["a", "b"]


def test_ages_are_banded_from_their_lower_bound_and_yes_no_columns_have_two_groups() -> None:
    ages = [29.0] * 10 + [30.0] * 10 + [44.0] * 10 + [45.0] * 10 + [60.0] * 10 + [NAN] * 10
    found = found_for([1.0, 0.0] * 30, age=ages, remote=[1.0] * 20 + [0.0] * 30 + [NAN] * 10)
    ages_found = {name: group.n for (variable, name), group in found.items() if variable == "age"}
    assert ages_found == {"under 30": 10, "30 to 44": 20, "45 to 59": 10, "60 and over": 10}
    assert (found["remote", "yes"].n, found["remote", "no"].n) == (20, 30)


def test_patients_without_a_site_belong_to_none() -> None:
    cohort = cohort_of([0] * 20 + [-1] * 20)
    groups = subgroups(
        asked_of([1.0, 0.0] * 20, np.linspace(0.2, 0.8, 40).tolist()), cohort, as_they_are(40), 0.5, (30, 45, 60)
    )
    assert [(group.variable, group.group, group.n) for group in groups] == [("site", "c1", 20)]


def test_five_events_of_a_group_are_counted_and_four_are_not() -> None:
    found = found_for([1.0] * 5 + [0.0] * 15 + [1.0] * 4 + [0.0] * 16, sex=[FEMALE] * 20 + [MALE] * 20)
    assert (found["sex", "female"].n, found["sex", "female"].events) == (20, 5)
    assert (found["sex", "male"].n, found["sex", "male"].events) == (20, None)


def test_where_whole_sites_were_held_out_only_a_sites_own_interval_is_over_its_patients() -> None:
    """5 of 20 said yes; in both draws of sites those five count three times each, 15 of 30."""
    answers = [1.0] * 5 + [0.0] * 15
    cohort = cohort_of([0] * 20, sex=[FEMALE] * 20)
    resampled = np.array([[1.0] * 20, [3.0] * 5 + [1.0] * 15, [3.0] * 5 + [1.0] * 15])
    draws = Draws(once(20), resampled, "sites, and patients within them", 2, 0)
    found = subgroups(asked_of(answers, np.linspace(0.2, 0.8, 20).tolist()), cohort, draws, 0.5, (30, 45, 60))
    observed = {group.variable: group.observed for group in found}
    assert observed["site"] is not None
    assert observed["sex"] is not None
    assert (observed["site"].low, observed["site"].high) == (0.25, 0.25)
    assert (observed["sex"].low, observed["sex"].high) == (0.5, 0.5)
