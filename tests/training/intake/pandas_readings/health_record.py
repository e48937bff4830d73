"""The made-up export of a health record read by pandas alone."""

from pathlib import Path

import pandas as pd

from tests.training.intake.clinic_sources import health_record as codes
from tests.training.intake.pandas_readings.tables import Tables, completed_years, days, decoded, numbered

FLAGS = {
    "comorbid_depression": "depression",
    "comorbid_ptsd": "ptsd",
    "comorbid_substance_use": "substance_use",
    "comorbid_personality_disorder": "personality_disorder",
    "family_history_alcohol": "family_alcohol",
    "prior_treatments_recorded": "history_taken",
}
NUMBERS = {
    "illness_duration_years": "ill_since_years",
    "body_mass_index": "bmi",
    "benzodiazepine_mg": "diazepam_mg",
    "expectancy": "expectancy",
    "working_alliance": "alliance",
}


def read_health_record(folder: Path) -> Tables:
    """The tables of the format, from the five files."""
    files = {path.stem.partition("_")[0]: _read(path) for path in sorted(folder.glob("*.csv"))}
    sessions = files["sessions"]
    started = _times(sessions["started_at"])
    dosing = sessions["session_type"] == "dosing"
    day_0 = started[dosing].groupby(sessions["pat_id"][dosing]).min()
    weights = files["patients"].set_index("pat_id")["weight_kg"]
    return {
        "patients": _patients(files["patients"], day_0),
        "prior_treatments": _treatments(files["treatments"], day_0),
        "sessions": _sessions(sessions, weights, day_0),
        "assessments": _assessments(files["ratings"], day_0),
        "events": _events(files["events"], day_0),
    }


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=";", decimal=",", encoding="cp1252")


def _times(cells: pd.Series) -> pd.Series:
    return pd.to_datetime(cells, format="%d.%m.%Y %H:%M")


def _dates(cells: pd.Series) -> pd.Series:
    return pd.to_datetime(cells, format="%d.%m.%Y")


def _yes_no(cells: pd.Series) -> pd.Series:
    return cells.map({"ja": 1.0, "nein": 0.0})


def _patients(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    columns = {name: rows[column] for name, column in NUMBERS.items()}
    columns |= {name: _yes_no(rows[column]) for name, column in FLAGS.items()}
    age = completed_years(_dates(rows["birth_date"]), rows["pat_id"].map(day_0))
    return pd.DataFrame(
        {
            "patient_id": rows["pat_id"],
            "site_id": rows["clinic"],
            "age_years": age,
            "sex": decoded(rows["sex"], codes.SEXES),
            "diagnosis": decoded(rows["icd10"], codes.DIAGNOSES),
            **columns,
        }
    )


def _treatments(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": rows["pat_id"],
            "treatment": rows["treatment"],
            "start_day": days(_dates(rows["first_day"]), rows["pat_id"], day_0),
            "end_day": days(_dates(rows["last_day"]), rows["pat_id"], day_0),
            "adequate": _yes_no(rows["adequate"]),
            "outcome": rows["outcome"],
        }
    )


def _sessions(rows: pd.DataFrame, weights: pd.Series, day_0: pd.Series) -> pd.DataFrame:
    return numbered(
        pd.DataFrame(
            {
                "patient_id": rows["pat_id"],
                "day": days(_times(rows["started_at"]), rows["pat_id"], day_0),
                "kind": rows["session_type"],
                "route": decoded(rows["route"], codes.ROUTES),
                "dose_mg_per_kg": rows["ketamine_mg"] / rows["pat_id"].map(weights),
                "peak_dissociation": rows["cadss_max"],
                "peak_systolic_mmhg": rows["systolic_max"],
                "adverse_event": _yes_no(rows["adverse_event"]),
            }
        )
    )


def _assessments(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    """The last rating of a patient, scale and day."""
    ordered = rows.assign(at=_times(rows["rated_at"])).sort_values("at")
    found = pd.DataFrame(
        {
            "patient_id": ordered["pat_id"],
            "day": days(ordered["at"], ordered["pat_id"], day_0),
            "instrument": ordered["scale"].str.lower(),
            "score": ordered["total"],
        }
    )
    return found.drop_duplicates(["patient_id", "day", "instrument"], keep="last")


def _events(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    day = days(_dates(rows["event_date"]), rows["pat_id"], day_0)
    return pd.DataFrame({"patient_id": rows["pat_id"], "day": day, "event": rows["event"]})
