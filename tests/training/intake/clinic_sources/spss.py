"""The cohort as a wide SPSS file: one row per patient, a group of columns per treatment, session, visit and event.

A visit is a date with a rating, and has a column per scale. Codes have value labels, 9, 99 and 999 are user-missing.
The file has room for more visits and sessions than anybody has, so that next month's file has the same columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources.cells import is_date, records
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.scale_titles import SCALE_TITLES

DAY_0 = pd.Timestamp("1582-10-14")
"""From which SPSS counts the seconds of its dates."""
ROOM = {"pt": 8, "dos": 13, "ther": 7, "visit": 26, "ev": 3}
"""Groups of columns per patient: treatments, doses, hours of therapy, visits, events."""
FLAGS = {
    "com_dep": ("comorbid_depression", "Comorbid depression"),
    "com_ptsd": ("comorbid_ptsd", "Comorbid PTSD"),
    "com_sud": ("comorbid_substance_use", "Comorbid substance use disorder"),
    "com_pd": ("comorbid_personality_disorder", "Comorbid personality disorder"),
    "fam_alc": ("family_history_alcohol", "Family history of alcohol use disorder"),
    "hx_asked": ("prior_treatments_recorded", "Earlier treatments were asked for"),
}
NUMBERS = {
    "age": ("age_years", "Age at first dose (years)"),
    "ill_yrs": ("illness_duration_years", "Years since onset of illness"),
    "bmi": ("body_mass_index", "Body mass index (kg/m2)"),
    "bzd_mg": ("benzodiazepine_mg", "Benzodiazepine (mg diazepam equivalent per day)"),
    "expect": ("expectancy", "Expectation of benefit (0-10)"),
    "alliance": ("working_alliance", "Working alliance (0-10)"),
}
YES_NO = {0: "No", 1: "Yes", 9: "Unknown"}

_Cell = object
_Cells = dict[str, _Cell]


@dataclass
class StatisticalVariables:
    """Labels and user-missing codes of the columns so far."""

    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[int | float, str]] = field(default_factory=dict)
    missing: dict[str, list[int | float | str]] = field(default_factory=dict)

    def column(self, name: str, label: str, values: dict[int, str] | None = None, missing: int | None = None) -> None:
        """Declare a column, at the end."""
        self.labels[name] = label
        if values is not None:
            self.values[name] = dict(values)
        if missing is not None:
            self.missing[name] = [missing]


def write_spss(dated: DatedCohort, folder: Path) -> Path:
    """Write the file, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"kap_study_{dated.exported}.sav"
    variables = _variables(sorted(dated.cohort.patients["site_id"].dropna().unique()))
    columns = {name: [] for name in variables.labels}
    for row in _rows(dated):
        for name, cells in columns.items():
            cells.append(row.get(name))
    frame = pd.DataFrame({name: _typed(name, cells) for name, cells in columns.items()})
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=variables.labels,
        variable_value_labels=variables.values,
        missing_ranges=variables.missing,
        variable_format={name: "DATE11" for name in frame if name.endswith("_date")},
    )
    return path


def _typed(name: str, cells: list[_Cell]) -> pd.Series:
    if name in ("pid", "remarks"):
        return pd.Series(cells, dtype=object)
    return pd.Series(np.array([np.nan if pd.isna(cell) else float(str(cell)) for cell in cells]))


def numbered(categories: tuple[str, ...]) -> dict[int, str]:
    """Codes 1, 2 ... and their labels."""
    return {code: name.replace("_", " ") for code, name in enumerate(categories, start=1)}


def _variables(sites: list[str]) -> StatisticalVariables:
    variables = StatisticalVariables()
    variables.column("pid", "Patient ID")
    variables.column("centre", "Study centre", dict(enumerate(sites, start=1)))
    variables.column("sex", "Sex", {**numbered(SEXES), 9: "Unknown"}, 9)
    variables.column("dx", "Primary diagnosis", numbered(DIAGNOSES))
    for name, (_, label) in NUMBERS.items():
        variables.column(name, label, missing=999)
    for name, (_, label) in FLAGS.items():
        variables.column(name, label, YES_NO, 9)
    for group, declare in _GROUPS.items():
        for number in range(1, ROOM[group] + 1):
            declare(variables, number)
    variables.column("remarks", "Remarks")
    variables.column("weight_st", "Weight (stone)")
    return variables


def _treatment(variables: StatisticalVariables, number: int) -> None:
    title = f"Earlier treatment {number}"
    variables.column(f"pt{number}_class", f"{title}: class", numbered(TREATMENTS))
    variables.column(f"pt{number}_start_date", f"{title}: first day")
    variables.column(f"pt{number}_end_date", f"{title}: last day")
    variables.column(f"pt{number}_adeq", f"{title}: adequate", YES_NO, 9)
    variables.column(f"pt{number}_out", f"{title}: outcome", numbered(TREATMENT_OUTCOMES))


def _dose(variables: StatisticalVariables, number: int) -> None:
    title = f"Dosing session {number}"
    variables.column(f"dos{number}_date", f"{title}: date")
    variables.column(f"dos{number}_route", f"{title}: route", numbered(ROUTES))
    variables.column(f"dos{number}_mgkg", f"{title}: ketamine (mg/kg)")
    variables.column(f"dos{number}_cadss", f"{title}: peak CADSS", missing=99)
    variables.column(f"dos{number}_sbp", f"{title}: peak systolic blood pressure (mmHg)", missing=999)
    variables.column(f"dos{number}_ae", f"{title}: adverse event", YES_NO, 9)


def _hour(variables: StatisticalVariables, number: int) -> None:
    variables.column(f"ther{number}_date", f"Psychotherapy session {number}: date")


def _visit(variables: StatisticalVariables, number: int) -> None:
    variables.column(f"visit{number}_date", f"Visit {number}: date")
    for scale, title in SCALE_TITLES.items():
        variables.column(f"{scale}_v{number}", f"{title} total, visit {number}", missing=999)


def _event(variables: StatisticalVariables, number: int) -> None:
    variables.column(f"ev{number}_date", f"Event {number}: date")
    variables.column(f"ev{number}_type", f"Event {number}: what happened", numbered(EVENTS))


_GROUPS = {"pt": _treatment, "dos": _dose, "ther": _hour, "visit": _visit, "ev": _event}


def _rows(dated: DatedCohort) -> Iterator[_Cells]:
    rng = dated.rng(21)
    sites = {site: code for code, site in enumerate(sorted(dated.cohort.patients["site_id"].unique()), start=1)}
    groups = [
        _by_patient(cells) for cells in (_treatments(dated), _sessions(dated, rng), _visits(dated), _events(dated))
    ]
    for patient in records(dated.patients):
        row: _Cells = {"pid": patient["patient_id"], "centre": sites[str(patient["site_id"])]}
        row |= {"sex": _code(SEXES, patient["sex"], missing=9 if rng.random() < 0.5 else None)}
        row |= {"dx": _code(DIAGNOSES, patient["diagnosis"]), "weight_st": round(float(rng.uniform(8, 16)), 1)}
        row |= {name: _or_missing(patient[column], 999, rng) for name, (column, _) in NUMBERS.items()}
        row |= {name: _or_missing(_flag(patient[column]), 9, rng) for name, (column, _) in FLAGS.items()}
        for group in groups:
            row |= group.get(str(patient["patient_id"]), {})
        yield row | {"remarks": str(rng.choice(["", "moved away", "prefers phone"]))}


def _by_patient(cells: Iterator[tuple[str, _Cells]]) -> dict[str, _Cells]:
    found: dict[str, _Cells] = {}
    for patient, more in cells:
        found.setdefault(patient, {}).update(more)
    return found


def _code(categories: tuple[str, ...], value: object, missing: int | None = None) -> int | None:
    return missing if pd.isna(value) else categories.index(str(value)) + 1


def _flag(value: object) -> int | None:
    return None if pd.isna(value) else int(bool(value))


def _or_missing(value: object, missing: int, rng: np.random.Generator) -> object:
    return missing if pd.isna(value) and rng.random() < 0.5 else value


def _date(value: object) -> float | None:
    """A date as SPSS holds it, in seconds; a column of numbers is written in a fraction of the time of dates."""
    return (value - DAY_0).total_seconds() if isinstance(value, pd.Timestamp) and is_date(value) else None


def _treatments(dated: DatedCohort) -> Iterator[tuple[str, _Cells]]:
    seen: dict[str, int] = {}
    for treatment in records(dated.prior_treatments):
        patient = str(treatment["patient_id"])
        group = f"pt{_next(seen, patient, 'pt')}"
        yield (
            patient,
            {
                f"{group}_class": _code(TREATMENTS, treatment["treatment"]),
                f"{group}_start_date": _date(treatment["start_date"]),
                f"{group}_end_date": _date(treatment["end_date"]),
                f"{group}_adeq": _flag(treatment["adequate"]),
                f"{group}_out": _code(TREATMENT_OUTCOMES, treatment["outcome"]),
            },
        )


def _next(seen: dict[str, int], patient: str, group: str) -> int:
    """The number of a patient's next group of columns."""
    seen[patient] = seen.get(patient, 0) + 1
    if seen[patient] > ROOM[group]:
        raise ValueError(f"the file has no room for so many groups {group}")
    return seen[patient]


def _sessions(dated: DatedCohort, rng: np.random.Generator) -> Iterator[tuple[str, _Cells]]:
    doses: dict[str, int] = {}
    hours: dict[str, int] = {}
    for session in records(dated.sessions.sort_values(["patient_id", "date"])):
        patient, date = str(session["patient_id"]), _date(session["date"])
        if session["kind"] == "psychotherapy":
            yield patient, {f"ther{_next(hours, patient, 'ther')}_date": date}
            continue
        group = f"dos{_next(doses, patient, 'dos')}"
        yield (
            patient,
            {
                f"{group}_date": date,
                f"{group}_route": _code(ROUTES, session["route"]),
                f"{group}_mgkg": session["dose_mg_per_kg"],
                f"{group}_cadss": _or_missing(session["peak_dissociation"], 99, rng),
                f"{group}_sbp": _or_missing(session["peak_systolic_mmhg"], 999, rng),
                f"{group}_ae": _flag(session["adverse_event"]),
            },
        )


def _visits(dated: DatedCohort) -> Iterator[tuple[str, _Cells]]:
    seen: dict[str, int] = {}
    ratings = records(dated.assessments.sort_values(["patient_id", "date"], kind="stable"))
    for (patient, date), visit in groupby(ratings, key=lambda rating: (str(rating["patient_id"]), rating["date"])):
        number = _next(seen, patient, "visit")
        scores: _Cells = {f"{rating['instrument']}_v{number}": rating["score"] for rating in visit}
        rated_phq9 = f"phq9_v{number}" in scores
        not_rated: _Cells = {} if rated_phq9 or number % 5 else {f"phq9_v{number}": 999}
        yield patient, {f"visit{number}_date": _date(date)} | scores | not_rated


def _events(dated: DatedCohort) -> Iterator[tuple[str, _Cells]]:
    seen: dict[str, int] = {}
    for event in records(dated.events):
        patient = str(event["patient_id"])
        group = f"ev{_next(seen, patient, 'ev')}"
        yield patient, {f"{group}_date": _date(event["date"]), f"{group}_type": _code(EVENTS, event["event"])}
