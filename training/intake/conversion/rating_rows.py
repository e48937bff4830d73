"""The ratings of a source: their instrument, day and score, and which of several on one day counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Indices
from training.intake.conversion.evaluation import SelectedRows
from training.intake.conversion.item_totals import item_totals
from training.intake.conversion.patient_rows import recorded
from training.intake.conversion.selection import BlockRows
from training.intake.conversion.target_rows import TargetRows, joined_rows, rows_of
from training.intake.conversion.value_conversion import ConversionContext, column_values, days_of
from training.intake.mapping import RowRule

AFTER_DOSE, SELF_HARM = "after_dose", "suicidal_thoughts_item"


class DoseTime(NamedTuple):
    """A patient and a day, by which the time of a dose is found."""

    patient: int
    day: float


def rating_rows(
    block: BlockRows, columns: Mapping[str, Column], doses: Mapping[DoseTime, float], context: ConversionContext
) -> TargetRows:
    """The ratings that one block makes: those with a score and a day, one per patient, day and instrument."""
    parts = [_of_rule(rule, block.rows, columns, context) for rule in block.block.rows]
    ratings = _with_after_dose(joined_rows(parts), columns, doses, context)
    return _one_on_each_day(ratings, block, context)


def dose_times(sessions: TargetRows) -> dict[DoseTime, float]:
    """The second of the day of the first dose of each patient and day, NaN where no time is known."""
    found: dict[DoseTime, float] = {}
    for row in np.flatnonzero(sessions.columns["kind"] == "dosing") if "kind" in sessions.columns else ():
        key = DoseTime(int(sessions.patient[row]), float(sessions.columns["day"][row]))
        found[key] = float(np.fmin(found.get(key, np.nan), sessions.second[row]))
    return found


def _of_rule(
    rule: RowRule, rows: SelectedRows, columns: Mapping[str, Column], context: ConversionContext
) -> TargetRows:
    cells = context.cells
    for name in ("day", "instrument"):
        if name not in rule.values:
            required = "this key, because every rating has it"
            cells.log.problems.append(Problem(cells.mapping.name, None, f"{rule.path}.{name}", required, "none"))
            return joined_rows([])
    rows = rows if rule.when is None else rows.where(cells.filled(rows, rule.when))
    instrument = column_values(rule.values["instrument"], columns["instrument"], rows, context)
    values = {"instrument": instrument} | _scores(rule, rows, columns, context)
    if "score" not in values:
        return joined_rows([])
    scored, named = recorded(values["score"]), recorded(instrument)
    cells.log.count_rows("ratings without a scale: left out", int((scored & ~named).sum()))
    if not rule.items and ".rows." not in rule.path:
        cells.log.count_rows("ratings without a score: left out", int((named & ~scored).sum()))
    kept = scored & named
    rows, values = rows.where(kept), {name: column[kept] for name, column in values.items()}
    moments = cells.moments(rows, rule.values["day"])
    values["day"] = days_of(rule.values["day"], moments, rows, context)
    if AFTER_DOSE in rule.values and AFTER_DOSE in columns:
        values[AFTER_DOSE] = column_values(rule.values[AFTER_DOSE], columns[AFTER_DOSE], rows, context)
    made = rows_of(rule, rows, values, moments.second)
    dated = ~np.isnan(values["day"])
    without = ~dated & ~context.day_zero.left_out[rows.patient]
    cells.log.count_rows("ratings without a day: left out", int(without.sum()))
    return made.where(dated)


def _scores(
    rule: RowRule, rows: SelectedRows, columns: Mapping[str, Column], context: ConversionContext
) -> dict[str, np.ndarray]:
    """The score of each row, and the self-harm item where the format has it."""
    if rule.items:
        totals = item_totals(rule, rows, context.cells)
        found: dict[str, np.ndarray] = {"score": totals.score}
        if SELF_HARM in columns and totals.self_harm is not None:
            found[SELF_HARM] = totals.self_harm
        return found
    given = {"score": rule.values["score"]} if "score" in rule.values else {}
    if not given:
        mapping = context.cells.mapping.name
        required = "score or items, because every rating has a score"
        context.cells.log.problems.append(Problem(mapping, None, f"{rule.path}.score", required, "neither"))
        return {}
    found = {"score": column_values(given["score"], columns["score"], rows, context)}
    if SELF_HARM in columns and SELF_HARM in rule.values:
        found[SELF_HARM] = column_values(rule.values[SELF_HARM], columns[SELF_HARM], rows, context)
    return found


def _with_after_dose(
    ratings: TargetRows, columns: Mapping[str, Column], doses: Mapping[DoseTime, float], context: ConversionContext
) -> TargetRows:
    """Marks what was rated later than the dose of its day; without both times a rating counts as before the dose."""
    if not len(ratings):
        return ratings
    keys = [DoseTime(int(p), float(d)) for p, d in zip(ratings.patient, ratings.columns["day"], strict=True)]
    on_day = np.array([key in doses for key in keys], dtype=np.bool_)
    dose = np.array([doses.get(key, np.nan) for key in keys])
    later = ratings.second > dose
    given = ratings.columns.get(AFTER_DOSE)
    marked = np.where(on_day & later, 1.0, np.nan) if given is None else np.where(np.isnan(given) & later, 1.0, given)
    log = context.cells.log
    unknown = on_day & np.isnan(marked) & (np.isnan(dose) | np.isnan(ratings.second))
    log.count_rows("ratings on the day of a dose without both times: taken as before the dose", int(unknown.sum()))
    log.count_rows("ratings later than the dose of their day", int((marked == 1).sum()))
    if AFTER_DOSE in columns:
        return ratings if np.isnan(marked).all() else ratings.with_columns(**{AFTER_DOSE: marked})
    log.count_rows("ratings after the dose, for which the format has no column: left out", int((marked == 1).sum()))
    return ratings.where(marked != 1)


def _one_on_each_day(ratings: TargetRows, block: BlockRows, context: ConversionContext) -> TargetRows:
    """Ratings by one patient, day and instrument: equal ones count once; of others, the one that the mapping names."""
    if not len(ratings):
        return ratings
    order, starts = _in_groups(ratings)
    kept, equal, dropped = [], 0, 0
    refused: dict[int, int] = {}
    for group in np.split(order, starts[1:]):
        if len(group) == 1:
            kept.append(int(group[0]))
            continue
        if _are_equal(ratings, group):
            equal += len(group) - 1
        elif block.block.several_on_one_day == "refuse":
            refused |= dict.fromkeys(group[1:].tolist(), int(group[0]))
        else:
            dropped += len(group) - 1
        kept.append(int(group[-1] if block.block.several_on_one_day == "last" else group[0]))
    log, rule = context.cells.log, block.block.several_on_one_day
    log.count_rows("equal ratings on one day: kept one", equal)
    log.count_rows(f"ratings on one day: kept the {rule}", dropped)
    _refuse_several(ratings, refused, block, context)
    return ratings.where(np.sort(np.array(kept, dtype=np.intp)))


def _are_equal(ratings: TargetRows, group: Indices) -> bool:
    """Whether ratings have the same score and, where it is recorded, the same answer to the self-harm item."""
    scores = ratings.columns["score"][group]
    answers = np.asarray(ratings.columns.get(SELF_HARM, np.full(len(ratings), np.nan)))[group]
    same_answer = np.isnan(answers).all() or (answers == answers[0]).all()
    return bool((scores == scores[0]).all() and same_answer)


def _in_groups(ratings: TargetRows) -> tuple[Indices, Indices]:
    """Rows by patient, day, instrument, before or after the dose, time and row; and where each group starts."""
    _, instrument = np.unique(np.array(ratings.columns["instrument"], dtype=np.str_), return_inverse=True)
    after = np.nan_to_num(np.asarray(ratings.columns.get(AFTER_DOSE, np.zeros(len(ratings)))))
    keys: Sequence[np.ndarray] = (ratings.patient, ratings.columns["day"], instrument, after)
    late = np.where(np.isnan(ratings.second), -1.0, ratings.second)
    order = np.lexsort((np.arange(len(ratings)), late, *keys[::-1]))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    return order, np.flatnonzero(new)


def _refuse_several(ratings: TargetRows, rows: Mapping[int, int], block: BlockRows, context: ConversionContext) -> None:
    """Refuse the later ratings of a day; ``rows`` has the first one of each."""
    required = f'one rating per patient, day and instrument, or several_on_one_day = "last" in {block.block.path}'
    differing: dict[int, dict[int, str]] = {}
    for row, first in rows.items():
        name = ratings.origins[ratings.origin[first]].table.row_name(int(ratings.position[first]))
        differing.setdefault(int(ratings.origin[row]), {})[int(ratings.position[row])] = name
    for number, positions in differing.items():
        origin = ratings.origins[number]
        context.cells.log.refuse_second(origin.table, positions, origin.source_column("score"), required)
