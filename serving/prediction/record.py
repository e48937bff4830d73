"""From requests to one cohort, one patient each, checked by the rules for a cohort from files.

Many requests are read at once. A problem in one request refuses only that one.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

import numpy as np

from features.protocol.columns import CHILD_TABLES, STUDY_COLUMNS, Column
from features.protocol.document import Protocol
from features.protocol.problems import Problem
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable, Values
from features.records.timeline import Indices
from serving.contract.refusal import (
    MOST_PROBLEMS,
    UNKNOWN,
    RequestProblem,
    RequestRefusedError,
    Suggestions,
    json_path,
    kind_of,
)
from serving.contract.request import Entry, PredictionRequest

Cells = Mapping[str, Any]
Problems = defaultdict[int, list[RequestProblem]]
"""The problems of each request, by its place among all."""


@dataclass(frozen=True, eq=False)
class Records:
    """The valid requests as a cohort, one patient each, and why the others are refused.

    ``places`` (patients,) gives for each patient of the cohort, and ``refused`` for each refusal, the place of its
    request among all.
    """

    cohort: Cohort
    places: Indices
    refused: Mapping[int, RequestRefusedError]


class RecordReader:
    """Reads requests under one protocol."""

    def __init__(self, protocol: Protocol) -> None:
        """Look up once what every request needs: the columns, and the codes of their categories.

        A patient's fields for screening only are left out of the cohort; those of a rating are checked beside it. No
        prediction may use them.
        """
        self.protocol = protocol
        self._columns = {
            table: tuple(column for column in columns if column.kind != "identifier" and not column.screening)
            for table, columns in protocol.tables.items()
        }
        self._columns["assessments"] += tuple(one for one in protocol.tables["assessments"] if one.screening)
        self._codes: dict[tuple[str, str], Mapping[str | None, int]] = {
            (table, column.name): {name: code for code, name in enumerate(column.categories)}
            for table, columns in self._columns.items()
            for column in columns
            if column.kind == "category"
        }
        self._covariates: dict[str, Column] = {one.name: one.column() for one in protocol.covariates}
        self._no_covariates: dict[str, Any] = dict.fromkeys(self._covariates)
        self._covariate_fields = tuple(sorted(STUDY_COLUMNS & self._covariates.keys()))
        """Fields of the patient that this study declares as covariates."""

    def read(self, request: PredictionRequest) -> Cohort:
        """The patient as a cohort of one; raises ``RequestRefusedError`` with every problem."""
        records = self.read_many([request])
        if records.refused:
            raise records.refused[0]
        return records.cohort

    def read_many(self, requests: Sequence[PredictionRequest]) -> Records:
        """The patients as one cohort, in the order of their requests, and every problem of every other request."""
        raw = self._raw(requests)
        wrong = self._covariate_problems(requests)
        self._add_unknown_instruments(wrong, raw.tables["assessments"])
        cohort, found = assemble_cohort(raw, self.protocol)
        places = np.arange(len(requests))
        if not wrong and not found:
            return Records(cohort, places, {})
        more = self._add_others(wrong, found, raw)
        refused = {place: RequestRefusedError(problems, more[place]) for place, problems in wrong.items()}
        kept = np.delete(places, list(refused))
        return Records(cohort.take(kept), kept, refused)

    def _raw(self, requests: Sequence[PredictionRequest]) -> RawCohort:
        """The requests as read. A patient's id is the place of the request, so that no reference enters the cohort."""
        number = len(requests)
        tables = {table: self._table(table, [getattr(one, table) or () for one in requests]) for table in CHILD_TABLES}
        return RawCohort(
            # All have the same number of digits, so that texts and numbers have the same order.
            patient_ids=np.arange(10**9, 10**9 + number).astype("U10"),
            sites=(None,) * number,
            patients=self._patients(requests),
            tables=tables,
            as_of_day=np.fromiter((one.as_of_day for one in requests), np.float64, number),
        )

    def _patients(self, requests: Sequence[PredictionRequest]) -> dict[str, Values]:
        given = [vars(one.patient) for one in requests]
        covariates = [self._covariate_cells(cells["covariates"] or {}) for cells in given]
        columns = {
            column.name: self._cells("patients", column, covariates if column.name in self._covariates else given)
            for column in self._columns["patients"]
        }
        # An absent list means that earlier treatments were not asked about, an empty one that there were none.
        asked = np.fromiter((one.prior_treatments is not None for one in requests), np.float64, len(requests))
        recorded = columns["prior_treatments_recorded"]
        return columns | {"prior_treatments_recorded": np.where(np.isnan(recorded), asked, recorded)}

    def _covariate_cells(self, given: Cells) -> Cells:
        """The covariates that the protocol declares; one that is no number where a number is due is left out."""
        numbers = {
            name: value for name, value in given.items() if not isinstance(value, str) or self._is_category(name)
        }
        return self._no_covariates | numbers

    def _is_category(self, name: str) -> bool:
        column = self._covariates.get(name)
        return column is not None and column.kind == "category"

    def _table(self, table: str, listed: Sequence[Sequence[Entry]]) -> RawTable:
        patient = np.repeat(np.arange(len(listed)), [len(rows) for rows in listed])
        records = [vars(row) for row in chain.from_iterable(listed)]
        if not records:
            return RawTable(patient, {})
        return RawTable(patient, {column.name: self._cells(table, column, records) for column in self._columns[table]})

    def _cells(self, table: str, column: Column, records: Sequence[Cells]) -> Values:
        values = map(itemgetter(column.name), records)
        if column.kind == "category":
            return np.fromiter(map(self._codes[table, column.name].get, values, repeat(-1)), np.int16, len(records))
        return np.fromiter(values, np.float64, len(records))  # None becomes NaN

    def _covariate_problems(self, requests: Sequence[PredictionRequest]) -> Problems:
        """Problems of the covariates that only the protocol shows."""
        problems: Problems = defaultdict(list)
        suggestions = Suggestions()
        for place, request in enumerate(requests):
            given = vars(request.patient)
            for name, value in (given["covariates"] or {}).items():
                required = self._covariate_requirement(name, value, suggestions)
                if required:
                    shown = name if name in self._covariates or name in STUDY_COLUMNS else UNKNOWN
                    problems[place].append(RequestProblem(json_path(("patient", "covariates", shown)), *required))
            for name in self._covariate_fields:
                if given[name] is not None:
                    wanted = f"no value here: the served protocol declares it, so send it as patient.covariates.{name}"
                    problems[place].append(RequestProblem(json_path(("patient", name)), wanted, "a value"))
        return problems

    def _covariate_requirement(self, name: str, value: Any, suggestions: Suggestions) -> tuple[str, str] | None:
        """What was required and found if a covariate is not as declared; its range is checked with the rest."""
        column = self._covariates.get(name)
        if column is None and name in STUDY_COLUMNS:
            return f"no value here: the served protocol does not declare it, so send it as patient.{name}", "a value"
        if column is None:
            return (
                f"a covariate of the served protocol{suggestions.closest(name, self._covariates)}",
                "an unknown field",
            )
        if value is None or _fits(value, column):
            return None
        if column.kind == "category" and isinstance(value, str):
            return f"{column.requirement()}{suggestions.closest(value, column.categories)}", "another value"
        return column.requirement(), kind_of(value)

    def _add_unknown_instruments(self, wrong: Problems, ratings: RawTable) -> None:
        """Ratings on instruments that the protocol does not have."""
        unknown = np.flatnonzero(ratings.columns["instrument"] == -1) if len(ratings.patient) else ()
        one_of = "one of " + ", ".join(self.protocol.instrument_names)
        for row in unknown:
            place, own_row = _place(ratings, int(row))
            path = json_path(("assessments", own_row, "instrument"))
            wrong[place].append(RequestProblem(path, one_of, "another value"))

    def _add_others(self, wrong: Problems, found: Sequence[Problem], raw: RawCohort) -> Counter[int]:
        """The problems of the cohort at their paths in the requests, unless that path has a problem already.

        Of a request with `MOST_PROBLEMS` the others are only counted.
        """
        known = {(place, problem.path) for place, problems in wrong.items() for problem in problems}
        more: Counter[int] = Counter()
        for problem in found:
            if problem.row is None:  # a cohort read from requests has every table
                raise ValueError(f"{problem.place}: a problem without a row can't be assigned to a request")
            patients = problem.place == "patients"
            place = problem.row if patients else int(raw.tables[problem.place].patient[problem.row])
            if len(wrong[place]) >= MOST_PROBLEMS:
                more[place] += 1
            elif (place, path := self._path(problem, problem.row, raw)) not in known:
                wrong[place].append(RequestProblem(path, problem.required, problem.found))
        return more

    def _path(self, problem: Problem, row: int, raw: RawCohort) -> str:
        """Where a problem of the cohort is in its request."""
        column = () if problem.column is None else (problem.column,)
        if problem.place == "patients":
            path = ("patient", "covariates") if problem.column in self._covariates else ("patient",)
            return json_path(path + column)
        _, own_row = _place(raw.tables[problem.place], row)
        return json_path((problem.place, own_row, *column))


def _fits(value: Any, column: Column) -> bool:
    """Whether a covariate's value is of the declared kind; its range is checked elsewhere."""
    if column.kind == "category":
        return isinstance(value, str) and value in column.categories
    if isinstance(value, str):
        return False
    return value in (0, 1) if column.kind == "flag" else not isinstance(value, bool)


def _place(table: RawTable, row: int) -> tuple[int, int]:
    """The request to which a row of the table belongs, and the row's number in that request."""
    place = int(table.patient[row])
    return place, row - int(np.searchsorted(table.patient, place))
