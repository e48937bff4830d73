"""The five tables of the intake format from drawn patients; nothing that is not recorded passes through here."""

import numpy as np
import pandas as pd

from tests.mechanisms.relapse_rule import NEVER
from tests.mechanisms.second import numbers
from tests.mechanisms.second.course import SecondCourse
from tests.mechanisms.second.follow_up import SecondFollowUp
from tests.mechanisms.second.people import SCALES, Flags, Floats, Integers, People
from tests.mechanisms.second.unseen import RecordedVisits

FLAGS = (
    "comorbid_depression",
    "comorbid_ptsd",
    "comorbid_substance_use",
    "comorbid_personality_disorder",
    "family_history_alcohol",
)
FAILED = ("no_response", "partial_response")
TREATMENTS = ("ssri", "snri", "cbt", "buspirone", "pregabalin", "other_psychotherapy")


def patient_ids(count: int) -> pd.Series:
    """``M2-000001`` and so on, in the order of the patients."""
    return "M2-" + pd.Series(np.arange(1, count + 1)).astype("str").str.zfill(6)


def tables_of(
    people: People, course: SecondCourse, follow_up: SecondFollowUp, seen: RecordedVisits, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Every table by its name."""
    ids = patient_ids(len(people))
    parts = {
        "prior_treatments": _prior_treatments(people, rng),
        "sessions": _sessions(people, course, rng),
        "assessments": _assessments(people, course, follow_up, seen),
        "events": _events(course, follow_up, seen, rng),
    }
    tables = {"patients": _patients(people, ids)}
    for name, frame in parts.items():
        frame.insert(0, "patient_id", ids.take(frame["patient"].to_numpy()).to_numpy())
        tables[name] = frame.drop(columns="patient")
    return tables


def _recorded(people: People, name: str) -> Floats:
    """A column as the record shows it, NaN where it is not recorded."""
    values = people.columns[name]
    return np.where(people.recorded[name], values, np.nan) if name in people.recorded else values


def _named(names: tuple[str, ...], index: Integers) -> pd.Series:
    return pd.Series(np.array(names, dtype=object)[index], dtype="str")


def _patients(people: People, ids: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"patient_id": ids})
    frame["site_id"] = _named(tuple(site.name for site in numbers.SITES), people.site)
    frame["age_years"] = people.columns["age_years"]
    frame["sex"] = _named(("female", "male", "intersex"), people.sex)
    frame["diagnosis"] = _named(tuple(numbers.DIAGNOSES), people.diagnosis)
    frame["illness_duration_years"] = _recorded(people, "illness_duration_years")
    for name in FLAGS:
        frame[name] = pd.Series(_recorded(people, name)).astype("boolean")
    frame["prior_treatments_recorded"] = people.recorded["failures"]
    frame["benzodiazepine_mg"] = _recorded(people, "benzodiazepine_mg")
    frame["expectancy"] = _recorded(people, "expectancy")
    return frame


def _prior_treatments(people: People, rng: np.random.Generator) -> pd.DataFrame:
    """As many adequate ones without a response as there are failures, and some others, where anybody asked."""
    asked = people.recorded["failures"]
    failed = np.where(asked, people.columns["failures"], 0).astype(np.int64)
    others = np.where(asked, rng.poisson(0.6, len(people)), 0)
    patient = np.repeat(np.arange(len(people)), failed + others)
    number = np.arange(len(patient)) - np.repeat(np.cumsum(failed + others) - failed - others, failed + others)
    failure = number < failed[patient]
    start = -rng.integers(120, 4000, len(patient))
    frame = pd.DataFrame({"patient": patient, "treatment": _named(TREATMENTS, rng.integers(0, 6, len(patient)))})
    frame["start_day"] = start
    frame["end_day"] = np.minimum(start + rng.integers(40, 400, len(patient)), 0)
    frame["adequate"] = failure
    outcome = np.where(failure, rng.integers(0, 2, len(patient)), 2)
    frame["outcome"] = _named((*FAILED, "response"), outcome)
    return frame


def _sessions(people: People, course: SecondCourse, rng: np.random.Generator) -> pd.DataFrame:
    number = np.arange(1, numbers.MOST_SESSIONS + 1)
    patient, column = np.nonzero(number <= course.received[:, None])
    site = people.site[patient]
    rows = len(patient)
    frame = pd.DataFrame({"patient": patient, "session_number": number[column]})
    frame["day"] = course.session_day[patient, column]
    frame["kind"] = pd.Series(np.full(rows, "dosing"), dtype="str")
    frame["route"] = _named(tuple(each.route for each in numbers.SITES), site)
    usual = np.array([each.dose_mg_per_kg for each in numbers.SITES])[site]
    frame["dose_mg_per_kg"] = np.round(usual * rng.normal(1, 0.1, rows), 2)
    frame["peak_dissociation"] = np.clip(np.rint(rng.gamma(2.0, 9.0, rows)), 0, 92).astype(np.int64)
    frame["adverse_event"] = rng.random(rows) < 0.03
    return frame


def _assessments(people: People, course: SecondCourse, follow_up: SecondFollowUp, seen: RecordedVisits) -> pd.DataFrame:
    everybody = np.arange(len(people))
    scales = people.scale_index
    parts = [
        _ratings(everybody, np.full(len(people), -7), scales, people.screening),
        _ratings(everybody, np.zeros(len(people)), np.full(len(people), 2), _recorded(people, "phq9")),
        _ratings(everybody, course.deciding_day, scales, np.where(seen.deciding, course.deciding_score, np.nan)),
    ]
    parts += [
        _ratings(everybody, course.session_day[:, number], scales, course.score[:, number])
        for number in range(course.score.shape[1])
    ]
    parts += [
        _ratings(
            everybody,
            course.deciding_day + follow_up.day[:, visit],
            scales,
            np.where(seen.visits[:, visit], follow_up.score[:, visit], np.nan),
        )
        for visit in range(numbers.VISITS)
    ]
    rows = np.concatenate(parts)
    rows = rows[~np.isnan(rows[:, 3])]
    frame = pd.DataFrame(rows.astype(np.int64), columns=["patient", "day", "instrument", "score"])
    frame["instrument"] = _named((*SCALES, "phq9"), frame["instrument"].to_numpy())
    return frame


def _ratings(patient: Integers, day: Floats | Integers, scale: Integers, score: Floats) -> Floats:
    return np.stack([patient, day, scale, score], axis=1).astype(np.float64)


def _events(
    course: SecondCourse, follow_up: SecondFollowUp, seen: RecordedVisits, rng: np.random.Generator
) -> pd.DataFrame:
    """What happens up to the last visit that is seen; a loss leaves a withdrawal for about half of those lost."""
    last_visit = np.where(seen.visits, follow_up.day, 0).max(axis=1).astype(np.float64)
    until = np.where(seen.lost, last_visit, follow_up.day[:, -1])
    until = np.minimum(until, follow_up.death_day)
    happened: list[tuple[str, Floats, Flags]] = [
        (name, day, seen.deciding & (day <= until) & (day < NEVER))
        for name, day in (
            ("new_treatment", follow_up.new_treatment_day),
            ("death", follow_up.death_day),
            ("medication_increase", follow_up.medication_day),
        )
    ]
    reported = rng.random(len(until)) < 0.5
    gone = np.where(seen.deciding, last_visit + 1, -1.0)
    dead = seen.deciding & (follow_up.death_day <= until)
    happened.append(("withdrawal", gone, seen.lost & reported & ~dead))
    happened.append(("end_of_follow_up", until, ~seen.lost & ~dead))
    frames = [
        pd.DataFrame(
            {"patient": np.flatnonzero(flags), "day": (course.deciding_day + day)[flags].astype(np.int64)}
        ).assign(event=name)
        for name, day, flags in happened
    ]
    return pd.concat(frames, ignore_index=True)
