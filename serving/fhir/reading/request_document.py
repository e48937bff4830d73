"""A request while it is put together: rows with dates become rows with days, and every cell keeps its place.

Cells of one patient that contradict are refused at both places. What a whole request must satisfy is left to the
contract and to the predictor.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from features.protocol.columns import TABLES, Column
from features.protocol.document import Protocol
from serving.contract.calendar import CourseCalendar, DateRefusedError, local_date
from serving.contract.request import MOST_ROWS
from serving.fhir.elements.dates import moment_of, span_of
from serving.fhir.parts import ReadingNotes, SourcedRow
from serving.fhir.treatment.administrations import Administration

DAYS_OF_YEAR: Final = 365.25
PSEUDO_CELLS: Final = frozenset({"birth_date", "onset_date"})
"""Dates that become a number of years at day 0."""
_RATING: Final = ("day", "instrument", "after_dose")
"""What only one rating of a patient may have."""


class RequestDocument:
    """The values of a request, and the FHIRPath of each part of it.

    ``sources`` maps paths such as ``assessments[3].score`` to expressions.
    """

    def __init__(
        self, calendar: CourseCalendar, protocol: Protocol, doses: Sequence[Administration], notes: ReadingNotes
    ) -> None:
        """Begin with an empty record."""
        self.values: dict[str, Any] = {"patient": {}} | {table: [] for table in MOST_ROWS}
        self.sources: dict[str, str] = {}
        self._calendar, self._notes = calendar, notes
        self._covariates = {covariate.name for covariate in protocol.covariates}
        self._columns = {
            (table, column.name): column
            for table, name in (("patient", "patients"), *((name, name) for name in MOST_ROWS))
            for column in TABLES[name]
        }
        self._dose_moments: dict[dt.date, dt.datetime] = {}
        for dose in doses:
            if dose.moment is not None:
                self._dose_moments.setdefault(dose.date, dose.moment)
        self._ratings: dict[tuple[Any, ...], int] = {}

    def add(self, row: SourcedRow) -> None:
        """Add what a reader found."""
        if row.table == "patient":
            self.add_patient(row)
            return
        cells = self._cells(row)
        if cells is None:
            return
        if row.table == "assessments" and self._is_known(row, cells):
            return
        path = f"{row.table}[{len(self.values[row.table])}]"
        self.values[row.table].append(cells)
        self.sources[path] = row.expression
        self.sources |= {f"{path}.{name}": place for name, place in row.cells_from.items() if name in cells}

    def add_patient(self, row: SourcedRow) -> None:
        """Add cells of the patient; a second value of one is refused."""
        self.sources.setdefault("patient", row.expression)
        for name, value in row.cells.items():
            place = row.cells_from.get(name, row.expression)
            if name in PSEUDO_CELLS:
                name, value = self._years(name, str(value), place)  # noqa: PLW2901
            if value is not None:
                self._set(name, self._plain("patient", name, value), place)

    def close(self, today: dt.date, *, asked: bool, incomplete: bool) -> None:
        """Add today, and whether earlier treatments were asked for."""
        self.values["as_of_day"] = (today - self._calendar.first_dose).days
        patient = self.values["patient"]
        if incomplete:
            patient.setdefault("prior_treatments_recorded", False)
        if not (self.values["prior_treatments"] or asked or patient.get("prior_treatments_recorded")):
            self.values["prior_treatments"] = None

    def _set(self, name: str, value: Any, place: str) -> None:
        holder, path = self.values["patient"], f"patient.{name}"
        if name in self._covariates:
            holder = holder.setdefault("covariates", {})
            path = f"patient.covariates.{name}"
        if name in holder and holder[name] != value:
            for where in (self.sources[path], place):
                self._notes.refuse("invariant", where, f"one value of {name}", "two that differ")
            return
        holder.setdefault(name, value)
        self.sources.setdefault(path, place)

    def _cells(self, row: SourcedRow) -> dict[str, Any] | None:
        """The cells of a row with days for dates; ``None`` if a date is refused."""
        cells: dict[str, Any] = {}
        wrong = False
        for name, value in row.cells.items():
            column = self._columns.get((row.table, name))
            if column is None or column.kind != "day":
                cells[name] = self._plain(row.table, name, value)
                continue
            try:
                cells[name] = self._calendar.day_of(str(value))
            except DateRefusedError as refused:
                place = row.cells_from.get(name, row.expression)
                self._notes.refuse("value", place, refused.required, refused.found if value else "nothing")
                wrong = True
        if row.table == "assessments" and not wrong:
            self._add_after_dose(row, cells)
        return None if wrong else cells

    def _add_after_dose(self, row: SourcedRow, cells: dict[str, Any]) -> None:
        """A rating with a time after the first dose of its day was taken after it."""
        written = str(row.cells.get("day"))
        moment = moment_of(written)
        if moment is not None and "after_dose" not in cells:
            dose = self._dose_moments.get(local_date(written, self._calendar.zone))
            if dose is not None and moment > dose:
                cells["after_dose"] = True

    def _is_known(self, row: SourcedRow, cells: Mapping[str, Any]) -> bool:
        """Whether the same rating is there already, such as a total beside its form; the two are joined."""
        key = (cells.get("day"), cells.get("instrument"), bool(cells.get("after_dose")))
        number = self._ratings.setdefault(key, len(self.values["assessments"]))
        if number == len(self.values["assessments"]):
            return False
        earlier = self.values["assessments"][number]
        if any(earlier[name] != value for name, value in cells.items() if name in earlier and name not in _RATING):
            return False
        for name, value in cells.items():
            earlier.setdefault(name, value)
            if name in row.cells_from:
                self.sources.setdefault(f"assessments[{number}].{name}", row.cells_from[name])
        self._notes.use(row.expression)
        return True

    def _plain(self, table: str, name: str, value: Any) -> Any:
        """A number as the column holds it: FHIR writes whole ones as decimals, and the other way round."""
        column: Column | None = self._columns.get((table, name))
        if column is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if column.kind == "number":
            return float(value) if abs(value) < 1e300 else value
        return int(value) if column.kind == "whole" and float(value).is_integer() else value

    def _years(self, name: str, date: str, place: str) -> tuple[str, Any]:
        """The age in completed years or the years since onset, at day 0."""
        column = "age_years" if name == "birth_date" else "illness_duration_years"
        try:
            span = span_of(date, self._calendar.zone)
        except DateRefusedError as refused:
            self._notes.refuse("value", place, refused.required, refused.found)
            return column, None
        first_dose = self._calendar.first_dose
        if column == "age_years":
            ages = {_completed_years(day, first_dose) for day in (span.first, span.last)}
            if len(ages) > 1:
                self._notes.leave_out(place, "an incomplete date: the age at day 0 is not recorded")
            return column, ages.pop() if len(ages) == 1 else None
        if span.is_whole:
            return column, (first_dose - span.first).days / DAYS_OF_YEAR
        if span.first.month == span.last.month:
            self._notes.leave_out(place, "an incomplete date: the middle of its month counts")
            middle = min(span.first + (span.last - span.first) / 2, first_dose)
            return column, (first_dose - middle).days / DAYS_OF_YEAR
        self._notes.leave_out(place, "an incomplete date: the difference of the years is recorded")
        return column, first_dose.year - span.first.year


def _completed_years(birth: dt.date, day: dt.date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
