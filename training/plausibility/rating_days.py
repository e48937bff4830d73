"""Findings about the days of ratings: windows without one, and ratings that follow a dose of the same day."""

from collections.abc import Iterator

import numpy as np

from features.eligibility.remission_window import anchor_days
from features.records.cohort import Cohort
from features.records.cut_offs import at_most
from features.records.landmark import dosing_sessions
from features.records.primary_scale import rated_scales
from features.records.timeline import Mask, Rows
from training.outcomes.labels import readings_in_window, usable_ratings
from training.plausibility.finding import CohortFinding, counted

WINDOWS_WITHOUT = 0.5
"""Share of the windows without a rating from which on a warning is due [judgement]."""
FEWEST_PATIENTS = 10
"""Patients from which on a share is worth a warning; that nobody has a rating always is [judgement]."""
ON_SESSION_DAYS = 0.9
"""Share of the ratings after day 0 on days of dosing sessions, from which on they were hardly taken elsewhere
[judgement]."""


def window_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Patients who may be predicted by their baseline, without a rating in the remission window."""
    rule = cohort.protocol.remission
    if rule.at_landmark:
        return
    number, of, late = np.sum([_windows(part) for part in cohort.portions()], axis=0).tolist()
    if number and (number == of or (of >= FEWEST_PATIENTS and number >= WINDOWS_WITHOUT * of)):
        first, last = rule.window_days
        anchor = "day 0" if rule.anchor == "index" else "the last acute session"
        sentence = f"{number:,} of {counted(of, 'patient')} with a baseline above the remission band have no rating "
        sentence += f"{first} to {last} days after {anchor}: their remission is not observed"
        sentence += f"; {late:,} of them have a later one." if late else "."
        remedy = "Add the ratings, or give the protocol the window of the study ([remission] window_days)."
        counts = (("without", number), ("patients", of))
        yield CohortFinding("warning", "windows_without_rating", "assessments", "day", sentence, remedy, counts)


def _windows(cohort: Cohort) -> tuple[int, int, int]:
    """Patients without a rating in their window, patients with a window, and those of the first with a later rating."""
    primary = rated_scales(cohort.rating_rows, len(cohort), cohort.protocol).primary
    due = ~np.isnan(primary.baseline) & ~at_most(primary.baseline, primary.remission_at_most)
    due &= ~np.isnan(anchor_days(cohort))
    ratings = usable_ratings(cohort, primary)
    without = due & ~readings_in_window(cohort, ratings).exists_for_patient()
    last = cohort.protocol.remission.window_days[1]
    since = ratings.numbers("day") - ratings.spread(anchor_days(cohort))
    late = ratings.where(since > last).exists_for_patient() & without
    return int(without.sum()), int(due.sum()), int(late.sum())


def session_day_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Ratings on days of dosing sessions: all of them after the dose, or hardly any on other days."""
    found = [_on_session_days(part) for part in cohort.portions()]
    on_days, after, people, flagged, number, of, later_people = np.sum(found, axis=0).tolist()
    if people >= FEWEST_PATIENTS and after == on_days:
        sentence = f"all {on_days:,} ratings on days of dosing sessions were taken after the dose."
        remedy = "They show the dose itself and are no baseline: rate before the dose, or correct after_dose."
        counts = (("ratings", on_days), ("patients", people))
        yield CohortFinding("warning", "rated_after_dose", "assessments", "after_dose", sentence, remedy, counts)
    elif people >= FEWEST_PATIENTS and not flagged and later_people >= FEWEST_PATIENTS:
        yield from _hardly_elsewhere(number, of)


def _on_session_days(cohort: Cohort) -> tuple[int, ...]:
    """Ratings on days of dosing sessions, those of them after the dose, and the patients of the first.

    Then ratings with a record of ``after_dose``. Then, of the ratings after day 0, those on such days, all, and the
    patients of those on such days.
    """
    rows = cohort.assessments
    of_dose, later = _on_dosing_day(cohort, rows), rows.numbers("day") > 0
    flags = rows.numbers("after_dose") if "after_dose" in rows.columns else np.full(len(rows), np.nan)
    people, later_people = (
        int(rows.where(which).exists_for_patient().sum()) for which in (of_dose, np.asarray(later & of_dose))
    )
    after, recorded = int((of_dose & (flags == 1)).sum()), int((~np.isnan(flags)).sum())
    return int(of_dose.sum()), after, people, recorded, int((later & of_dose).sum()), int(later.sum()), later_people


def _hardly_elsewhere(number: int, of: int) -> Iterator[CohortFinding]:
    if number >= ON_SESSION_DAYS * of:
        sentence = f"{number:,} of the {counted(of, 'rating')} after day 0 are on days of dosing sessions."
        remedy = "They count as taken before the dose; if they were taken after it, add the column after_dose."
        counts = (("on_session_days", number), ("ratings", of))
        yield CohortFinding("warning", "rated_on_session_days", "assessments", "day", sentence, remedy, counts)


def _on_dosing_day(cohort: Cohort, rows: Rows) -> Mask:
    """Ratings on a day on which their patient had a dosing session; shape (ratings,)."""
    doses = dosing_sessions(cohort.sessions, cohort.protocol)
    stride = 4.0 * max(np.abs(rows.numbers("day")).max(initial=1.0), np.abs(doses.numbers("day")).max(initial=1.0))
    keys = np.unique(doses.patient * stride + doses.numbers("day"))
    wanted = rows.patient * stride + rows.numbers("day")
    if not len(keys):
        return np.zeros(len(rows), dtype=np.bool_)
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.asarray(keys[place] == wanted)
