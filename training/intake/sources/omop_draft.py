"""Drafts the blocks of a mapping of an OMOP data model from the concepts that it holds.

Concepts of the built-in list whose id was seen are answered. Every other one that its name suggests stands as a
question mark beside a question that tells the name, the rows and the guess; a person answers it.
"""

from typing import Any

from features.protocol.columns import EVENTS, ROUTES, TREATMENT_OUTCOMES, TREATMENTS
from features.protocol.instruments import INSTRUMENTS
from training.intake.mapping_keys import OPEN
from training.intake.source import Source, SourceTable
from training.intake.sources.omop import INGREDIENT
from training.intake.sources.omop_draft_patients import patient_blocks
from training.intake.sources.omop_names import guess
from training.intake.sources.omop_questions import (
    NO_ANSWER,
    Node,
    UsedConcept,
    by_name,
    coded,
    distinct_texts,
    has_cells,
    numbers_of,
    of_domain,
    rows_with,
    some_rows,
    used_concepts,
)


def omop_blocks(source: Source) -> dict[str, list[dict[str, Node]]]:
    """The drafted blocks of every table of a cohort, by the keys of a mapping."""
    return {
        "patients": patient_blocks(source),
        "prior_treatments": [*_earlier_drugs(source), *_earlier_procedures(source)],
        "sessions": [*_dosing(source), *_psychotherapy(source)],
        "assessments": [*_ratings(source, "measurement"), *_ratings(source, "observation")],
        "events": [*_observed_events(source), *_recorded_events(source)],
    }


def omop_identifier(source: Source) -> str:
    """The column that names the patient in every table."""
    return "person_id" if "person_id" in source.tables["person"].columns else "person_source_value"


def _earlier_drugs(source: Source) -> list[dict[str, Node]]:
    table = source.tables.get("drug_exposure")
    if table is None:
        return []
    used = used_concepts(table, INGREDIENT, of_domain("ingredient", "ingredient"))
    drugs = [one for one in used if one.meaning != "ketamine"]
    dates = ("drug_exposure_start_date", "drug_exposure_end_date")
    return _earlier(table, INGREDIENT, drugs, dates)


def _earlier_procedures(source: Source) -> list[dict[str, Node]]:
    table = source.tables.get("procedure_occurrence")
    if table is None:
        return []
    used = used_concepts(table, "procedure_concept_id", of_domain("procedure", "procedure"))
    before = [one for one in used if one.meaning != "other_psychotherapy" or not _is_of_programme(one)]
    return _earlier(table, "procedure_concept_id", before, ("procedure_date", "procedure_end_date"))


def _earlier(table: SourceTable, key: str, used: list[UsedConcept], dates: tuple[str, str]) -> list[dict[str, Node]]:
    """Treatments before day 0, with what was observed about each."""
    if not used:
        return []
    block: dict[str, Node] = {"from": table.name, "where": {key: numbers_of(used)}}
    block["treatment"] = coded(key, used, "Which class of treatment is each concept?", TREATMENTS)
    block["start_day"] = dates[0]
    if has_cells(table, dates[1]):
        block["end_day"] = dates[1]
    return [block | _linked_values(table, "history", rows_with(table, key, used))]


def _dosing(source: Source) -> list[dict[str, Node]]:
    table = source.tables.get("drug_exposure")
    if table is None:
        return []
    used = used_concepts(table, INGREDIENT, of_domain("ingredient", "ingredient"))
    doses = [one for one in used if one.meaning == "ketamine"]
    if not doses:
        asks = "No exposure to ketamine was found. Which ingredient is it?"
        return [{"from": table.name, "where": {INGREDIENT: [OPEN]}, "kind": {"question": asks, "value": OPEN}}]
    block: dict[str, Node] = {
        "from": table.name,
        "where": {INGREDIENT: numbers_of(doses)},
        "day": "drug_exposure_start_date",
        "kind": {"value": "dosing"},
        "session_number": {"convert": "by_date"},
    }
    unseen = [one for one in doses if not one.known]
    if unseen:
        listed_names = "; ".join(one.described() for one in unseen)
        asks = f"Is each exposure to these a dosing session of the programme? {listed_names}; if so, put dosing."
        block["kind"] = {"question": asks, "value": OPEN, "candidates": ["dosing"]}
    rows = rows_with(table, INGREDIENT, doses)
    routes = used_concepts(some_rows(table, rows), "route_concept_id", of_domain("route", "route"))
    if routes:
        block["route"] = coded("route_concept_id", routes, "Which route is each concept?", ROUTES)
        others = [one for one in distinct_texts(table, "route_concept_id", rows) if one not in numbers_of(routes)]
        block["route"]["values"] |= {one: "" if one == "0" else OPEN for one in others}
        if set(others) - {"0"}:
            block["route"].setdefault("question", "Which route is each concept, if any of the candidates?")
            block["route"]["candidates"] = list(ROUTES)
    return [block | _dose(table, rows) | _linked_values(table, "session", rows)]


def _dose(table: SourceTable, rows: Any) -> dict[str, Node]:
    """The dose, where the quantity says it in mg per kg; else a question."""
    if not has_cells(table, "quantity", rows):
        return {}
    units = [unit.casefold() for unit in distinct_texts(table, "dose_unit_source_value", rows)]
    if units == ["mg/kg"]:
        return {"dose_mg_per_kg": "quantity"}
    weights = [name for name in table.columns if name.startswith("weight_") and has_cells(table, name, rows)]
    if units == ["mg"] and weights:
        label = table.columns[weights[0]].label
        asks = f"Is the quantity a dose in mg, and '{label}' in kg the last weight before it? If not, delete the key."
        node = {"question": asks, "column": OPEN, "convert": "per_kg", "weight_kg": weights[0]}
        return {"dose_mg_per_kg": {**node, "candidates": ["quantity"]}}
    shown = f"; its units are {', '.join(units[:5])}" if units else ""
    asks = f"Is the quantity of a ketamine exposure a dose in mg/kg{shown}? If not, delete the key."
    return {"dose_mg_per_kg": {"question": asks, "column": OPEN, "candidates": ["quantity"]}}


def _psychotherapy(source: Source) -> list[dict[str, Node]]:
    table = source.tables.get("procedure_occurrence")
    if table is None:
        return []
    key = "procedure_concept_id"
    used = used_concepts(table, key, of_domain("procedure", "procedure"))
    therapy = [one for one in used if one.meaning == "other_psychotherapy"]
    programme = [one for one in therapy if _is_of_programme(one)]
    if not therapy:
        return []
    listed_names = "; ".join(one.described() for one in programme or therapy)
    asks = f"Are these sessions of psychotherapy of the ketamine programme? {listed_names}; if not, delete the block."
    return [
        {
            "from": table.name,
            "where": {key: numbers_of(programme or therapy)},
            "day": "procedure_date",
            "kind": {"question": asks, "value": OPEN, "candidates": ["psychotherapy"]},
            "session_number": {"convert": "by_date"},
        }
    ]


def _is_of_programme(concept: UsedConcept) -> bool:
    """Whether the name of a procedure says that it belongs to the treatment itself."""
    return any(
        word in concept.name.casefold() for word in ("ketamine", "programme", "program", "integration", "session")
    )


def _linked_values(table: SourceTable, kind: str, rows: Any) -> dict[str, Node]:
    """What is linked to the rows, for the columns that the names of its concepts suggest."""
    found: dict[str, Node] = {}
    for name, column in table.columns.items():
        column_name = guess(kind, column.label) if name.startswith(("linked_", "same_day_")) else ""
        if not column_name or column_name in found or not has_cells(table, name, rows):
            continue
        seen = "the highest of the day" if name.startswith("same_day_") else "observed about these rows"
        asks = f"Is '{column.label}', {seen}, the column {column_name}?"
        used = distinct_texts(table, name, rows)
        if column_name in ("adequate", "adverse_event", "outcome"):
            listed_names = "; ".join(f"{one} is '{column.labels.get(one, '')}'" for one in used)
            choices = TREATMENT_OUTCOMES if column_name == "outcome" else ("true", "false")
            found[column_name] = {
                "question": f"{asks} Which answer says what? {listed_names}; {NO_ANSWER}.",
                "column": name,
                "values": dict.fromkeys(used, OPEN),
                "candidates": list(choices),
            }
        else:
            found[column_name] = {"question": f"{asks} If not, delete the key.", "column": OPEN, "candidates": [name]}
    return found


def _ratings(source: Source, name: str) -> list[dict[str, Node]]:
    table = source.tables.get(name)
    if table is None:
        return []
    key = f"{name}_concept_id"
    used = used_concepts(table, key, of_domain("scale", "scale"))
    if not used:
        return []
    instrument = coded(key, used, "Which rating scale is the total score of each concept?", INSTRUMENTS)
    block = {"from": name, "where": {key: numbers_of(used)}, "day": f"{name}_date", "instrument": instrument}
    return [{**block, "score": "value_as_number"}]


def _observed_events(source: Source) -> list[dict[str, Node]]:
    table = source.tables.get("observation")
    if table is None:
        return []
    key = "observation_concept_id"
    used = used_concepts(table, key, by_name("event"))
    if not used:
        return []
    event = coded(key, used, "Which event is each concept?", EVENTS)
    return [{"from": table.name, "where": {key: numbers_of(used)}, "day": "observation_date", "event": event}]


def _recorded_events(source: Source) -> list[dict[str, Node]]:
    """Deaths, the end of observation, and inpatient visits, each from its own table."""
    blocks: list[dict[str, Node]] = []
    if "death" in source.tables:
        blocks.append({"from": "death", "day": "death_date", "event": {"value": "death"}})
    if "observation_period" in source.tables:
        day = "observation_period_end_date"
        blocks.append({"from": "observation_period", "day": day, "event": {"value": "end_of_follow_up"}})
    visits = source.tables.get("visit_occurrence")
    if visits is not None and "9201" in distinct_texts(visits, "visit_concept_id"):
        asks = "Is every inpatient visit a psychiatric hospitalisation? If not, delete the block or narrow its rows."
        event = {"question": asks, "value": OPEN, "candidates": ["hospitalisation"]}
        where = {"visit_concept_id": ["9201"]}
        blocks.append({"from": visits.name, "where": where, "day": "visit_start_date", "event": event})
    return blocks
