"""Day 0 and the course that a record is about, among the doses of ketamine and a first dose that was named.

Doses far apart are two courses. Which of them is meant has two answers, unless day 0 was named.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import ReadingNotes, SourcedRow
from serving.fhir.treatment.administrations import Administration

COURSE_GAP_DAYS: Final = 90
"""Days between two doses from which on they may belong to two courses [judgement]."""
_ANAESTHETIC: Final = frozenset({"intravenous", "intramuscular", None})
"""Routes of ketamine for an anaesthesia [judgement]; ``None`` where the route is not known."""
FIRST_DOSE: Final = "the parameter firstDoseDate with the date of the first dose (a planned date counts)"


@dataclass(frozen=True)
class KetamineCourse:
    """Day 0, the doses from then on, and earlier courses as rows of earlier treatments."""

    first_dose: dt.date
    doses: tuple[Administration, ...]
    earlier: tuple[SourcedRow, ...]


def ketamine_course(
    doses: Sequence[Administration], context: ReadingContext, root: str, notes: ReadingNotes
) -> KetamineCourse | None:
    """The course of a patient; ``None`` if day 0 is not known, which ``notes`` then says."""
    first_dose = context.first_dose
    if first_dose is None:
        if not doses:
            if not notes.issues:  # a dose that was refused may be the first
                required = f"a MedicationAdministration of ketamine, or {FIRST_DOSE}"
                notes.refuse("required", root, required, "neither")
            return None
        courses = courses_of(doses)
        if len(courses) > 1:
            required = f"doses at most {COURSE_GAP_DAYS} days apart, or {FIRST_DOSE}"
            for later in courses[1:]:
                notes.refuse("invariant", later[0].date_expression, required, "a longer gap before this dose")
            return None
        first_dose = doses[0].date
    before = courses_of([dose for dose in doses if dose.date < first_dose])
    rows = tuple(_earlier_course(course, notes) for course in before if not _may_be_anaesthesia(course, notes))
    return KetamineCourse(first_dose, tuple(dose for dose in doses if dose.date >= first_dose), rows)


def courses_of(doses: Sequence[Administration]) -> list[list[Administration]]:
    """The doses by course, in the order of time."""
    courses: list[list[Administration]] = []
    for dose in doses:
        if courses and (dose.date - courses[-1][-1].date).days <= COURSE_GAP_DAYS:
            courses[-1].append(dose)
        else:
            courses.append([dose])
    return courses


def _may_be_anaesthesia(doses: Sequence[Administration], notes: ReadingNotes) -> bool:
    """Whether ketamine before day 0 may have been given for a surgery: on one day only, into a vein or a muscle."""
    if len({dose.date for dose in doses}) > 1 or any(dose.route not in _ANAESTHETIC for dose in doses):
        return False
    for dose in doses:
        notes.leave_out(dose.expression, "ketamine of one day may be an anaesthetic; as a treatment, send a statement")
    return True


def _earlier_course(doses: Sequence[Administration], notes: ReadingNotes) -> SourcedRow:
    """The earlier treatment that doses before day 0 make."""
    for dose in doses:
        notes.use(dose.expression)
    cells = {"treatment": "ketamine", "start_day": doses[0].date.isoformat(), "end_day": doses[-1].date.isoformat()}
    places = {"start_day": doses[0].date_expression, "end_day": doses[-1].date_expression}
    return SourcedRow("prior_treatments", cells, doses[0].expression, places)
