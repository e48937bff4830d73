"""Reads an OMOP Common Data Model 5.4, from a folder or from PostgreSQL, as tables with what the import must join.

The joins are: the names of concepts as labels, the known ingredient of each drug, the clinic and the date of birth of
each person, and what was observed or measured about a drug exposure or procedure (``linked_ID``, by the event's id).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.source import Source, SourceColumn, SourceTable
from training.intake.sources.omop_concepts import OMOP_CONCEPTS, coded_name, ids_of
from training.intake.sources.omop_database import ADDRESS, open_database
from training.intake.sources.omop_files import find_files
from training.intake.sources.omop_links import linked_columns
from training.intake.sources.omop_same_day import same_day_columns
from training.intake.sources.omop_tables import CLINICAL, ArrowTable

INGREDIENT = "ingredient_concept_id"
_NOT_PASSED_ON = ("care_site",)
_KEYS = (
    *(f"{name}_id" for name in CLINICAL if name != "person"),
    *("measurement_event_id", "meas_event_field_concept_id", "observation_event_id", "obs_event_field_concept_id"),
)
"""Keys between tables, which the joins have used up."""


class TableReader(Protocol):
    """A place with the tables of a data model."""

    @property
    def not_read(self) -> tuple[str, ...]:
        """What else is there."""

    def clinical(self, table: str, /) -> ArrowTable | None:
        """A clinical table, whole."""

    def rows_about(self, table: str, column: str, ids: Any, /) -> ArrowTable | None:
        """The rows of a table of the vocabularies about some ids."""

    def place(self, table: str, /) -> str:
        """What a problem calls a table."""

    def digest(self, table: str, /) -> tuple[str, str]:
        """A table's place and the SHA-256 of its content."""


@dataclass(frozen=True)
class Vocabulary:
    """What the tables of the vocabularies say of the ids in use: names, and the known ingredients of drugs."""

    names: Mapping[int, str]
    ingredients: Mapping[int, int]


def read_omop(location: str | Path) -> Source:
    """The tables of a folder, or of the database at an address. Raises ``CohortRefusedError``."""
    if "://" in str(location):
        with open_database(str(location)) as database:
            return _source(database)
    folder = Path(location)
    if not folder.is_dir():
        required = f"a folder with tables of the OMOP Common Data Model, or {ADDRESS}"
        raise CohortRefusedError([Problem("SOURCE", None, None, required, "no folder of this name")])
    return _source(find_files(folder))


def _source(reader: TableReader) -> Source:
    tables = {name: content for name in CLINICAL if (content := reader.clinical(name)) is not None}
    vocabulary = _vocabulary(reader, tables)
    joined = _joined(tables, vocabulary)
    digests = dict(reader.digest(name) for name in tables)
    found = {
        name: _source_table(name, reader.place(name), content, vocabulary)
        for name, content in joined.items()
        if name not in _NOT_PASSED_ON
    }
    return Source("omop", MappingProxyType(found), MappingProxyType(digests), reader.not_read)


def _vocabulary(reader: TableReader, tables: Mapping[str, ArrowTable]) -> Vocabulary:
    used = {
        number
        for content in tables.values()
        for name in content.column_names
        if name.endswith("concept_id")
        for number in pc.unique(content.column(name)).to_pylist()
        if number
    }
    names = {number: concept.name for number, concept in OMOP_CONCEPTS.items() if number in used}
    rows = reader.rows_about("concept", "concept_id", used)
    for row in rows.to_pylist() if rows is not None else ():
        code = (str(row.get("vocabulary_id") or ""), str(row.get("concept_code") or ""))
        names[row["concept_id"]] = coded_name(str(row["concept_name"] or ""), code)
    return Vocabulary(names, _ingredients(reader, tables))


def _ingredients(reader: TableReader, tables: Mapping[str, ArrowTable]) -> dict[int, int]:
    """The known ingredient of each drug in use; a drug with two of them has none."""
    if "drug_exposure" not in tables:
        return {}
    known = set(ids_of("ingredient"))
    drugs = {number for number in pc.unique(tables["drug_exposure"].column("drug_concept_id")).to_pylist() if number}
    found: dict[int, set[int]] = {number: {number} for number in drugs & known}
    rows = reader.rows_about("concept_ancestor", "descendant_concept_id", drugs - known)
    for row in rows.to_pylist() if rows is not None else ():
        if row["ancestor_concept_id"] in known:
            found.setdefault(row["descendant_concept_id"], set()).add(row["ancestor_concept_id"])
    return {drug: next(iter(ingredients)) for drug, ingredients in found.items() if len(ingredients) == 1}


def _joined(tables: Mapping[str, ArrowTable], vocabulary: Vocabulary) -> dict[str, ArrowTable]:
    """The tables with the columns that come from others."""
    person = _with_birth_date(_with_care_site(tables["person"], tables.get("care_site")))
    joined = {**tables, "person": person}
    if "drug_exposure" in joined:
        drugs = joined["drug_exposure"].column("drug_concept_id")
        ingredients = pc.coalesce(_looked_up(drugs, vocabulary.ingredients, pa.int64()), drugs)
        joined["drug_exposure"] = joined["drug_exposure"].append_column(INGREDIENT, ingredients)
    for event in ("drug_exposure", "procedure_occurrence"):
        if event in joined and f"{event}_id" in joined[event].column_names:
            for name, values in linked_columns(event, joined, vocabulary.names).items():
                joined[event] = joined[event].append_column(name, values)
    if "drug_exposure" in joined:
        for name, values in same_day_columns(
            joined["drug_exposure"], tables.get("measurement"), vocabulary.names
        ).items():
            joined["drug_exposure"] = joined["drug_exposure"].append_column(name, values)
    return {name: _with_source_value(content, person) for name, content in joined.items()}


def _with_care_site(person: ArrowTable, sites: ArrowTable | None) -> ArrowTable:
    if sites is None or "care_site_id" not in person.column_names:
        return person
    label = "care_site_source_value" if "care_site_source_value" in sites.column_names else "care_site_name"
    if label not in sites.column_names:
        return person
    names = _as_texts(sites, "care_site_id", label)
    return person.append_column("care_site_source_value", _looked_up(person.column("care_site_id"), names, pa.string()))


def _with_birth_date(person: ArrowTable) -> ArrowTable:
    """The date of birth as ISO text, where year, month and day are recorded."""
    parts = ("year_of_birth", "month_of_birth", "day_of_birth")
    if not all(part in person.column_names for part in parts):
        return person
    rows = zip(*(person.column(part).to_pylist() for part in parts), strict=True)
    dates = [None if None in row else "{:04d}-{:02d}-{:02d}".format(*row) for row in rows]
    return person.append_column("birth_date", pa.array(dates, pa.string()))


def _with_source_value(content: ArrowTable, person: ArrowTable) -> ArrowTable:
    """The id of the patient in the clinic's own system, beside the person's id."""
    name = "person_source_value"
    if name not in person.column_names or "person_id" not in content.column_names or name in content.column_names:
        return content
    own = _as_texts(person, "person_id", name)
    return content.append_column(name, _looked_up(content.column("person_id"), own, pa.string()))


def _as_texts(table: ArrowTable, key: str, value: str) -> dict[int, str]:
    """From the ids of a table to another column as text, where both are recorded."""
    pairs = zip(table.column(key).to_pylist(), table.column(value).to_pylist(), strict=True)
    return {number: str(text) for number, text in pairs if number is not None and text is not None}


def _looked_up(keys: Any, values: Mapping[int, Any], kind: Any) -> Any:
    """The value of each key, null where there is none."""
    positions = pc.index_in(keys, value_set=pa.array(list(values), pa.int64()))
    return pa.array(list(values.values()), kind).take(positions.combine_chunks())


def _source_table(name: str, place: str, content: ArrowTable, vocabulary: Vocabulary) -> SourceTable:
    titles = [title for title in content.column_names if title not in _KEYS]
    columns = {title: _source_column(title, content.column(title), vocabulary) for title in titles}
    rows = np.arange(1, content.num_rows + 1, dtype=np.intp)
    if place.casefold().endswith(".csv"):
        rows += 1  # as a spreadsheet numbers them, below the header
    return SourceTable(name, columns, rows, place=place)


def _source_column(name: str, values: Any, vocabulary: Vocabulary) -> SourceColumn:
    encoded = pc.dictionary_encode(values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
    cells = tuple(encoded.dictionary.to_pylist())
    column = SourceColumn(name, codes, cells)
    joined = re.fullmatch(r"(linked|same_day|weight)_(\d+)", name)
    label = vocabulary.names.get(int(joined[2]), "") if joined else ""
    if not (name.endswith("concept_id") or joined):
        return column
    labels = {str(cell): vocabulary.names[cell] for cell in cells if isinstance(cell, int) and cell in vocabulary.names}
    return replace(column, label=label, labels=MappingProxyType(labels))
