"""Totals of rating scales from the items of a source, held against the totals that the source gives."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.item_scoring import ITEM_SCORINGS, ItemScores, ItemScoring, key_offset, rekey, score_items
from features.protocol.problems import Problem
from features.records.timeline import Floats, Mask
from training.intake.conversion.cell_values import OR_MISSING, may_be_missing
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows
from training.intake.mapping import RowRule, ValueRule
from training.intake.source import SourceColumn


@dataclass(frozen=True, eq=False)
class ItemTotals:
    """The score of each row, NaN where it may not be scored; the self-harm item, None where the scale has none."""

    score: Floats
    self_harm: Floats | None


def item_totals(rule: RowRule, rows: SelectedRows, cells: CellEvaluation) -> ItemTotals:
    """Score the items of each row; a given total must agree, and stands alone where no item is recorded."""
    nothing = ItemTotals(np.full(len(rows), np.nan), None)
    scoring = _scoring(rule, cells)
    if scoring is None:
        return nothing
    given = [cells.numbers(rows, ValueRule(f"{rule.path}.items", column=name)) for name in rule.items]
    items = given_items = np.column_stack(given) if given else np.empty((len(rows), 0))
    first = _first_of_key(rule, scoring, rows, items, cells)
    if first is None:
        return nothing
    if first != scoring.item_minimum:
        items = rekey(scoring, items, first)
        words = f"counted items from {scoring.item_minimum} instead of {first}"
        for number, name in enumerate(rule.items):
            cells.log.count_cells(words, rows.table, rows.positions[~np.isnan(items[:, number])], name)
    scores = score_items(scoring, items)
    key = range(first, first + scoring.item_maximum - scoring.item_minimum + 1)
    _refuse_impossible(rule, rows, given_items, scores.impossible, key, cells)
    _report(scores, scoring, cells)
    self_harm = None if scoring.self_harm_item is None else scores.self_harm
    return ItemTotals(_with_given_totals(rule, rows, scores, items, cells), self_harm)


def _scoring(rule: RowRule, cells: CellEvaluation) -> ItemScoring | None:
    """How the scale is scored; a problem of the mapping where it can't be."""
    instrument = str(rule.values["instrument"].constant)
    scoring = ITEM_SCORINGS.get(instrument)
    if scoring is None:
        scales = ", ".join(name for name, one in ITEM_SCORINGS.items() if not one.not_scored)
        _refuse_key(cells, f"{rule.path}.instrument", f"beside items one of {scales}, as {{ value = ... }}", "another")
    elif scoring.not_scored:
        _refuse_key(cells, f"{rule.path}.items", scoring.not_scored, "items without it")
        return None
    elif len(rule.items) != scoring.items:
        required = f"the {scoring.items} items of {instrument}, in its order"
        _refuse_key(cells, f"{rule.path}.items", required, f"{len(rule.items)} columns")
        return None
    return scoring


def labelled_offset(scoring: ItemScoring, columns: Sequence[SourceColumn]) -> int:
    """By how much the labels of the codes show that all items lie above (1) or below (-1) the key; 0 where none do."""
    for offset in (1, -1):
        key = range(scoring.item_minimum + offset, scoring.item_maximum + offset + 1)
        other = str(scoring.item_minimum if offset > 0 else scoring.item_maximum)
        if columns and all({*map(str, key)} <= set(one.labels) and other not in one.labels for one in columns):
            return offset
    return 0


def _first_of_key(
    rule: RowRule, scoring: ItemScoring, rows: SelectedRows, items: Floats, cells: CellEvaluation
) -> int | None:
    """Where the key of the items begins; a problem of the mapping where the data show another beginning."""
    lowest, highest = scoring.item_minimum, scoring.item_maximum
    if rule.item_key is None and scoring.ask:
        key = f'item_key = "{lowest} to {highest}"'
        required = f"{key} if the answer is yes, else the total instead of the items: {scoring.ask}"
        _refuse_key(cells, f"{rule.path}.item_key", required, "no answer")
        return None
    if rule.item_key is None:
        columns = [rows.table.columns[name] for name in rule.items if name in rows.table.columns]
        offset = key_offset(scoring, items) or labelled_offset(scoring, columns)
        if not offset:
            return lowest
        shown = f"{lowest + offset} to {highest + offset}"
        found = f"items or labels of {shown}, none below, where {lowest} to {highest} is due"
        _refuse_key(cells, f"{rule.path}.item_key", f'item_key = "{shown}" if the items are keyed so', found)
        return None
    match = re.fullmatch(r"(-?\d+) to (-?\d+)", rule.item_key.strip())
    if match is None or int(match[2]) - int(match[1]) != highest - lowest:
        required = f'two numbers {highest - lowest} apart, such as "{lowest} to {highest}"'
        _refuse_key(cells, f"{rule.path}.item_key", required, "another text")
        return None
    return int(match[1])


def _refuse_impossible(
    rule: RowRule, rows: SelectedRows, items: Floats, impossible: Mask, key: range, cells: CellEvaluation
) -> None:
    """Refuse items outside the key; of one that looks like a code for a missing value, it is said."""
    required = f"a whole number from {key[0]} to {key[-1]}"
    for row, number in np.argwhere(impossible).tolist():
        item = float(items[row, number])
        is_code, is_near = may_be_missing(item), key[0] - 1 <= item <= key[-1] + 1
        remedy = (f", or item_key in {rule.path}" if is_near or not is_code else "") + (OR_MISSING if is_code else "")
        cells.log.refuse(rows.table, rows.positions[[row]], rule.items[number], required + remedy, "another number")


def _report(scores: ItemScores, scoring: ItemScoring, cells: CellEvaluation) -> None:
    name = scoring.instrument
    cells.log.count_rows(f"ratings of {name} scored from their items", int((~np.isnan(scores.total)).sum()))
    stood = int(scores.stood_in.sum())
    cells.log.count_rows(f"missing items of {name}: the mean of the others stands for each", stood)


def _with_given_totals(
    rule: RowRule, rows: SelectedRows, scores: ItemScores, items: Floats, cells: CellEvaluation
) -> Floats:
    """The totals of the items, and the given total where no item is recorded."""
    name = str(rule.values["instrument"].constant)
    incomplete = "ratings of {} with more missing items than its rule allows: left out"
    if rule.total is None:
        cells.log.count_rows(incomplete.format(name), int(scores.incomplete.sum()))
        return scores.total
    given = cells.numbers(rows, ValueRule(f"{rule.path}.total", column=rule.total))
    without_items = np.isnan(items).all(axis=1)
    alone = without_items & ~np.isnan(given)
    cells.log.count_rows(f"ratings of {name} without items: the given total counts", int(alone.sum()))
    cells.log.count_rows(incomplete.format(name), int(scores.incomplete.sum()))
    both = ~np.isnan(given) & ~np.isnan(scores.total)
    tolerance = np.where(scores.stood_in > 0, 1 - 1e-9, 1e-9)  # a published rule may round what stands for an item
    differing = both & (np.abs(given - scores.total) > tolerance)
    if _differ_alike((given - scores.total)[both], tolerance[both]):
        required = f"no total in {rule.path}, so that the items alone count"
        keyed = (
            f"as totals of items keyed {rule.item_key.strip()} do" if rule.item_key else "as those of another key do"
        )
        found = f"totals that all differ from their items by the same number, {keyed}"
        _refuse_key(cells, f"{rule.path}.total", required, found)
        return scores.total
    required = f"the total of the items; remove total in {rule.path} to count the items alone"
    cells.log.refuse(rows.table, rows.positions[differing], rule.total, required, "another number")
    cells.log.count_rows(f"totals of {name} that agree with their items", int((both & ~differing).sum()))
    return np.where(alone, given, scores.total)


def _differ_alike(difference: Floats, tolerance: Floats) -> bool:
    """Whether all totals differ from their items by one number, which is not 0; two may do so by chance."""
    if len(difference) < 3:
        return False
    usual = float(np.median(difference))
    return bool((np.abs(difference - usual) <= tolerance).all() and abs(usual) >= 1)


def _refuse_key(cells: CellEvaluation, path: str, required: str, found: str) -> None:
    cells.log.problems.append(Problem(cells.mapping.name, None, path, required, found))
