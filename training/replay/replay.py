"""Predicts with a candidate model for the log's rows, and keeps both answers side by side.

`block` answers a part of the log, wherever jobs run, `rows` decides which rows the candidate can answer, and `summary`
counts the differences.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from models.bundle import Bundle
from training.audit.bundle_lookup import Origin
from training.execution.side_by_side import side_by_side
from training.exports.table_file import write_table
from training.replay.block import BEFORE, NAMED, NOW, AnsweredBlock, Columns, answered_block
from training.replay.rows import LoggedAnswer, Refusal

AT_ONCE = 5_000
"""Predictions of a block, so that of the log only the answers stay in memory."""

Job = tuple[list[LoggedAnswer], Mapping[str, Origin | None]]


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


def replay(
    candidate: Bundle, logged: Iterable[LoggedAnswer], origin: Callable[[str], Origin | None], workers: int = 1
) -> Replay:
    """Predict for all logged rows with the candidate; ``origin`` gives the protocol of a digest's model.

    The log and the origins are read here, blocks of it are answered wherever jobs run.
    """
    origins = _Origins(origin)
    jobs = _jobs(logged, origins)
    first = list(islice(jobs, 2))
    answers, left_out = _Answers(), Counter[Refusal]()
    processes = workers if len(first) > 1 else 1
    for block in side_by_side(partial(answered_block, candidate), chain(first, jobs), processes):
        answers.add(block)
        left_out += block.left_out
    frame, questions = answers.finish()
    return Replay(frame, questions, dict(left_out), origins.unknown)


class _Origins:
    """The protocol behind each digest, which is asked for once."""

    def __init__(self, origin: Callable[[str], Origin | None]) -> None:
        self._origin = origin
        self._known: dict[str, Origin | None] = {}

    @property
    def unknown(self) -> tuple[str, ...]:
        """The digests of which none is known."""
        return tuple(digest for digest, found in self._known.items() if found is None)

    def of(self, logged: Iterable[LoggedAnswer]) -> Mapping[str, Origin | None]:
        """Those of the models whose rows can be read."""
        digests = dict.fromkeys(one.model_digest for one in logged if one.has_row)
        self._known |= {digest: self._origin(digest) for digest in digests if digest not in self._known}
        return {digest: self._known[digest] for digest in digests}


def _jobs(logged: Iterable[LoggedAnswer], origins: _Origins) -> Iterator[Job]:
    left = iter(logged)
    while block := list(islice(left, AT_ONCE)):
        yield block, origins.of(block)


class _Answers:
    """Collects the answered blocks, in the log's order."""

    def __init__(self) -> None:
        self._kept: Columns = defaultdict(list)
        self._patients: list[str] = []
        self._before: list[dict[str, float]] = []
        self._now: list[pd.DataFrame] = []

    def add(self, block: AnsweredBlock) -> None:
        """Add the next block."""
        for name, values in block.kept.items():
            self._kept[name] += values
        if len(block.now):
            self._now.append(block.now.set_index(block.now.index + len(self._patients)))
        self._patients += block.patients
        self._before += block.before

    def finish(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """All answers, and the questions that either model answers."""
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


_VERDICT = ("outcome", "applicability")
_KEPT = [*NAMED, "outcome" + BEFORE, "applicability" + BEFORE]


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
