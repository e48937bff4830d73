"""What was observed or measured about a drug exposure or procedure, as columns of it.

OMOP 5.4 links a row to another by the other's id and a concept that says of which table it is. Of several rows with one
concept about one event the highest number counts; texts and categories must agree, or the event has none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from training.intake.sources.omop_tables import ArrowTable

FIELDS: Mapping[str, int] = {"drug_exposure": 1147094, "procedure_occurrence": 1147082}
"""The concept of each table's own id, by which a row is linked to it; OMOP vocabularies [recalled]."""
_LINKING = {
    "measurement": ("measurement_concept_id", "measurement_event_id", "meas_event_field_concept_id"),
    "observation": ("observation_concept_id", "observation_event_id", "obs_event_field_concept_id"),
}
_VALUES = ("value_as_number", "value_as_concept_id", "value_as_string")


def linked_columns(event: str, tables: Mapping[str, ArrowTable], names: Mapping[int, str]) -> dict[str, Any]:
    """A column ``linked_ID`` per concept that is linked to rows of the table ``event``."""
    keys = tables[event].column(f"{event}_id").to_pylist()
    fields = {FIELDS[event]} | {number for number, name in names.items() if name.casefold().endswith(f"{event}_id")}
    found: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for table, linking in _LINKING.items():
        if table in tables:
            for concept, key, value in _linked(tables[table], *linking, fields):
                found[concept][key].append(value)
    columns = {}
    for concept in sorted(found):
        values = {key: _one(several) for key, several in found[concept].items()}
        columns[f"linked_{concept}"] = _array([values.get(key) for key in keys])
    return columns


def _linked(
    table: ArrowTable, concept: str, event: str, field: str, fields: set[int]
) -> Iterator[tuple[int, int, Any]]:
    """The concept, the event's id and the value of each row that is linked by one of the fields."""
    if event not in table.column_names or field not in table.column_names:
        return
    of_event = pc.is_in(table.column(field), pa.array(sorted(fields), pa.int64()))
    there = [name for name in (concept, event, *_VALUES) if name in table.column_names]
    for row in table.select(there).filter(of_event).to_pylist():
        value = _value(row)
        if row[event] is not None and value is not None:
            yield row[concept], row[event], value


def _value(row: Mapping[str, Any]) -> Any:
    """The number of a row, else the concept of its value, else its text."""
    number, answer, text = (row.get(name) for name in _VALUES)
    return number if number is not None else answer or text or None


def _one(values: list[Any]) -> Any:
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values):
        return max(numbers)
    return values[0] if all(value == values[0] for value in values) else None


def _array(values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {float}:
        return pa.array(values, pa.float64())
    if kinds <= {int}:
        return pa.array(values, pa.int64())
    return pa.array(
        [None if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    )
