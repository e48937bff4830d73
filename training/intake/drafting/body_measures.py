"""Weights and heights for doses per kg and body mass index: in which unit, by name, label or range, else asked."""

from collections.abc import Sequence
from typing import Any

from training.intake.drafting.drafted import question
from training.intake.drafting.parts import PartColumn, matching
from training.intake.mapping_keys import OPEN
from training.intake.vocabulary.column_names import HEIGHT, WEIGHT

_KG_IN = {"kg": 1.0, "pounds": 0.45359237, "stone": 6.35029318}
"""Kilograms in each unit; by definition of the pound, and a stone is 14 pounds."""
_CM_PER_INCH = 2.54
_TALLEST_IN_INCHES = 90.0
"""Where no height of a column is above it, they are no heights of adults in cm [judgement]."""


def drafted_weight(columns: Sequence[PartColumn], place: str = "column") -> dict[str, Any] | None:
    """The keys of a weight in kg; without a unit the factor is asked. None where no column is a weight."""
    for one in matching(columns, WEIGHT):
        if not one.is_number or one.plain.unit not in (*_KG_IN, ""):
            continue
        if one.plain.unit == "kg":
            return {place: one.name}
        if one.plain.unit:
            return {place: one.name, "factor": _KG_IN[one.plain.unit]}
        asked = (
            f"Is column {one.name} in kg or in pounds? The factor makes it kg: 1 for kg, {_KG_IN['pounds']} for pounds."
        )
        return question(asked, ["1", str(_KG_IN["pounds"])], **{place: one.name, "factor": OPEN})
    return None


def drafted_height(columns: Sequence[PartColumn]) -> dict[str, Any]:
    """The key of a height with its value, by its unit or by its range; nothing where no column is one."""
    heights = [
        one for one in matching(columns, HEIGHT) if one.is_number and one.plain.unit in ("cm", "m", "inches", "")
    ]
    if not heights:
        return {}
    one, highest = heights[0], max(float(text.replace(",", ".")) for text in heights[0].texts)
    if one.plain.unit == "m" or (not one.plain.unit and highest < 3):
        return {"height_m": one.name}
    if one.plain.unit == "inches" or (not one.plain.unit and highest <= _TALLEST_IN_INCHES):
        return {"height_cm": {"column": one.name, "factor": _CM_PER_INCH}}
    return {"height_cm": one.name}
