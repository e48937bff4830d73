"""Why patients got an answer: each feature's contribution to the log-odds, largest first, adding up to the answer."""

from dataclasses import dataclass
from math import fsum

import numpy as np

from features.records.timeline import Floats, Indices
from models.relapse import RelapseHead
from models.remission import RemissionHead


@dataclass(frozen=True, eq=False)
class Explanations:
    """Contributions to a head's answers for n feature rows.

    ``start`` (n,) plus the contributions of a row is its ``log_odds`` (n,), the sum rounded once as by ``math.fsum``.
    ``contributions`` (n, acting) are those of the features at the positions ``columns`` (n, acting), the largest
    first; the first ``number`` (n,) of a row are not zero.
    """

    log_odds: Floats
    start: Floats
    columns: Indices
    contributions: Floats
    number: Indices


def explain(head: RemissionHead | RelapseHead, rows: Floats) -> Explanations:
    """The explanation of a head's answers for feature rows of shape (n, features)."""
    start, contributions = head.explain(rows)
    acting = np.flatnonzero(contributions.any(axis=0))  # the other columns contribute for no row
    if not len(acting):
        nothing = np.empty((len(rows), 0))
        return Explanations(start, start, nothing.astype(np.intp), nothing, np.zeros(len(rows), dtype=np.intp))
    contributions = contributions[:, acting]
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")
    terms = zip(start.tolist(), contributions.tolist(), strict=True)
    return Explanations(
        log_odds=np.array([fsum((first, *others)) for first, others in terms], dtype=np.float64),
        start=start,
        columns=acting[order],
        contributions=contributions[np.arange(len(rows))[:, None], order],
        number=(contributions != 0).sum(axis=1),
    )
