"""Totals of a rating scale from its items, by the rules of `scale_items`; nothing is stood for silently.

An item outside the key leaves the total open. Items that are all one higher or lower than their key are found by
`key_offset`; what to do with them is decided by a person, and `rekey` shifts them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.protocol.problems import InputRefusedError, Problem
from features.protocol.scale_items import ITEM_SCORINGS, ItemScoring

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ITEM_SCORINGS", "ItemScores", "ItemScoring", "key_offset", "rekey", "score_items"]


@dataclass(frozen=True, eq=False)
class ItemScores:
    """The totals of ratings, one per row of items.

    ``total`` is NaN where it may not be scored. ``stood_in`` counts the items for which the mean of the others stands.
    ``incomplete`` marks rows that have items, but too few. ``impossible`` (rows, items) marks items outside the key.
    ``self_harm`` is the answer to the self-harm item, NaN where the scale has none or it is not recorded.
    """

    total: "NDArray[np.float64]"
    stood_in: "NDArray[np.intp]"
    incomplete: "NDArray[np.bool_]"
    impossible: "NDArray[np.bool_]"
    self_harm: "NDArray[np.float64]"


def score_items(scoring: ItemScoring, items: "NDArray[np.float64]") -> ItemScores:
    """Score items of shape (rows, items), in the order of the form and in the scale's key; NaN: not recorded.

    Raises ``InputRefusedError`` for a scale that can't be scored from items, or another number of columns.
    """
    import numpy as np  # here, because the client's wheel has this module and no NumPy

    _check(scoring, items)
    recorded = ~np.isnan(items)
    impossible = recorded & ~_in_key(scoring, items)
    missing = np.count_nonzero(~recorded, axis=1) - _answered_by_other(scoring, recorded)
    scored = ~impossible.any(axis=1) & (missing <= scoring.missing_at_most) & recorded.any(axis=1)
    total = np.full(len(items), np.nan)
    total[scored] = _totals(scoring, _turned(scoring, items[scored]), missing[scored])
    self_harm = np.full(len(items), np.nan)
    if scoring.self_harm_item is not None:
        answers = items[:, scoring.self_harm_item - 1]
        self_harm = np.where(impossible[:, scoring.self_harm_item - 1], np.nan, answers)
    return ItemScores(
        total=total,
        stood_in=np.where(scored, missing, 0),
        incomplete=recorded.any(axis=1) & (missing > scoring.missing_at_most),
        impossible=impossible,
        self_harm=self_harm,
    )


def key_offset(scoring: ItemScoring, items: "NDArray[np.float64]") -> int:
    """By how much all items lie above (1) or below (-1) the key of the scale; 0 where nothing shows that they do.

    They lie above where all are one above the key's range, the highest such value is there and the lowest of the key
    never is. Nothing is shifted.
    """
    import numpy as np  # here, because the client's wheel has this module and no NumPy

    recorded = items[~np.isnan(items)]
    if not recorded.size or not np.array_equal(recorded, np.round(recorded)):
        return 0
    lowest, highest = recorded.min(), recorded.max()
    if highest == scoring.item_maximum + 1 and lowest > scoring.item_minimum:
        return 1
    if lowest == scoring.item_minimum - 1 and highest < scoring.item_maximum:
        return -1
    return 0


def rekey(scoring: ItemScoring, items: "NDArray[np.float64]", first: int) -> "NDArray[np.float64]":
    """Items whose key begins at ``first`` in the key of the scale."""
    return items - float(first - scoring.item_minimum)


def _check(scoring: ItemScoring, items: "NDArray[np.float64]") -> None:
    if scoring.not_scored:
        found = "items without it"
        raise InputRefusedError([Problem(scoring.instrument, None, None, scoring.not_scored, found)])
    if items.ndim != 2 or items.shape[1] != scoring.items:
        found = f"{items.shape[1]} items" if items.ndim == 2 else "no table of items"
        raise InputRefusedError([Problem(scoring.instrument, None, None, f"{scoring.items} items", found)])


def _in_key(scoring: ItemScoring, items: "NDArray[np.float64]") -> "NDArray[np.bool_]":
    """Which items are whole numbers of the key."""
    import numpy as np

    within = (items >= scoring.item_minimum) & (items <= scoring.item_maximum)
    return np.asarray(within & (items == np.round(items)), dtype=np.bool_)


def _answered_by_other(scoring: ItemScoring, recorded: "NDArray[np.bool_]") -> "NDArray[np.intp]":
    """How many items of a row need no answer, because the other item of their pair has one."""
    import numpy as np

    spared = np.zeros(len(recorded), dtype=np.intp)
    for one, other in scoring.either:
        spared += recorded[:, one - 1] != recorded[:, other - 1]
    return spared


def _turned(scoring: ItemScoring, items: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The items with the reversed ones counted from the other end of the key."""
    turned = items.copy()
    for number in scoring.reversed_items:
        turned[:, number - 1] = scoring.item_minimum + scoring.item_maximum - turned[:, number - 1]
    return turned


def _totals(scoring: ItemScoring, items: "NDArray[np.float64]", missing: "NDArray[np.intp]") -> "NDArray[np.float64]":
    """Totals of rows that may be scored; the sum of the recorded items grows in proportion to all that are due."""
    import numpy as np

    grouped = {number for group in scoring.highest for number in group}
    single = [number - 1 for number in range(1, scoring.items + 1) if number not in grouped]
    sums = np.nansum(items[:, single], axis=1)
    for group in scoring.highest:
        sums += np.nanmax(items[:, [number - 1 for number in group]], axis=1, initial=scoring.item_minimum)
    stood = missing > 0
    sums[stood] = sums[stood] * scoring.items / (scoring.items - missing[stood])
    if scoring.rounds_up:
        sums[stood] = np.ceil(sums[stood])
    return np.asarray(sums * scoring.factor, dtype=np.float64)
