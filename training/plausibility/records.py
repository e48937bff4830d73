"""Findings about patients, sessions and events: what can't be true of them, and what loses records or patients.

What the reader refuses by row is refused here too, for cohorts that no reader has read.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.columns import CHILD_TABLES
from features.protocol.problems import Problem
from features.records.checks import relation_problems
from features.records.cohort import Cohort
from features.records.cut_offs import at_most
from features.records.timeline import Mask, Rows
from training.cohort.unused import rows_after_withdrawal, session_numbers
from training.plausibility.finding import CohortFinding, counted, listed_words


def contradictions(cohort: Cohort) -> Iterator[CohortFinding]:
    """Rows that contradict one another, such as another day 0 or a record after death: refused."""
    if not any(_relation_problems(part) for part in cohort.portions()):
        return
    for (place, column, required, found), rows in Counter(map(_kind, _relation_problems(cohort))).items():
        code = "day_0" if "day 0" in required else "after_death" if "death" in required else "contradiction"
        sentence = f"{found}, in {counted(rows, 'row')}"
        yield CohortFinding("refused", code, place, column, sentence, required, (("rows", rows),))


def _relation_problems(cohort: Cohort) -> list[Problem]:
    read = {name: np.arange(len(cohort.table(name))) for name in CHILD_TABLES}
    return relation_problems(cohort, np.arange(len(cohort)), read)


def _kind(problem: Problem) -> tuple[str, str | None, str, str]:
    return problem.place, problem.column, problem.required, problem.found


def session_number_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Dosing sessions that begin with another number than 1 or lack one."""
    numbers = session_numbers(cohort)
    if numbers.begin_later or numbers.lack_one:
        later, gaps = counted(numbers.begin_later, "patient"), counted(numbers.lack_one, "patient")
        sentence = f"the dosing sessions of {later} do not begin with number 1, and those of {gaps} lack a number. "
        sentence += "A patient reaches a landmark only if all earlier dosing sessions are recorded."
        remedy = "Number the sessions of each patient from 1, and add the missing ones."
        counts = (("begin_later", numbers.begin_later), ("lack_one", numbers.lack_one))
        yield CohortFinding("warning", "session_numbers", "sessions", "session_number", sentence, remedy, counts)


def same_day_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Two sessions of one kind and one patient on one day, and an event that is recorded twice on one day."""
    repeated = _repeated(cohort.sessions, "kind")
    if repeated.any():
        sentence = f"{_rows_of(cohort.sessions, repeated, 'session')} on the day of another one of the same kind."
        remedy = "Record the sessions of one day as one, with the whole dose, or correct the day."
        yield CohortFinding(
            "warning", "sessions_on_one_day", "sessions", "day", sentence, remedy, _counts(cohort.sessions, repeated)
        )
    events = cohort.events
    repeated = _repeated(events, "event")
    if repeated.any():
        deaths = int(np.sum(repeated & (events["event"] == cohort.protocol.code("events", "event", "death"))))
        second = f", {counted(deaths, 'second death')} among them" if deaths else ""
        sentence = f"{_rows_of(events, repeated, 'event')} repeated on the same day{second}; the second counts nothing."
        remedy = "Remove the second row, or correct its day."
        yield CohortFinding(
            "warning", "repeated_events", "events", "event", sentence, remedy, _counts(events, repeated)
        )


def _repeated(rows: Rows, column: str) -> Mask:
    """Rows with the patient, the day and the ``column`` of the row before; shape (rows,)."""
    day, kind = rows.numbers("day"), rows[column]
    repeated = np.zeros(len(rows), dtype=np.bool_)
    repeated[1:] = (rows.patient[1:] == rows.patient[:-1]) & (day[1:] == day[:-1]) & (kind[1:] == kind[:-1])
    return repeated


def _rows_of(rows: Rows, mask: Mask, noun: str) -> str:
    """``3 sessions of 2 patients are``."""
    number = int(mask.sum())
    patients = counted(int(rows.where(mask).exists_for_patient().sum()), "patient")
    return f"{counted(number, noun)} of {patients} {'is' if number == 1 else 'are'}"


def _counts(rows: Rows, mask: Mask) -> tuple[tuple[str, int], ...]:
    return ("rows", int(mask.sum())), ("patients", int(rows.where(mask).exists_for_patient().sum()))


def withdrawal_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Rows after their patient's withdrawal: they date no outcome."""
    late = rows_after_withdrawal(cohort)
    if late.rows:
        rows = listed_words(counted(number, name.removesuffix("s")) for name, number in late.rows)
        is_one = sum(number for _, number in late.rows) == 1
        verbs = ("comes", "dates") if is_one else ("come", "date")
        sentence = (
            f"{rows} of {counted(late.patients, 'patient')} {verbs[0]} after a withdrawal and {verbs[1]} no outcome."
        )
        remedy = "If a patient stayed in the study, record the withdrawal on the day on which the contact ended."
        counts = (*late.rows, ("patients", late.patients))
        yield CohortFinding("warning", "after_withdrawal", "events", "event", sentence, remedy, counts)


def illness_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """An illness that began before birth: it does not change an outcome, but a feature."""
    longer = cohort.number("illness_duration_years") > cohort.number("age_years")
    number = int(longer.sum())
    if number:
        sentence = f"{counted(number, 'patient')} would be ill for longer than {'he or she' if number == 1 else 'they'}"
        sentence += f" {'is' if number == 1 else 'are'} old (age_years)."
        remedy = "Record years since onset, not the age at onset or a calendar year, and age at day 0."
        counts = (("patients", number),)
        yield CohortFinding(
            "warning", "illness_longer_than_age", "patients", "illness_duration_years", sentence, remedy, counts
        )


def dose_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Doses above the upper limit of their route, and doses of 0."""
    sessions = cohort.sessions
    dose, route = sessions.numbers("dose_mg_per_kg"), sessions["route"]
    above, words = np.zeros(len(sessions), dtype=np.bool_), []
    for name, of_route in ROUTE_DOSES.items():
        over = (route == cohort.protocol.code("sessions", "route", name)) & ~at_most(dose, of_route.limit)
        over &= ~np.isnan(dose)
        if over.any():
            words.append(f"{int(over.sum()):,} {name} above {of_route.limit:g} mg/kg")
            above |= over
    if words:
        rows = _rows_of(sessions, above, "dose").removesuffix(" is").removesuffix(" are")
        sentence = f"{rows} exceed{'s' if above.sum() == 1 else ''} what the route has: {listed_words(words)}."
        remedy = "Check the unit (mg per kg of body weight) and the route; no prediction may rest on such a dose."
        yield CohortFinding(
            "warning", "dose_of_route", "sessions", "dose_mg_per_kg", sentence, remedy, _counts(sessions, above)
        )
    dosing = np.asarray(sessions["kind"] == cohort.protocol.code("sessions", "kind", "dosing"))
    none = dosing & (dose == 0)
    if none.any():
        sentence = f"{_rows_of(sessions, none, 'dosing session')} recorded with a dose of 0."
        remedy = "Leave the cell empty if the dose is not known, and the row out if nothing was given."
        yield CohortFinding(
            "warning", "no_dose", "sessions", "dose_mg_per_kg", sentence, remedy, _counts(sessions, none)
        )
