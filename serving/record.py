"""From a request to a cohort of one patient, checked by the same rules as a cohort from files."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from features.cohort import Cohort, RawCohort, RawTable, Values, assemble_cohort
from features.columns import CHILD_TABLES, Column
from features.problems import Problem
from features.protocol import Protocol
from serving.contract import PATIENT_REF, Entry, PredictionRequest
from serving.refusal import RequestProblem, RequestRefusedError, json_path

_SITES = (None,)


class RecordReader:
    """Reads requests under one protocol."""

    def __init__(self, protocol: Protocol) -> None:
        """Look up once what every request needs: the columns, and the codes of their categories."""
        self.protocol = protocol
        self._columns = {
            table: tuple(column for column in protocol.tables[table] if column.kind != "identifier")
            for table in protocol.tables
        }
        self._codes: dict[tuple[str, str], Mapping[str | None, int]] = {
            (table, column.name): {name: code for code, name in enumerate(column.categories)} | {None: -1}
            for table, columns in self._columns.items()
            for column in columns
            if column.kind == "category"
        }

    @cached_property
    def _covariates(self) -> dict[str, Column]:
        return {covariate.name: covariate.column() for covariate in self.protocol.covariates}

    def read(self, request: PredictionRequest) -> Cohort:
        """The patient as a cohort of one; raises ``RequestRefusedError`` with every problem."""
        problems = self._protocol_problems(request)
        cohort, found = assemble_cohort(self._raw(request), self.protocol)
        if problems or found:
            known = {problem.path for problem in problems}
            others = [self._in_request(problem) for problem in found]
            raise RequestRefusedError(problems + [problem for problem in others if problem.path not in known])
        return cohort

    def _raw(self, request: PredictionRequest) -> RawCohort:
        tables = {
            table: self._table(table, rows)
            for table in CHILD_TABLES
            if (rows := getattr(request, table)) is not None or table == "assessments"
        }
        return RawCohort(
            patient_ids=np.array([getattr(request.patient, PATIENT_REF)]),
            sites=_SITES,
            patients=self._patient(request.patient),
            tables=tables,
            as_of_day=float(request.as_of_day),
        )

    def _patient(self, patient: Entry) -> dict[str, Values]:
        given = vars(patient)
        covariates = given["covariates"] or {}
        cells = {name: covariates.get(name) for name in self._covariates}
        return {
            column.name: self._cells("patients", column, [(cells if column.name in cells else given)[column.name]])
            for column in self._columns["patients"]
        }

    def _table(self, table: str, rows: Sequence[Entry] | None) -> RawTable:
        records = [vars(row) for row in rows or ()]
        return RawTable(
            np.zeros(len(records), dtype=np.intp),
            {
                column.name: self._cells(table, column, [record[column.name] for record in records])
                for column in self._columns[table]
            }
            if records
            else {},
        )

    def _cells(self, table: str, column: Column, values: list[Any]) -> Values:
        if column.kind == "category":
            codes = self._codes[table, column.name]
            return np.array([codes.get(value, -1) for value in values], dtype=np.int16)
        return np.array(values, dtype=np.float64)  # None becomes NaN

    def _protocol_problems(self, request: PredictionRequest) -> list[RequestProblem]:
        """What the contract alone could not know: covariates and instruments that the protocol does not have."""
        problems: list[RequestProblem] = []
        given = vars(request.patient)["covariates"] or {}
        for name, value in given.items():
            required = self._covariate_requirement(name, value)
            if required:
                problems.append(RequestProblem(json_path(("patient", "covariates", name)), *required))
        instruments = self._codes["assessments", "instrument"]
        one_of = "one of " + ", ".join(self.protocol.instrument_names)
        problems += [
            RequestProblem(json_path(("assessments", row, "instrument")), one_of, "another value")
            for row, rating in enumerate(request.assessments or ())
            if vars(rating)["instrument"] not in instruments
        ]
        return problems

    def _covariate_requirement(self, name: str, value: Any) -> tuple[str, str] | None:
        """What was required and what came, when a covariate is not as declared; its range is checked with the rest."""
        column = self._covariates.get(name)
        if column is None:
            return "a covariate of the served protocol", "an unknown field"
        if value is None:
            return None
        fits = value in (0, 1) if column.kind == "flag" else not isinstance(value, bool)
        return None if fits else (column.requirement(), "another kind")

    def _in_request(self, problem: Problem) -> RequestProblem:
        """A problem of the cohort, at the path that its row and column have in the request."""
        path: tuple[str | int, ...] = (problem.place,) if problem.row is None else (problem.place, problem.row)
        if problem.place == "patients":
            path = ("patient", "covariates") if problem.column in self._covariates else ("patient",)
        if problem.column is not None:
            path += (problem.column,)
        return RequestProblem(json_path(path), problem.required, problem.found)
