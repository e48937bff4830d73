"""The sessions of a source: which rows are sessions, of which kind, and when; their numbers by time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Floats, Indices
from training.intake.conversion.conversion_log import ConversionLog
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows, Texts
from training.intake.conversion.moments import Moments
from training.intake.conversion.selection import Selection, untaken_rows
from training.intake.mapping import CohortMapping, RowRule, ValueRule


@dataclass(frozen=True, eq=False)
class SessionRows:
    """The sessions that one rule makes: the source's rows, when each was, and its kind.

    ``undated`` are rows with a dosing session whose day is not recorded; they are no sessions.
    """

    rule: RowRule
    rows: SelectedRows
    moments: Moments
    kind: Texts
    undated: SelectedRows


def find_sessions(selection: Selection, mapping: CohortMapping, cells: CellEvaluation) -> tuple[SessionRows, ...]:
    """The sessions of every block, without the rows that have no day."""
    kinds = next(column for column in mapping.protocol.tables["sessions"] if column.name == "kind")
    return tuple(
        _sessions(rule, one.rows, kinds, mapping, cells) for one in selection.of("sessions") for rule in one.block.rows
    )


def _sessions(
    rule: RowRule, rows: SelectedRows, kinds: Column, mapping: CohortMapping, cells: CellEvaluation
) -> SessionRows:
    for name in ("day", "kind"):
        if name not in rule.values:
            required = "this key, because every session has it"
            cells.log.problems.append(Problem(mapping.name, None, f"{rule.path}.{name}", required, "none"))
            return SessionRows(
                rule,
                rows.where([]),
                cells.moments(rows.where([]), ValueRule(rule.path, constant=0)),
                np.empty(0, dtype=object),
                rows.where([]),
            )
    rows = rows if rule.when is None else rows.where(cells.filled(rows, rule.when))
    moments = cells.moments(rows, rule.values["day"])
    dated = ~np.isnan(moments.day)
    there = np.flatnonzero(dated)
    recorded = cells.any_filled(rows, (one for name, one in rule.values.items() if name != "day"))
    cells.log.count_rows("sessions without a day: left out", int((recorded & ~dated).sum()))
    kept, lost = rows.where(there), rows.where(recorded & ~dated)
    undated = lost.where(cells.categories(lost, rule.values["kind"], kinds) == "dosing")
    return SessionRows(rule, kept, moments.at(there), cells.categories(kept, rule.values["kind"], kinds), undated)


def refuse_undated_first(sessions: Sequence[SessionRows], cells: CellEvaluation) -> None:
    """Refuse a dosing session without a day that stands before all others of its patient: it may have been on day 0."""
    first: dict[int, tuple[int, int]] = {}
    for part, one in enumerate(sessions):
        dosing = one.rows.where(one.kind == "dosing")
        for patient, position in zip(dosing.patient.tolist(), dosing.positions.tolist(), strict=True):
            first[patient] = min(first.get(patient, (part, position)), (part, position))
    required = "the day of a dosing session before which none has a day, because it may be day 0"
    for part, one in enumerate(sessions):
        day = one.rule.values.get("day", ValueRule(one.rule.path))
        before = [
            position
            for patient, position in zip(one.undated.patient.tolist(), one.undated.positions.tolist(), strict=True)
            if patient in first and (part, position) < first[patient]
        ]
        cells.log.refuse(one.rows.table, before, day.column, required, "none")


def numbers_by_date(patient: Indices, kind: Texts, day: Floats, second: Floats) -> Floats:
    """The number of each session within its patient and kind, from 1, in order of day, time and row; shape (rows,)."""
    _, kinds = np.unique(np.array([str(one) for one in kind], dtype=np.str_), return_inverse=True)
    late = np.where(np.isnan(second), np.inf, second)
    order = np.lexsort((np.arange(len(day)), late, day, kinds, patient))
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (patient[order][1:] != patient[order][:-1]) | (kinds[order][1:] != kinds[order][:-1])
    position = np.arange(len(order))
    first = np.maximum.accumulate(np.where(starts, position, 0))
    numbers = np.empty(len(order), dtype=np.float64)
    numbers[order] = position - first + 1
    return numbers


def count_earlier_untaken(
    selection: Selection, mapping: CohortMapping, cells: CellEvaluation, first: Floats, clock: int
) -> None:
    """Count the patients with a day before their day 0 in a row that no block takes, of a table of sessions.

    A dosing session that ``where`` leaves out, such as one that was stopped, may have been the first one.
    """
    aside = CellEvaluation(mapping, ConversionLog())
    known = {name: patient for patient, name in enumerate(selection.patients)}
    earlier: set[int] = set()
    for one in selection.of("sessions"):
        rows = untaken_rows(one.block, one.rows.table, selection, known)
        for rule in (rule for rule in one.block.rows if len(rows) and "day" in rule.values):
            moments = aside.moments(rows, rule.values["day"])
            before = (moments.clock == clock) & (moments.day < first[rows.patient])
            earlier |= set(rows.patient[before].tolist())
    what = (
        "patients with an earlier day in a row that where leaves out of [[sessions]]: if it is a dose, day 0 is wrong"
    )
    cells.log.count_rows(what, len(earlier))
