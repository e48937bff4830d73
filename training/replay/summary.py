"""The result of a replay: which answers change, by how much, and where the verdict changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.replay.block import BEFORE, NOT_PREDICTABLE, NOW, PREDICTED
from training.replay.replay import Replay

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
MOST_SHOWN = 10
NOT_EVALUATED = "not evaluated"
"""Of a model that has no applicability domain."""


@dataclass(frozen=True)
class AnswerChange:
    """Of one question: predictions by both models or one only, and the change of the probability (now - before).

    ``quantiles`` of the change are those of `QUANTILES`, and ``differ`` counts changes by more than ``differ_by``; all
    over those answered by both, and empty or ``None`` where there is none.
    """

    question: str
    both: int
    only_before: int
    only_now: int
    mean: float | None
    quantiles: tuple[float, ...]
    differ: int


@dataclass(frozen=True)
class Crossing:
    """The number of predictions that go from one verdict to another."""

    before: str
    now: str
    predictions: int


@dataclass(frozen=True)
class Changes:
    """Of a set of predictions (``unit``): the numbers that change.

    ``differ`` counts predictions with any probability that changes by more than ``differ_by``, ``no_longer`` those
    that are not predictable now, ``newly`` those that were not before.
    """

    unit: str
    predictions: int
    differ: int
    no_longer: int
    newly: int
    questions: tuple[AnswerChange, ...]
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True)
class LargestChange:
    """A prediction, and its question with the largest change."""

    prediction_id: str
    at: str
    landmark: str
    question: str
    before: float
    now: float


@dataclass(frozen=True)
class SkippedEntries:
    """The number of predictions left out for a reason."""

    why: str
    features: tuple[str, ...]
    predictions: int


@dataclass(frozen=True)
class Summary:
    """A replay in numbers. Changes by more than ``differ_by`` count as another answer."""

    logged: int
    left_out: tuple[SkippedEntries, ...]
    unknown_models: tuple[str, ...]
    differ_by: float
    changes: tuple[Changes, ...]
    largest: tuple[LargestChange, ...]


def summarise(found: Replay, differ_by: float) -> Summary:
    """The numbers of a replay, over all predictions and over the latest of each patient at each landmark."""
    counted = sorted(found.left_out.items(), key=lambda item: -item[1])
    left_out = tuple(SkippedEntries(refusal.why.value, refusal.features, number) for refusal, number in counted)
    answers = found.answers
    units = {
        "all predictions": answers,
        "the latest prediction of each patient at each landmark": answers[answers["latest"].astype(bool)],
    }
    return Summary(
        logged=len(answers) + sum(found.left_out.values()),
        left_out=left_out,
        unknown_models=found.unknown_models,
        differ_by=differ_by,
        changes=tuple(_changes(unit, part, found.questions, differ_by) for unit, part in units.items()),
        largest=_largest(answers, found.questions),
    )


def _changes(unit: str, answers: pd.DataFrame, questions: Sequence[str], differ_by: float) -> Changes:
    before, now = (answers["outcome" + end] == PREDICTED for end in (BEFORE, NOW))
    return Changes(
        unit=unit,
        predictions=len(answers),
        differ=int((_distances(answers, questions) > differ_by).any(axis=1).sum()),
        no_longer=int((before & ~now).sum()),
        newly=int((~before & now).sum()),
        questions=tuple(_change(name, answers, differ_by) for name in questions),
        crossings=_crossings(answers),
    )


def _distances(answers: pd.DataFrame, questions: Sequence[str]) -> np.ndarray:
    """The absolute change of each probability, shape (predictions, questions); NaN unless both models answered."""
    before, now = (answers[[name + end for name in questions]].to_numpy(np.float64) for end in (BEFORE, NOW))
    return np.asarray(np.abs(now - before))


def _change(question: str, answers: pd.DataFrame, differ_by: float) -> AnswerChange:
    before, now = (answers[question + end].to_numpy(np.float64) for end in (BEFORE, NOW))
    change = (now - before)[~np.isnan(now) & ~np.isnan(before)]
    return AnswerChange(
        question=question,
        both=len(change),
        only_before=int((~np.isnan(before) & np.isnan(now)).sum()),
        only_now=int((np.isnan(before) & ~np.isnan(now)).sum()),
        mean=float(change.mean()) if len(change) else None,
        quantiles=tuple(np.quantile(change, QUANTILES).tolist()) if len(change) else (),
        differ=int((np.abs(change) > differ_by).sum()),
    )


def _crossings(answers: pd.DataFrame) -> tuple[Crossing, ...]:
    """Every change of verdict, the most frequent first."""
    pairs = zip(_verdicts(answers, BEFORE), _verdicts(answers, NOW), strict=True)
    counted = Counter(pair for pair in pairs if pair[0] != pair[1])
    return tuple(Crossing(before, now, number) for (before, now), number in counted.most_common())


def _verdicts(answers: pd.DataFrame, end: str) -> list[str]:
    """inside, at_the_edge or outside; not evaluated; or, without a head, not_predictable."""
    evaluated = zip(answers["applicability" + end].tolist(), answers["outcome" + end].tolist(), strict=True)
    unevaluated = {NOT_PREDICTABLE: NOT_PREDICTABLE}
    return [
        verdict if isinstance(verdict, str) else unevaluated.get(outcome, NOT_EVALUATED)
        for verdict, outcome in evaluated
    ]


def _largest(answers: pd.DataFrame, questions: Sequence[str]) -> tuple[LargestChange, ...]:
    """The predictions that change most, each once."""
    distance = np.nan_to_num(_distances(answers, questions), nan=0.0)
    if not distance.size:
        return ()
    most = np.argsort(-distance.max(axis=1), kind="stable")[:MOST_SHOWN]
    found = []
    for place in most[distance[most].max(axis=1) > 0].tolist():
        row, question = answers.iloc[place], questions[int(distance[place].argmax())]
        numbers = float(row[question + BEFORE]), float(row[question + NOW])
        found.append(LargestChange(row["prediction_id"], row["at"], row["landmark"], question, *numbers))
    return tuple(found)
