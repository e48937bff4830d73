"""Drafts the blocks of the sessions: dosing and psychotherapy, with route, dose and what was measured."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.protocol.columns import TABLES
from training.intake.drafting.body_measures import drafted_weight
from training.intake.drafting.day_drafts import drafted_day
from training.intake.drafting.drafted import DraftedBlock, DraftedKey, question
from training.intake.drafting.parts import PartColumn, SourcePart, matching
from training.intake.drafting.value_drafts import described, drafted_value, knows_some
from training.intake.mapping_keys import OPEN
from training.intake.vocabulary.column_names import DOSE, SESSION_COLUMNS, fits

DECLARED = {column.name: column for column in TABLES["sessions"]}
_DOSING_TITLE = re.compile(r"(^|_)(dos(e|es|ing)?\d*|ketamine|kap|infusions?|medicine)(_|$)")
_THERAPY_TITLE = re.compile(r"(^|_)(ther(apy|apie)?\d*|psychotherap(y|ies)|integrations?)(_|$)")
_SESSIONS_TITLE = re.compile(r"(^|_)sessions?(_|$)")


def drafted_sessions(part: SourcePart, weight: dict[str, Any] | None) -> DraftedBlock | None:
    """The sessions' block of a part; None where nothing tells that its rows are sessions."""
    columns = list(part.columns.values())
    values = session_values(part.all_columns, weight)
    measured = {key.key for key in values} & {"route", "dose_mg_per_kg", "peak_dissociation"}
    kind = drafted_kind(part.words, columns) or _kind_by_dose(columns, part.words, bool(measured))
    day = drafted_day(part)
    if day is None or kind is None or (part.is_one_row_per_patient and not measured):
        return None
    return DraftedBlock("sessions", (day, kind, DraftedKey("session_number", {"convert": "by_date"}), *values))


def drafted_kind(words: str, columns: Sequence[PartColumn]) -> DraftedKey | None:
    """The kind of session, by a column whose values name it, else by the title of the part."""
    target = DECLARED["kind"]
    for one in columns:
        if fits(SESSION_COLUMNS["kind"], *one.names) and not one.is_date and knows_some(target, one):
            return drafted_value(target, one)
    if _DOSING_TITLE.search(words):
        return DraftedKey("kind", {"value": "dosing"})
    if _THERAPY_TITLE.search(words):
        return DraftedKey("kind", {"value": "psychotherapy"})
    return None


def _kind_by_dose(columns: Sequence[PartColumn], words: str, measured: bool) -> DraftedKey | None:
    """Dosing where every row has a route or a dose; else the question, if anything tells that these are sessions."""
    beside = [one.codes >= 0 for one in columns if fits(DOSE, *one.names) or fits(SESSION_COLUMNS["route"], *one.names)]
    if beside and np.logical_or.reduce(beside).all():
        return DraftedKey("kind", {"value": "dosing"}, "every row has a route or a dose")
    if not measured and not _SESSIONS_TITLE.search(words):
        return None
    asked = "Are these sessions of dosing or of psychotherapy?"
    return DraftedKey("kind", question(asked, DECLARED["kind"].categories, value=OPEN))


def session_values(columns: Sequence[PartColumn], weight: dict[str, Any] | None) -> list[DraftedKey]:
    """What was recorded of a session beside its day and kind."""
    keys = []
    for name, target in DECLARED.items():
        if name in ("patient_id", "day", "kind", "session_number", "dose_mg_per_kg"):
            continue
        pattern = f"(?:{SESSION_COLUMNS.get(name, name)}|{name})"
        for one in matching([one for one in columns if not one.is_date], pattern):
            key = drafted_value(target, one)
            if key is not None:
                keys.append(key)
                break
    return [*keys, *_dose(columns, weight)]


def _dose(columns: Sequence[PartColumn], weight: dict[str, Any] | None) -> list[DraftedKey]:
    """A dose in mg/kg, or in mg beside a weight; without a unit it is asked."""
    key = "dose_mg_per_kg"
    doses = [one for one in matching(columns, DOSE) if one.may_be_number]
    if not doses:
        return []
    one = doses[0]
    unit = "mg_kg" if one.plain.words in ("mgkg", "mg_kg") else one.plain.unit
    weight = drafted_weight(columns) or weight
    if unit == "mg_kg":
        return [DraftedKey(key, one.name, described(one))]
    by_weight = {"column": one.name, "weight_kg": weight, "convert": "per_kg"}
    if unit == "mg" and weight is not None:
        return [DraftedKey(key, by_weight, "from mg and the weight in kg")]
    if unit == "mg":
        asked = f"Which column of the patients holds the weight in kg, for the dose in mg of column {one.name}?"
        return [
            DraftedKey(key, question(asked, ["the name of a column"], **{**by_weight, "weight_kg": {"patients": OPEN}}))
        ]
    weighed = 'weight_kg = { patients = "the column with the weight" }, convert = "per_kg"'
    shown = f'{{ column = "{one.name}", {weighed} }}'
    asked = f"Is column {one.name} in mg/kg, or in mg?"
    return [DraftedKey(key, question(asked, [f'"{one.name}"', shown]))]
