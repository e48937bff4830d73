"""The made-up workbook read by pandas alone (which reads it through openpyxl)."""

from pathlib import Path

import pandas as pd

from features.protocol.columns import EVENTS, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources import workbook as words
from tests.training.intake.clinic_sources.scale_titles import SCALE_TITLES
from tests.training.intake.pandas_readings.tables import Tables, days, decoded, numbered, numbers

YES_NO = {"yes": 1.0, "no": 0.0}


def read_workbook(path: Path) -> Tables:
    """The tables of the format, from the five sheets."""
    with pd.ExcelFile(path) as book:
        sheets = {
            name: book.parse(name, skiprows=1 if name == "Events" else 0).dropna(how="all")
            for name in ("Patients", "Treatments", "Sessions", "Ratings", "Events")
        }
    sessions = sheets["Sessions"].rename(columns={"Patient ID": "patient_id"})
    dosing = sessions[sessions["Type"] == "Ketamine"]
    day_0 = dosing.groupby("patient_id")["Date"].min()
    return {
        "patients": _patients(sheets["Patients"]),
        "prior_treatments": _treatments(sheets["Treatments"], day_0),
        "sessions": _sessions(sessions, day_0),
        "assessments": _assessments(sheets["Ratings"], day_0),
        "events": _events(sheets["Events"], day_0),
    }


def _plain(categories: tuple[str, ...], others: dict[str, str] | None = None) -> dict[str, str]:
    """The word in lower case for each category."""
    return {name: (others or {}).get(name, name.replace("_", " ")).lower() for name in categories}


def _yes_no(cells: pd.Series) -> pd.Series:
    return cells.str.lower().map(YES_NO)


def _patients(sheet: pd.DataFrame) -> pd.DataFrame:
    metres = sheet["Height (cm)"] / 100
    columns = {name: numbers(sheet[title]) for title, name in words.PATIENT_NUMBERS.items()}
    columns |= {name: _yes_no(sheet[title]) for title, name in words.PATIENT_FLAGS.items()}
    return pd.DataFrame(
        {
            "patient_id": sheet["Patient ID"],
            "site_id": sheet["Centre"],
            "sex": decoded(sheet["Sex"].str.lower(), _plain(SEXES)),
            "diagnosis": decoded(sheet["Main diagnosis"], words.DIAGNOSES),
            "body_mass_index": sheet["Weight (kg)"] / metres**2,
            **columns,
        }
    )


def _treatments(sheet: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": sheet["Patient ID"],
            "treatment": decoded(sheet["Treatment"].str.lower(), _plain(TREATMENTS, words.TREATMENTS)),
            "start_day": days(pd.to_datetime(sheet["From"]), sheet["Patient ID"], day_0),
            "end_day": days(pd.to_datetime(sheet["Until"]), sheet["Patient ID"], day_0),
            "adequate": _yes_no(sheet["Adequate"]),
            "outcome": decoded(sheet["Result"], _plain(TREATMENT_OUTCOMES)),
        }
    )


def _sessions(sheet: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    return numbered(
        pd.DataFrame(
            {
                "patient_id": sheet["patient_id"],
                "day": days(sheet["Date"], sheet["patient_id"], day_0),
                "kind": decoded(sheet["Type"], words.KINDS),
                "route": decoded(sheet["Route"], words.ROUTES),
                "dose_mg_per_kg": sheet["Dose (mg/kg)"],
                "peak_dissociation": sheet["CADSS max"],
                "peak_systolic_mmhg": sheet["Systolic max (mmHg)"],
                "adverse_event": _yes_no(sheet["Adverse event"]),
            }
        )
    )


def _assessments(sheet: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    day = days(pd.to_datetime(sheet["Date"], format="mixed"), sheet["Patient ID"], day_0)
    scale = decoded(sheet["Scale"], SCALE_TITLES)
    return pd.DataFrame({"patient_id": sheet["Patient ID"], "day": day, "instrument": scale, "score": sheet["Total"]})


def _events(sheet: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    event = decoded(sheet["What happened"].str.lower(), _plain(EVENTS))
    day = days(sheet["Date"], sheet["Patient ID"], day_0)
    return pd.DataFrame({"patient_id": sheet["Patient ID"], "day": day, "event": event})
