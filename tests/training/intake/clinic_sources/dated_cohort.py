"""A synthetic cohort as a clinic would know it: with dates in place of days.

Every patient gets a day 0 from 2021 to 2023 at random, and everything counts from it. The days stay beside the dates.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from training.simulation.cohort import SyntheticCohort, simulate_cohort, write_cohort

FIRST, LAST = pd.Timestamp("2021-01-04"), pd.Timestamp("2023-12-31")
"""Day 0 lies between them."""
DATES = {
    "prior_treatments": {"start_day": "start_date", "end_day": "end_date"},
    "sessions": {"day": "date"},
    "assessments": {"day": "date"},
    "events": {"day": "date"},
}
"""For each table of days, the date that stands beside each day."""


@dataclass(frozen=True, eq=False)
class DatedCohort:
    """The tables of a synthetic cohort, each with its dates; ``patients`` has ``day_0``.

    ``seed`` draws the rest. ``exported`` is the day of the export, as files have it in their names.
    """

    cohort: SyntheticCohort
    patients: pd.DataFrame
    prior_treatments: pd.DataFrame
    sessions: pd.DataFrame
    assessments: pd.DataFrame
    events: pd.DataFrame
    seed: int
    exported: str = "2026-11-01"

    def rng(self, purpose: int) -> np.random.Generator:
        """A generator for one purpose; the same seed and purpose draw the same."""
        return np.random.default_rng([self.seed, purpose])

    def until(self, last: pd.Timestamp) -> "DatedCohort":
        """What the clinic had recorded by the end of a day: the patients treated by then, and their records."""
        patients = self.patients[self.patients["day_0"] <= last].reset_index(drop=True)
        known = {"patients": patients}
        for name in DATES:
            table = getattr(self, name)
            of_them = table["patient_id"].isin(patients["patient_id"])
            recorded = of_them if name == "prior_treatments" else of_them & (table["date"] <= last)
            known[name] = table[recorded].reset_index(drop=True)
        tables = {name: _without_dates(table) for name, table in known.items()}
        return replace(self, cohort=replace(self.cohort, **tables), exported="2026-10-01", **known)

    def first_month(self) -> "DatedCohort":
        """An earlier export of the clinic, of most ratings, in which every category is there already."""
        dates = self.assessments["date"].sort_values().to_list()
        for position in range(len(dates) * 17 // 20, len(dates) - 1, len(dates) // 50):
            earlier = self.until(dates[position])
            if _categories(earlier) == _categories(self):
                return earlier
        raise ValueError("no earlier month has every category")

    def write_original(self, folder: Path) -> Path:
        """The cohort's own folder, with days."""
        write_cohort(self.cohort, folder)
        return folder


def dated_cohort(patients: int, sites: int, seed: int) -> DatedCohort:
    """A synthetic cohort with dates; the same arguments give the same one."""
    cohort = simulate_cohort(patients, sites, seed)
    days = np.random.default_rng([seed, 0]).integers(0, (LAST - FIRST).days + 1, patients)
    day_0 = pd.Series(FIRST + pd.to_timedelta(days, unit="D"), index=cohort.patients["patient_id"])
    tables = {name: _with_dates(getattr(cohort, name), day_0, dates) for name, dates in DATES.items()}
    with_day_0 = cohort.patients.assign(day_0=day_0.to_numpy())
    return DatedCohort(cohort=cohort, patients=with_day_0, seed=seed, **tables)


def _categories(dated: DatedCohort) -> list[set[object]]:
    named = (("patients", "diagnosis"), ("prior_treatments", "treatment"), ("prior_treatments", "outcome"))
    named += (("sessions", "route"), ("assessments", "instrument"), ("events", "event"), ("patients", "sex"))
    return [set(getattr(dated, table)[column].dropna()) for table, column in named]


def _with_dates(table: pd.DataFrame, day_0: pd.Series, dates: dict[str, str]) -> pd.DataFrame:
    start = pd.Series(day_0.loc[table["patient_id"]].to_numpy(), index=table.index)
    return table.assign(
        **{date: start + pd.to_timedelta(table[day].astype("Float64"), unit="D") for day, date in dates.items()}
    )


def _without_dates(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=[name for name in table if name == "day_0" or str(name).endswith("date")])
