"""Everything that the figures of the evidence are computed from, as a table: one row per patient, landmark and repeat.

`records` has the held-out predictions of every candidate; this table has the answers of the winners, recalibrated as in
the bundle, beside what was observed, so that every figure can be computed again outside. Patients appear under the
pseudonyms of `records`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.records.timeline import Floats
from models.outcomes import expit
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.questions import questions
from training.evaluation.relapse_measures import followed_until
from training.evaluation.subgroups import groups_of
from training.experiment.evidence import evaluated_at
from training.experiment.records import pseudonyms
from training.experiment.train import Training
from training.metrics.question_data import QuestionData

FIRST = ("landmark", "repeat", "fold", "site", "patient")


def held_out_answers(training: Training) -> pd.DataFrame:
    """The table; training/README.md describes its columns. Empty where nothing could be fitted."""
    names, folds = pseudonyms(training.cohort), np.array(training.folds.names)
    groups = _groups(training)
    sites = np.array([*training.cohort.site_names, ""])  # the code of no site is -1
    parts = []
    for landmark in training.landmarks:
        evaluated = evaluated_at(landmark, training.folds, training.cohort.protocol.horizons_days)
        columns = {
            "landmark": np.full(len(evaluated.patient), landmark.outcomes.landmark.name),
            "repeat": evaluated.repeat,
            "fold": folds[evaluated.fold],
            "site": sites[training.cohort.site[evaluated.patient]],
            "patient": names[evaluated.patient],
            **{variable: group[evaluated.patient] for variable, group in groups.items()},
            **_predicted(evaluated),
            **_followed(evaluated),
        }
        for asked in questions(evaluated):
            columns |= _asked(asked, len(evaluated.patient))
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FIRST))


def _groups(training: Training) -> dict[str, NDArray[np.object_]]:
    """The group of every patient by each variable but the site, empty where it is not recorded."""
    cohort = training.cohort
    found: dict[str, NDArray[np.object_]] = {}
    for variable, group, members in groups_of(cohort, training.config.evaluation.age_bands):
        if variable != "site":
            found.setdefault(f"group.{variable}", np.full(len(cohort), "", dtype=object))[members] = group
    return found


def _predicted(evaluated: EvaluatedPredictions) -> dict[str, Floats]:
    """What the winners predict; relapse for every day of the curve, the rest for the horizons."""
    found: dict[str, Floats] = {}
    if evaluated.remission_log_odds is not None:
        found["remission"] = expit(evaluated.remission_log_odds)
    if evaluated.relapse_score is None:
        return found
    found["relapse_score"] = evaluated.relapse_score
    found |= {f"relapse_{day}": evaluated.relapse[:, place] for place, day in enumerate(evaluated.days.tolist())}
    for day in evaluated.horizons_days:
        place = evaluated.on_day(day)
        if place is not None:
            free = evaluated.event_free[:, place]
            found[f"event_free_{day}"] = free
            found[f"competing_{day}"] = 1 - evaluated.relapse[:, place] - free
            found[f"sustained_{day}"] = found.get("remission", np.ones(len(free))) * free
    return found


def _followed(evaluated: EvaluatedPredictions) -> dict[str, NDArray[np.generic]]:
    """How long those in remission were followed, up to the end of the curve, and how that ended; NaN for the others."""
    at_risk = evaluated.outcomes.at_risk[evaluated.patient]
    last = float(evaluated.days[-1]) if len(evaluated.days) else np.inf
    followed, ended_by = followed_until(evaluated, evaluated.patient, last)
    return {
        "followed_days": np.where(at_risk, followed, np.nan),
        "ended_by": np.where(at_risk, ended_by, np.nan).astype(np.float64),
    }


def _asked(asked: QuestionData, rows: int) -> dict[str, Floats]:
    """What was observed of a question, NaN where it was not or the patient is not asked about, and its weight."""
    name = asked.head if asked.horizon_days is None else f"{asked.head}_{asked.horizon_days}"
    observed, weight = np.full(rows, np.nan), np.full(rows, np.nan)
    observed[asked.row], weight[asked.row] = asked.y_observed, asked.weights
    return {f"observed.{name}": observed, f"weight.{name}": weight}
