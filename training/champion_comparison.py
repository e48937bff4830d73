"""Is a candidate worse than the champion on the same patients? Losses paired by patient, with their standard error.

Where the predictions come from is left to `examination`; how much worse is too much to the policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.timeline import Floats

FEWEST = 10
"""Patients in common below which nothing is compared."""
ONE_SIDED = 1.645
"""Standard errors to a one-sided 95% limit."""

HeadName = tuple[str, str]
"""A landmark's name and "remission" or "relapse"."""


@dataclass(frozen=True)
class HeadComparison:
    """Mean loss of the candidate less that of the champion, over ``patients``; above 0 the candidate is worse.

    ``loss`` is "log loss" or "squared error".
    """

    landmark: str
    head: str
    loss: str
    patients: int
    difference: float
    standard_error: float

    @property
    def at_least(self) -> float:
        """The lower one-sided 95% limit of the difference: how much worse the candidate is at least."""
        return self.difference - ONE_SIDED * self.standard_error


@dataclass(frozen=True)
class ChampionComparison:
    """The candidate against version ``champion``; ``impossible`` says why something could not be compared.

    ``champion`` is ``None`` where there is none but the candidate. ``caveat`` says whom the comparison favours.
    """

    champion: str | None
    heads: tuple[HeadComparison, ...] = ()
    impossible: tuple[str, ...] = ()
    caveat: str = ""


def winners_predictions(table: pd.DataFrame, winners: Mapping[HeadName, str | None]) -> dict[HeadName, pd.DataFrame]:
    """The held-out predictions of each head's winner by patient, averaged over the repeats of the folds.

    ``table`` is `held_out_predictions.parquet`. Columns: probability, observed, weight and, for relapse,
    followed_days.
    """
    found = {}
    for (landmark, head), winner in winners.items():
        rows = table[(table["landmark"] == landmark) & (table["head"] == head) & (table["candidate"] == winner)]
        kept = [name for name in ("probability", "observed", "weight", "followed_days") if name in rows]
        if len(rows):
            found[landmark, head] = rows.groupby("patient")[kept].mean()
    return found


def compare(
    candidate: Mapping[HeadName, pd.DataFrame], champion: Mapping[HeadName, pd.DataFrame], version: str
) -> ChampionComparison:
    """Compare every head of the candidate with the champion ``version``; outcomes are those the candidate is judged by.

    Where the champion's rows have outcomes too, these must be the same.
    """
    compared, impossible = [], []
    for (landmark, head), ours in candidate.items():
        theirs = champion.get((landmark, head))
        if theirs is None:
            impossible.append(f"{landmark}, {head}: the champion has no predictions of it")
            continue
        joined = ours.join(theirs, how="inner", rsuffix="_champion")
        if len(joined) < FEWEST:
            impossible.append(f"{landmark}, {head}: fewer than {FEWEST} patients in common")
        elif "observed_champion" in joined and not _same_outcomes(joined):
            impossible.append(f"{landmark}, {head}: the champion was judged by other outcomes of the same patients")
        else:
            compared.append(_compare_head(landmark, head, joined))
    return ChampionComparison(version, tuple(compared), tuple(impossible))


def _same_outcomes(joined: pd.DataFrame) -> bool:
    columns = [name for name in ("observed", "followed_days") if f"{name}_champion" in joined]
    return all(np.array_equal(joined[name], joined[f"{name}_champion"], equal_nan=True) for name in columns)


def _compare_head(landmark: str, head: str, joined: pd.DataFrame) -> HeadComparison:
    observed, weights = joined["observed"].to_numpy(float), joined["weight"].to_numpy(float)
    losses, loss = _log_loss, "log loss"
    if head == "relapse":
        weights = _uncensored_weights(joined["followed_days"].to_numpy(float), observed)
        losses, loss = _squared_error, "squared error"
    ours = losses(observed, joined["probability"].to_numpy(float))
    theirs = losses(observed, joined["probability_champion"].to_numpy(float))
    kept = weights > 0
    difference, error = _mean(ours[kept] - theirs[kept], weights[kept])
    return HeadComparison(landmark, head, loss, int(kept.sum()), difference, error)


def _log_loss(y_observed: Floats, y_predicted: Floats) -> Floats:
    certain = np.clip(y_predicted, 1e-12, 1 - 1e-12)
    return np.where(y_observed == 1, -np.log(certain), -np.log1p(-certain))


def _squared_error(y_observed: Floats, y_predicted: Floats) -> Floats:
    return (y_observed - y_predicted) ** 2


def _uncensored_weights(followed_days: Floats, relapsed: Floats) -> Floats:
    """Inverse chance of not being censored before the relapse or the end; 0 for who was, shape (n,).

    The chance is Kaplan-Meier's of censoring; who left by a competing event counts as censored. Source: Graf 1999,
    doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    end = followed_days.max()
    censored = (relapsed == 0) & (followed_days < end)
    days, day = np.unique(followed_days, return_inverse=True)
    leaving = np.bincount(day, weights=censored)
    # A relapse comes before a censoring on the same day, so that it is not among those who could be censored then.
    at_risk = np.array([(followed_days >= each).sum() for each in days]) - np.bincount(day, weights=relapsed == 1)
    stays = np.where(at_risk > 0, 1 - leaving / np.maximum(at_risk, 1), 1.0)
    chance_before = np.concatenate([[1.0], np.cumprod(stays)[:-1]])
    return np.where(censored, 0.0, 1 / chance_before[day])


def _mean(values: Floats, weights: Floats) -> tuple[float, float]:
    """Weighted mean and its standard error."""
    mean = float(np.average(values, weights=weights))
    return mean, float(np.sqrt(np.sum((weights * (values - mean)) ** 2)) / weights.sum())
