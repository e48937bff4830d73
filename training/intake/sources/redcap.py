"""A REDCap export: which of the files is the data dictionary, and what it says of the columns of the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from training.intake.source import SourceColumn, SourceTable, text_of

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
DATA_ACCESS_GROUP = "redcap_data_access_group"
_FIELD = ("variable / field name", "field_name")
_FORM = ("form name", "form_name")
_TYPE = ("field type", "field_type")
_LABEL = ("field label", "field_label")
_CHOICES = ("choices, calculations, or slider labels", "select_choices_or_calculations")
_VALIDATION = ("text validation type or show slider number", "text_validation_type_or_show_slider_number")
_YES_NO = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_WITH_CHOICES = ("radio", "dropdown", "checkbox")


@dataclass(frozen=True)
class DictionaryField:
    """What the dictionary says of one field: its type, its label, and the label of each code."""

    name: str
    kind: str
    label: str
    choices: Mapping[str, str]
    form: str


def is_dictionary(table: SourceTable) -> bool:
    """Whether a table is a data dictionary: it has the names of fields and their types."""
    return _column(table, _FIELD) is not None and _column(table, _TYPE) is not None


def is_export(table: SourceTable) -> bool:
    """Whether a table is an export: it has columns that REDCap adds."""
    return bool({EVENT, INSTRUMENT, DATA_ACCESS_GROUP} & set(table.columns))


def dictionary_fields(table: SourceTable) -> dict[str, DictionaryField]:
    """The fields of a data dictionary, by name; the official one has eighteen columns, of which these are read."""
    texts = [_texts(table, names) for names in (_FIELD, _TYPE, _LABEL, _CHOICES, _VALIDATION, _FORM)]
    fields = {}
    for name, kind, label, choices, validation, form in zip(*texts, strict=True):
        if name:
            is_date = validation.casefold().startswith(("date_", "datetime_"))
            given = _YES_NO.get(kind.casefold()) or (_choices(choices) if kind.casefold() in _WITH_CHOICES else {})
            own = validation.casefold() if is_date else kind.casefold()
            fields[name] = DictionaryField(name, own, re.sub(r"<[^>]*>", "", label), given, form)
    return fields


def described(table: SourceTable, fields: Mapping[str, DictionaryField], notes: tuple[str, ...] = ()) -> SourceTable:
    """An export with the labels of the dictionary; the columns of a checkbox carry the label of their choice."""
    columns = {name: _described(column, fields) for name, column in table.columns.items()}
    return replace(table, columns=columns, notes=(*table.notes, *notes))


def _described(column: SourceColumn, fields: Mapping[str, DictionaryField]) -> SourceColumn:
    if column.name in fields:
        known = fields[column.name]
        return replace(column, label=known.label, labels=known.choices, field_type=known.kind, form=known.form)
    name, mark, code = column.name.partition("___")
    if not mark or name not in fields or fields[name].kind != "checkbox":
        return column
    # REDCap writes a code in small letters, and an underscore for a minus sign.
    choices = {re.sub(r"\W", "_", key.casefold()): label for key, label in fields[name].choices.items()}
    label = f"{fields[name].label}: {choices[code]}" if code in choices else fields[name].label
    labels = {"1": choices.get(code, ""), "0": ""}
    return replace(column, label=label, field_type="checkbox", labels=labels, form=fields[name].form)


def _choices(text: str) -> dict[str, str]:
    """Codes and labels from ``1, Male | 2, Female``."""
    pairs = (part.partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): label.strip() for code, _, label in pairs}


def _column(table: SourceTable, names: tuple[str, ...]) -> SourceColumn | None:
    return next((column for name, column in table.columns.items() if name.strip('"').casefold() in names), None)


def _texts(table: SourceTable, names: tuple[str, ...]) -> list[str]:
    column = _column(table, names)
    if column is None:
        return [""] * len(table)
    texts = [*(text_of(value) for value in column.values), ""]
    return [texts[code] for code in column.codes]
