"""Fits the winners a second time, in other processes, and compares the bytes.

Every training makes this check itself; `kap audit verify` repeats the whole training.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.relapse import RelapseHead
from models.score import to_arrays
from training.config import TrainingConfig
from training.evidence.document import RefitCheck
from training.execution.side_by_side import side_by_side
from training.learning.answered_rows import AnsweredRows, with_answers_only
from training.learning.fit import HeadFit, fit_candidate
from training.learning.splits import Folds
from training.learning.tasks import Head


def check_refit(fits: Sequence[HeadFit], folds: Folds, config: TrainingConfig, workers: int) -> RefitCheck:
    """Whether each winner, refitted on all patients, is the same to the last bit."""
    won = sorted((fit for fit in fits if fit.winner is not None), key=lambda fit: -fit.task.patients)
    again = side_by_side(fit_candidate, [(fit.task, fit.winner, folds, -1, -1, config) for fit in won], workers)
    same = [
        _bytes_for(fit, fit.candidates[str(fit.winner)].head) == _bytes_for(fit, head)
        for fit, (head, *_) in zip(won, again, strict=True)
    ]
    return RefitCheck(heads=len(won), identical=all(same))


def _bytes_for(fit: HeadFit, head: Head) -> dict[str, bytes]:
    """All the numbers of a head, or, if no bundle can hold it, its answers for all patients."""
    if not fit.research_only:
        return bytes_of(head)
    answered = with_answers_only(head, fit.task.training_data.rows).score
    assert isinstance(answered, AnsweredRows)  # noqa: S101 - a head of another package
    competing = answered.competing_events
    return {"log_odds": answered.log_odds.tobytes(), "competing": b"" if competing is None else competing.tobytes()}


def bytes_of(head: Head) -> dict[str, bytes]:
    """All the numbers of a head."""
    arrays = {f"score.{name}": values.tobytes() for name, values in to_arrays(head.score).items()}
    arrays["slope"] = float(head.slope).hex().encode()
    if isinstance(head, RelapseHead):
        competing = head.competing_hazard
        curve: dict[str, NDArray[np.generic]] = {"edges": head.edges, "baseline": head.baseline, "competing": competing}
        if head.competing_score is not None:
            curve |= {f"competing.{name}": values for name, values in to_arrays(head.competing_score).items()}
        return arrays | {name: values.tobytes() for name, values in curve.items()}
    return arrays | {"baseline": head.baseline.hex().encode()}
