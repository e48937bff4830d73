"""Records that no outcome rule uses, counted by reason, and session numbers that are wrong."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.landmark import dosing_sessions, known_at
from features.records.timeline import Mask, Rows
from training.outcomes.labels import outcome_scale, withdrawal_days


@dataclass(frozen=True)
class RowsAfterWithdrawal:
    """Rows after their patient's first withdrawal, by table, and the number of patients with such rows."""

    rows: tuple[tuple[str, int], ...]
    patients: int


@dataclass(frozen=True)
class SessionNumbers:
    """Patients whose dosing sessions begin with another number than 1, and patients with a missing number."""

    begin_later: int
    lack_one: int


@dataclass(frozen=True)
class UnusedRecords:
    """Records that no outcome rule uses. ``ratings`` counts ratings by reason; each is counted once."""

    ratings: tuple[tuple[str, int], ...]
    after_withdrawal: RowsAfterWithdrawal
    session_numbers: SessionNumbers


def unused_records(cohort: Cohort) -> UnusedRecords:
    """Counts over a whole cohort, without zeros."""
    return UnusedRecords(_unused_ratings(cohort), rows_after_withdrawal(cohort), session_numbers(cohort))


def _unused_ratings(cohort: Cohort) -> tuple[tuple[str, int], ...]:
    """A rating is used where its scale is the patient's primary one at any landmark."""
    counts = Counter[str]()
    for part in cohort.portions():
        counts.update(_unused_by_reason(part))
    return tuple((why, count) for why, count in counts.items() if count)


def _unused_by_reason(cohort: Cohort) -> dict[str, int]:
    ratings, protocol = cohort.assessments, cohort.protocol
    codes = [outcome_scale(cohort, known_at(cohort, landmark)).code for landmark in protocol.landmarks]
    own = [np.asarray(ratings["instrument"] == code[ratings.patient]) for code in codes]
    without = np.all([code < 0 for code in codes], axis=0)[ratings.patient]
    listed = np.isin(ratings["instrument"], protocol.primary_scales)
    holding = (_is_late(ratings, cohort), ~listed, without, ~np.any(own, axis=0))
    counted = np.zeros(len(ratings), dtype=np.bool_)
    found = {}
    for why, holds in zip(unused_reasons(protocol), holding, strict=True):
        found[why] = int((holds & ~counted).sum())
        counted |= holds
    return found


def unused_reasons(protocol: Protocol) -> tuple[str, ...]:
    """Why a rating may be of no use, the first that applies."""
    by = "the landmark" if protocol.remission.at_landmark else "day 0"
    return (
        "after the patient's withdrawal",
        "on a scale that the remission rule does not list",
        f"of a patient who was on no listed scale by {by}",
        "on another scale than the patient's primary one",
    )


def _is_late(rows: Rows, cohort: Cohort) -> Mask:
    return np.asarray(rows.numbers("day") > rows.spread(withdrawal_days(cohort)))


def rows_after_withdrawal(cohort: Cohort) -> RowsAfterWithdrawal:
    """Rows that date no outcome, because their patient had withdrawn; an earlier treatment has no such day."""
    tables = [name for name in CHILD_TABLES if name != "prior_treatments"]
    counts, patients = Counter[str](), 0
    for part in cohort.portions():
        late = {name: part.table(name).where(_is_late(part.table(name), part)) for name in tables}
        counts.update({name: len(rows) for name, rows in late.items()})
        patients += int(np.any([rows.exists_for_patient() for rows in late.values()], axis=0).sum())
    return RowsAfterWithdrawal(tuple((name, count) for name, count in counts.items() if count), patients)


def session_numbers(cohort: Cohort) -> SessionNumbers:
    """Patients whose dosing sessions do not count from 1 without a gap."""
    begin_later = lack_one = 0
    for part in cohort.portions():
        doses = dosing_sessions(part.sessions, part.protocol)
        first, last = doses.minimum_for_patient("session_number"), doses.maximum_for_patient("session_number")
        begin_later += int((first > 1).sum())
        lack_one += int((last - first + 1 > doses.count_for_patient()).sum())
    return SessionNumbers(begin_later, lack_one)


def render_unused(unused: UnusedRecords) -> list[str]:
    """The ratings as lines for a terminal, none if all can be used; `training.plausibility` warns of the rest."""
    if not unused.ratings:
        return []
    return ["Ratings that no outcome rule uses", *(f"  {why:<60}{count:>10,}" for why, count in unused.ratings)]
