"""Cohorts of poor records whose cells depend on each other, and copies of some of them under other ids.

A course is a severity that drifts, rated on one or two scales by the schedule of the clinic; few columns are recorded.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from features.records.timeline import Indices

SCHEDULES = ((0, 7, 14, 28, 56, 84), (0, 14, 28, 42, 56, 90), (0, 7, 21, 35, 63, 120))
"""Days on which the clinics rate; a patient of any clinic is rated on most of them."""
SCALES = {"gad7": 21, "phq9": 27}

Tables = dict[str, pd.DataFrame]


def poor_records(seed: int, ratings: int = 6, late: float = 0.15) -> Tables:
    """2,000 to 5,000 patients with age, sex and diagnosis, and one or two scales; a share of visits is ``late``."""
    rng = np.random.default_rng(seed)
    patients = int(rng.integers(2000, 5001))
    sites = int(rng.integers(4, 12))
    site = rng.choice(sites, patients, p=rng.dirichlet(np.full(sites, 2.0)))
    ids = np.array([f"p{number:05d}" for number in rng.permutation(patients)])
    diagnoses = rng.choice(["gad", "social_anxiety", "ptsd", "ocd"], patients, p=[0.5, 0.2, 0.2, 0.1])
    table = pd.DataFrame(
        {
            "patient_id": ids,
            "site_id": [f"s{number:02d}" for number in site],
            "age_years": np.clip(np.round(rng.gamma(9, 4.4, patients)), 18, 85).astype(int),
            "sex": rng.choice(["female", "male"], patients, p=[0.62, 0.38]),
            "diagnosis": diagnoses,
        }
    )
    severity = rng.normal(0.7, 0.15, patients) + 0.05 * (diagnoses == "ocd")
    slope = rng.gamma(1.5, 0.08, patients) * rng.choice([0.1, 1.0, 1.6], patients)
    second = rng.random(sites) < 0.5
    parts = []
    for visit in range(ratings):
        day = np.array([SCHEDULES[number % len(SCHEDULES)][visit] for number in site])
        day = day + (rng.random(patients) < late) * rng.integers(1, 4, patients) * (visit > 0)
        severity = np.clip(severity - slope * (visit > 0) + rng.normal(0, 0.06, patients), 0, 1)
        came = rng.random(patients) < (0.97**visit if visit else 1.0)
        for scale, top in SCALES.items():
            rated = came & (True if scale == "gad7" else second[site])
            score = np.clip(np.round(top * (severity + rng.normal(0, 0.05, patients))), 0, top).astype(int)
            columns = {"patient_id": ids, "day": day, "instrument": scale, "score": score}
            parts.append(pd.DataFrame(columns)[rated])
    return {"patients": table, "assessments": pd.concat(parts, ignore_index=True)}


def with_copies(tables: Tables, positions: Indices, seed: int) -> tuple[Tables, list[tuple[str, str]]]:
    """Each of these patients once more, under another id, at another site, with two ratings changed by some points."""
    rng = np.random.default_rng(seed)
    patients, assessments, names = [tables["patients"]], [tables["assessments"]], []
    for number, position in enumerate(positions.tolist()):
        original = tables["patients"].iloc[[position]]
        (known,) = original["patient_id"]
        copied = original.assign(patient_id=f"q{number}", site_id="s99")
        rows = tables["assessments"][tables["assessments"]["patient_id"] == known].assign(patient_id=f"q{number}")
        changed = rng.choice(len(rows), 2, replace=False)
        scores = rows["score"].to_numpy().copy()
        scores[changed] = np.where(scores[changed] >= 3, scores[changed] - 3, scores[changed] + 3)
        patients.append(copied)
        assessments.append(rows.assign(score=scores))
        names.append((known, f"q{number}"))
    return {"patients": pd.concat(patients), "assessments": pd.concat(assessments)}, names


def written(tables: Tables, folder: Path) -> Path:
    """The folder, with the tables in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder
