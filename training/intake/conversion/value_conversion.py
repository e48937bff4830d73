"""The values of a cohort's columns from the source's rows, with the conversions that a mapping names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np

from features.protocol.columns import Column
from features.protocol.diazepam import SAME_AS_10_MG_DIAZEPAM, diazepam_mg
from features.protocol.problems import Problem
from features.records.timeline import Floats, Mask
from training.intake.conversion.day_zero import DayZero
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows
from training.intake.conversion.moments import COUNTED, DATED, Moments, completed_years, read_moment
from training.intake.conversion.patient_rows import PatientColumns
from training.intake.mapping import Operand, ValueRule
from training.intake.source import Cell, has_date, text_of

Values = np.ndarray
"""Floats, NaN where not recorded, or texts, None where not recorded; shape (rows,)."""


@dataclass(frozen=True, eq=False)
class ConversionContext:
    """What conversions look up beside a row: day 0, the patient's own row, and the keyed hash of a text."""

    cells: CellEvaluation
    day_zero: DayZero
    patients: PatientColumns
    pseudonym: Callable[[str, str], str]


def column_values(rule: ValueRule, column: Column, rows: SelectedRows, context: ConversionContext) -> Values:
    """The values of one declared column."""
    cells = context.cells
    if rule.of_patient:
        return context.patients.spread(rule, column, rows)
    if rule.convert in _CONVERTERS:
        return _CONVERTERS[rule.convert](rule, rows, context)
    if column.kind == "day":
        return days_of(rule, cells.moments(rows, rule), rows, context)
    values = cells.of_kind(rows, rule, column)
    if column.kind == "identifier":
        dated = np.array([text is not None and has_date(str(text)) for text in values], dtype=np.bool_)
        required = 'a text without a date, or convert = "pseudonym" in the mapping'
        cells.log.refuse(rows.table, rows.positions[dated], rule.column, required, "a text with a date in it")
    return values


def days_of(rule: ValueRule, moments: Moments, rows: SelectedRows, context: ConversionContext) -> Floats:
    """The days of rows from day 0; a row that counts otherwise than its patient's sessions is a problem."""
    for clock, (required, found) in _OTHER_CLOCKS.items():
        wrong = context.day_zero.without_zero(moments, rows.patient, clock)
        context.cells.log.refuse(rows.table, rows.positions[wrong], rule.column, required, found)
    return context.day_zero.days(moments, rows.patient)


_OTHER_CLOCKS = {
    DATED: ("sessions with dates, or index under [dates], to count days to a date", "a date where day 0 has none"),
    COUNTED: (
        'convert = "days_from_day_0" in the mapping if these numbers count from day 0, else a date',
        "a number of days where only the date of day 0 is known",
    ),
}


def _age(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    born = context.cells.moments(rows, rule)
    if (born.clock != DATED).any():
        _refuse_key(context, f"{rule.path}.convert", "a column of dates of birth", "numbers")
        return np.full(len(rows), np.nan)
    zero = _day_0_dates(rule, rows, context)
    known = ~np.isnan(born.day) & ~np.isnan(zero)
    ages = np.full(len(rows), np.nan)
    may_be_earlier = _has_two_digit_years(rule, rows, context)
    for row in np.flatnonzero(known):
        day = date.fromordinal(int(born.day[row]))
        if may_be_earlier and born.day[row] > zero[row]:
            day = day.replace(year=day.year - 100)
        ages[row] = completed_years(day, date.fromordinal(int(zero[row])))
    _count("turned dates of birth into ages at day 0", rows, known, rule, context)
    return ages


def _has_two_digit_years(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> bool:
    """Whether a column's dates have years of two digits: nobody is born after day 0, so 62 may be 1962."""
    if "%y" not in (context.cells.date_format(rows.table, rule) or ""):
        return False
    return not any(re.search(r"\d{4}", text_of(value)) for value in rows.table.columns[str(rule.column)].values)


def _day_0_dates(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Floats:
    """The date of day 0 of each row's patient; without any, the conversion is a problem of the mapping."""
    zero = context.day_zero.date
    if len(zero) and np.isnan(zero).all():
        _refuse_key(
            context, f"{rule.path}.convert", "sessions or an index with dates, to count the years to", "no dates"
        )
    return zero[rows.patient]


def _years(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    """From a year or a full date to day 0; a year counts as the difference of the years."""
    cells = context.cells
    date_format = cells.date_format(rows.table, rule)

    def read(cell: Cell) -> float:
        text = text_of(cell)
        if len(text) == 4 and text.isdigit():
            return -float(text)
        return float(read_moment(cell, date_format, cells.zone).date.toordinal())

    since = cells.read(rows, rule, read)
    zero = _day_0_dates(rule, rows, context)
    years = np.full(len(rows), np.nan)
    for row in np.flatnonzero(~np.isnan(since) & ~np.isnan(zero)):
        until = date.fromordinal(int(zero[row]))
        by_date = since[row] > 0
        years[row] = completed_years(date.fromordinal(int(since[row])), until) if by_date else until.year + since[row]
    late = years < 0
    cells.log.refuse(rows.table, rows.positions[late], rule.column, "a year or date not after day 0", "a later one")
    _count("turned years or dates into years before day 0", rows, years >= 0, rule, context)
    return np.where(late, np.nan, years)


def _body_mass_index(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    kilograms = _positive(context.cells.numbers(rows, rule), rule.column, rows, context)
    name = "height_cm" if "height_cm" in rule.operands else "height_m"
    height = _operand(rule, name, rows, context) / (100.0 if name == "height_cm" else 1.0)
    index = kilograms / np.square(height)
    _count("turned weight and height into a body mass index", rows, ~np.isnan(index), rule, context)
    return index


def _per_kg(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    milligrams = context.cells.numbers(rows, rule)
    weight = _operand(rule, "weight_kg", rows, context)
    dose = milligrams / weight
    log = context.cells.log
    _count("divided a dose in mg by the weight in kg", rows, ~np.isnan(dose), rule, context)
    unknown = ~np.isnan(milligrams) & np.isnan(dose)
    log.count_rows("doses in mg without a weight: not recorded", int(unknown.sum()))
    return dose


def _diazepam(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    milligrams = context.cells.numbers(rows, rule)
    if rule.drug is not None:
        drugs = np.full(len(rows), rule.drug.casefold(), dtype=object)
        if rule.drug.casefold() not in SAME_AS_10_MG_DIAZEPAM:
            _refuse_key(context, f"{rule.path}.drug", _DRUGS, "another text")
            return np.full(len(rows), np.nan)
    elif "drug_column" in rule.operands:
        drugs = context.cells.texts(rows, _rule_of(rule, rule.operands["drug_column"], "drug_column"))
    else:
        _refuse_key(context, rule.path, "drug or drug_column beside this conversion", "neither")
        return np.full(len(rows), np.nan)
    return _equivalents(rule, rows, milligrams, drugs, context)


def _equivalents(
    rule: ValueRule, rows: SelectedRows, milligrams: Floats, drugs: Values, context: ConversionContext
) -> Values:
    """A dose of zero is zero of any drug; another dose needs the name of its drug."""
    doses = np.where(milligrams == 0, 0.0, np.nan)
    context.cells.log.refuse(
        rows.table, rows.positions[milligrams < 0], rule.column, "a dose of 0 mg or more", "a negative number"
    )
    wrong = []
    for row in np.flatnonzero(milligrams > 0):
        drug = str(drugs[row] or "").casefold()
        if drug in SAME_AS_10_MG_DIAZEPAM:
            doses[row] = diazepam_mg(drug, float(milligrams[row]))
        else:
            wrong.append(row)
    log = context.cells.log
    column = rule.operands["drug_column"].column if "drug_column" in rule.operands else rule.column
    log.refuse(rows.table, rows.positions[wrong], column, f"beside a dose: {_DRUGS}", "another text or an empty cell")
    _count("turned a dose of a benzodiazepine into that of diazepam", rows, doses > 0, rule, context)
    return doses


_DRUGS = "one of " + ", ".join(SAME_AS_10_MG_DIAZEPAM)


def _pseudonym(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    texts = context.cells.texts(rows, rule)
    kind = rule.path.rpartition(".")[2]
    made = [None if text is None else context.pseudonym(kind, text) for text in texts]
    _count("turned names into pseudonyms", rows, np.array([one is not None for one in made], bool), rule, context)
    return np.array([*made, None], dtype=object)[:-1]


def _asked(rule: ValueRule, rows: SelectedRows, context: ConversionContext) -> Values:
    filled = context.cells.any_filled(rows, [rule])
    return np.where(filled, context.cells.asked(rows, rule).astype(np.float64), np.nan)


def _operand(rule: ValueRule, name: str, rows: SelectedRows, context: ConversionContext) -> Floats:
    """The numbers of a further column of a conversion, perhaps of the patient's own row."""
    if name not in rule.operands:
        _refuse_key(context, f"{rule.path}.{name}", f'this key beside convert = "{rule.convert}"', "none")
        return np.full(len(rows), np.nan)
    own = _rule_of(rule, rule.operands[name], name)
    number = Column(name, "number", "an operand")
    values = context.patients.spread(own, number, rows) if own.of_patient else context.cells.numbers(rows, own)
    return _positive(np.asarray(values, dtype=np.float64), own.column, rows, context)


def _positive(values: Floats, column: str | None, rows: SelectedRows, context: ConversionContext) -> Floats:
    """Weights and heights; one that is not above zero is a problem of its row, for it may be a code."""
    wrong = values <= 0
    required = "a number above 0, or missing = [...] or [missing] in the mapping where it is a code for a missing value"
    context.cells.log.refuse(rows.table, rows.positions[wrong], column, required, "another number")
    return np.where(wrong, np.nan, values)


def _rule_of(rule: ValueRule, operand: Operand, name: str) -> ValueRule:
    path = f"{rule.path}.{name}"
    return ValueRule(path, column=operand.column, of_patient=operand.of_patient, factor=operand.factor)


def _count(what: str, rows: SelectedRows, done: Mask, rule: ValueRule, context: ConversionContext) -> None:
    context.cells.log.count_cells(what, rows.table, rows.positions[done], str(rule.column))


def _refuse_key(context: ConversionContext, path: str, required: str, found: str) -> None:
    context.cells.log.problems.append(Problem(context.cells.mapping.name, None, path, required, found))


_Converter = Callable[[ValueRule, SelectedRows, ConversionContext], Values]
_CONVERTERS: Mapping[str | None, _Converter] = MappingProxyType(
    {
        "age_at_day_0": _age,
        "years_until_day_0": _years,
        "body_mass_index": _body_mass_index,
        "diazepam_equivalent": _diazepam,
        "per_kg": _per_kg,
        "pseudonym": _pseudonym,
        "asked": _asked,
    }
)
