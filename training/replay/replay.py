"""Predicts with a candidate model for the log's rows, and keeps both answers side by side.

`rows` decides which rows the candidate can answer, `summary` counts the differences.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.records.timeline import Floats
from models.applicability import Applicable
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from training.audit.bundle_lookup import Origin
from training.exports.table_file import write_table
from training.replay.rows import Document, LoggedAnswer, Refusal, Row, RowReader

AT_ONCE = 5_000
"""Rows scored together, so that of the log only the answers stay in memory."""
PREDICTED, NOT_PREDICTABLE = "predicted", "not_predictable"
BEFORE, NOW = "_before", "_now"

Columns = dict[str, list[Any]]


@dataclass(frozen=True, eq=False)
class Replay:
    """The predictions that the candidate could answer, and the number left out, by reason.

    ``answers`` has a row per prediction, in the log's order: prediction_id, at, landmark, model_version (of the logged
    answer), latest (of its patient at its landmark), and with ``_before`` and ``_now``: outcome, applicability (empty
    for a model without an applicability domain) and each of the ``questions``, NaN where not answered.
    ``unknown_models`` are bundles that no store here has: their features are taken by name.
    """

    answers: pd.DataFrame
    questions: tuple[str, ...]
    left_out: Mapping[Refusal, int]
    unknown_models: tuple[str, ...]


def replay(candidate: Bundle, logged: Iterable[LoggedAnswer], origin: Callable[[str], Origin | None]) -> Replay:
    """Predict for all logged rows with the candidate; ``origin`` gives the protocol of a digest's model."""
    reader = RowReader(candidate, origin)
    scorer = _Scorer(candidate)
    left_out: Counter[Refusal] = Counter()
    for one in logged:
        read = reader.read(one)
        if isinstance(read, Refusal):
            left_out[read] += 1
        else:
            scorer.take(one, read)
    answers, questions = scorer.finish()
    unknown = tuple(digest for digest, found in reader.origins.items() if found is None)
    return Replay(answers, questions, dict(left_out), unknown)


class _Scorer:
    """Collects rows and scores those of a landmark together."""

    def __init__(self, candidate: Bundle) -> None:
        self._models = {model.landmark.name: model for model in candidate.models}
        self._waiting: dict[str, list[tuple[int, list[float]]]] = defaultdict(list)
        self._kept: Columns = defaultdict(list)
        self._patients: list[str] = []
        self._before: list[dict[str, float]] = []
        self._now: list[pd.DataFrame] = []

    def take(self, logged: LoggedAnswer, row: Row) -> None:
        """Keep the logged answer, and the row until there are enough."""
        landmark = str(logged.landmark)
        for name in ("prediction_id", "at", "landmark", "model_version"):
            self._kept[name].append(getattr(logged, name))
        self._kept["outcome" + BEFORE].append(row.answer.get("outcome"))
        self._kept["applicability" + BEFORE].append(_part(row.answer, "applicability").get("verdict"))
        self._patients.append(str(logged.patient))
        self._before.append(_probabilities(row.answer))
        waiting = self._waiting[landmark]
        waiting.append((len(self._patients) - 1, row.values))
        if len(waiting) >= AT_ONCE:
            self._score(landmark)

    def finish(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """All answers, and the questions that either model answers."""
        for landmark in list(self._waiting):
            self._score(landmark)
        places = pd.RangeIndex(len(self._patients))
        before = pd.DataFrame(self._before, index=places, dtype=np.float64)
        # Indexed by the place in the log, by which pandas puts them beside the others.
        now = pd.concat(self._now) if self._now else pd.DataFrame(index=places)
        questions = _in_order({*before.columns, *(name for name in now.columns if name not in _VERDICT)})
        answers = pd.DataFrame(self._kept, index=places, columns=_KEPT)
        answers["latest"] = _latest(answers, self._patients)
        for name in _VERDICT:
            answers[name + NOW] = now[name] if len(now.columns) else pd.Series(dtype=object)
        for name in questions:
            for end, found in ((BEFORE, before), (NOW, now)):
                answers[name + end] = found[name] if name in found.columns else np.nan
        return answers, questions

    def _score(self, landmark: str) -> None:
        waiting = self._waiting.pop(landmark)
        rows = np.array([values for _, values in waiting], dtype=np.float64)
        self._now.append(_answers(self._models[landmark], rows).set_index(np.array([place for place, _ in waiting])))


_VERDICT = ("outcome", "applicability")
_KEPT = ["prediction_id", "at", "landmark", "model_version", "outcome" + BEFORE, "applicability" + BEFORE]


def _answers(model: OutcomeModel, rows: Floats) -> pd.DataFrame:
    """A model's answers to ``rows`` (n, features), as the service would give them: none for patients outside."""
    refused, verdict = np.full(len(rows), not model.can_answer), np.full(len(rows), None, dtype=object)
    if model.can_answer and model.applicability is not None:
        evaluated = model.applicability.assess(rows).verdict
        refused = evaluated == Applicable.OUTSIDE
        verdict[:] = [Applicable(level).name.lower() for level in evaluated.tolist()]
    # Intervals are not needed here, and are the larger part of the work.
    predicted = replace(model, refits=None).predict(rows, with_curve=False)
    numbers = {} if model.remission is None else {"remission": predicted.remission}
    for name, answers in (("relapse", predicted.relapse), ("sustained", predicted.sustained)):
        numbers |= {f"{name}_{days}": answers[:, at] for at, days in enumerate(model.horizons_days)}
    given = {name: np.where(refused, np.nan, answers) for name, answers in numbers.items()}
    outcome = np.where(refused, NOT_PREDICTABLE, PREDICTED)
    return pd.DataFrame({"outcome": outcome, "applicability": verdict} | given)


def _probabilities(answer: Document) -> dict[str, float]:
    """The given probabilities, by question."""
    found = {"remission": _part(answer, "remission").get("probability")}
    for one in _rows(_part(answer, "relapse").get("at_horizons")):
        found[f"relapse_{one.get('days')}"] = one.get("probability")
    for one in _rows(answer.get("sustained_remission")):
        found[f"sustained_{one.get('horizon_days')}"] = one.get("probability")
    return {name: float(given) for name, given in found.items() if isinstance(given, int | float)}


def _part(answer: Document, name: str) -> Document:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}


def _rows(part: object) -> list[Document]:
    return [row for row in part if isinstance(row, dict)] if isinstance(part, list) else []


def _in_order(questions: set[str]) -> tuple[str, ...]:
    """Remission, then relapse and sustained remission, each by its horizon."""
    kinds = ("remission", "relapse", "sustained")

    def place(name: str) -> tuple[int, int]:
        kind, _, days = name.partition("_")
        return kinds.index(kind), int(days or 0)

    return tuple(sorted(questions, key=place))


def _latest(answers: pd.DataFrame, patients: list[str]) -> pd.Series:
    """Whether each is the last of its patient at its landmark; ``patients`` are keyed hashes."""
    by_time = answers.assign(patient=patients).sort_values("at", kind="stable")
    return ~by_time.duplicated(["patient", "landmark"], keep="last").sort_index()


def write_answers(found: Replay, path: Path) -> Mapping[str, int]:
    """Write a row per prediction into a CSV or Parquet file, without features and patients.

    Returns by column how many cells of text were marked (``training.exports.table_file``). Raises
    ``InputRefusedError`` for another kind of file.
    """
    return write_table(pa.Table.from_pandas(found.answers, preserve_index=False), path)
