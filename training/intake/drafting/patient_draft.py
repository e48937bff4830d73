"""Drafts the block of the patients: who they are and what was recorded of them once."""

from collections.abc import Callable, Sequence
from typing import Any

from features.protocol.columns import TABLES, Column
from features.protocol.diazepam import SAME_AS_10_MG_DIAZEPAM
from training.intake.drafting.body_measures import drafted_height, drafted_weight
from training.intake.drafting.drafted import DraftedBlock, DraftedKey, question
from training.intake.drafting.parts import PartColumn, SourcePart, matching
from training.intake.drafting.value_drafts import described, drafted_value
from training.intake.mapping_keys import OPEN
from training.intake.vocabulary.category_names import category_of
from training.intake.vocabulary.column_names import (
    BIRTH_DATE,
    BIRTH_YEAR,
    DIAZEPAM,
    DRUG,
    DRUG_DOSE,
    ONSET,
    PATIENT_COLUMNS,
    SITE,
    fits,
)
from training.intake.vocabulary.names import plain

_DECLARED = {column.name: column for column in TABLES["patients"]}
_PREFIX = r"(?:patient_|pt_|baseline_|bl_)?"


def drafted_patients(part: SourcePart) -> DraftedBlock | None:
    """The patients' block of a part with one row per patient; None where it has none of the patients' columns."""
    columns = list(part.columns.values())
    keys: list[DraftedKey] = []
    for draft in _DRAFTS:
        keys += [key for key in draft(part, columns) if key.key not in {one.key for one in keys}]
    taken = {key.key for key in keys}
    for name, target in _DECLARED.items():
        if name not in taken and (key := _plain_column(name, target, columns)):
            keys.append(key)
    taken |= {key.key for key in keys}
    for name, target in _DECLARED.items():  # what nobody filled yet
        if keys and name not in taken and (key := _plain_column(name, target, list(part.empty.values()))):
            keys.append(key)
    if not keys:
        return None
    order = list(_DECLARED)
    return DraftedBlock("patients", tuple(sorted(keys, key=lambda key: order.index(key.key))))


def has_patient_columns(part: SourcePart) -> bool:
    """Whether a part has more of the patients' columns than an id and a site."""
    block = drafted_patients(part)
    return block is not None and any(key.key not in ("site_id", "prior_treatments_recorded") for key in block.keys)


def _plain_column(name: str, target: Column, columns: Sequence[PartColumn]) -> DraftedKey | None:
    """A column by its names; one that can't hold such values is passed over, of several the first is asked."""
    pattern = _PREFIX + f"(?:{PATIENT_COLUMNS.get(name, name)}|{name})"
    fitting = [one for one in matching(columns, pattern) if not one.is_date and not one.is_checkbox]
    drafts = [(one, key) for one in fitting if (key := drafted_value(target, one)) is not None]
    if len(drafts) > 1:
        asked = f"Which column holds {name}: {target.meaning}?"
        return DraftedKey(name, question(asked, [one.name for one, _ in drafts], column=OPEN))
    return drafts[0][1] if drafts else None


def _site(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    fitting = matching(columns, SITE)
    if not fitting:
        return []
    one = fitting[0]
    if one.is_labelled:
        values = {code: label for code, label in one.column.labels.items() if code in one.texts}
        return [DraftedKey("site_id", {"column": one.name, "values": values}, "names of sites are kept as they are")]
    comment = 'kept as it is; for pseudonyms: { column = ..., convert = "pseudonym" }'
    return [DraftedKey("site_id", one.name, comment)]


def _age(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    born = [one for one in matching(columns, BIRTH_DATE) if one.is_date]
    if born:
        value = {"column": born[0].name, "convert": "age_at_day_0"}
        return [DraftedKey("age_years", value, "completed years at day 0; the date of birth is not kept")]
    years = [one for one in matching(columns, BIRTH_YEAR) if one.is_number and "age_years" not in one.names]
    if years:
        value = {"column": years[0].name, "convert": "years_until_day_0"}
        return [DraftedKey("age_years", value, "from the year of birth: off by one for half of the patients")]
    return []


def _onset(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    for one in columns:
        is_year = one.is_number and all(len(text) == 4 for text in one.texts)
        if matching([one], ONSET) and (one.is_date or is_year):
            value = {"column": one.name, "convert": "years_until_day_0"}
            return [DraftedKey("illness_duration_years", value, described(one))]
    return []


def _body_mass_index(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    if matching(columns, PATIENT_COLUMNS["body_mass_index"]):
        return []
    weight, height = drafted_weight(columns), drafted_height(columns)
    if weight is None or not height:
        return []
    value = {**weight, **height, "convert": "body_mass_index"}
    return [DraftedKey("body_mass_index", value, "from weight and height")]


def _benzodiazepine(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    """A dose of diazepam counts as it is; of another drug, or of one that nobody names, it is converted or asked."""
    plain_dose = [one for one in columns if one.is_number and (fits(DIAZEPAM, *one.names) or _counts_diazepam(one))]
    if plain_dose:
        return [DraftedKey("benzodiazepine_mg", plain_dose[0].name, "in mg of diazepam a day")]
    doses = [one for one in matching(columns, DRUG_DOSE) if one.is_number]
    if not doses:
        return []
    names = matching(columns, DRUG)
    value: dict[str, Any] = {"column": doses[0].name, "convert": "diazepam_equivalent"}
    if (
        names
        and set(map(str.casefold, names[0].texts)) <= set(SAME_AS_10_MG_DIAZEPAM)
        and _all_named(doses[0], names[0])
    ):
        return [DraftedKey("benzodiazepine_mg", {**value, "drug_column": names[0].name}, "to mg of diazepam")]
    asked = f"Of which drug is the dose in column {doses[0].name}?"
    found = f"column {names[0].name} names {', '.join(names[0].texts[:5])}" if names else ""
    return [DraftedKey("benzodiazepine_mg", question(asked, list(SAME_AS_10_MG_DIAZEPAM), **value, drug=OPEN), found)]


def _counts_diazepam(column: PartColumn) -> bool:
    """Whether the label says that the dose is one of diazepam: ``Benzodiazepine (mg diazepam equivalent per day)``."""
    return "diazepam_eq" in plain(column.column.label)


def _all_named(dose: PartColumn, name: PartColumn) -> bool:
    """Whether every dose above zero has a drug beside it."""
    cells = dose.column.values
    above = [code for code, cell in enumerate(cells) if float(str(cell).replace(",", ".") or 0) > 0]
    return all((name.codes >= 0)[[code in above for code in dose.codes]])


def _checkboxes(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    """The choices of a checkbox that are comorbidities, by the choice's label."""
    boxes = [one for one in columns if one.is_checkbox and matching([one], r".*comorb.*")]
    return [
        DraftedKey(name, one.name, described(one))
        for one in boxes
        for name in _DECLARED
        if name.startswith("comorbid_") and fits(PATIENT_COLUMNS[name], plain(one.column.labels.get("1", "")))
    ]


def _asked(_: SourcePart, columns: Sequence[PartColumn]) -> list[DraftedKey]:
    """Whether earlier treatments were asked for, where checkboxes list them."""
    boxes = [one for one in columns if one.is_checkbox and one.column.labels.get("1")]
    treatments = [one for one in boxes if category_of("treatment", one.column.labels["1"], _TREATMENTS)]
    if not treatments or matching(columns, PATIENT_COLUMNS["prior_treatments_recorded"]):
        return []
    value = {"column": treatments[0].name, "convert": "asked"}
    return [DraftedKey("prior_treatments_recorded", value, "see [checkboxes]")]


_TREATMENTS = next(column.categories for column in TABLES["prior_treatments"] if column.name == "treatment")
_Draft = Callable[[SourcePart, Sequence[PartColumn]], list[DraftedKey]]
_DRAFTS: tuple[_Draft, ...] = (_site, _age, _onset, _body_mass_index, _benzodiazepine, _checkboxes, _asked)
