"""What is not known about one patient's probability: 90% limits from refits of a linear score; NumPy only.

The refits are fitted in `training/refits`; here is what is kept of them, and how limits follow. A limit always
contains the point answer, whichever candidate gave it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from models.outcomes import DAYS_PER_WEEK, Floats, RelapseCurve, expit

NORMAL_95 = 1.6448536269514722
"""95th percentile of the normal distribution: 5% lie beyond each limit."""
MISFIT = 0.25
"""Standard deviation, on the log-odds, of what no linear score gets right however many patients teach it.

Model inadequacy in the sense of Kennedy & O'Hagan 2001, doi:10.1111/1467-9868.00294; the size is a judgement, an odds
ratio of 1.3, fixed for every cohort. Its effect on coverage stands in the method's README.
"""
NUMBERS_AT_ONCE = 200_000
"""Refitted hazards held in memory at a time."""
SMALLEST = 1e-12
LARGEST_LOG_ODDS = 30.0

Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Intervals:
    """5% and 95% limits of the answers for n feature rows, on the last axis; NaN where the answer is NaN.

    ``remission`` (n, 2); ``relapse`` and ``sustained`` (n, horizons, 2); the weekly curves (n, days, 2), or ``None``
    where no curve was asked for. Limits of the curves never turn back over the days.
    """

    remission: Floats
    relapse: Floats
    sustained: Floats
    curve_relapse: Floats | None
    curve_event_free: Floats | None


@dataclass(frozen=True, eq=False)
class Answers:
    """The point answers for n feature rows, coherent by construction.

    ``remission`` (n,) is P(remission), and 1 where everyone is in remission at the landmark. ``curve`` is weekly;
    ``relapse`` and ``sustained`` (n, horizons) belong to the horizons of the protocol. What can't be said is NaN, or
    ``None`` for the curve.
    """

    remission: Floats
    curve: RelapseCurve | None
    relapse: Floats
    sustained: Floats


@dataclass(frozen=True, eq=False)
class HeadRefits:
    """Refits of one head, all over the same columns: ``used`` features held within ``lower`` and ``upper``.

    ``weight`` (refits, used) counts from ``centre``; where a value is missing, ``missing_weight`` (refits, used) acts
    instead. ``baseline`` (refits, bands) is the log-odds per band; ``edges`` are the bands' bounds in weeks and
    ``competing_hazard`` (bands,) is weekly, both empty for remission.
    """

    used: NDArray[np.int64]
    lower: Floats
    upper: Floats
    centre: Floats
    weight: Singles
    missing_weight: Singles
    baseline: Singles
    edges: NDArray[np.int64]
    competing_hazard: Floats

    def moved(self, rows: Floats) -> Floats:
        """How far each refit moves each row's log-odds from its baseline, shape (n, refits)."""
        values = rows[:, self.used]
        missing = np.isnan(values)
        held = np.where(missing, 0.0, np.minimum(np.maximum(values, self.lower), self.upper) - self.centre)
        return held @ self.weight.T.astype(np.float64) + missing @ self.missing_weight.T.astype(np.float64)

    def curves(self, moved: Floats, days: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Relapse and event-free probability at ``days``, each of shape (n, refits, days).

        The weeks of a band are alike, so that a band is one power of what stays event-free over a week. This equals
        ``outcomes.relapse_curve`` and needs no array of weeks.
        """
        odds = np.exp(np.minimum(self.baseline + moved[..., None], LARGEST_LOG_ODDS))
        to_relapse = odds / (odds + self.competing_hazard)
        weeks = np.concatenate([self.edges, days / DAYS_PER_WEEK])
        within = np.clip(weeks, self.edges[:-1, None], self.edges[1:, None]) - self.edges[:-1, None]
        stays = np.log1p(-self.competing_hazard) - np.log(1 + odds)
        event_free = np.exp(stays @ within)  # a small product per row: of a large one, threads would take longer
        at_edges, at_days = event_free[..., : len(self.edges)], event_free[..., len(self.edges) :]
        relapsed = np.zeros_like(at_edges)
        np.cumsum(to_relapse * (at_edges[..., :-1] - at_edges[..., 1:]), axis=-1, out=relapsed[..., 1:])
        band = np.minimum(np.searchsorted(self.edges, days / DAYS_PER_WEEK, side="right") - 1, len(self.edges) - 2)
        relapse = relapsed[..., band] + (at_edges[..., band] - at_days) * to_relapse[..., band]
        return relapse, at_days


@dataclass(frozen=True, eq=False)
class OutcomeRefits:
    """Refits of both heads of a landmark, from the same bootstrap samples; ``None`` where the head is."""

    remission: HeadRefits | None
    relapse: HeadRefits | None

    def intervals(self, rows: Floats, answers: Answers, horizons_days: tuple[int, ...]) -> Intervals:
        """90% limits around ``answers`` to feature rows (n, features), in bounded memory."""
        head = self.relapse or self.remission
        if head is None or not len(rows):
            return _no_limits(answers)
        days = len(horizons_days) + (0 if answers.curve is None else len(answers.curve.days))
        size = max(NUMBERS_AT_ONCE // (len(head.baseline) * max(head.baseline.shape[1], days)), 1)
        parts = [
            self._chunk(rows[start : start + size], _slice(answers, start, start + size), horizons_days)
            for start in range(0, len(rows), size)
        ]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _chunk(self, rows: Floats, answers: Answers, horizons_days: tuple[int, ...]) -> Intervals:
        limits = _no_limits(answers)
        refitted: Floats | None = None
        if self.remission is not None:
            log_odds = self.remission.baseline[:, 0] + self.remission.moved(rows)
            limits = replace(limits, remission=_limits(answers.remission[:, None], log_odds[..., None])[:, 0])
            refitted = expit(log_odds)[..., None]
        if self.relapse is None:
            return limits
        wanted = np.array(horizons_days, dtype=np.int64)
        within = wanted <= self.relapse.edges[-1] * DAYS_PER_WEEK
        number, curve = int(within.sum()), answers.curve
        days = wanted[within] if curve is None else np.concatenate([wanted[within], curve.days])
        relapse, event_free = self.relapse.curves(self.relapse.moved(rows), days)
        sustained = event_free[..., :number] if refitted is None else refitted * event_free[..., :number]
        points = [answers.relapse[:, within], answers.sustained[:, within]]
        points += [] if curve is None else [curve.relapse, curve.event_free]
        drawn = [relapse[..., :number], sustained, relapse[..., number:], event_free[..., number:]]
        stacked = np.concatenate(drawn[: len(points)], axis=-1)
        found = _limits(np.concatenate(points, axis=1), _log_odds(stacked))
        limits.relapse[:, within] = found[:, :number]
        # Sustained remission is never likelier than remission.
        limits.sustained[:, within] = np.fmin(found[:, number : 2 * number], limits.remission[:, None])
        if curve is None:
            return limits
        rising, falling = np.split(found[:, 2 * number :], 2, axis=1)
        return replace(
            limits,
            curve_relapse=np.maximum.accumulate(rising, axis=1),
            curve_event_free=np.minimum.accumulate(falling, axis=1),
        )


def _limits(answer: Floats, log_odds: Floats) -> Floats:
    """Limits (n, answers, 2) of answers (n, answers) from refitted log-odds (n, refits, answers).

    What is certain by definition, as no relapse on day 0, has no width.
    """
    refits = log_odds.shape[1]
    middle = log_odds.sum(axis=1) / refits
    away = log_odds - middle[:, None]
    variance = np.einsum("nra,nra->na", away, away) / (refits - 1)
    spread = NORMAL_95 * np.sqrt(variance + MISFIT**2)
    low, high = np.minimum(expit(middle - spread), answer), np.maximum(expit(middle + spread), answer)
    uncertain = (answer > 0) & (answer < 1)  # false where nothing is answered
    return np.stack([np.where(uncertain, low, answer), np.where(uncertain, high, answer)], axis=-1)


def _log_odds(probability: Floats) -> Floats:
    inside = np.minimum(np.maximum(probability, SMALLEST), 1 - SMALLEST)
    return np.asarray(np.log(inside / (1 - inside)))


def _no_limits(answers: Answers) -> Intervals:
    """NaN for every answer but a remission that is certain."""
    certain = np.where(answers.remission == 1, 1.0, np.nan)
    unknown = np.full((*answers.relapse.shape, 2), np.nan)
    curve = None if answers.curve is None else np.full((*answers.curve.relapse.shape, 2), np.nan)
    return Intervals(np.stack([certain, certain], axis=-1), unknown, unknown.copy(), curve, curve)


def _slice(answers: Answers, start: int, stop: int) -> Answers:
    curve = answers.curve
    if curve is not None:
        parts = (part[start:stop] for part in (curve.event_free, curve.relapse, curve.competing))
        curve = RelapseCurve(curve.days, *parts)
    parts = (part[start:stop] for part in (answers.remission, answers.relapse, answers.sustained))
    remission, relapse, sustained = parts
    return Answers(remission, curve, relapse, sustained)


def _joined(parts: list[Intervals]) -> Intervals:
    def join(name: str) -> Floats | None:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    return Intervals(**{field.name: join(field.name) for field in fields(Intervals)})  # type: ignore[arg-type]


def to_arrays(refits: HeadRefits) -> dict[str, NDArray[np.generic]]:
    """Refits as named arrays, for storing; ``from_arrays`` is its inverse."""
    return {field.name: getattr(refits, field.name) for field in fields(HeadRefits)}


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> HeadRefits:
    """The refits that ``to_arrays`` took apart."""
    double, single, whole = np.float64, np.float32, np.int64
    return HeadRefits(
        used=arrays["used"].astype(whole),
        lower=arrays["lower"].astype(double),
        upper=arrays["upper"].astype(double),
        centre=arrays["centre"].astype(double),
        weight=arrays["weight"].astype(single),
        missing_weight=arrays["missing_weight"].astype(single),
        baseline=arrays["baseline"].astype(single),
        edges=arrays["edges"].astype(whole),
        competing_hazard=arrays["competing_hazard"].astype(double),
    )
