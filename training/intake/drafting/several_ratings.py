"""Whether a source has several ratings of one scale by one patient on one day that differ, and which counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.intake.drafting.drafted import DraftedKey, question
from training.intake.drafting.parts import PartColumn, SourcePart
from training.intake.source import text_of


def drafted_several(
    part: SourcePart, day: DraftedKey, scores: Sequence[PartColumn], by: PartColumn | None = None
) -> list[DraftedKey]:
    """The question which rating counts, with how often the source has several; nothing where it has none."""
    number = _several(part, day.value, scores, by)
    if not number:
        return []
    asked = f"{number:,} times several ratings of one scale on one day differ. Which one counts?"
    return [DraftedKey("several_on_one_day", question(asked, ["last", "first", "refuse"]))]


def _several(part: SourcePart, day: Any, scores: Sequence[PartColumn], by: PartColumn | None) -> int:
    """How many patients' days have ratings that differ; by the text of the date without its time."""
    name = day.get("column") if isinstance(day, Mapping) else day
    if not isinstance(name, str) or name not in part.columns:
        return 0
    days = part.columns[name]
    dates = [text_of(value).replace("T", " ").partition(" ")[0] for value in days.column.values]
    patients = part.table.columns[part.identifier].codes[part.rows]
    scales = patients * 0 if by is None else by.codes
    seen: dict[tuple[Any, ...], tuple[int, ...]] = {}
    differing = set()
    for row in range(len(part.rows)):
        score = tuple(int(one.codes[row]) for one in scores)
        if days.codes[row] < 0 or all(code < 0 for code in score):
            continue
        key = int(patients[row]), dates[days.codes[row]], int(scales[row])
        if seen.setdefault(key, score) != score:
            differing.add(key)
    return len(differing)
