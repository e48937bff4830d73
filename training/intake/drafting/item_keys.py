"""Where the key of a scale's items begins: by the labels or the values of the items, else asked."""

from collections.abc import Sequence

import numpy as np

from features.protocol.item_scoring import ItemScoring, key_offset
from training.intake.conversion.item_totals import labelled_offset
from training.intake.drafting.drafted import DraftedKey, question
from training.intake.drafting.parts import PartColumn


def drafted_item_key(scoring: ItemScoring, items: Sequence[PartColumn]) -> list[DraftedKey]:
    """Nothing where the items lie within the scale's key; the key that labels show; else the question."""
    lowest, highest = scoring.item_minimum, scoring.item_maximum
    numbers = np.array([[float(text.replace(",", "."))] for one in items for text in one.texts]).reshape(-1, 1)
    labelled = labelled_offset(scoring, [one.column for one in items])
    offset = labelled or key_offset(scoring, numbers)
    shown = f"{lowest + offset} to {highest + offset}"
    if scoring.ask:
        asked = f"{scoring.ask} If so, answer with the key; else import the total instead of the items."
        return [DraftedKey("item_key", question(asked, [shown]))]
    if labelled:
        return [DraftedKey("item_key", shown, "by the labels of the items")]
    if not offset:
        return []
    asked = f"No item is below {lowest + offset}, and some are {highest + offset}. Are they keyed {shown}?"
    return [DraftedKey("item_key", question(asked, [shown, f"{lowest} to {highest}"]))]
