"""Drafts a whole mapping: each part of the source is drafted for every table that its columns fit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from training.intake.drafting.body_measures import drafted_weight
from training.intake.drafting.checkbox_question import checkbox_questions
from training.intake.drafting.day_drafts import drafted_format, has_offsets
from training.intake.drafting.drafted import DraftedBlock, DraftedKey, question
from training.intake.drafting.group_draft import drafted_groups
from training.intake.drafting.missing_codes import drafted_missing
from training.intake.drafting.other_drafts import (
    dated_events,
    drafted_events,
    drafted_treatments,
    ticked_treatments,
)
from training.intake.drafting.parts import SourcePart, parts_of
from training.intake.drafting.patient_draft import drafted_patients, has_patient_columns
from training.intake.drafting.rating_draft import drafted_ratings
from training.intake.drafting.session_draft import drafted_sessions
from training.intake.drafting.toml_text import toml_text
from training.intake.drafting.unused import unused_columns
from training.intake.source import Source, undated
from training.intake.sources.omop_draft import omop_blocks, omop_identifier

TABLE_ORDER = ("patients", "prior_treatments", "sessions", "assessments", "events")


def draft_mapping(source: Source) -> str:
    """The mapping of a source as TOML text, with a question wherever the source does not tell."""
    parts = parts_of(source)
    is_omop = source.kind == "omop"
    usual = omop_identifier(source) if is_omop else _usual_identifier(parts)
    blocks = _omop_blocks(source) if is_omop else _sorted([b for part in parts for b in _blocks(part, _weight(parts))])
    blocks = [_with_source(block, source) for block in blocks]
    asked = question("Which column holds the id of the patient?", _column_names(source))
    dated = [(part.table.name, name) for part in parts for name, one in part.columns.items() if one.is_date]
    head = {
        "source": source.kind,
        "identifier": usual or asked,
        "time_zone": _time_zone(dated, source),
        "format": drafted_format(dated, source),
        "missing": None if is_omop else drafted_missing(parts),
        "day_0": _day_0(blocks),
        "checkboxes": checkbox_questions(parts, blocks),
    }
    return toml_text(head, [_without_usual(block, usual) for block in blocks], unused_columns(source, blocks, usual))


def _usual_identifier(parts: Sequence[SourcePart]) -> str | None:
    """The name that most parts have for the column of the patient's id."""
    identifiers = [part.identifier for part in parts]
    return max(identifiers, key=identifiers.count) if identifiers else None


def _omop_blocks(source: Source) -> list[DraftedBlock]:
    """The blocks of an OMOP data model, which its concepts tell."""
    return [
        DraftedBlock(table, tuple(DraftedKey(key, value) for key, value in block.items()))
        for table, blocks in omop_blocks(source).items()
        for block in blocks
    ]


def _without_usual(block: DraftedBlock, usual: str | None) -> DraftedBlock:
    return replace(block, keys=tuple(key for key in block.keys if key.key != "id" or key.value != usual))


def _blocks(part: SourcePart, weight: dict[str, Any] | None) -> list[DraftedBlock]:
    """The blocks of one part. A part whose rows name an event or an earlier treatment is nothing else."""
    events, treatments = drafted_events(part), drafted_treatments(part)
    if part.is_one_row_per_patient and has_patient_columns(part):
        found = [drafted_patients(part), ticked_treatments(part), dated_events(part), *drafted_ratings(part)]
        return _placed(part, [*found, *drafted_groups(part, weight)])
    ratings = drafted_ratings(part)
    if ratings:
        return _placed(part, ratings)
    if events or treatments:
        return _placed(part, [events or treatments])
    return _placed(part, [drafted_sessions(part, weight)])


def _placed(part: SourcePart, blocks: Sequence[DraftedBlock | None]) -> list[DraftedBlock]:
    """The blocks with the table and the rows that they come from."""
    place = [DraftedKey("from", part.table.name), DraftedKey("id", part.identifier)]
    place += [DraftedKey("where", {name: list(texts) for name, texts in part.where.items()})] if part.where else []
    return [replace(block, keys=(*place, *block.keys)) for block in blocks if block is not None]


def _with_source(block: DraftedBlock, source: Source) -> DraftedBlock:
    """The block with a star for the date in the name of its table, where one table alone fits then."""
    keys = [
        replace(key, value=undated(key.value))
        if key.key == "from" and [undated(name) for name in source.tables].count(undated(key.value)) == 1
        else key
        for key in block.keys
    ]
    return replace(block, keys=tuple(keys))


def _weight(parts: Sequence[SourcePart]) -> dict[str, Any] | None:
    """The column of the patients' own rows with their weight in kg."""
    for part in parts:
        weight = drafted_weight(list(part.columns.values()), "patients") if part.is_one_row_per_patient else None
        if weight is not None:
            return weight
    return None


def _sorted(blocks: Sequence[DraftedBlock]) -> list[DraftedBlock]:
    """The blocks in the order of the tables; ticked treatments only where nothing tells more about them."""
    whole = [one for one in blocks if one.table == "prior_treatments" and not _is_ticked(one)]
    kept = [one for one in blocks if not (whole and _is_ticked(one))]
    order: Callable[[DraftedBlock], int] = lambda one: TABLE_ORDER.index(one.table)  # noqa: E731
    return sorted(kept, key=order)


def _is_ticked(block: DraftedBlock) -> bool:
    return block.comment == "ticked choices"


def _time_zone(dated: Sequence[tuple[str, str]], source: Source) -> Any:
    if not has_offsets(dated, source):
        return None
    return question(
        "In which time zone is the clinic?", ["Europe/Berlin", "America/New_York", "another name of this kind"]
    )


def _day_0(blocks: Sequence[DraftedBlock]) -> Any:
    if any(block.table == "sessions" for block in blocks):
        return "first_dosing_session"
    asked = "No dosing sessions were found. What is day 0? For an index date, add index = the column with it."
    return question(asked, ["first_dosing_session", "index"])


def _column_names(source: Source) -> list[str]:
    names = dict.fromkeys(name for table in source.tables.values() for name in table.columns)
    return list(names)[:20]
