"""Drafts the blocks of the patients: persons, what was observed of them once, diagnoses and comorbidities."""

from collections.abc import Iterable

import numpy as np

from features.protocol.columns import DIAGNOSES, SEXES
from training.intake.mapping_keys import OPEN
from training.intake.source import Source, SourceTable, text_of
from training.intake.sources.omop_concepts import OMOP_CONCEPTS
from training.intake.sources.omop_questions import (
    NO_ANSWER,
    Node,
    UsedConcept,
    by_name,
    coded,
    distinct_texts,
    has_cells,
    is_alone,
    numbers_of,
    of_domain,
    used_concepts,
)

PRIMARY = "32902"
"""Status of a primary diagnosis; a listing of concept ids of a health system [seen]."""
_FLAGS_OF_CONDITIONS = {
    "depression": "comorbid_depression",
    "ptsd": "comorbid_ptsd",
    "substance_use": "comorbid_substance_use",
    "comorbid_personality_disorder": "comorbid_personality_disorder",
    "insomnia": "insomnia",
    "psychosis_history": "psychosis_history",
    "mania_history": "mania_history",
}


def patient_blocks(source: Source) -> list[dict[str, Node]]:
    """The blocks of one row per patient."""
    return [*_persons(source), *_patient_facts(source), *_conditions(source)]


def _persons(source: Source) -> list[dict[str, Node]]:
    """The block of the persons themselves."""
    person = source.tables["person"]
    block: dict[str, Node] = {"from": "person"}
    if has_cells(person, "care_site_source_value"):
        block["site_id"] = "care_site_source_value"
    if has_cells(person, "birth_date"):
        block["age_years"] = {"column": "birth_date", "convert": "age_at_day_0"}
    elif has_cells(person, "year_of_birth"):
        asks = "Only the year of birth is recorded: an age from it can be a year too high. Use it?"
        block["age_years"] = {"question": asks, "column": OPEN, "convert": "years_until_day_0",
                              "candidates": ["year_of_birth"]}  # fmt: skip

    def sex(number: str, _: str) -> tuple[str, bool]:
        concept = OMOP_CONCEPTS.get(int(number))
        return (concept.meaning, True) if concept and concept.domain == "sex" else ("intersex", False)

    sexes = used_concepts(person, "gender_concept_id", sex)
    if sexes:
        unrecorded = {"0": ""} if "0" in numbers_of(sexes) else {}
        block["sex"] = coded("gender_concept_id", [one for one in sexes if one.number != "0"],
                             "Which sex is each concept?", SEXES)  # fmt: skip
        block["sex"]["values"] |= unrecorded
    return [block]


def _patient_facts(source: Source) -> list[dict[str, Node]]:
    """A block per concept that its name makes a column of the patients: a number, or yes and no."""
    blocks = []
    for name in ("observation", "measurement"):
        table = source.tables.get(name)
        if table is None:
            continue
        key = f"{name}_concept_id"
        for one in used_concepts(table, key, by_name("patient_number")):
            asks = f"Is this the column {one.meaning}, in its unit? {one.described()}; else delete the block."
            value = {"question": asks, "column": OPEN, "candidates": ["value_as_number"]}
            blocks.append({"from": name, "where": {key: [one.number]}, one.meaning: value})
        blocks += [
            {"from": name, "where": {key: [one.number]}, one.meaning: _yes_or_no(table, key, one)}
            for one in used_concepts(table, key, by_name("patient_flag"))
        ]
    return blocks


def _yes_or_no(table: SourceTable, key: str, concept: UsedConcept) -> dict[str, Node]:
    """The answers to one observation as true and false."""
    column = table.columns.get("value_as_concept_id")
    asks = f"Is this the column {concept.meaning}, and which answer says what? {concept.described()}"
    if column is None:
        return {"question": f"{asks}.", "value": OPEN, "candidates": ["true"]}
    of_concept = table.columns[key].codes == [text_of(one) for one in table.columns[key].values].index(concept.number)
    used = sorted({text_of(column.values[code]) for code in np.unique(column.codes[of_concept]) if code >= 0})
    listed_names = "; ".join(f"{number} is '{column.labels.get(number, '')}'" for number in used)
    return {
        "question": f"{asks}; {listed_names}; {NO_ANSWER}.",
        "column": "value_as_concept_id",
        "values": dict.fromkeys(used, OPEN),
        "candidates": ["true", "false"],
    }


def _conditions(source: Source) -> list[dict[str, Node]]:
    """The main diagnosis, and flags for what a condition says beside it."""
    table = source.tables.get("condition_occurrence")
    if table is None:
        return []
    key = "condition_concept_id"
    used = used_concepts(table, key, of_domain("condition", "diagnosis"))
    main = [one for one in used if one.meaning in DIAGNOSES]
    if not main:
        return _flags(used, ())
    block: dict[str, Node] = {"from": table.name, "where": {key: numbers_of(main)}}
    asks = "Which main diagnosis is each concept?"
    if is_alone(table, key, numbers_of(main)):
        return [{**block, "diagnosis": coded(key, main, asks, DIAGNOSES)},
                *_flags([one for one in used if one not in main], ())]  # fmt: skip
    if PRIMARY in distinct_texts(table, "condition_status_concept_id"):
        block["where"]["condition_status_concept_id"] = [PRIMARY]
        others = tuple(text for text in distinct_texts(table, "condition_status_concept_id") if text != PRIMARY)
        return [{**block, "diagnosis": coded(key, main, asks, DIAGNOSES)}, *_flags(used, others)]
    open_ones = [UsedConcept(one.number, one.name, one.rows, one.meaning, known=False) for one in main]
    asks = "Some patients have several of these conditions. Which are main diagnoses, and which only comorbid?"
    return [{**block, "diagnosis": coded(key, open_ones, asks, DIAGNOSES)}, *_flags(used, ())]


def _flags(used: Iterable[UsedConcept], statuses: tuple[str, ...]) -> list[dict[str, Node]]:
    """A block per flag of a patient that conditions set; what is not recorded stays not recorded."""
    groups: dict[str, list[UsedConcept]] = {}
    for one in used:
        if one.meaning in _FLAGS_OF_CONDITIONS and one.known:
            groups.setdefault(_FLAGS_OF_CONDITIONS[one.meaning], []).append(one)
    blocks = []
    for flag, concepts in groups.items():
        where = {"condition_concept_id": numbers_of(concepts)}
        if statuses:
            where["condition_status_concept_id"] = [*statuses, ""]
        blocks.append({"from": "condition_occurrence", "where": where, flag: {"value": True}})
    return blocks
