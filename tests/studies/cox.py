"""A plain Cox model on the product's own feature rows, to compare the relapse head with.

Cause-specific for relapse, ridge-penalised, on columns that are standardised, filled with the median and flagged where
they are missing. The penalty is the best of a few in five folds: a fixed small one spoils the model where columns are
many and relapses few, and a bar that low shows nothing. The cumulative incidence combines the hazard with a competing
hazard that is the same for everybody, as Aalen and Johansen do: 1 - S would count relapses of patients whom a competing
event took out.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from sklearn.model_selection import StratifiedKFold

from features.build import build_features
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from tests.mechanisms.true_risks import Floats
from tests.studies.answers import FreshAnswers
from tests.studies.attainable import attainable_share
from tests.studies.settings import Row
from training.outcomes.labels import EndedBy, derive_outcomes

PENALTIES = (0.03, 0.1, 0.3, 1.0)
"""Of half the squared coefficients, beside the mean log-likelihood of a patient [judgement]."""
FEWEST_RELAPSES = 20


@dataclass(frozen=True, eq=False)
class Columns:
    """How a column is filled and standardised, from the training patients."""

    used: np.ndarray
    flagged: np.ndarray
    median: Floats
    mean: Floats
    spread: Floats

    @staticmethod
    def from_rows(rows: Floats) -> "Columns":
        """Columns that are recorded for somebody and vary."""
        missing = np.isnan(rows)
        used = np.flatnonzero(~missing.all(axis=0))
        median = np.nanmedian(rows[:, used], axis=0)
        filled = np.where(missing[:, used], median, rows[:, used])
        varies = filled.std(axis=0) > 1e-9
        used, median, filled = used[varies], median[varies], filled[:, varies]
        flagged = np.flatnonzero((missing.mean(axis=0) > 0.01) & (missing.mean(axis=0) < 0.99))
        return Columns(used, flagged, median, filled.mean(axis=0), filled.std(axis=0))

    def of_rows(self, rows: Floats) -> Floats:
        """Standardised values, then the flags."""
        values = np.where(np.isnan(rows[:, self.used]), self.median, rows[:, self.used])
        return np.hstack([(values - self.mean) / self.spread, np.isnan(rows[:, self.flagged]).astype(np.float64)])


@dataclass(frozen=True, eq=False)
class CoxModel:
    """A fitted Cox model: coefficients and the steps of both cumulative hazards, at ``days`` (steps,)."""

    columns: Columns
    coefficients: Floats
    days: Floats
    relapse_steps: Floats
    competing_steps: Floats

    def incidence(self, rows: Floats, day: float) -> Floats:
        """Cumulative incidence of relapse by ``day`` beside competing events, shape (patients,)."""
        within = self.days <= day
        relative = np.exp(self.columns.of_rows(rows) @ self.coefficients)[:, None]
        relapse, competing = relative * self.relapse_steps[within], self.competing_steps[within]
        together = np.cumsum(relapse + competing, axis=1)
        free_before = np.exp(-np.hstack([np.zeros((len(rows), 1)), together[:, :-1]]))
        ends = 1 - np.exp(-(relapse + competing))
        share = np.divide(relapse, relapse + competing, out=np.zeros_like(relapse), where=relapse + competing > 0)
        return (free_before * ends * share).sum(axis=1)


def fit_cox(rows: Floats, days: Floats, relapsed: np.ndarray, competed: np.ndarray) -> CoxModel:
    """Fit on the patients at risk: feature rows (patients, features), days followed, and how these ended."""
    columns = Columns.from_rows(rows)
    values = columns.of_rows(rows)
    coefficients = _coefficients(values, days, relapsed, _best_penalty(values, days, relapsed))
    times = np.unique(days[relapsed | competed])
    relative = np.exp(values @ coefficients)
    at_risk = days[None, :] >= times[:, None]
    now = days[None, :] == times[:, None]
    relapse = (now & relapsed).sum(axis=1) / (at_risk * relative).sum(axis=1)
    competing = (now & competed).sum(axis=1) / at_risk.sum(axis=1)
    return CoxModel(columns, coefficients, times, relapse, competing)


def _frame(values: Floats, days: Floats, relapsed: np.ndarray) -> pd.DataFrame:
    names = [f"x{number}" for number in range(values.shape[1])]
    return pd.DataFrame(values, columns=names).assign(days=days, relapsed=relapsed)


def _fitter(frame: pd.DataFrame, penalty: float) -> CoxPHFitter:
    varies = frame.drop(columns=["days", "relapsed"]).std() > 1e-9
    kept = [*varies.index[varies], "days", "relapsed"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines warns of every rare column, which the ridge takes care of
        return CoxPHFitter(penalizer=penalty).fit(frame[kept], duration_col="days", event_col="relapsed")


def _coefficients(values: Floats, days: Floats, relapsed: np.ndarray, penalty: float) -> Floats:
    """Coefficients of all columns, 0 for one that is the same for everybody."""
    found = _fitter(_frame(values, days, relapsed), penalty).params_
    return found.reindex([f"x{number}" for number in range(values.shape[1])]).fillna(0.0).to_numpy()


def _best_penalty(values: Floats, days: Floats, relapsed: np.ndarray) -> float:
    """The penalty with the highest partial log-likelihood on patients left out, in five folds."""
    frame = _frame(values, days, relapsed)
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(values, relapsed)
    reached = dict.fromkeys(PENALTIES, 0.0)
    for fitted_on, held_out in splits:
        for penalty in PENALTIES:
            fitter = _fitter(frame.iloc[fitted_on], penalty)
            reached[penalty] += fitter.score(frame.iloc[held_out], scoring_method="log_likelihood")
    return max(reached, key=reached.__getitem__)


def cox_at(cohort: Cohort, landmark: Landmark) -> CoxModel | None:
    """The Cox model of a training cohort's patients at risk at a landmark; ``None`` with fewer than 20 relapses."""
    outcomes = derive_outcomes(cohort, landmark)
    patients = np.flatnonzero(outcomes.at_risk)
    ended = outcomes.ended_by[patients]
    relapsed, competed = ended == EndedBy.RELAPSE, ended == EndedBy.COMPETING
    if relapsed.sum() < FEWEST_RELAPSES:
        return None
    rows = build_features(cohort, landmark).values[patients]
    return fit_cox(rows, outcomes.followed_days[patients], relapsed, competed)


def cox_rows(answered: FreshAnswers, model: CoxModel | None) -> Iterator[Row]:
    """One row per horizon: the share of the attainable information in its answers to the fresh patients."""
    if model is None:
        return
    truth = answered.truth
    for position, days in enumerate(answered.model.horizons_days):
        incidence = model.incidence(answered.rows, days)
        share = attainable_share(truth.relapse[:, position], incidence, weights=truth.remission)
        yield {"answer": f"relapse by day {days}", "cox_share": share}
