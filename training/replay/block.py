"""A block of logged predictions answered by a candidate model: one job of a replay."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from features.records.timeline import Floats
from models.applicability import Applicable
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from training.audit.bundle_lookup import Origin
from training.replay.rows import Document, LoggedAnswer, Refusal, Row, RowReader

PREDICTED, NOT_PREDICTABLE = "predicted", "not_predictable"
BEFORE, NOW = "_before", "_now"
NAMED = ("prediction_id", "at", "landmark", "model_version")
"""What is kept of a logged answer as it is."""

Columns = dict[str, list[Any]]


@dataclass(frozen=True, eq=False)
class AnsweredBlock:
    """Both answers to the predictions that the candidate could answer, in the log's order.

    ``kept`` has the named fields of each, and the logged verdicts; ``before`` the logged probabilities by question, and
    ``now`` the candidate's, with its verdicts. ``patients`` are keyed hashes.
    """

    kept: Columns = field(default_factory=lambda: defaultdict(list))
    patients: list[str] = field(default_factory=list)
    before: list[dict[str, float]] = field(default_factory=list)
    now: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out: Counter[Refusal] = field(default_factory=Counter)

    def keep(self, logged: LoggedAnswer, row: Row) -> int:
        """Keep a logged answer; its place in the block."""
        for name in NAMED:
            self.kept[name].append(getattr(logged, name))
        self.kept["outcome" + BEFORE].append(row.answer.get("outcome"))
        self.kept["applicability" + BEFORE].append(_part(row.answer, "applicability").get("verdict"))
        self.patients.append(str(logged.patient))
        self.before.append(_probabilities(row.answer))
        return len(self.patients) - 1


def answered_block(
    candidate: Bundle, logged: Sequence[LoggedAnswer], origins: Mapping[str, Origin | None]
) -> AnsweredBlock:
    """Predict for a block with the candidate; ``origins`` has the protocol of each answering model by its digest."""
    reader, block = RowReader(candidate, origins), AnsweredBlock()
    places: dict[str, list[int]] = defaultdict(list)
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for one in logged:
        read = reader.read(one)
        if isinstance(read, Refusal):
            block.left_out[read] += 1
        else:
            places[str(one.landmark)].append(block.keep(one, read))
            rows[str(one.landmark)].append(read.values)
    models = {model.landmark.name: model for model in candidate.models}
    now = [
        _answers(models[name], np.array(values, dtype=np.float64)).set_index(np.array(places[name]))
        for name, values in rows.items()
    ]
    return replace(block, now=pd.concat(now).sort_index()) if now else block


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
