"""What it means that no choice of a checkbox is ticked: the export writes 0 whether or not anybody was asked."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from training.intake.drafting.drafted import DraftedBlock, question
from training.intake.drafting.parts import PartColumn, SourcePart
from training.intake.drafting.unused import texts_of


def checkbox_questions(parts: Sequence[SourcePart], blocks: Sequence[DraftedBlock]) -> dict[str, Any]:
    """A question per field whose choices the blocks use. None where blank cells tell who was not asked."""
    used = {text for block in blocks for key in block.keys for text in texts_of(key.value)}
    fields: dict[str, list[PartColumn]] = defaultdict(list)
    for part in parts:
        for name, column in part.columns.items():
            if column.is_checkbox:
                fields[name.partition("___")[0]].append(column)
    return {
        field: _question(field, boxes)
        for field, boxes in fields.items()
        if used & {box.name for box in boxes} and all((box.codes >= 0).all() for box in boxes)
    }


def _question(field: str, boxes: Sequence[PartColumn]) -> Any:
    none = [box.name for box in boxes if "none" in box.column.label.casefold()]
    words = f" {none[0]} says that the patient has none." if none else ""
    asked = f"Where nothing of {field} is ticked, had the patient none of them, or was nothing recorded?{words}"
    return question(asked, ["no", "not_recorded"])
