"""Earlier treatments without adequate or outcome give features of 0 that are unknown, and a warning says so."""

import numpy as np
import pytest

from features.build import build_features
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from tests.cohorts import cohort_of
from tests.training.plausibility.rated_cohorts import found

CODE = "history_without_outcome"


def treated(*kinds: tuple[str, str], asked: str = "true") -> Cohort:
    """One earlier course of ketamine for each pair of adequate and outcome."""
    rows = [f"p{n} ketamine {adequate} {outcome}" for n, (adequate, outcome) in enumerate(kinds)]
    people = [f"p{n} {asked}" for n in range(len(kinds))]
    return cohort_of(
        patients="\n".join(["patient_id prior_treatments_recorded", *people]),
        prior_treatments="\n".join(["patient_id treatment adequate outcome", *rows]),
    )


def test_features_of_treatments_without_an_outcome_are_0_and_the_warning_says_so() -> None:
    cohort = treated(*[("-", "-")] * 3)
    rows = build_features(cohort, Landmark("day 0", day=0))
    for name in ("adequate_failures", "ketamine_failures", "earlier_response"):
        assert np.array_equal(rows.values[:, rows.names.index(name)], [0, 0, 0])
    warning = found(cohort)[CODE]
    assert (warning.severity, warning.place) == ("warning", "prior_treatments")
    assert "of 3 earlier treatments there is no adequate for 3 and outcome for 3" in warning.sentence
    assert "failures and responses of these count as 0, not as unknown" in warning.sentence
    assert dict(warning.counts) == {"rows": 3, "adequate": 3, "outcome": 3}


def test_without_adequate_only_failures_are_unknown() -> None:
    warning = found(treated(("-", "no_response"), ("-", "remission")))[CODE]
    assert "there is no adequate for 1: failures of these count as 0" in warning.sentence
    assert "earlier_response" not in warning.remedy


@pytest.mark.parametrize(
    ("kind", "warned"),
    [
        (("true", "no_response"), False),
        (("-", "response"), False),
        (("false", "partial_response"), False),
        (("-", "partial_response"), True),
        (("true", "-"), True),
        (("false", "-"), True),
    ],
)
def test_what_decides_nothing_may_be_missing(kind: tuple[str, str], warned: bool) -> None:
    assert (CODE in found(treated(kind))) == warned


@pytest.mark.parametrize(("missing", "warned"), [(1, False), (2, True), (3, True)])
def test_a_tenth_of_the_treatments_is_warned_of(missing: int, warned: bool) -> None:
    cohort = treated(*[("true", "-")] * missing, *[("true", "no_response")] * (20 - missing))
    assert (CODE in found(cohort)) == warned


def test_the_history_of_patients_who_were_not_asked_is_missing_and_not_0() -> None:
    assert CODE not in found(treated(("-", "-"), asked="false"))
    assert CODE not in found(cohort_of(patients="patient_id\na"))
