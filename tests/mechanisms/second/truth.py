"""The true probabilities of every patient given the record at a landmark, by Monte Carlo.

What the record does not tell is integrated out: cells that are not recorded are drawn and weighted by how likely they
make the recorded ratings; the hidden state is filtered exactly given each draw. Remission enters by its probability
at the last step, and draws are kept as often as they end in remission, so that no follow-up is wasted.
"""

import numpy as np
from scipy.special import expit, ndtr, ndtri

from tests.mechanisms.resampling import TRIED_PER_DRAW, resampled
from tests.mechanisms.rows import rows_of
from tests.mechanisms.second import numbers
from tests.mechanisms.second.course import (
    SecondCourse,
    SessionState,
    deciding_mean,
    log_odds_of_moving,
    moving_next,
    walk,
    week_means,
)
from tests.mechanisms.second.follow_up import draw_follow_up, evaluated
from tests.mechanisms.second.people import Columns, Flags, Floats, Integers, People, RatingScale, filled
from tests.mechanisms.true_risks import HORIZONS_DAYS, TrueRisks

PATIENTS_AT_ONCE = 100


def true_probabilities(
    people: People, course: SecondCourse, draws: int = 1000, seed: int = 0
) -> tuple[TrueRisks, TrueRisks, TrueRisks]:
    """True probabilities before sessions 1, 2 and 3, from so many draws per patient and landmark."""
    return (
        _at_landmark(people, course, 1, draws, seed),
        _at_landmark(people, course, 2, draws, seed),
        _at_landmark(people, course, 3, draws, seed),
    )


def _at_landmark(people: People, course: SecondCourse, landmark: int, draws: int, seed: int) -> TrueRisks:
    """Who never came to session 3 has the third landmark two weeks after session 2; the record then shows it."""
    rng = np.random.default_rng([seed, landmark])
    reached = course.received >= min(landmark, 2)
    remission = np.full(len(people), np.nan)
    relapse, event_free = np.full((2, len(people), len(HORIZONS_DAYS)), np.nan)
    patients = np.flatnonzero(reached)
    for start in range(0, len(patients), PATIENTS_AT_ONCE):
        some = patients[start : start + PATIENTS_AT_ONCE]
        remission[some], relapse[some], event_free[some] = _simulated(people, course, some, landmark, draws, rng)
    return TrueRisks(remission, relapse, event_free)


def _simulated(
    people: People, course: SecondCourse, patients: Integers, landmark: int, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    some: People = rows_of(people, patients)
    scale = some.scale.of_draws()
    columns, last, weight = _courses(some, course.score[patients, :landmark], draws, rng)
    threshold = np.minimum(scale.cut, some.baseline[:, None] - scale.change)
    mean = deciding_mean(last)
    remits = ndtr((scale.level(threshold + 0.5) - mean) / numbers.LAST_SD)
    remission = (weight * remits).sum(axis=1)
    kept = resampled(weight * remits, draws, rng)
    columns = {name: np.take_along_axis(values, kept, axis=1) for name, values in columns.items()}
    mean, remits, baseline = (np.take_along_axis(each, kept, axis=1) for each in (mean, remits, last.baseline))
    deciding = np.minimum(_score_in_remission(scale, mean, remits, rng), threshold)
    early = np.take_along_axis(last.early, kept, axis=1)
    follow_up = draw_follow_up(columns, scale, baseline, early, deciding, rng)
    relapse_day, competing_day = evaluated(follow_up, deciding, scale)
    horizons = np.array(HORIZONS_DAYS)
    relapsed = relapse_day[..., None] <= horizons
    free = np.minimum(relapse_day, competing_day)[..., None] > horizons
    return remission, relapsed.mean(axis=1), free.mean(axis=1)


def _courses(
    people: People, scores: Floats, draws: int, rng: np.random.Generator
) -> tuple[Columns, SessionState, Floats]:
    """What acts, the state at the last session and the weight given the record, all (patients, tried)."""
    scale = people.scale.of_draws()
    columns, log_weight = filled(people, TRIED_PER_DRAW * draws, rng)
    evidence, moving = _filtered(columns, scale, scores)
    log_weight = log_weight + evidence
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    state = _state(scale, scores, columns, rng.random(weight.shape) < moving)
    return columns, walk(columns, scale, state, rng)[-1], weight / weight.sum(axis=1, keepdims=True)


def _filtered(columns: Columns, scale: RatingScale, scores: Floats) -> tuple[Floats, Floats]:
    """Log-likelihood of the recorded ratings, and probability of moving in the week now, both (patients, draws)."""
    baseline = scale.level(scores[:, :1])
    log_odds = log_odds_of_moving(columns, baseline)
    moving, evidence = expit(log_odds), np.zeros_like(log_odds)
    early = early_response(scale, scores)
    for session in range(1, scores.shape[1]):
        came = ~np.isnan(scores[:, session])[:, None]
        score = np.where(came, scores[:, session : session + 1], scale.cut)
        moves, stuck = week_means(scale.level(scores[:, session - 1 : session]), baseline)
        seen_moving = moving * scale.likelihood(score, moves, numbers.MOVING_SD)
        seen = seen_moving + (1 - moving) * scale.likelihood(score, stuck, numbers.STUCK_SD)
        stays, starts = moving_next(columns, log_odds, early)
        then = seen_moving / seen
        moving = np.where(came, then * stays + (1 - then) * starts, moving)
        evidence = evidence + np.where(came, np.log(seen), 0.0)
    return evidence, moving


def early_response(scale: RatingScale, scores: Floats) -> Flags:
    """Who had dropped enough at session 2, shape (patients, 1); nobody before its rating is known."""
    if scores.shape[1] < 2:
        return np.zeros((len(scores), 1), dtype=np.bool_)
    return scale.level(scores[:, :1]) - scale.level(scores[:, 1:2]) >= numbers.EARLY_DROP


def _state(scale: RatingScale, scores: Floats, columns: Columns, moving: Flags) -> SessionState:
    shape = moving.shape
    received = (~np.isnan(scores)).sum(axis=1)
    latest = scores[np.arange(len(scores)), received - 1][:, None]
    return SessionState(
        session=scores.shape[1],
        baseline=np.broadcast_to(scale.level(scores[:, :1]), shape),
        level=np.broadcast_to(scale.level(latest), shape),
        early=np.broadcast_to(early_response(scale, scores), shape),
        moving=moving,
        left=np.broadcast_to((received < scores.shape[1])[:, None], shape),
        received=np.broadcast_to(received[:, None], shape),
    )


def _score_in_remission(scale: RatingScale, mean: Floats, remits: Floats, rng: np.random.Generator) -> Floats:
    """A deciding score given remission, from the mean level and the probability of remission of every draw."""
    share = np.clip(rng.random(mean.shape) * remits, 1e-300, None)
    return scale.score(mean + numbers.LAST_SD * ndtri(share))
