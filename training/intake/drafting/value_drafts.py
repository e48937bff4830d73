"""The value of one column of a cohort from one column of the source: its codes, its unit, or a question."""

from typing import Any

from features.protocol.columns import Column
from training.intake.conversion.cell_values import FLAGS
from training.intake.conversion.cell_values import plain_name as category_name
from training.intake.drafting.drafted import DraftedKey, question
from training.intake.drafting.parts import PartColumn
from training.intake.mapping_keys import OPEN
from training.intake.vocabulary.category_names import USUAL_MISSING_CODES, category_of
from training.intake.vocabulary.names import plain

_YES, _NO = ("yes", "ja", "true", "checked", "present"), ("no", "nein", "false", "unchecked", "none", "absent")
_MOST_SHOWN = 30


def drafted_value(target: Column, column: PartColumn) -> DraftedKey | None:
    """The key of a target column; None where the source's column can't hold such values."""
    if target.kind == "category":
        return drafted_category(target, column)
    if target.kind == "flag":
        return drafted_flag(target.name, column)
    if target.kind == "identifier":
        return DraftedKey(target.name, column.name, described(column))
    return drafted_number(target.name, column) if column.may_be_number else None


def described(column: PartColumn) -> str:
    """What a comment says of a column: its label, if it has one."""
    return f"label: {column.column.label}" if column.column.label else ""


def drafted_number(key: str, column: PartColumn) -> DraftedKey:
    """A number; codes whose label says that nothing is recorded are missing."""
    missing = [code for code, label in column.column.labels.items() if category_of("", label, ()) == ""]
    value: Any = {"column": column.name, "missing": missing} if missing else column.name
    return DraftedKey(key, value, described(column))


def drafted_category(target: Column, column: PartColumn) -> DraftedKey | None:
    """A category by its codes' labels, or by words; what no list knows stands as a question."""
    labels = column.column.labels if column.is_labelled else {}
    asked_once = [
        text for text in column.texts if text.startswith("-") and text in USUAL_MISSING_CODES
    ]  # as codes for missing
    texts = list(dict.fromkeys([*labels, *(text for text in column.texts if text not in asked_once)]))
    if not texts or len(texts) > _MOST_SHOWN or column.is_date:
        return None
    if not labels and {category_name(text) for text in texts} <= {category_name(one) for one in target.categories}:
        return DraftedKey(target.name, column.name, described(column))
    values = {
        text: _category(target, labels.get(text, text)) for text in texts if text not in column.column.missing_codes
    }
    open_codes = [text for text, category in values.items() if category == OPEN]
    comment = "; ".join(f"{code}: {label}" for code, label in labels.items()) or described(column)
    if not open_codes:
        return DraftedKey(target.name, {"column": column.name, "values": values}, comment)
    asked = f"Which {target.name} does each code of column {column.name} mean?"
    return DraftedKey(target.name, question(asked, target.categories, column=column.name, values=values), comment)


def _category(target: Column, text: str) -> str:
    found = category_of(target.name, text, target.categories)
    return OPEN if found is None else found


def knows_some(target: Column, column: PartColumn) -> bool:
    """Whether at least half of the words or labels of a column are known categories."""
    labels = column.column.labels if column.is_labelled else {}
    texts = [labels.get(text, text) for text in column.texts]
    known = [text for text in texts if category_of(target.name, text, target.categories)]
    return bool(texts) and 2 * len(known) >= len(texts)


def drafted_flag(key: str, column: PartColumn) -> DraftedKey | None:
    """True or false by their usual spellings or by labels; two other codes are asked."""
    labels = column.column.labels if column.is_labelled else {}
    if labels:
        values = {code: _flag(label) for code, label in labels.items() if code not in column.column.missing_codes}
        values |= {text: OPEN for text in column.texts if text not in labels}
        usual = all(FLAGS.get(code.casefold()) == value for code, value in values.items())
        return DraftedKey(key, column.name, described(column)) if usual else _flag_by_values(key, column, values)
    if all(text.casefold() in FLAGS for text in column.texts):
        return DraftedKey(key, column.name, described(column))
    if len(column.texts) > 3:
        return None
    return _flag_by_values(key, column, dict.fromkeys(column.texts, OPEN))


def _flag(label: str) -> bool | str:
    word = plain(label)
    if word.split("_")[0] in _YES:
        return True
    return False if word.split("_")[0] in _NO else "" if category_of("", label, ()) == "" else OPEN


def _flag_by_values(key: str, column: PartColumn, values: dict[str, Any]) -> DraftedKey:
    if OPEN not in values.values():
        return DraftedKey(key, {"column": column.name, "values": values}, described(column))
    asked = f"Which code of column {column.name} means true, and which false?"
    return DraftedKey(key, question(asked, ["true", "false"], column=column.name, values=values), described(column))
