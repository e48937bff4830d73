"""90% intervals around one patient's probability, from refits; NumPy only.

`training/learning/refits` fits the refits; this module stores them and computes limits. The limits are centred on the
winner's answer, and as wide as the refits are away from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from models.outcomes import DAYS_PER_WEEK, Floats, RelapseCurve, expit

NORMAL_95 = 1.6448536269514722
"""95th percentile of the normal distribution: 5% lie beyond each limit."""
NUMBERS_AT_ONCE = 60_000
"""Refitted numbers processed at a time; four times as many take twice as long, as does a quarter."""
WIDEST = 4.0
"""Largest factor of the unexplained part near 0 or 1, relative to a typical probability [judgement]."""
SMALLEST = 1e-12
FARTHEST = 30.0
"""Largest log-odds, beyond which a probability is practically 0 or 1."""

Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Intervals:
    """5% and 95% limits of the answers for n feature rows, on the last axis; NaN where the answer is NaN.

    ``remission`` (n, 2); ``relapse`` and ``sustained`` (n, horizons, 2); the weekly curves (n, days, 2), or ``None``
    without curves. Limits of the curves are monotone over the days.
    """

    remission: Floats
    relapse: Floats
    sustained: Floats
    curve_relapse: Floats | None
    curve_event_free: Floats | None


@dataclass(frozen=True, eq=False)
class PointAnswers:
    """The point answers for n feature rows, coherent by construction.

    ``remission`` (n,) is P(remission), and 1 where everyone is in remission at the landmark. ``curve`` is weekly;
    ``relapse`` and ``sustained`` (n, horizons) belong to the horizons of the protocol. An answer that can't be given is
    NaN, or ``None`` for the curve.
    """

    remission: Floats
    curve: RelapseCurve | None
    relapse: Floats
    sustained: Floats


@dataclass(frozen=True, eq=False)
class HeadRefits:
    """Refits of one head, all over the same columns: ``used`` features clipped to ``lower`` and ``upper``.

    ``weight`` (refits, used) counts from ``centre``; a missing value has ``missing_weight`` (refits, used) instead.
    ``baseline`` (refits, bands) is the log-odds per band; ``edges`` are the bands' bounds in weeks, empty for
    remission. ``unexplained`` (refits,) is each refit's draw of what no linear score explains, on the log-odds of a
    probability whose variance p (1 - p) is ``typical`` (); it is larger for one nearer to 0 or 1.
    """

    used: NDArray[np.int64]
    lower: Floats
    upper: Floats
    centre: Floats
    weight: Singles
    missing_weight: Singles
    baseline: Singles
    edges: NDArray[np.int64]
    unexplained: Singles
    typical: Floats

    @property
    def misfit(self) -> float:
        """The standard deviation of what no linear score explains, on the log-odds of a typical probability."""
        return float(self.unexplained.astype(np.float64).std())

    def linear_predictor(self, rows: Floats) -> Floats:
        """Each refit's log-odds of each row without the baseline, shape (n, refits)."""
        held = np.minimum(np.maximum(rows[:, self.used], self.lower), self.upper) - self.centre  # NaN stays NaN
        missing = np.isnan(held)
        held[missing] = 0.0
        linear_predictor: Floats = np.concatenate([held, missing], axis=1) @ self._weights
        return np.minimum(np.maximum(linear_predictor, -FARTHEST), FARTHEST)

    def log_odds(self, rows: Floats, answer: Floats) -> Floats:
        """Log-odds of a head with a single band, shape (n, refits), whose answers are ``answer`` (n,)."""
        size = np.minimum(np.sqrt(self.typical / np.maximum(answer * (1 - answer), SMALLEST)), WIDEST)
        return self.linear_predictor(rows) + self._baseline[0] + size[:, None] * self.unexplained

    def scores(self, rows: Floats) -> Floats:
        """Log-odds of relapse in a week without the baseline, shape (n, refits)."""
        return self.linear_predictor(rows) + self.unexplained

    def curves(self, linear_predictor: Floats, competing: Floats, days: Sequence[int]) -> tuple[Floats, Floats]:
        """Relapse and event-free probability at ``days`` within reach, each of shape (days, n, refits).

        ``competing`` (n or 1, bands) is the weekly probability of a competing event. The weeks of a band are equal, so
        that a band is one power of the event-free probability of a week. This equals ``outcomes.relapse_curve``, and
        takes one exponential per row and refit.
        """
        odds = np.exp(self._baseline)[:, None] * np.exp(linear_predictor)
        competing = competing.T[:, :, None]
        stays = 1 + odds
        np.divide(1 - competing, stays, out=stays)
        to_relapse = odds + competing
        np.divide(odds, to_relapse, out=to_relapse)
        steps = _steps(self._bounds, tuple(days))
        event_free = np.empty((len(steps.band) + 1, *linear_predictor.shape))
        event_free[0] = 1.0
        for length, which in steps.by_length:
            event_free[which + 1] = _over(length, stays[steps.band[which]])
        for step in range(len(steps.band)):  # a cumulative product along the first axis would take eight times as long
            event_free[step + 1] *= event_free[step]
        lost = event_free[:-1] - event_free[1:]
        lost *= to_relapse[steps.band]
        relapse = steps.before @ lost.reshape(len(lost), linear_predictor.size)
        return relapse.reshape(len(days), *linear_predictor.shape), event_free[steps.reached]

    @cached_property
    def _weights(self) -> Floats:
        return np.vstack([self.weight.T, self.missing_weight.T]).astype(np.float64)

    @cached_property
    def _bounds(self) -> tuple[int, ...]:
        return tuple((self.edges * DAYS_PER_WEEK).tolist())

    @cached_property
    def _baseline(self) -> Floats:
        return np.ascontiguousarray(self.baseline.T, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps over the days that cross no band's bound and stop at every requested day.

    ``band`` (steps,) is the band of each step, ``by_length`` has the steps of each length in days, ``reached`` is the
    number of steps to each requested day, and ``before`` (days, steps) is 1 for these steps.
    """

    band: NDArray[np.intp]
    by_length: tuple[tuple[int, NDArray[np.intp]], ...]
    reached: NDArray[np.intp]
    before: Floats


@lru_cache(maxsize=64)
def _steps(bounds: tuple[int, ...], days: tuple[int, ...]) -> _Steps:
    """The steps to ``days`` over bands with these bounds, both in days; computed once for all patients."""
    last = max(days, default=0)
    stops = np.unique([0, *days, *(bound for bound in bounds if bound < last)])
    lengths = np.diff(stops)
    reached = np.searchsorted(stops, np.array(days, dtype=np.int64))
    return _Steps(
        band=np.searchsorted(bounds, stops[:-1], side="right") - 1,
        by_length=tuple((length, np.flatnonzero(lengths == length)) for length in np.unique(lengths).tolist()),
        reached=reached,
        before=(np.arange(len(lengths)) < reached[:, None]).astype(np.float64),
    )


@dataclass(frozen=True, eq=False)
class OutcomeRefits:
    """Refits of both heads of a landmark, from the same bootstrap samples; ``None`` for a head without an interval."""

    remission: HeadRefits | None
    relapse: HeadRefits | None

    @property
    def any(self) -> bool:
        """Whether either head has refits; otherwise there are no intervals."""
        return self.remission is not None or self.relapse is not None

    def intervals(
        self, rows: Floats, answers: PointAnswers, horizons_days: tuple[int, ...], competing: Floats
    ) -> Intervals:
        """90% limits around ``answers`` to feature rows (n, features), in bounded memory beside the limits.

        ``competing`` (n or 1, bands) is the weekly probability of a competing event. A head without refits has no
        limits, nor have answers that depend on it. At least one head must have refits.
        """
        limits = _no_limits(answers)
        reach = 0 if self.relapse is None else int(self.relapse.edges[-1]) * DAYS_PER_WEEK
        within = [position for position, days in enumerate(horizons_days) if days <= reach]
        number, curve = len(within), answers.curve if self.relapse else None
        days = [horizons_days[position] for position in within] + ([] if curve is None else curve.days.tolist())
        points = [answers.remission[None], answers.relapse.T[within], answers.sustained.T[within]]
        points += [] if curve is None else [curve.relapse.T, curve.event_free.T]
        found = self._limits(rows, np.concatenate(points), competing, days, number)
        remission, relapse, sustained = found[:1], found[1 : 1 + number], found[1 + number : 1 + 2 * number]
        limits.relapse[:, within] = relapse.swapaxes(0, 1)
        if self.remission is not None:
            limits.remission[:] = remission[0]
        known = ~np.isnan(limits.remission[:, 0])  # also where remission is certain
        # Sustained remission is never likelier than remission.
        limits.sustained[:, within] = np.where(known[:, None], np.fmin(sustained, remission), np.nan).swapaxes(0, 1)
        if curve is None:
            return limits
        weeks = 1 + 2 * number + len(curve.days)
        rising, falling = np.maximum.accumulate(found[1 + 2 * number : weeks]), np.minimum.accumulate(found[weeks:])
        return replace(limits, curve_relapse=rising.swapaxes(0, 1), curve_event_free=falling.swapaxes(0, 1))

    def _limits(self, rows: Floats, points: Floats, competing: Floats, days: list[int], horizons: int) -> Floats:
        """Limits (answers, n, 2) of ``points`` (answers, n), a portion of the rows at a time."""
        baselines = [head.baseline.shape for head in (self.remission, self.relapse) if head is not None]
        size = max(NUMBERS_AT_ONCE // max(refits * max(bands, len(points)) for refits, bands in baselines), 1)
        found = np.empty((*points.shape, 2))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            beside = competing[part] if len(competing) == len(rows) else competing
            found[:, part] = _limits(
                points[:, part], self._log_odds(rows[part], points[0, part], beside, days, horizons)
            )
        return found

    def _log_odds(self, rows: Floats, remission: Floats, competing: Floats, days: list[int], horizons: int) -> Floats:
        """Refitted log-odds (answers, n, refits): remission, relapse and sustained at horizons, then the curves."""
        drawn = np.zeros((1, len(rows), 1))
        if self.remission is not None:
            drawn = self.remission.log_odds(rows, remission)[None]
        if self.relapse is None:
            return drawn
        relapse, sustained = self.relapse.curves(self.relapse.scores(rows), competing, days)
        if self.remission is not None:
            sustained[:horizons] *= expit(drawn)
        log_odds = np.empty((1 + 2 * len(days), *relapse.shape[1:]))
        log_odds[0] = drawn[0]
        order = [relapse[:horizons], sustained[:horizons], relapse[horizons:], sustained[horizons:]]
        np.concatenate(order, out=log_odds[1:])
        _to_log_odds(log_odds[1:])
        return log_odds


def _over(days: int, stays: Floats) -> Floats:
    """The proportion left after ``days``, from the proportion left after a week.

    Whole weeks by repeated squaring: NumPy's power of a number takes as long as sixty products.
    """
    weeks, rest = divmod(days, DAYS_PER_WEEK)
    left: Floats | None = stays ** (rest / DAYS_PER_WEEK) if rest else None
    while weeks:
        if weeks % 2:
            left = stays if left is None else left * stays
        weeks //= 2
        stays = stays * stays if weeks else stays
    return np.ones_like(stays) if left is None else left


def _limits(answer: Floats, log_odds: Floats) -> Floats:
    """Limits (answers, n, 2) of answers (answers, n) from refitted log-odds (answers, n, refits).

    A normal interval whose variance is the refits' mean squared distance from the answer, bias included. An answer that
    is certain by definition, such as no relapse on day 0, has no width.
    """
    uncertain = (answer > 0) & (answer < 1)  # false without an answer
    middle = np.where(uncertain, answer, 0.5)
    _to_log_odds(middle)
    away = log_odds - middle[..., None]
    spread = NORMAL_95 * np.sqrt(np.einsum("anr,anr->an", away, away) / log_odds.shape[-1])
    low, high = np.minimum(expit(middle - spread), answer), np.maximum(expit(middle + spread), answer)
    return np.stack([np.where(uncertain, low, answer), np.where(uncertain, high, answer)], axis=-1)


def _to_log_odds(probability: Floats) -> None:
    """Turn probabilities into log-odds, in place."""
    np.minimum(np.maximum(probability, SMALLEST, out=probability), 1 - SMALLEST, out=probability)
    np.divide(probability, 1 - probability, out=probability)
    np.log(probability, out=probability)


def _no_limits(answers: PointAnswers) -> Intervals:
    """NaN for every answer except a certain remission."""
    certain = np.where(answers.remission == 1, 1.0, np.nan)
    unknown = np.full((*answers.relapse.shape, 2), np.nan)
    curve = None if answers.curve is None else np.full((*answers.curve.relapse.shape, 2), np.nan)
    return Intervals(np.stack([certain, certain], axis=-1), unknown, unknown.copy(), curve, curve)


def to_arrays(refits: HeadRefits) -> dict[str, NDArray[np.generic]]:
    """Refits as named arrays, for storing; ``from_arrays`` is its inverse."""
    return {field.name: getattr(refits, field.name) for field in fields(HeadRefits)}


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> HeadRefits:
    """The refits from the arrays of ``to_arrays``."""
    kinds: dict[str, type[np.generic]] = dict.fromkeys(("used", "edges"), np.int64)
    kinds |= dict.fromkeys(("weight", "missing_weight", "baseline", "unexplained"), np.float32)
    names = [field.name for field in fields(HeadRefits)]
    return HeadRefits(**{name: arrays[name].astype(kinds.get(name, np.float64)) for name in names})
