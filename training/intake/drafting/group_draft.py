"""Drafts blocks from numbered groups of columns, such as ``dose1_date``, ``dose1_route``, ``dose2_date``.

The groups of one name are drafted as one, from the cells of all numbers: a group that is empty now is read next month.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from training.intake.drafting.drafted import DraftedBlock, DraftedKey
from training.intake.drafting.other_drafts import ended_question, event_values, treatment_values
from training.intake.drafting.parts import PartColumn, SourcePart
from training.intake.drafting.session_draft import drafted_kind, session_values
from training.intake.source import source_column
from training.intake.vocabulary.names import plain

_GROUPED = re.compile(r"([a-z]+(?:_[a-z]+)*?)_?0*(\d{1,3})_([a-z]\w*)")
_Numbers = dict[int, dict[str, PartColumn]]


def drafted_groups(part: SourcePart, weight: dict[str, Any] | None) -> list[DraftedBlock]:
    """A block per group of columns that is sessions, events or earlier treatments."""
    blocks = []
    for stem, numbers in _groups(part).items():
        attributes = dict.fromkeys(attribute for columns in numbers.values() for attribute in columns)
        pooled = [_pooled(one, [columns[one] for columns in numbers.values() if one in columns]) for one in attributes]
        table, keys = _drafted_row(stem, [one for one in pooled if one.values], weight)
        rows = [row for _, columns in sorted(numbers.items()) if (row := _row(keys, columns))]
        if table:
            asked = ended_question(keys) if table == "prior_treatments" else []
            comment = f"columns {stem}1, {stem}2 ..."
            blocks.append(DraftedBlock(table, (*asked, DraftedKey("rows", rows)), comment))
    return blocks


def _groups(part: SourcePart) -> dict[str, _Numbers]:
    """The columns of each group by its name, its number, and their names within it."""
    groups: dict[str, _Numbers] = defaultdict(lambda: defaultdict(dict))
    for name, column in {**part.columns, **part.empty}.items():
        if match := _GROUPED.fullmatch(plain(name)):
            groups[match[1]][int(match[2])][match[3]] = column
    return groups


def _pooled(attribute: str, columns: Sequence[PartColumn]) -> PartColumn:
    """The columns of one name in all numbers as one column, called by that name."""
    first = columns[0].column
    labels = {code: label for one in columns for code, label in one.column.labels.items()}
    pooled = replace(
        source_column(attribute, (value for one in columns for value in one.values)),
        label=re.sub(r"\d+", "", first.label),
        labels=labels,
        missing_codes=first.missing_codes,
        field_type=first.field_type,
    )
    return PartColumn(pooled, pooled.codes)


def _drafted_row(
    stem: str, columns: Sequence[PartColumn], weight: dict[str, Any] | None
) -> tuple[str, list[DraftedKey]]:
    """The table of a group of columns, empty for none, with its keys."""
    if treatment := treatment_values(columns):
        return "prior_treatments", treatment
    dates = [one for one in columns if one.is_date]
    if len(dates) != 1:
        return "", []
    day = DraftedKey("day", dates[0].name)
    if event := event_values(columns):
        return "events", [day, *event]
    title = plain(dates[0].column.label.partition(":")[0])
    kind = drafted_kind(stem, columns) or drafted_kind(title, columns)
    return ("sessions", [day, kind, *session_values(columns, weight)]) if kind else ("", [])


def _row(keys: Sequence[DraftedKey], columns: Mapping[str, PartColumn]) -> dict[str, Any]:
    """The keys with the names of one number's columns; nothing where the first of them is not there."""
    named = {key.key: _named(key.value, columns) for key in keys}
    return {key: value for key, value in named.items() if value is not None} if keys and named[keys[0].key] else {}


def _named(value: Any, columns: Mapping[str, PartColumn]) -> Any:
    """A value with the source's names of columns; None where there is no such column."""
    if isinstance(value, str):
        return columns[value].name if value in columns else None
    if not isinstance(value, Mapping) or "column" not in value:
        return value
    name = _named(value["column"], columns)
    return None if name is None else {**value, "column": name}
