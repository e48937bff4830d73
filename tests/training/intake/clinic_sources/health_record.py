"""The cohort as a clinic's health record exports it: CSV with semicolons, decimal commas, Windows-1252, German dates.

Sessions and ratings have a time of day, a rating on the day of a dose before it. Some ratings were entered twice on a
day, and the later one counts. Diagnoses are ICD-10 codes, doses in mg. Texts that nobody needs hold umlauts.
"""

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from tests.training.intake.clinic_sources.cells import coded, is_date, records, text_of_number, yes_no
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.exact_values import birth_date, dosing_weights, milligrams

DIAGNOSES = {
    "gad": "F41.1",
    "social_anxiety": "F40.1",
    "panic": "F41.0",
    "agoraphobia": "F40.0",
    "ptsd": "F43.1",
    "ocd": "F42",
    "mixed_anxiety_depression": "F41.2",
    "other": "F48.9",
}
SEXES = {"female": "F", "male": "M", "intersex": "X"}
ROUTES = {"sublingual": "SL", "intramuscular": "IM", "intravenous": "IV", "subcutaneous": "SC"}
REMARKS = ("", "Rückruf gewünscht; Tochter fährt", "wohnt in Würzburg", "größere Schmerzen")
TWICE = 0.02
ZONE = "Europe/Berlin"
Stamp = Callable[[object, int], str]
_Row = dict[str, str]


def german_time(value: object, minutes: int) -> str:
    """A date and time such as 03.04.2025 09:15."""
    return f"{_date(value)} {minutes // 60:02}:{minutes % 60:02}"


def universal_time(value: object, minutes: int) -> str:
    """The same moment in UTC: early in the morning, the date is that of the day before."""
    local = pd.Timestamp(str(value)) + pd.Timedelta(minutes=minutes)
    return local.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC").strftime("%FT%TZ")


def write_health_record(dated: DatedCohort, folder: Path, stamp: Stamp = german_time) -> Path:
    """Write the files into a folder; ``stamp`` writes a date and the minute of the local day."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = dated.rng(41)
    weights = dosing_weights(dated, rng)
    files = {
        "patients": _patients(dated, weights, rng),
        "treatments": _treatments(dated),
        "sessions": _sessions(dated, weights, rng, stamp),
        "ratings": _ratings(dated, rng, stamp),
        "events": _events(dated, rng),
    }
    for name, rows in files.items():
        with (folder / f"{name}_{dated.exported}.csv").open("w", encoding="cp1252", newline="") as file:
            first = next(rows)
            writer = csv.DictWriter(file, list(first), delimiter=";")
            writer.writeheader()
            writer.writerows(chain([first], rows))
    return folder


def _german(number: object) -> str:
    return text_of_number(number).replace(".", ",")


def _date(value: object) -> str:
    return value.strftime("%d.%m.%Y") if is_date(value) else ""


def _patients(dated: DatedCohort, weights: dict[str, Decimal], rng: np.random.Generator) -> Iterator[_Row]:
    for patient in records(dated.patients):
        name, age, day_0 = str(patient["patient_id"]), patient["age_years"], patient["day_0"]
        born = "" if pd.isna(age) else _date(birth_date(float(str(age)), pd.Timestamp(str(day_0)), rng))
        yield {
            "pat_id": name,
            "clinic": str(patient["site_id"]),
            "birth_date": born,
            "sex": coded(SEXES, patient["sex"]),
            "icd10": coded(DIAGNOSES, patient["diagnosis"]),
            "ill_since_years": _german(patient["illness_duration_years"]),
            "depression": yes_no(patient["comorbid_depression"], "ja", "nein"),
            "ptsd": yes_no(patient["comorbid_ptsd"], "ja", "nein"),
            "substance_use": yes_no(patient["comorbid_substance_use"], "ja", "nein"),
            "personality_disorder": yes_no(patient["comorbid_personality_disorder"], "ja", "nein"),
            "family_alcohol": yes_no(patient["family_history_alcohol"], "ja", "nein"),
            "history_taken": yes_no(patient["prior_treatments_recorded"], "ja", "nein"),
            "weight_kg": str(weights[name]).replace(".", ","),
            "bmi": _german(patient["body_mass_index"]),
            "diazepam_mg": _german(patient["benzodiazepine_mg"]),
            "expectancy": _german(patient["expectancy"]),
            "alliance": _german(patient["working_alliance"]),
            "remarks": str(rng.choice(REMARKS)),
        }


def _treatments(dated: DatedCohort) -> Iterator[_Row]:
    for treatment in records(dated.prior_treatments):
        yield {
            "pat_id": str(treatment["patient_id"]),
            "treatment": str(treatment["treatment"]),
            "first_day": _date(treatment["start_date"]),
            "last_day": _date(treatment["end_date"]),
            "adequate": yes_no(treatment["adequate"], "ja", "nein"),
            "outcome": str(treatment["outcome"]),
        }


def _sessions(
    dated: DatedCohort, weights: dict[str, Decimal], rng: np.random.Generator, stamp: Stamp
) -> Iterator[_Row]:
    for session in records(dated.sessions):
        dose = session["dose_mg_per_kg"]
        in_mg = "" if pd.isna(dose) else milligrams(float(str(dose)), weights[str(session["patient_id"])])
        yield {
            "session_no": str(rng.integers(10_000, 99_999)),
            "pat_id": str(session["patient_id"]),
            "started_at": stamp(session["date"], int(rng.integers(600, 960))),
            "session_type": str(session["kind"]),
            "route": coded(ROUTES, session["route"]),
            "ketamine_mg": in_mg.replace(".", ","),
            "cadss_max": _german(session["peak_dissociation"]),
            "systolic_max": _german(session["peak_systolic_mmhg"]),
            "adverse_event": yes_no(session["adverse_event"], "ja", "nein"),
            "room": f"Süd {rng.integers(1, 5)}",
        }


def _ratings(dated: DatedCohort, rng: np.random.Generator, stamp: Stamp) -> Iterator[_Row]:
    """Every rating of the cohort, some after another one on the same day that does not count."""
    treated = set(zip(dated.sessions["patient_id"], dated.sessions["date"], strict=True))
    for rating in records(dated.assessments):
        in_clinic = (rating["patient_id"], rating["date"]) in treated
        minutes = int(rng.integers(420, 590) if in_clinic else rng.integers(20, 1440))
        row = {
            "pat_id": str(rating["patient_id"]),
            "rated_at": stamp(rating["date"], minutes),
            "scale": str(rating["instrument"]).upper(),
            "total": str(rating["score"]),
            "rater": str(rng.choice(["Dr. Jäger", "Fr. Özdemir"])),
        }
        again = str(max(int(row["total"]) - 1, 0) if rng.random() < 0.5 else int(row["total"]))
        rows = [row]
        if rng.random() < TWICE:
            rows.append(row | {"rated_at": stamp(rating["date"], minutes - int(rng.integers(1, 20))), "total": again})
        yield from rows


def _events(dated: DatedCohort, rng: np.random.Generator) -> Iterator[_Row]:
    for event in records(dated.events):
        yield {
            "pat_id": str(event["patient_id"]),
            "event_date": _date(event["date"]),
            "event": str(event["event"]),
            "note": str(rng.choice(REMARKS)),
        }
