"""Numbers that several columns hold as a code for a missing value, such as -99; they are asked, never assumed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from training.intake.conversion.cell_values import plain_code
from training.intake.drafting.drafted import question
from training.intake.drafting.parts import SourcePart
from training.intake.vocabulary.category_names import USUAL_MISSING_CODES


def drafted_missing(parts: Sequence[SourcePart]) -> Any:
    """The question whether such numbers are codes; None where no column has one."""
    columns: dict[str, dict[str, None]] = defaultdict(dict)
    for part in parts:
        for name, one in part.columns.items():
            if one.is_number:
                for code in set(USUAL_MISSING_CODES) & set(map(plain_code, one.texts)):
                    columns[code][name] = None
    found = sorted(code for code, names in columns.items() if code.startswith("-") or len(names) > 1)
    if not found:
        return None
    places = "; ".join(f"{code} in {', '.join(list(columns[code])[:5])}" for code in found)
    shown = "[" + ", ".join(f'"{code}"' for code in found) + "]"
    return question(f"Are these codes for a missing value: {places}?", [shown, "[]"])
