"""Preparation sessions may be before day 0, are numbered within their kind, and reach no feature."""

import numpy as np
import pytest

from features.build import build_features
from features.protocol.columns import SESSION_KINDS
from features.records.assemble import assemble_cohort
from tests.cohorts import DEFAULT, CohortRecords, random_records, records_of


@pytest.mark.parametrize("seed", range(3))
def test_no_feature_row_changes_with_a_preparation_session(seed: int) -> None:
    records = random_records(np.random.default_rng(seed), 25)
    sessions = [session for session in records.tables["sessions"] if session["kind"] != "preparation"]
    assert len(sessions) < len(records.tables["sessions"])
    without = CohortRecords(records.patients, records.tables | {"sessions": sessions})
    for landmark in DEFAULT.landmarks:
        one, other = (build_features(drawn.cohort(), landmark) for drawn in (records, without))
        assert one.values.tobytes() == other.values.tobytes()
        assert one.ineligible.tolist() == other.ineligible.tolist()


@pytest.mark.parametrize(
    ("kind", "day", "refused"), [(k, d, k != "preparation" and d < 0) for k in SESSION_KINDS for d in (-1, 0)]
)
def test_only_a_preparation_session_may_be_before_day_0(kind: str, day: int, refused: bool) -> None:
    text = f"patient_id session_number day kind\na 1 {day} {kind}\n"
    found = assemble_cohort(records_of(sessions=text).raw(), DEFAULT)[1]
    assert any(problem.column == "day" and "only a preparation session" in problem.required for problem in found) == (
        refused
    )
    assert bool(found) == refused


def test_they_are_numbered_within_their_kind() -> None:
    text = """
        patient_id  session_number  day  kind
        a           1               -14  preparation
        a           2               -7   preparation
        a           1               0    dosing
    """
    assert not assemble_cohort(records_of(sessions=text).raw(), DEFAULT)[1]
    again = assemble_cohort(
        records_of(sessions=text.replace("2               -7", "1               -7")).raw(), DEFAULT
    )[1]
    assert [problem.found for problem in again] == ["a number that repeats"]
