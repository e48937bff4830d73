"""Why a patient got an answer: each feature's contribution to the log-odds, largest first, adding up to the answer."""

from dataclasses import dataclass
from math import fsum, isnan

import numpy as np

from models.outcomes import Floats
from models.relapse import RelapseHead
from models.remission import RemissionHead


@dataclass(frozen=True)
class Reason:
    """One feature's share in the log-odds; ``value`` is ``None`` where the feature was not recorded."""

    feature: str
    value: float | None
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """``start`` plus the contributions of all ``reasons`` is ``log_odds``, the sum rounded once as by ``math.fsum``.

    What contributes nothing is left out.
    """

    log_odds: float
    start: float
    reasons: tuple[Reason, ...]


def explain(head: RemissionHead | RelapseHead, names: tuple[str, ...], row: Floats) -> Explanation:
    """The explanation of a head's answer for one feature row of shape (features,)."""
    start, contributions = head.explain(row[None, :])
    order = np.argsort(-np.abs(contributions[0]), kind="stable")
    values, shares = row.tolist(), contributions[0].tolist()
    reasons = tuple(
        Reason(names[position], None if isnan(values[position]) else values[position], shares[position])
        for position in order.tolist()
        if shares[position] != 0
    )
    first = float(start[0])
    return Explanation(fsum((first, *shares)), first, reasons)
