"""Drafts blocks from numbered groups of columns, such as ``dose1_date``, ``dose1_route``, ``dose2_date``."""

import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from training.intake.drafting.drafted import DraftedBlock, DraftedKey
from training.intake.drafting.names import plain
from training.intake.drafting.other_drafts import event_values, treatment_values
from training.intake.drafting.parts import Part, PartColumn
from training.intake.drafting.session_draft import drafted_kind, session_values

_GROUPED = re.compile(r"([a-z]+(?:_[a-z]+)*?)_?0*(\d{1,3})_([a-z]\w*)")
_Groups = dict[str, dict[int, list[PartColumn]]]


def grouped_columns(part: Part) -> _Groups:
    """The columns of each numbered group by the group's name and number; each knows its name within the group."""
    groups: _Groups = defaultdict(lambda: defaultdict(list))
    for name, column in part.columns.items():
        if match := _GROUPED.fullmatch(plain(name)):
            groups[match[1]][int(match[2])].append(replace(column, alias=match[3]))
    return {stem: numbers for stem, numbers in groups.items() if any(map(_has_date, numbers.values()))}


def _has_date(columns: list[PartColumn]) -> bool:
    return any(one.is_date for one in columns)


def drafted_groups(part: Part, weight: dict[str, Any] | None) -> list[DraftedBlock]:
    """A block per group of columns that is sessions, events or earlier treatments."""
    blocks = []
    for stem, numbers in grouped_columns(part).items():
        drafts = [_drafted_row(stem, columns, weight) for _, columns in sorted(numbers.items())]
        tables = {table for table, _ in drafts if table}
        if len(tables) == 1:
            rows = [{key.key: key.value for key in keys} for table, keys in drafts if table]
            blocks.append(DraftedBlock(tables.pop(), (DraftedKey("rows", rows),), f"columns {stem}1, {stem}2 ..."))
    return blocks


def _drafted_row(stem: str, columns: list[PartColumn], weight: dict[str, Any] | None) -> tuple[str, list[DraftedKey]]:
    """The table of one group of columns, empty for none, with its keys."""
    treatment, event = treatment_values(columns), event_values(columns)
    if treatment:
        return "prior_treatments", treatment
    dates = [one for one in columns if one.is_date]
    day = drafted_day_of(columns)
    if event and day:
        return "events", [day, *event]
    label = plain(dates[0].column.label.partition(":")[0]) if dates else ""
    kind = drafted_kind(stem, columns) or drafted_kind(re.sub(r"_?\d+", "", label), columns)
    if kind and day:
        return "sessions", [day, kind, *session_values(columns, weight)]
    return "", []


def drafted_day_of(columns: list[PartColumn]) -> DraftedKey | None:
    """The only date of a group of columns."""
    dates = [one for one in columns if one.is_date]
    return DraftedKey("day", dates[0].name) if len(dates) == 1 else None
