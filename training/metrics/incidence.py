"""The observed incidence by a day if some patients are lost before it: curves, and weights for the others.

Days are whole. An event on a day comes before a loss on that day; a patient lost on a day is known to be event-free
through it. ``ended_by`` is 0 censored, 1 relapse, 2 competing event, everywhere. The caller decides who is at risk.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from training.metrics.intervals import blocks_of_draws

_ROUNDING = 1e-12
"""A share below this is only the rounding of sums."""


@dataclass(frozen=True, eq=False)
class Incidence:
    """Observed risks of relapse, of a competing event and of neither by each day; all (draws, days); they add to 1.

    NaN on days to which no patient was followed, unless all had an event before.
    """

    relapse: Floats
    competing: Floats
    event_free: Floats


def aalen_johansen(followed_days: Floats, ended_by: NDArray[np.int8], weights: Floats, days: Floats) -> Incidence:
    """Observed incidence by and including each of ``days`` (days,), in every draw of ``weights`` (draws, n).

    Without competing events ``event_free`` is the Kaplan-Meier curve. Source: Aalen & Johansen 1978,
    https://www.jstor.org/stable/4615704; Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452.
    """
    curves = np.full((3, len(weights), len(days)), np.nan)
    if len(followed_days) == 0:
        return Incidence(*curves)
    order = np.argsort(followed_days, kind="stable")
    times, start = np.unique(followed_days[order], return_index=True)
    step = np.searchsorted(times, days, side="right")
    for rows in blocks_of_draws(weights):
        drawn = np.take(weights[rows], order, axis=1)
        events = [np.add.reduceat(np.where(ended_by[order] == end, drawn, 0.0), start, axis=1) for end in (1, 2)]
        left = np.add.reduceat(drawn, start, axis=1)
        followed = times[None, :] * (left > 0)
        found = _product_limit(np.cumsum(left[:, ::-1], axis=1)[:, ::-1], *events)[..., step]
        unknown = (days > followed.max(axis=1, keepdims=True)) & (found[2] > _ROUNDING)
        curves[:, rows] = np.where(unknown, np.nan, found)
    return Incidence(*curves)


def _product_limit(at_risk: Floats, relapses: Floats, competing: Floats) -> Floats:
    """Relapse, competing and event-free after each time, (3, draws, times + 1), from weighted counts (draws, times)."""
    safe = np.where(at_risk > 0, at_risk, 1.0)
    free = np.cumprod(np.maximum(1 - (relapses + competing) / safe, 0.0), axis=1)
    before = np.concatenate([np.ones((len(free), 1)), free[:, :-1]], axis=1)
    found = np.zeros((3, len(free), free.shape[1] + 1))
    found[0, :, 1:] = np.cumsum(before * relapses / safe, axis=1)
    found[1, :, 1:] = np.cumsum(before * competing / safe, axis=1)
    found[2, :, 0], found[2, :, 1:] = 1.0, free
    return found


def censoring_free(followed_days: Floats, ended_by: NDArray[np.int8], weights: Floats, days: Floats) -> Floats:
    """G(day-), shape (days,): the probability of not being censored before each of ``days``; Kaplan-Meier.

    ``weights`` has shape (n,). A patient with an event on a day is not at risk of censoring on it. Source: Graf 1999,
    doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    times, at = np.unique(followed_days, return_inverse=True)
    censored = np.bincount(at, np.where(ended_by == 0, weights, 0.0), minlength=len(times))
    events = np.bincount(at, np.where(ended_by == 0, 0.0, weights), minlength=len(times))
    at_risk = np.cumsum((censored + events)[::-1])[::-1] - events
    share = np.where(censored > 0, censored / np.where(at_risk > 0, at_risk, 1.0), 0.0)
    free = np.concatenate([[1.0], np.cumprod(np.maximum(1 - share, 0.0))])
    return np.asarray(free[np.searchsorted(times, days, side="left")])


def answer_by(
    followed_days: Floats, ended_by: NDArray[np.int8], day: float, largest: float = np.inf
) -> tuple[Floats, Floats]:
    """The answer to "relapse by and including ``day``?" and its weight, both (n,).

    1 is a relapse by then, 0 none: free of events through the day, or a competing event first. An answer has the weight
    1/G, where G is the probability of still being observed when it became known, at most ``largest``; patients censored
    before the day have none and the weight 0. Source: Graf 1999, as ``censoring_free``.
    """
    relapsed = (ended_by == 1) & (followed_days <= day)
    return relapsed.astype(np.float64), np.minimum(_answer_weight(followed_days, ended_by, day), largest)


def free_by(
    followed_days: Floats, ended_by: NDArray[np.int8], day: float, largest: float = np.inf
) -> tuple[Floats, Floats]:
    """The answer to "neither relapse nor competing event by and including ``day``?" and its weight, both (n,).

    1 is free of both through the day; weights as in ``answer_by``.
    """
    free = (followed_days >= day) & ~_ended_by_event(followed_days, ended_by, day)
    return free.astype(np.float64), np.minimum(_answer_weight(followed_days, ended_by, day), largest)


def _answer_weight(followed_days: Floats, ended_by: NDArray[np.int8], day: float) -> Floats:
    known = (followed_days >= day) | _ended_by_event(followed_days, ended_by, day)
    observed = censoring_free(followed_days, ended_by, np.ones(len(followed_days)), np.minimum(followed_days, day))
    return np.where(known, 1 / np.where(known, observed, 1.0), 0.0)


def _ended_by_event(followed_days: Floats, ended_by: NDArray[np.int8], day: float) -> Mask:
    return np.asarray((ended_by != 0) & (followed_days <= day))
