"""The concepts that a data model uses, what each may mean, and the questions about those that are not known.

A question tells the id, the name, the number of rows and the guess; a question mark stands for the answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from training.intake.mapping_keys import OPEN
from training.intake.source import SourceTable, text_of
from training.intake.sources.omop_concepts import Domain, concept_of
from training.intake.sources.omop_names import guess

Node: TypeAlias = Any
"""A value of a TOML document: a text, a list or a table of keys."""
NO_ANSWER = 'an empty text ("") is none of them'
Meaning: TypeAlias = Callable[[str, str], tuple[str, bool]]
"""From the id and name of a concept: what it means, empty for nothing, and whether that is known."""


@dataclass(frozen=True)
class UsedConcept:
    """A concept in a column: its id as text, its name, its rows, what it means, and whether that is known."""

    number: str
    name: str
    rows: int
    meaning: str
    known: bool

    def described(self) -> str:
        """The concept for a question."""
        return f"{self.number} is '{self.name}' ({self.rows:,} rows{f'; {self.meaning}?' if self.meaning else ''})"


def used_concepts(table: SourceTable, column: str, meaning: Meaning) -> list[UsedConcept]:
    """The concepts of a column that mean something, by ``meaning`` of id and name, with their rows."""
    if column not in table.columns:
        return []
    cells = table.columns[column]
    counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.values))
    found = []
    for value, rows in zip(cells.values, counts.tolist(), strict=True):
        number = text_of(value)
        name = cells.labels.get(number, "")
        means, known = meaning(number, name)
        if means:
            found.append(UsedConcept(number, name, rows, means, known))
    return sorted(found, key=lambda one: -one.rows)


def of_domain(domain: Domain, kind: str) -> Meaning:
    """The meaning of a concept by the built-in list, else by its name; known only where its id was seen."""

    def meaning(number: str, name: str) -> tuple[str, bool]:
        concept = concept_of(number, name)
        if concept is not None:
            return (concept.meaning, concept.is_seen) if concept.domain == domain else ("", False)
        return guess(kind, name), False

    return meaning


def by_name(kind: str) -> Meaning:
    """The meaning of a concept that only its name shows."""
    return lambda _, name: (guess(kind, name), False)


def coded(column: str, concepts: Iterable[UsedConcept], asks: str, candidates: Iterable[str]) -> dict[str, Node]:
    """A value from a column of concepts: known ones answered, the others asked for."""
    listed = list(concepts)
    values = {one.number: one.meaning if one.known else OPEN for one in listed}
    node: dict[str, Node] = {"column": column, "values": values}
    unknown = [one for one in listed if not one.known]
    if not unknown:
        return node
    listed_names = "; ".join(one.described() for one in unknown)
    return {"question": f"{asks} {listed_names}; {NO_ANSWER}.", **node, "candidates": list(candidates)}


def numbers_of(concepts: Iterable[UsedConcept]) -> list[str]:
    """The ids of concepts as texts."""
    return [one.number for one in concepts]


def has_cells(table: SourceTable, column: str, rows: Any = None) -> bool:
    """Whether a column is there and holds anything, in some rows."""
    if column not in table.columns:
        return False
    codes = table.columns[column].codes
    return bool((codes if rows is None else codes[rows]).max(initial=-1) >= 0)


def distinct_texts(table: SourceTable, column: str, rows: Any = None) -> list[str]:
    """The distinct cells of a column as texts, in some rows."""
    if column not in table.columns:
        return []
    cells = table.columns[column]
    codes = np.unique(cells.codes if rows is None else cells.codes[rows])
    return [text_of(cells.values[code]) for code in codes if code >= 0]


def rows_with(table: SourceTable, key: str, used: Iterable[UsedConcept]) -> Any:
    """A mask of the rows with one of the concepts."""
    numbers = set(numbers_of(used))
    column = table.columns[key]
    fits = np.array([*(text_of(value) in numbers for value in column.values), False])
    return fits[column.codes]


def some_rows(table: SourceTable, rows: Any) -> SourceTable:
    """Some rows of a table."""
    columns = {name: replace(column, codes=column.codes[rows]) for name, column in table.columns.items()}
    return replace(table, columns=columns, rows=table.rows[rows])


def is_alone(table: SourceTable, key: str, numbers: Iterable[str]) -> bool:
    """Whether no patient has two different ones of the concepts."""
    wanted, column = set(numbers), table.columns[key]
    fits = np.array([*(text_of(value) in wanted for value in column.values), False])[column.codes]
    pairs = np.unique(np.column_stack([table.columns["person_id"].codes[fits], column.codes[fits]]), axis=0)
    return len(np.unique(pairs[:, 0])) == len(pairs)
