"""Drafts the blocks of the events and of the earlier treatments, from rows, checkboxes or single dates."""

from collections.abc import Sequence

from features.protocol.columns import TABLES
from training.intake.drafting.day_drafts import drafted_day
from training.intake.drafting.drafted import DraftedBlock, DraftedKey, question
from training.intake.drafting.parts import PartColumn, SourcePart, matching
from training.intake.drafting.value_drafts import drafted_value, knows_some
from training.intake.vocabulary.category_names import category_of
from training.intake.vocabulary.column_names import EVENT, EVENT_DATES, TREATMENT_COLUMNS

_EVENTS = {column.name: column for column in TABLES["events"]}
_TREATMENTS = {column.name: column for column in TABLES["prior_treatments"]}


def drafted_events(part: SourcePart) -> DraftedBlock | None:
    """The events' block of a part whose rows name an event; None for other parts."""
    keys = event_values(list(part.columns.values()))
    day = drafted_day(part) if keys else None
    return DraftedBlock("events", (day, *keys)) if keys and day else None


def event_values(columns: Sequence[PartColumn]) -> list[DraftedKey]:
    """The event, by a column at least half of whose words or labels are known events."""
    for one in matching(columns, EVENT):
        if not one.is_date and knows_some(_EVENTS["event"], one):
            key = drafted_value(_EVENTS["event"], one)
            return [key] if key else []
    return []


def dated_events(part: SourcePart) -> DraftedBlock | None:
    """Events that have a date column each in the patients' own rows."""
    columns = [one for one in part.columns.values() if one.is_date]
    rows = [
        {"day": one.name, "event": {"value": event}}
        for event, pattern in EVENT_DATES.items()
        for one in matching(columns, pattern)[:1]
    ]
    return DraftedBlock("events", (DraftedKey("rows", rows),)) if rows else None


def drafted_treatments(part: SourcePart) -> DraftedBlock | None:
    """The block of earlier treatments of a part whose rows name one; None for other parts."""
    keys = treatment_values(list(part.columns.values()))
    return DraftedBlock("prior_treatments", (*ended_question(keys), *keys)) if keys else None


def ended_question(keys: Sequence[DraftedKey]) -> list[DraftedKey]:
    """Whether treatments had ended by day 0, where no column tells it: a cohort takes one without an end as running."""
    if any(key.key == "end_day" for key in keys):
        return []
    asked = (
        "No column tells when these treatments ended. Had they ended by day 0 (yes; the day is then taken as 0), or "
        "did they still run (no)? A row may have its own answer, such as that of benzodiazepines, where running counts."
    )
    return [DraftedKey("ended", question(asked, ["yes", "no"]))]


def treatment_values(columns: Sequence[PartColumn]) -> list[DraftedKey]:
    """What is known of an earlier treatment; nothing where no column has names of treatments."""
    keys: list[DraftedKey] = []
    for name, pattern in TREATMENT_COLUMNS.items():
        target = _TREATMENTS[name]
        for one in matching(columns, pattern):
            if target.kind == "day":
                key = DraftedKey(name, one.name) if one.is_date else None
            elif target.kind == "category" and not knows_some(target, one):
                key = None
            else:
                key = drafted_value(target, one)
            if key is not None:
                keys.append(key)
                break
    return keys if any(key.key == "treatment" for key in keys) else []


def ticked_treatments(part: SourcePart) -> DraftedBlock | None:
    """A row per ticked choice of a checkbox whose label is a class of treatment."""
    rows = []
    for one in part.columns.values():
        label = one.column.labels.get("1", "") if one.is_checkbox else ""
        treatment = category_of("treatment", label, _TREATMENTS["treatment"].categories) if label else None
        if treatment and not matching([one], r".*comorb.*"):
            rows.append({"when": one.name, "treatment": {"value": treatment}})
    keys = (*ended_question([]), DraftedKey("rows", rows))
    return DraftedBlock("prior_treatments", keys, "ticked choices") if rows else None
