"""The cohort as an Excel workbook: a sheet per table, date cells, words for codes, blank rows, columns in any order.

Body mass index comes from height and weight; yes and no are written in several ways; a few dates are text.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from tests.training.intake.clinic_sources.cells import is_date, records
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.exact_values import body_of
from tests.training.intake.clinic_sources.scale_titles import SCALE_TITLES

DIAGNOSES = {
    "gad": "Generalised anxiety disorder",
    "social_anxiety": "Social anxiety disorder",
    "panic": "Panic disorder",
    "agoraphobia": "Agoraphobia",
    "ptsd": "PTSD",
    "ocd": "OCD",
    "mixed_anxiety_depression": "Mixed anxiety and depression",
    "other": "Other",
}
TREATMENTS = {
    "ssri": "SSRI",
    "snri": "SNRI",
    "cbt": "CBT",
    "tms": "TMS",
    "other_psychotherapy": "Other psychotherapy",
}
"""Where the word is another than the category's own, as a word."""
KINDS = {"dosing": "Ketamine", "psychotherapy": "Psychotherapy"}
ROUTES = {"intramuscular": "i.m.", "subcutaneous": "s.c.", "sublingual": "s.l.", "intravenous": "i.v."}
PATIENT_FLAGS = {
    "Depression": "comorbid_depression",
    "PTSD": "comorbid_ptsd",
    "Substance use disorder": "comorbid_substance_use",
    "Personality disorder": "comorbid_personality_disorder",
    "Alcohol in family": "family_history_alcohol",
    "Treatment history taken": "prior_treatments_recorded",
}
PATIENT_NUMBERS = {
    "Age (years)": "age_years",
    "Ill since (years)": "illness_duration_years",
    "Diazepam equivalent (mg/day)": "benzodiazepine_mg",
    "Expectancy (0-10)": "expectancy",
    "Working alliance (0-10)": "working_alliance",
}
BLANK_EVERY = 23
_Row = dict[str, object]


def write_workbook(dated: DatedCohort, folder: Path) -> Path:
    """Write the workbook, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Read me").append(["Patients of the ketamine programme", "made up"])
    rng = dated.rng(31)
    sheets = {
        "Patients": _patients(dated, rng),
        "Treatments": _treatments(dated, rng),
        "Sessions": _sessions(dated, rng),
        "Ratings": _ratings(dated, rng),
        "Events": _events(dated),
    }
    for name, rows in sheets.items():
        _fill(book, name, rows)
    path = folder / f"KAP patients {dated.exported}.xlsx"
    book.save(path)
    return path


def _fill(book: openpyxl.Workbook, name: str, rows: Iterator[_Row]) -> None:
    sheet = book.create_sheet(name)
    if name == "Events":
        sheet.append([])
    first = next(rows)
    sheet.append(list(first))
    for number, row in enumerate(chain([first], rows)):
        if number % BLANK_EVERY == BLANK_EVERY - 1:
            sheet.append([None] * len(row))
        sheet.append(list(row.values()))


def _patients(dated: DatedCohort, rng: np.random.Generator) -> Iterator[_Row]:
    for patient in records(dated.patients):
        index = patient["body_mass_index"]
        height, weight = (None, None) if pd.isna(index) else body_of(float(str(index)), rng)
        row: _Row = {
            "Remarks": str(rng.choice(["", "see letter", "prefers e-mail"])) or None,
            "Centre": patient["site_id"],
        }
        row |= {"Patient ID": patient["patient_id"], "Sex": _word({}, patient["sex"], capital=True)}
        row |= {"Main diagnosis": _word(DIAGNOSES, patient["diagnosis"])}
        row |= {title: _number(patient[column], rng) for title, column in PATIENT_NUMBERS.items()}
        row |= {"Weight (kg)": None if weight is None else float(weight), "Height (cm)": height}
        yield row | {title: _yes_no(patient[column], rng) for title, column in PATIENT_FLAGS.items()}


def _treatments(dated: DatedCohort, rng: np.random.Generator) -> Iterator[_Row]:
    for treatment in records(dated.prior_treatments):
        yield {
            "Patient ID": treatment["patient_id"],
            "Until": _date(treatment["end_date"]),
            "From": _date(treatment["start_date"]),
            "Treatment": _word(TREATMENTS, treatment["treatment"], capital=True),
            "Adequate": _yes_no(treatment["adequate"], rng),
            "Result": _word({}, treatment["outcome"]),
        }


def _sessions(dated: DatedCohort, rng: np.random.Generator) -> Iterator[_Row]:
    by_date = dated.sessions.sort_values(["date", "patient_id"])
    for session in records(by_date):
        yield {
            "Date": _date(session["date"]),
            "Type": _word(KINDS, session["kind"]),
            "Patient ID": session["patient_id"],
            "Room": int(rng.integers(1, 9)),
            "Route": _word(ROUTES, session["route"]),
            "Systolic max (mmHg)": _number(session["peak_systolic_mmhg"]),
            "CADSS max": _number(session["peak_dissociation"]),
            "Dose (mg/kg)": _number(session["dose_mg_per_kg"]),
            "Adverse event": _yes_no(session["adverse_event"], rng),
        }


def _ratings(dated: DatedCohort, rng: np.random.Generator) -> Iterator[_Row]:
    for rating in records(dated.assessments):
        day = _date(rating["date"])
        typed = rng.random() < 0.02
        yield {
            "Total": rating["score"],
            "Patient ID": rating["patient_id"],
            "Scale": SCALE_TITLES[str(rating["instrument"])],
            "Date": day.isoformat()[:10] if typed and day is not None else day,
            "Rater": str(rng.choice(["A", "B"])),
        }


def _events(dated: DatedCohort) -> Iterable[_Row]:
    for event in records(dated.events):
        yield {
            "Patient ID": event["patient_id"],
            "What happened": _word({}, event["event"], capital=True),
            "Date": _date(event["date"]),
        }


def _date(value: object) -> date | None:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) and is_date(value) else None


def _number(value: object, rng: np.random.Generator | None = None) -> object:
    """A number cell; an empty one sometimes says n/a."""
    if pd.isna(value):
        return "n/a" if rng is not None and rng.random() < 0.3 else None
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _yes_no(value: object, rng: np.random.Generator) -> str | None:
    if pd.isna(value):
        return None
    return str(rng.choice(["yes", "Yes"] if value else ["no", "No"]))


def _word(words: dict[str, str], value: object, *, capital: bool = False) -> str | None:
    if pd.isna(value):
        return None
    plain = str(value).replace("_", " ")
    return words.get(str(value), plain.capitalize() if capital else plain)
