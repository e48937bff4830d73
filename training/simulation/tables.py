"""The five tables of the intake format from drawn synthetic patients, without latent values."""

import numpy as np
import pandas as pd

from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.columns import SEXES, TREATMENT_OUTCOMES
from training.simulation import mechanism
from training.simulation.course import Course
from training.simulation.follow_up import FollowUp, Visit
from training.simulation.patients import SCALES, Flags, Floats, Integers, Sites, SyntheticPatients

FLAG_COLUMNS = (
    "comorbid_depression",
    "comorbid_ptsd",
    "comorbid_substance_use",
    "comorbid_personality_disorder",
    "family_history_alcohol",
)
TREATMENT_PROPORTIONS = {
    "ssri": 0.34,
    "snri": 0.14,
    "cbt": 0.16,
    "other_psychotherapy": 0.12,
    "benzodiazepine": 0.07,
    "buspirone": 0.05,
    "pregabalin": 0.05,
    "antipsychotic": 0.04,
    "tms": 0.03,
}
"""Kinds of earlier treatment [judgement]."""

RELAPSE_EVENTS = {"relapse": 0.3, "medication_increase": 0.4, "rescue_ketamine": 0.2, "hospitalisation": 0.1}
"""Events that detect a relapse, other than a rating [judgement]."""


def synthetic_ids(count: int) -> pd.Series:
    """``SYN-000001`` and so on."""
    return "SYN-" + pd.Series(np.arange(1, count + 1)).astype("str").str.zfill(6)


def _flags(values: Floats) -> pd.Series:
    """True, false, or not recorded, from 1.0, 0.0 and NaN."""
    return pd.Series(values).astype("boolean")


def _named(names: tuple[str, ...], index: Integers) -> pd.Series:
    """``names[index]``, not recorded where the index is negative."""
    return pd.Series(np.array([*names, None], object)[index], dtype="str")


def patients_table(patients: SyntheticPatients, ids: pd.Series) -> pd.DataFrame:
    """The ``patients`` table."""
    recorded = patients.recorded
    frame = pd.DataFrame({"patient_id": ids})
    frame["site_id"] = "synthetic-site-" + pd.Series(patients.site + 1).astype("str")
    frame["age_years"] = recorded["age_years"]
    frame["sex"] = _named(SEXES, patients.sex)
    frame["diagnosis"] = _named(tuple(mechanism.DIAGNOSES), patients.diagnosis)
    frame["illness_duration_years"] = recorded["illness_duration_years"]
    for name in FLAG_COLUMNS:
        frame[name] = _flags(recorded[name])
    frame["prior_treatments_recorded"] = patients.history_recorded
    for name in ("body_mass_index", "benzodiazepine_mg", "expectancy", "working_alliance"):
        frame[name] = recorded[name]
    return frame


def prior_treatments_table(patients: SyntheticPatients, ids: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """The ``prior_treatments`` table, with ``failed_treatments`` adequate ones with a partial response at most."""
    rows = np.repeat(np.arange(len(patients)), patients.treatments)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(patients.treatments) - patients.treatments, patients.treatments)
    failed = number < np.nan_to_num(patients.recorded["failed_treatments"])[rows]
    outcome = np.where(failed, rng.integers(0, 2, len(rows)), rng.integers(0, len(TREATMENT_OUTCOMES), len(rows)))
    kind = rng.choice(len(TREATMENT_PROPORTIONS), len(rows), p=list(TREATMENT_PROPORTIONS.values()))
    start = -rng.integers(60, 3600, len(rows))
    end = np.minimum(start + rng.integers(30, 540, len(rows)), 0)
    running = rng.random(len(rows)) < 0.2
    frame = pd.DataFrame({"patient_id": ids.take(rows).to_numpy()})
    frame["treatment"] = _named(tuple(TREATMENT_PROPORTIONS), kind)
    frame["start_day"] = pd.Series(start).astype("Int64")
    frame["end_day"] = pd.Series(end).astype("Int64").mask(running)
    frame["adequate"] = failed | ((outcome >= 2) & (rng.random(len(rows)) < 0.75))
    frame["outcome"] = _named(TREATMENT_OUTCOMES, outcome)
    return frame


def _experience(patients: Integers, number: Integers, peaks: Floats, rng: np.random.Generator) -> pd.Series:
    """Peak dissociation (CADSS), which falls over the sessions and varies by patient, without a link to the outcome."""
    later, first = mechanism.DISSOCIATION_LATER, mechanism.DISSOCIATION_FIRST
    mean = later + (first - later) * np.exp(-(number - 1) / 4.0)
    peak = mean * peaks[patients] * rng.lognormal(-0.08, 0.4, len(patients))
    return pd.Series(np.clip(np.rint(peak), 0, 92)).mask(rng.random(len(patients)) < 0.25)


def _dosing_rows(course: Course, follow_up: FollowUp, rng: np.random.Generator) -> tuple[Integers, Integers, Integers]:
    """Patient, number and day of every dosing session: the acute course, then planned maintenance."""
    count, sessions = course.session_day.shape
    number = np.tile(np.arange(1, sessions + 1), (count, 1))
    start = np.maximum(43, course.deciding_day + rng.integers(3, 11, count))
    days = start[:, None] + np.cumsum(np.c_[np.zeros(count, int), rng.integers(28, 36, (count, 5))], axis=1)
    stop = np.minimum(follow_up.seen_until, follow_up.follow_up_outcome.onset_day + 14)
    given = follow_up.follow_up_outcome.maintenance[:, None] & (days < stop[:, None])
    all_given = np.concatenate([number <= course.received[:, None], given], axis=1)
    all_days = np.concatenate([course.session_day, days], axis=1)
    patient, column = np.nonzero(all_given)
    return patient, np.cumsum(all_given, axis=1, dtype=np.int64)[patient, column], all_days[patient, column]


def _psychotherapy_rows(course: Course, rng: np.random.Generator) -> tuple[Integers, Integers, Integers]:
    """About three integration sessions, two to four days after a dosing session."""
    count, sessions = course.session_day.shape
    attended = (np.arange(sessions) < course.received[:, None]) & (rng.random((count, sessions)) < 0.68)
    patient, column = np.nonzero(attended)
    number = np.cumsum(attended, axis=1, dtype=np.int64)[patient, column]
    days = course.session_day[patient, column] + rng.integers(2, 5, len(patient))
    return patient, number, days


def sessions_table(
    patients: SyntheticPatients, course: Course, follow_up: FollowUp, sites: Sites, rng: np.random.Generator
) -> pd.DataFrame:
    """The ``sessions`` table without identifiers: ``patient`` is the row of ``patients``."""
    patient, number, day = _dosing_rows(course, follow_up, rng)
    rows = len(patient)
    route = sites.route[patients.site[patient]]
    usual = np.array([ROUTE_DOSES[name].usual for name in mechanism.ROUTES], dtype=np.float64)
    dose = usual[route] * rng.normal(1.0, 0.08, rows)
    adverse = rng.random(rows) < mechanism.ADVERSE_EVENT_PER_SESSION
    acute = number <= course.received[patient]
    adverse[acute] = course.adverse_event[patient[acute], number[acute] - 1]
    resting = rng.normal(122, 11, len(patients))[patient]
    systolic = resting + rng.normal(mechanism.SYSTOLIC_RISE_MMHG, 7, rows)
    personal = rng.lognormal(-0.08, 0.4, len(patients))
    frame = pd.DataFrame({"patient": patient, "session_number": number, "day": day})
    frame["kind"] = pd.Series(np.full(rows, "dosing"), dtype="str")
    frame["route"] = _named(tuple(mechanism.ROUTES), route)
    frame["dose_mg_per_kg"] = pd.Series(np.round(dose, 2)).mask(rng.random(rows) < 0.04)
    frame["peak_dissociation"] = _experience(patient, number, personal, rng).astype("Int64")
    frame["peak_systolic_mmhg"] = pd.Series(np.rint(systolic)).mask(rng.random(rows) < 0.1).astype("Int64")
    frame["adverse_event"] = pd.Series(adverse).astype("boolean")
    patient, number, day = _psychotherapy_rows(course, rng)
    talks = pd.DataFrame({"patient": patient, "session_number": number, "day": day, "kind": "psychotherapy"})
    return pd.concat([frame, talks], ignore_index=True)


def assessments_table(patients: SyntheticPatients, course: Course, follow_up: FollowUp) -> pd.DataFrame:
    """The ``assessments`` table without identifiers: ``patient`` is the row of ``patients``."""
    instruments = pd.CategoricalDtype([*SCALES, "phq9"])
    parts = []
    acute = [Visit(rating.day, rating.present, rating.score, rating.phq9) for rating in course.ratings]
    for rating in (*acute, *follow_up.visits):
        rows = np.flatnonzero(rating.present)
        code = np.full(len(rows), len(SCALES)) if rating.phq9 else patients.scale[rows]
        parts.append(np.stack([rows, rating.day[rows], code, rating.score[rows].astype(np.int64)]))
    patient, day, code, score = np.concatenate(parts, axis=1)
    return pd.DataFrame(
        {
            "patient": patient,
            "day": day,
            "instrument": pd.Categorical.from_codes(code, dtype=instruments),
            "score": score,
        }
    )


def _relapse_events(follow_up: FollowUp, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Day and kind (index of ``RELAPSE_EVENTS``) of the event that detects a relapse."""
    count = len(follow_up.seen_until)
    day = follow_up.follow_up_outcome.onset_day + rng.integers(3, 21, count)
    noticed = rng.random(count) < mechanism.RELAPSE_BY_EVENT
    kind = rng.choice(len(RELAPSE_EVENTS), count, p=list(RELAPSE_EVENTS.values()))
    return np.where(noticed & follow_up.follow_up_outcome.remitted, day, np.iinfo(np.int64).max), kind


def events_table(course: Course, follow_up: FollowUp, rng: np.random.Generator) -> pd.DataFrame:
    """The ``events`` table without identifiers: ``patient`` is the row of ``patients``."""
    follow_up_outcome, until = follow_up.follow_up_outcome, follow_up.seen_until
    count = len(until)
    parts: list[tuple[str, Flags, Integers]] = []
    relapse_day, kind = _relapse_events(follow_up, rng)
    for index, name in enumerate(RELAPSE_EVENTS):
        parts.append((name, (kind == index) & (relapse_day <= until), relapse_day))
    raised = course.deciding_day + rng.integers(10, 180, count)
    parts.append(
        ("medication_increase", ~follow_up_outcome.remitted & (rng.random(count) < 0.08) & (raised <= until), raised)
    )
    for name, day in (("new_treatment", follow_up_outcome.new_treatment_day), ("death", follow_up_outcome.death_day)):
        parts.append((name, day == until, day))
    reported = rng.random(count) < 0.5
    parts.append(("withdrawal", reported & (follow_up.lost_day == until), follow_up.lost_day))
    parts.append(("end_of_follow_up", follow_up_outcome.planned_end_day == until, follow_up_outcome.planned_end_day))
    rows = [np.flatnonzero(happened) for _, happened, _ in parts]
    return pd.DataFrame(
        {
            "patient": np.concatenate(rows),
            "day": np.concatenate([day[row] for row, (_, _, day) in zip(rows, parts, strict=True)]),
            "event": pd.Series(np.repeat([name for name, _, _ in parts], [len(row) for row in rows]), dtype="str"),
        }
    )


def identified(frame: pd.DataFrame, ids: pd.Series, order: tuple[str, ...]) -> pd.DataFrame:
    """``frame`` sorted by patient and ``order``, with ``patient_id`` in place of the row number."""
    keys = [frame[name].to_numpy() if name != "instrument" else frame[name].cat.codes for name in reversed(order)]
    position = np.lexsort([*keys, frame["patient"].to_numpy()])
    ordered = frame.take(position).reset_index(drop=True)
    column = ids.take(ordered["patient"].to_numpy()).to_numpy()
    ordered.insert(0, "patient_id", pd.Series(column, dtype="str"))
    return ordered.drop(columns="patient")
