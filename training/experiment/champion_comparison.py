"""Is a candidate worse than the champion on the same patients? Losses paired by patient, with their standard error.

`promotion.checks` supplies the predictions; the policy says how much worse is too much.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.records.timeline import Floats
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK
from training.metrics.incidence import answer_by

FEWEST = 10
"""Patients in common, of known outcome, below which nothing is compared."""
ONE_SIDED = 1.645
"""Standard errors to a one-sided 95% limit."""

HeadName = tuple[str, str]
"""A landmark's name and "remission" or "relapse"."""
RELAPSE_COLUMNS = ("followed_days", "ended_by")
"""The outcome columns of a comparison of relapse; ``ended_by`` is 0 censored, 1 relapse, 2 competing event."""
LESS = "the champion answers this and the candidate does not"
NO_PREDICTIONS = "the champion has no predictions of it"


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
        """The lower one-sided 95% limit of the difference."""
        return self.difference - ONE_SIDED * self.standard_error


@dataclass(frozen=True)
class ImpossibleComparison:
    """Why something could not be compared: a question or head at a landmark or, without a landmark, everything."""

    reason: str
    landmark: str | None = None
    question: str | None = None

    def __str__(self) -> str:
        return self.reason if self.landmark is None else f"{self.landmark}, {_in_text(self.question)}: {self.reason}"


@dataclass(frozen=True)
class ChampionComparison:
    """The candidate against version ``champion``; ``impossible`` says why something could not be compared.

    ``champion`` is ``None`` if there is no other champion. ``caveat`` says which model the comparison favours.
    ``unrivalled`` are the heads that the champion does not have.
    """

    champion: str | None
    heads: tuple[HeadComparison, ...] = ()
    impossible: tuple[ImpossibleComparison, ...] = ()
    caveat: str = ""
    unrivalled: tuple[HeadName, ...] = ()


def winners_predictions(table: pd.DataFrame, winners: Mapping[HeadName, str | None]) -> dict[HeadName, pd.DataFrame]:
    """The held-out predictions of each head's winner by patient, averaged over the repeats of the folds.

    ``table`` is `held_out_predictions.parquet` and lacks no column. ``probability`` is that of the recalibrated head,
    as in the bundle. Columns: probability, observed, weight and, for relapse, followed_days and ended_by.
    """
    found = {}
    for (landmark, head), winner in winners.items():
        rows = table[(table["landmark"] == landmark) & (table["head"] == head) & (table["candidate"] == winner)]
        kept = ["recalibrated", "observed", "weight", *(RELAPSE_COLUMNS if head == "relapse" else ())]
        if len(rows):
            found[landmark, head] = rows.groupby("patient")[kept].mean().rename(columns={"recalibrated": "probability"})
    return found


def lacking_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a comparison needs and a table of held-out predictions of an earlier release lacks."""
    needed = ("recalibrated", *(RELAPSE_COLUMNS if (table["head"] == "relapse").any() else ()))
    return tuple(name for name in needed if name not in table)


def end_of_curve(followed_days: pd.Series) -> int:
    """The day at which relapse is evaluated: the end of a week, where follow-up is cut."""
    return int(np.ceil(followed_days.max() / DAYS_PER_WEEK)) * DAYS_PER_WEEK


def unanswered(candidate: Bundle, champion: Bundle) -> tuple[ImpossibleComparison, ...]:
    """An entry per landmark, head or horizon that the champion answers and the candidate does not."""
    answered = {(part.landmark.name, question) for part in candidate.models for question in _questions(part)}
    asked = [(part.landmark.name, question) for part in champion.models for question in _questions(part)]
    return tuple(ImpossibleComparison(LESS, *one) for one in asked if one not in answered)


def without_unrivalled(comparison: ChampionComparison, champion: Bundle) -> ChampionComparison:
    """The comparison, in which a head that the champion does not have is no obstacle."""
    heads = {(part.landmark.name, name) for part in champion.models for name in _heads(part)}
    new = [
        one
        for one in comparison.impossible
        if one.reason == NO_PREDICTIONS and (one.landmark or "", one.question or "") not in heads
    ]
    kept = tuple(one for one in comparison.impossible if one not in new)
    return replace(comparison, impossible=kept, unrivalled=tuple((str(one.landmark), str(one.question)) for one in new))


def _heads(part: OutcomeModel) -> list[str]:
    return [name for name, head in (("remission", part.remission), ("relapse", part.relapse)) if head is not None]


def _questions(part: OutcomeModel) -> list[str]:
    remission = ["remission"] if part.remission else []
    reach = part.relapse.days[-1] if part.relapse else 0
    return remission + [f"relapse_{day}" for day in part.horizons_days if day <= reach]


def _in_text(question: str | None) -> str:
    """A question or head as a text, such as "relapse by day 84"."""
    head, _, day = (question or "").partition("_")
    return f"{head} by day {day}" if day else head


def compare(
    candidate: Mapping[HeadName, pd.DataFrame], champion: Mapping[HeadName, pd.DataFrame], version: str
) -> ChampionComparison:
    """Compare every head of either with the champion ``version``, by the outcomes of the candidate's rows.

    Outcomes in the champion's rows must be the same.
    """
    compared, impossible = [], []
    for landmark, head in dict.fromkeys([*candidate, *champion]):
        found = _compare_head(landmark, head, candidate.get((landmark, head)), champion.get((landmark, head)))
        if isinstance(found, str):
            impossible.append(ImpossibleComparison(found, landmark, head))
        else:
            compared.append(found)
    return ChampionComparison(version, tuple(compared), tuple(impossible))


def _compare_head(
    landmark: str, head: str, ours: pd.DataFrame | None, theirs: pd.DataFrame | None
) -> HeadComparison | str:
    """The comparison, or why there can be none."""
    if ours is None:
        return LESS
    if theirs is None:
        return NO_PREDICTIONS
    answer, weight = _answers(head, ours)
    joined = ours.assign(answer=answer, weight=weight).join(theirs, how="inner", rsuffix="_champion")
    if not _same_outcomes(joined):
        return "the champion was evaluated by other outcomes of the same patients"
    known = joined[joined["weight"] > 0]
    if len(known) < FEWEST:
        return f"fewer than {FEWEST} patients in common whose outcome is known"
    losses, loss = (_squared_error, "squared error") if head == "relapse" else (_log_loss, "log loss")
    observed, weights = known["answer"].to_numpy(float), known["weight"].to_numpy(float)
    worse = losses(observed, known["probability"].to_numpy(float))
    worse -= losses(observed, known["probability_champion"].to_numpy(float))
    return HeadComparison(landmark, head, loss, len(known), *_mean(worse, weights))


def _same_outcomes(joined: pd.DataFrame) -> bool:
    columns = [name for name in ("observed", *RELAPSE_COLUMNS) if f"{name}_champion" in joined]
    return all(np.array_equal(joined[name], joined[f"{name}_champion"], equal_nan=True) for name in columns)


def _answers(head: str, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The observed answer of each patient and its weight; 0 if it is not known.

    Relapse is a cumulative incidence: a patient with a competing event first is known not to relapse.
    """
    if head != "relapse":
        return rows["observed"].to_numpy(float), rows["weight"].to_numpy(float)
    followed, ended_by = (rows[name].to_numpy(float) for name in RELAPSE_COLUMNS)
    return answer_by(followed, ended_by.astype(np.int8), float(followed.max()))


def _log_loss(y_observed: Floats, y_predicted: Floats) -> Floats:
    certain = np.clip(y_predicted, 1e-12, 1 - 1e-12)
    return np.where(y_observed == 1, -np.log(certain), -np.log1p(-certain))


def _squared_error(y_observed: Floats, y_predicted: Floats) -> Floats:
    return (y_observed - y_predicted) ** 2


def _mean(values: Floats, weights: Floats) -> tuple[float, float]:
    """Weighted mean and its standard error."""
    mean = float(np.average(values, weights=weights))
    return mean, float(np.sqrt(np.sum((weights * (values - mean)) ** 2)) / weights.sum())
