"""Drafts the blocks of the ratings: scales with items or totals, one column per scale or one row per rating."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from features.protocol.instruments import INSTRUMENTS
from features.protocol.item_scoring import ITEM_SCORINGS
from training.intake.drafting.day_drafts import drafted_day
from training.intake.drafting.drafted import DraftedBlock, DraftedKey, question
from training.intake.drafting.item_keys import drafted_item_key
from training.intake.drafting.parts import PartColumn, SourcePart, matching
from training.intake.drafting.several_ratings import drafted_several
from training.intake.mapping_keys import OPEN
from training.intake.vocabulary.column_names import SCALE, SCORE
from training.intake.vocabulary.names import plain
from training.intake.vocabulary.scale_columns import ScaleColumns, instrument_of, scale_columns
from training.intake.vocabulary.visits import visit_of

_EXPERIENCES = frozenset(name for name, scale in INSTRUMENTS.items() if not scale.decides_outcomes)


def drafted_ratings(part: SourcePart) -> list[DraftedBlock]:
    """The ratings' blocks of a part: none where it has no rating scale."""
    scales = scale_columns(name for name, column in part.columns.items() if column.is_number)
    dated = [one for one in scales if not one.visit]
    of_visits = [one for one in scale_columns(_in_order(part)) if one.visit] if len(dated) < len(scales) else []
    blocks = _long(part)
    day = drafted_day(part) if dated else None
    if day is not None:
        blocks += [_with_items(part, one, day) for one in dated if one.items]
        blocks += _with_totals(part, [one for one in dated if not one.items], day)
    return blocks + _of_visits(part, of_visits)


def _in_order(part: SourcePart) -> list[str]:
    """The columns of numbers, and those that are empty now, in the order of the table."""
    return [
        name
        for name in part.table.columns
        if name in part.empty or (name in part.columns and part.columns[name].may_be_number)
    ]


def _long(part: SourcePart) -> list[DraftedBlock]:
    """One row per rating, with a column that names the scale and one with the score."""
    columns = list(part.columns.values())
    named = [one for one in matching(columns, SCALE) if _names_scales(one)]
    scores = [one for one in matching(columns, SCORE) if one.is_number]
    day = drafted_day(part)
    if not named or not scores or day is None:
        return []
    labels = named[0].column.labels
    values = {text: instrument_of(labels.get(text, text)) or OPEN for text in named[0].texts}
    instrument: Any = {"column": named[0].name, "values": values}
    if OPEN in values.values():
        asked = f"Which scale does each word of column {named[0].name} name?"
        instrument = question(asked, list(INSTRUMENTS), **instrument)
    if all(text == name for text, name in values.items()):
        instrument = named[0].name
    several = drafted_several(part, day, [scores[0]], by=named[0])
    keys = (day, DraftedKey("instrument", instrument), DraftedKey("score", scores[0].name), *several)
    return [DraftedBlock("assessments", keys)]


def _names_scales(column: PartColumn) -> bool:
    labels = column.column.labels
    known = [text for text in column.texts if instrument_of(labels.get(text, text))]
    return 2 * len(known) >= len(column.texts) > 0


def _with_items(part: SourcePart, scale: ScaleColumns, day: DraftedKey) -> DraftedBlock:
    scoring = ITEM_SCORINGS[scale.instrument]
    columns = [part.columns[name] for name in scale.items]
    keys = [
        day,
        DraftedKey("instrument", {"value": scale.instrument}),
        DraftedKey("items", list(scale.items), scoring.rule),
        *drafted_item_key(scoring, columns),
        *([DraftedKey("total", scale.total, "must agree with the items")] if scale.total else ()),
        *drafted_several(part, day, columns),
    ]
    return DraftedBlock("assessments", tuple(keys))


def _with_totals(part: SourcePart, scales: Sequence[ScaleColumns], day: DraftedKey) -> list[DraftedBlock]:
    """Scales with totals alone, together in one block; a peak of dissociation is of a session, not a rating here."""
    known = [one for one in scales if one.total and one.instrument not in _EXPERIENCES]
    if not known:
        return []
    rows = [{"instrument": {"value": one.instrument}, "score": one.total} for one in known]
    columns = [part.columns[str(one.total)] for one in known]
    keys = (day, DraftedKey("rows", rows), *drafted_several(part, day, columns))
    return [DraftedBlock("assessments", keys)]


def _of_visits(part: SourcePart, scales: Sequence[ScaleColumns]) -> list[DraftedBlock]:
    """A row per visit in the names of the columns; a scale whose items need a key has its own block.

    The key is that of all visits: at a late one, nobody may have chosen the answer that tells it.
    """
    blocks = []
    items = {
        one.instrument: [name for other in scales if other.instrument == one.instrument for name in other.items]
        for one in scales
    }
    keys = {name: _item_key(part, name, columns) for name, columns in items.items()}
    together = [one for one in scales if not keys[one.instrument]]
    blocks += _visit_rows(part, together, [])
    for instrument, key in keys.items():
        if key:
            blocks += _visit_rows(part, [one for one in scales if one.instrument == instrument], key)
    return blocks


def _item_key(part: SourcePart, instrument: str, items: Sequence[str]) -> list[DraftedKey]:
    columns = {**part.empty, **part.columns}
    return drafted_item_key(ITEM_SCORINGS[instrument], [columns[name] for name in items]) if items else []


def _visit_rows(part: SourcePart, scales: Sequence[ScaleColumns], key: Sequence[DraftedKey]) -> list[DraftedBlock]:
    """A block with the rows of some scales; the day of each by a date of the visit, by its name, or asked."""
    rows = []
    asked: dict[str, None] = {}
    for one in scales:
        day = _day_of_visit(part, one.visit)
        if day is None:
            asked[one.visit] = None
        score: dict[str, Any] = {"items": list(one.items)} if one.items else {"score": one.total}
        score |= {"total": one.total} if one.items and one.total else {}
        given = {"value": OPEN} if day is None else day
        rows.append({"day": given, "instrument": {"value": one.instrument}, **score})
    if not rows:
        return []
    comment = "days of visits by their names" if any("value" in _table(row["day"]) for row in rows) else ""
    if asked:
        comment = f"on which day from day 0 is each of the visits {', '.join(asked)}? Put a number in place of each ?"
    return [DraftedBlock("assessments", (*key, DraftedKey("rows", rows)), comment)]


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _day_of_visit(part: SourcePart, word: str) -> Any:
    """The date column of a visit, by its name; else the day that the visit's word tells; None for neither."""
    number = re.sub(r"\D", "", word)
    stem = (
        rf"(?:{re.escape(word)}|(?:visit|v|t|session|timepoint|week|w|month|m)_?0*{number})"
        if number
        else re.escape(word)
    )
    pattern = rf"(?:{stem}_(?:date|day)|(?:date|day)_(?:of_)?{stem})"
    for one in (*part.columns.values(), *part.empty.values()):
        if re.fullmatch(pattern, plain(one.name)):
            if one.is_date or not one.values:
                return one.name
            if one.is_number:
                return {"column": one.name, "convert": "days"}
    visit = visit_of(word)
    return None if visit is None or visit.day is None else {"value": visit.day}
