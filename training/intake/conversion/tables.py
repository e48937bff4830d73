"""From a source and a mapping to the rows of the five tables: patients with a day 0, and nothing dated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.protocol.columns import CHILD_TABLES, Column
from features.protocol.problems import Problem
from features.records.timeline import Floats, Indices
from training.intake.conversion.conversion_log import ConversionLog
from training.intake.conversion.day_zero import find_day_zero
from training.intake.conversion.earlier_treatments import earlier_treatments
from training.intake.conversion.evaluation import CellEvaluation
from training.intake.conversion.patient_rows import PatientColumns, one_row_per_patient, recorded
from training.intake.conversion.rating_rows import dose_times, rating_rows
from training.intake.conversion.selection import BlockRows, Selection, select_rows
from training.intake.conversion.session_rows import SessionRows, find_sessions, numbers_by_date
from training.intake.conversion.target_rows import TargetRows, joined_rows, rows_of
from training.intake.conversion.value_conversion import ConversionContext, column_values, days_of
from training.intake.mapping import CohortMapping, RowRule
from training.intake.named_columns import refuse_missing_columns
from training.intake.source import Source

PREPARATION = "preparation"


@dataclass(frozen=True, eq=False)
class ConvertedTables:
    """The rows of each table with a block in the mapping; ``patients`` are the ids in the source, by position.

    ``untaken`` has the positions of the rows of each of the source's tables that no block takes.
    """

    patients: tuple[str, ...]
    tables: Mapping[str, TargetRows]
    untaken: Mapping[str, Indices]


def convert(
    source: Source, mapping: CohortMapping, log: ConversionLog, pseudonym: Callable[[str, str], str]
) -> ConvertedTables:
    """The rows of every table. Raises ``CohortRefusedError`` with every problem, by the source's file and row."""
    refuse_missing_columns(source, mapping)
    cells = CellEvaluation(mapping, log)
    selection = select_rows(source, mapping, cells)
    sessions = find_sessions(selection, mapping, cells)
    day_zero = find_day_zero(selection, mapping, cells, sessions)
    log.raise_problems()
    context = ConversionContext(cells, day_zero, PatientColumns(selection, cells), pseudonym)
    tables = {"patients": _patients(selection, context)}
    for name in CHILD_TABLES:
        if mapping.of(name):
            tables[name] = _child_rows(name, selection, sessions, tables, context)
    log.raise_problems()
    kept = {name: rows.where(~day_zero.left_out[rows.patient]) for name, rows in tables.items()}
    if not len(kept["patients"]):
        required = "patients with a first dosing session, or with an index date"
        log.problems.append(Problem(mapping.name, None, "dates.day_0", required, "none"))
    log.raise_problems()
    return ConvertedTables(selection.patients, kept, selection.untaken)


def _child_rows(
    name: str,
    selection: Selection,
    sessions: tuple[SessionRows, ...],
    tables: Mapping[str, TargetRows],
    context: ConversionContext,
) -> TargetRows:
    if name == "sessions":
        return _session_rows(sessions, context)
    if name == "assessments":
        columns = _declared(name, context)
        doses = dose_times(tables["sessions"]) if "sessions" in tables else {}
        return joined_rows([rating_rows(one, columns, doses, context) for one in selection.of(name)])
    parts = [_rows(name, rule, one, context) for one in selection.of(name) for rule in one.block.rows]
    return _events(joined_rows(parts), context) if name == "events" else earlier_treatments(joined_rows(parts), context)


def _declared(name: str, context: ConversionContext) -> dict[str, Column]:
    return {column.name: column for column in context.cells.mapping.protocol.tables[name]}


def _patients(selection: Selection, context: ConversionContext) -> TargetRows:
    """One row per patient: from the patients' blocks, else with nothing but the id."""
    number = len(selection.patients)
    if selection.patient_blocks:
        parts = [_rows("patients", rule, one, context) for one in selection.patient_blocks for rule in one.block.rows]
        return one_row_per_patient(joined_rows(parts), number, context.cells)
    parts = [rows_of(RowRule(one.block.path, {}), one.rows, {}) for one in selection.blocks]
    return one_row_per_patient(joined_rows(parts), number, context.cells)


def _rows(table: str, rule: RowRule, block: BlockRows, context: ConversionContext) -> TargetRows:
    """The rows of a rule with every value that it gives, except the numbers of sessions."""
    rows = block.rows if rule.when is None else block.rows.where(context.cells.filled(block.rows, rule.when))
    columns = {
        name: column_values(rule.values[name], column, rows, context)
        for name, column in _declared(table, context).items()
        if name in rule.values
    }
    return rows_of(rule, rows, columns)


def _session_rows(sessions: tuple[SessionRows, ...], context: ConversionContext) -> TargetRows:
    declared = _declared("sessions", context)
    parts = []
    for one in sessions:
        values = {"day": days_of(one.rule.values["day"], one.moments, one.rows, context), "kind": one.kind}
        for name, rule in one.rule.values.items():
            if name not in values and rule.convert != "by_date":
                values[name] = column_values(rule, declared[name], one.rows, context)
        parts.append(rows_of(one.rule, one.rows, values, one.moments.second))
    rows = _with_preparation(joined_rows(parts), declared["kind"], context)
    numbers = numbers_by_date(rows.patient, rows.columns["kind"], rows.columns["day"], rows.second)
    given: Floats | None = rows.columns.get("session_number")
    return rows.with_columns(session_number=numbers if given is None else np.where(np.isnan(given), numbers, given))


def _with_preparation(rows: TargetRows, kind: Column, context: ConversionContext) -> TargetRows:
    """Sessions of psychotherapy before day 0 prepare the first dose."""
    early = (rows.columns["kind"] == "psychotherapy") & (rows.columns["day"] < 0)
    early &= ~context.day_zero.left_out[rows.patient]
    number = int(early.sum())
    if PREPARATION in kind.categories:
        context.cells.log.count_rows("sessions of psychotherapy before the first dose: counted as preparation", number)
        return rows.with_columns(kind=np.where(early, PREPARATION, rows.columns["kind"]))
    context.cells.log.count_rows("sessions of psychotherapy before the first dose: left out", number)
    return rows.where(~early)


def _events(rows: TargetRows, context: ConversionContext) -> TargetRows:
    """The events that have a day; a row without one is none."""
    dated = ~np.isnan(rows.columns["day"]) if "day" in rows.columns else np.zeros(len(rows), dtype=np.bool_)
    log, listed = context.cells.log, ~context.day_zero.left_out[rows.patient]
    named = recorded(rows.columns["event"]) if "event" in rows.columns else np.zeros(len(rows), dtype=np.bool_)
    is_constant = np.array(
        [rows.origins[origin].rule.values["event"].constant is not None for origin in rows.origin], dtype=np.bool_
    )
    log.count_rows("events without a day: left out", int((named & ~dated & listed & ~is_constant).sum()))
    log.count_rows("events without a name: left out", int((dated & ~named & listed).sum()))
    return rows.where(dated & named)
