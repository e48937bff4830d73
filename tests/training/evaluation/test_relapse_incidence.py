"""Cumulative incidence of relapse: the figures of another library, thirds where predictions differ, no small number."""

import numpy as np
import pytest
from sksurv.nonparametric import cumulative_incidence_competing_risks

from tests.training.evaluation.evaluated_examples import evaluated_of, once, outcomes_of
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.relapse_incidence import NO_PREDICTION, SAME_FOR_ALL, TOO_FEW, relapse_incidence
from training.evidence.descriptions import IncidenceGroup, RelapseIncidence
from training.outcomes.labels import EndedBy

CENSORED, RELAPSE, COMPETING = EndedBy.CENSORED, EndedBy.RELAPSE, EndedBy.COMPETING
DAYS = (7, 14, 21)


def evaluated(followed: list[float], ended_by: list[EndedBy], by_last_day: list[float] | None) -> EvaluatedPredictions:
    """Everybody is in remission; a third of the predicted risk is there by day 7, two thirds by day 14."""
    outcomes = outcomes_of([1.0] * len(followed), followed, ended_by)
    curve = None if by_last_day is None else [[risk / 3, 2 * risk / 3, risk] for risk in by_last_day]
    return evaluated_of(outcomes, None, curve, DAYS, at_landmark=True)


def found_of(seen: EvaluatedPredictions, patients: int) -> RelapseIncidence:
    found = relapse_incidence(seen, once(patients))
    assert found is not None
    return found


def test_thirds_of_risk_show_what_was_seen_beside_the_mean_prediction() -> None:
    # Thirty patients each at 0.15, 0.45 and 0.75 by day 21, of whom 3, 15 and 24 relapse on day 10.
    relapses = (3, 15, 24)
    ended = [end for count in relapses for end in [RELAPSE] * count + [CENSORED] * (30 - count)]
    followed = [10.0 if end == RELAPSE else 40.0 for end in ended]
    found = found_of(evaluated(followed, ended, np.repeat([0.15, 0.45, 0.75], 30).tolist()), 90)
    assert (found.days, found.at_risk_days, found.note) == ([7, 14, 21], [0, 7, 14, 21], "")
    everybody, *thirds = found.groups
    assert everybody.relapse == pytest.approx([0, 42 / 90, 42 / 90])
    assert [group.n for group in found.groups] == [90, 30, 30, 30]
    for group, risk, count in zip(thirds, (0.15, 0.45, 0.75), relapses, strict=True):
        assert group.predicted == pytest.approx([risk / 3, 2 * risk / 3, risk])
        assert group.relapse[:2] == pytest.approx([0, count / 30])


def test_the_curve_is_that_of_scikit_survival_with_its_competing_events() -> None:
    rng = np.random.default_rng(11)
    followed = rng.integers(1, 60, 200).astype(np.float64)
    ended = rng.choice([CENSORED, RELAPSE, COMPETING], 200, p=[0.4, 0.4, 0.2]).tolist()
    found = found_of(evaluated(followed.tolist(), ended, [0.3] * 200), 200)
    times, curves = cumulative_incidence_competing_risks(np.array(ended, dtype=int), followed)
    for position, day in enumerate(found.days):
        reached = times <= day
        assert found.groups[0].relapse[position] == pytest.approx(curves[1][reached][-1], abs=1e-12)
        assert found.groups[0].competing[position] == pytest.approx(curves[2][reached][-1], abs=1e-12)


def test_where_all_have_the_average_or_nothing_is_predicted_there_are_no_thirds_but_a_curve() -> None:
    followed, ended = [40.0] * 60, [RELAPSE] * 10 + [CENSORED] * 50
    average = found_of(evaluated(followed, ended, [0.3] * 60), 60)
    assert (len(average.groups), average.note) == (1, SAME_FOR_ALL)
    nothing = found_of(evaluated(followed, ended, None), 60)
    assert (len(nothing.groups), nothing.groups[0].predicted, nothing.note) == (1, [], NO_PREDICTION)
    few = found_of(evaluated(followed[:29], ended[:29], np.linspace(0.1, 0.9, 29).tolist()), 29)
    assert (len(few.groups), few.note) == (1, TOO_FEW)
    assert len(found_of(evaluated(followed, ended, np.linspace(0.1, 0.9, 60).tolist()), 60).groups) == 4


def test_of_nine_patients_at_risk_there_is_no_curve() -> None:
    followed, ended = [40.0] * 10, [CENSORED] * 10
    assert relapse_incidence(evaluated(followed, ended, [0.3] * 10), once(10)) is not None
    assert relapse_incidence(evaluated(followed[:9], ended[:9], [0.3] * 9), once(9)) is None


def test_no_number_at_risk_of_one_to_nine_is_shown_or_follows_from_the_others() -> None:
    """Of the lowest third 5 are followed to day 14, of the others all: their 25 left hide the 5."""
    followed = [14.0] * 5 + [8.0] * 25 + [40.0] * 60
    found = found_of(evaluated(followed, [CENSORED] * 90, np.repeat([0.1, 0.5, 0.9], 30).tolist()), 90)
    on_day_14 = [group.at_risk[2] for group in found.groups]
    assert on_day_14 == [65, None, None, 30]
    assert [group.at_risk[0] for group in found.groups] == [90, 30, 30, 30]
    for group in found.groups:
        shown_until_few(group, found)


def shown_until_few(group: IncidenceGroup, found: RelapseIncidence) -> None:
    """A curve ends on the first day with fewer than ten at risk."""
    if group.name == "lowest third":
        assert [value is None for value in group.relapse] == [False, False, True]
    else:
        assert None not in group.relapse
