"""Act, watch, in order, too little to tell: the rules and the texts."""

from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from tests.serving.bundles import toy_bundle
from training.monitoring.report.text import reasons
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.checks import Kind, MonitoredItem, MonitoringFinding, Size, proportions
from training.monitoring.statistics.document import Calibration, Check, Count, State
from training.monitoring.statistics.e_processes import EProcess
from training.monitoring.statistics.joined import NO_SUCH_PATIENT, NOT_SETTLED, WITH_OUTCOME
from training.monitoring.statistics.reference import (
    AnsweredReference,
    FeatureReference,
    LandmarkReference,
    Reference,
    Spread,
)
from training.monitoring.verdict import checks, overall, states, used_features

BUNDLE = toy_bundle()
LANDMARK = BUNDLE.models[0].landmark.name
CALENDAR = Calendar(2026 * 12, 4)
SHARE = 0.01
ALARMING, HINTED, NONE = 1 / (0.05 * SHARE), 1 / (0.2 * SHARE), 1.0
LARGE = Size("standard deviations", float("nan"), float("nan"), 0.8, 40)
SMALL = Size("standard deviations", float("nan"), float("nan"), 0.1, 40)


def check(
    wealth: float, size: Size | None = LARGE, kind: Kind = "value", name: str = "age_years", enough: bool = True
) -> Check:
    """A finding with this wealth in the third of four months."""
    course = EProcess(np.log([1.0, 1.0, wealth * 1.0001, 1.0]), np.array([0, 1, 1, 1]))
    (found,) = checks(
        [MonitoringFinding(MonitoredItem(LANDMARK, kind, name), course, SHARE, 120, enough, size)], BUNDLE, CALENDAR
    )
    return found


CASES: list[tuple[Check, State]] = [
    (check(ALARMING), "act"),
    (check(ALARMING * 0.99), "watch"),
    (check(HINTED), "watch"),
    (check(HINTED * 0.99), "in order"),
    (check(ALARMING, SMALL), "watch"),
    (check(ALARMING, None), "act"),
    (check(ALARMING, name="body_mass_index"), "watch"),
    (check(ALARMING, None, kind="calibration", name="remission"), "act"),
    (check(NONE), "in order"),
    (check(NONE, enough=False), "too little to tell"),
]


@pytest.mark.parametrize(("found", "state"), CASES)
def test_what_is_established_large_and_used_calls_for_action(found: Check, state: State) -> None:
    assert found.state == state


def test_what_was_established_once_stays_and_says_since_when() -> None:
    found = check(ALARMING)
    assert (found.alarm, found.since, found.log10_evidence) == ("2026-03", "2026-02", 0.0)
    assert found.chance == pytest.approx(0.05, rel=1e-3)


def test_the_features_that_the_heads_go_by_are_known() -> None:
    used = used_features(BUNDLE.models[0], BUNDLE.features)
    assert used == {
        "baseline_distance_to_remission",
        "change_reliable",
        "age_years",
        "sex_female",
        "distance_to_remission",
        "comorbid_depression",
        "benzodiazepine_mg",
    }


def test_the_state_of_all_is_that_of_the_most_urgent_part() -> None:
    changed, quiet = check(ALARMING), check(NONE)
    assert states([quiet, changed], followed=False) == {"records": "act", "answers": "too little to tell"}
    assert overall({"records": "in order", "answers": "watch"}) == "watch"
    assert overall({"records": "in order", "calibration": "too little to tell"}) == "too little to tell"
    assert overall({}) == "too little to tell"


def test_nothing_is_said_of_calibration_where_no_outcomes_were_given() -> None:
    assert "calibration" not in states([], followed=False)
    assert "No outcomes were given" in reasons([], [], "not given", referenced=True)[-1]


def test_outcomes_that_can_t_be_read_are_not_said_to_be_none() -> None:
    said = reasons([], [], "unreadable", referenced=True)[-1]
    assert "can't be read under its protocol" in said
    assert "given" not in said


@pytest.mark.parametrize(
    ("head", "needed"),
    [
        ("remission", "132 patients so far; 150 are needed, at least 20 in remission and 20 not"),
        ("relapse", "132 patients with 12.3 relapses expected so far; 45 expected relapses are needed"),
    ],
)
def test_too_few_outcomes_come_with_how_many_are_needed(head: str, needed: str) -> None:
    said = reasons([], [calibration(head, patients=132, expected=12.34)], "read", referenced=True)
    assert needed in said[-1]


def joined(*counts: Count) -> list[str]:
    """What is said of joining outcomes to the predictions at a landmark."""
    found = reasons([], [calibration("remission", joined=list(counts))], "read", referenced=True)
    return [one for one in found if one.startswith(("WARNING", "Outcomes"))]


def test_how_the_joining_went_is_said_in_one_line() -> None:
    assert joined(
        Count(reason=NOT_SETTLED, patients=194, few=(NO_SUCH_PATIENT,)), Count(reason=WITH_OUTCOME, patients=60)
    ) == ["Outcomes: 60 with an outcome; 194 found but not settled yet; fewer than 5 not in the folder."]


def test_it_is_a_warning_where_nobody_has_an_outcome() -> None:
    warning, line = joined(Count(reason=NOT_SETTLED, patients=194))
    assert warning.startswith("WARNING: no prediction has an outcome")
    assert line == "Outcomes: 194 found but not settled yet."


def test_it_is_a_warning_of_its_own_where_nobody_is_in_the_folder() -> None:
    warning, line = joined(Count(reason=NO_SUCH_PATIENT, patients=194))
    assert warning.startswith("WARNING: none of the patients is in the folder of outcomes")
    assert line == "Outcomes: 194 not in the folder."


def test_the_joining_is_added_up_over_landmarks_and_once_per_prediction() -> None:
    few = Count(reason=NOT_SETTLED, patients=10, few=(NO_SUCH_PATIENT,))
    calibrations = [
        calibration(head, landmark=landmark, joined=[Count(reason=WITH_OUTCOME, patients=20), few])
        for landmark in ("first", "second")
        for head in ("remission", "relapse")
    ]
    said = reasons([], calibrations, "read", referenced=True)
    line = "Outcomes: 40 with an outcome; 20 found but not settled yet; fewer than 5 at each of 2 landmarks not in the "
    assert f"{line}folder." in said


def calibration(
    head: str,
    *,
    patients: int | None = 10,
    expected: float | None = None,
    landmark: str = LANDMARK,
    joined: Sequence[Count] = (),
) -> Calibration:
    """Calibration of a head with outcomes too few to tell."""
    return Calibration(
        landmark=landmark,
        head=head,
        patients=patients,
        observed=None,
        expected=expected,
        ratio=None,
        in_the_large=None,
        slope=None,
        horizons=[],
        windows=[],
        enough=False,
        joined=list(joined),
    )


def test_a_reason_names_the_figure_the_evidence_and_since_when() -> None:
    (said, *_) = reasons([check(ALARMING)], [], "not given", referenced=True)
    assert said == (
        f"At the landmark {LANDMARK!r}, age_years is 0.80 standard deviations higher than in training, since 2026-02. "
        "Alarm at the end of 2026-03: without a change, one in 20 models would ever show this much evidence."
    )


def test_a_proportion_of_a_few_patients_is_not_shown() -> None:
    size = Size("share", 0.9, 0.95, 0.05, 40, disclosed=False)
    found = check(ALARMING, size, kind="recorded")
    assert found.change is not None
    assert (found.change.recent, found.change.difference) == (None, None)
    assert "95%" not in "".join(reasons([found], [], "not given", referenced=True))


def test_the_proportions_of_the_false_alarms_add_up_to_one() -> None:
    """Half for two calibrations at each of three landmarks and one thing answered, half for three about features."""
    spread = Spread(cuts=[0.0], counts=[20, 20])
    landmark = LandmarkReference(
        name=LANDMARK,
        patients=50,
        features=[
            FeatureReference(name="sex_female", recorded=40, spread=spread),
            FeatureReference(name="age_years", recorded=9, spread=None),
            FeatureReference(name="change_points", recorded=0, spread=None),
        ],
        answers=[],
        answered=AnsweredReference(groups=[["inside"], ["at_the_edge", "not_predicted"]], counts=[40, 10]),
    )
    found = proportions(BUNDLE, Reference(landmarks=[landmark]))
    assert sum(found.values()) == pytest.approx(1)
    assert (
        found[MonitoredItem(LANDMARK, "answered", "")]
        == found[MonitoredItem(LANDMARK, "calibration", "relapse")]
        == 0.5 / 7
    )
    assert (
        found[MonitoredItem(LANDMARK, "value", "sex_female")]
        == found[MonitoredItem(LANDMARK, "recorded", "age_years")]
        == 0.5 / 3
    )
    assert MonitoredItem(LANDMARK, "recorded", "change_points") not in found


def test_without_a_reference_calibration_has_all_of_it() -> None:
    found = proportions(BUNDLE, None)
    assert set(found.values()) == {1 / 6}


def test_evidence_is_described_by_how_rare_it_is() -> None:
    one = MonitoringFinding(
        MonitoredItem(LANDMARK, "value", "age_years"),
        EProcess(np.zeros(1), np.zeros(1, np.intp)),
        SHARE,
        1,
        False,
        None,
    )
    assert one.chance(log(1000)) == pytest.approx(0.1)  # 1 / (1000 * 0.01)
    assert one.chance(-5.0) == 1.0
