"""The made-up SPSS file read by pandas alone (which reads it through pyreadstat)."""

from pathlib import Path

import pandas as pd

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources.scale_titles import SCALE_TITLES
from tests.training.intake.clinic_sources.spss import FLAGS, NUMBERS, ROOM
from tests.training.intake.pandas_readings.tables import Tables, days, numbered


def read_spss(path: Path) -> Tables:
    """The tables of the format, from the wide file."""
    wide = pd.read_spss(path, convert_categoricals=False)
    wide.attrs = {}  # the labels of the file, which pandas copies at every step
    first = pd.concat([pd.to_datetime(wide[f"dos{number}_date"]) for number in range(1, ROOM["dos"] + 1)], axis=1)
    day_0 = pd.Series(first.min(axis=1).to_numpy(), index=wide["pid"])
    return {
        "patients": _patients(wide),
        "prior_treatments": _treatments(wide, day_0),
        "sessions": numbered(pd.concat([_doses(wide, day_0), _hours(wide, day_0)])),
        "assessments": _assessments(wide, day_0),
        "events": _events(wide, day_0),
    }


def _category(cells: pd.Series, categories: tuple[str, ...]) -> pd.Series:
    return cells.map(dict(enumerate(categories, start=1)))


def _patients(wide: pd.DataFrame) -> pd.DataFrame:
    columns = {column: wide[name] for name, (column, _) in (NUMBERS | FLAGS).items()}
    site = "synthetic-site-" + wide["centre"].astype(int).astype(str)
    sex, diagnosis = _category(wide["sex"], SEXES), _category(wide["dx"], DIAGNOSES)
    return pd.DataFrame({"patient_id": wide["pid"], "site_id": site, "sex": sex, "diagnosis": diagnosis, **columns})


def _groups(wide: pd.DataFrame, day_0: pd.Series, group: str, columns: dict[str, str], date: str) -> pd.DataFrame:
    """One row per patient and group of columns that has a date; ``columns`` leads from a suffix to a name."""
    found = []
    for number in range(1, ROOM[group] + 1):
        part = wide[["pid", *(f"{group}{number}_{suffix}" for suffix in columns)]]
        part.columns = ["patient_id", *columns.values()]
        found.append(part.dropna(subset=date))
    rows = pd.concat(found)
    for name in rows:
        if str(name).endswith("day"):
            rows[name] = days(pd.to_datetime(rows[name]), rows["patient_id"], day_0)
    return rows


def _treatments(wide: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    columns = {"class": "treatment", "start_date": "start_day", "end_date": "end_day"}
    rows = _groups(wide, day_0, "pt", columns | {"adeq": "adequate", "out": "outcome"}, "start_day")
    outcome = _category(rows["outcome"], TREATMENT_OUTCOMES)
    return rows.assign(treatment=_category(rows["treatment"], TREATMENTS), outcome=outcome)


def _doses(wide: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    columns = {"date": "day", "route": "route", "mgkg": "dose_mg_per_kg", "cadss": "peak_dissociation"}
    rows = _groups(wide, day_0, "dos", columns | {"sbp": "peak_systolic_mmhg", "ae": "adverse_event"}, "day")
    return rows.assign(route=_category(rows["route"], ROUTES), kind="dosing")


def _hours(wide: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    return _groups(wide, day_0, "ther", {"date": "day"}, "day").assign(kind="psychotherapy")


def _assessments(wide: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    found = []
    for number in range(1, ROOM["visit"] + 1):
        day = days(pd.to_datetime(wide[f"visit{number}_date"]), wide["pid"], day_0)
        for scale in SCALE_TITLES:
            score = wide[f"{scale}_v{number}"]
            found.append(pd.DataFrame({"patient_id": wide["pid"], "day": day, "instrument": scale, "score": score}))
    return pd.concat(found).dropna(subset="score")


def _events(wide: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    rows = _groups(wide, day_0, "ev", {"date": "day", "type": "event"}, "day")
    return rows.assign(event=_category(rows["event"], EVENTS))
