"""The true probability of remission and of relapse of every synthetic patient, given the record at a landmark.

Within one trajectory class and severity stratum, (severity, amplitude, PHQ-9 offset) is Gaussian and every rating is
linear in it: ratings are exact Gaussian updates, classes are weighted by their likelihood, and the number of future
sessions is summed over. A rating at the end of its scale is censored there: it enters by its exact probability and
moments. Rounding to whole points enters as variance 1/12.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr

from training.simulation import mechanism
from training.simulation.course import Course, Ratings, reached_table
from training.simulation.patients import (
    Flags,
    Floats,
    Integers,
    Scales,
    Sites,
    SyntheticPatients,
    amplitude_mean,
    class_probabilities,
    phq9_offset_mean,
)
from training.simulation.relapse import maintenance_probability, relapse_free, residual_bounds

WEEKS = 52


@dataclass(frozen=True)
class Truth:
    """True risks at one landmark, for the patients who reach it.

    ``remission`` (patients,) is the probability of remission; ``relapse`` (patients, 52) the cumulative probability,
    given remission, that a relapse has begun by the end of each week after the deciding reading: the onset, before a
    visit detects it, and without competing events.
    """

    reached: Flags
    day: Floats
    remission: Floats
    relapse: Floats


@dataclass
class _Posterior:
    """Gaussian mixture per patient: ``log_weight`` (n, m), ``mean`` (n, m, 3), ``covariance`` (n, m, 3, 3)."""

    log_weight: Floats
    mean: Floats
    covariance: Floats

    def update(self, rating: Ratings, scales: Scales) -> None:
        """Update by one rating, where it is present."""
        loading = _loading(rating.reached, phq9=rating.phq9)
        gain = np.einsum("nmij,nmj->nmi", self.covariance, loading)
        inside = (rating.score > scales.minimum) & (rating.score < scales.maximum)
        rounding = inside / 12.0 / scales.change**2
        spread = np.einsum("nmi,nmi->nm", gain, loading) + (mechanism.NOISE_SD**2 + rounding)[:, None]
        predicted = np.einsum("nmi,nmi->nm", self.mean, loading)
        log_likelihood, innovation, kept = _evidence(rating.score, scales, predicted, spread)
        present = rating.present[:, None]
        self.log_weight += np.where(present, log_likelihood, 0.0)
        self.mean += np.where(present, innovation / spread, 0.0)[..., None] * gain
        shrink = np.where(present, (1.0 - kept) / spread, 0.0)
        self.covariance -= shrink[..., None, None] * gain[..., :, None] * gain[..., None, :]

    def weights(self) -> Floats:
        """Posterior probability of each component, shape (n, m)."""
        weights = np.exp(self.log_weight - self.log_weight.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


def _loading(reached: Floats, *, phq9: bool) -> Floats:
    """Row of the observation matrix per patient and component (stratum by class), shape (n, m, 3)."""
    by_component = np.tile(reached, (1, len(mechanism.STRATA)))
    slope = mechanism.PHQ9_LOADING if phq9 else 1.0
    ones = np.ones_like(by_component)
    return np.stack([slope * ones, -slope * by_component, ones * phq9], axis=-1)


def _evidence(score: Floats, scales: Scales, predicted: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
    """Log likelihood, innovation and the share of the variance that is left, each (n, m)."""
    centred = scales.in_units(score)[:, None] - predicted
    log_likelihood = -0.5 * (centred**2 / spread + np.log(2 * np.pi * spread))
    kept = np.zeros_like(spread)
    for end, inward in ((scales.minimum, 1.0), (scales.maximum, -1.0)):
        rows = np.flatnonzero(score == end)
        deviation = np.sqrt(spread[rows])
        edge = scales.in_units(end + 0.5 * inward)[rows, None]
        distance = inward * (edge - predicted[rows]) / deviation
        log_tail = log_ndtr(distance)
        ratio = np.exp(-0.5 * distance**2 - 0.5 * np.log(2 * np.pi) - log_tail)
        log_likelihood[rows] = log_tail
        centred[rows] = -inward * deviation * ratio
        kept[rows] = 1.0 - ratio * (ratio + distance)
    return log_likelihood, centred, kept


def _prior(patients: SyntheticPatients, sites: Sites) -> _Posterior:
    severe = sites.severe_share[patients.site]
    classes = class_probabilities(patients.advantage)
    offset = phq9_offset_mean(patients.recorded)
    weights, means, covariances = [], [], []
    for share, (stratum_mean, spread) in zip((severe, 1.0 - severe), mechanism.STRATA, strict=True):
        for index, kind in enumerate(mechanism.TRAJECTORIES):
            weights.append(share * classes[:, index])
            amplitude = amplitude_mean(kind, patients.advantage, stratum_mean)
            means.append(np.stack([np.full_like(offset, stratum_mean), amplitude, offset], axis=1))
            slope, variance = kind.amplitude_per_severity, spread**2
            covariance = np.diag([variance, kind.amplitude_sd**2 + slope**2 * variance, mechanism.PHQ9_OFFSET_SD**2])
            covariance[0, 1] = covariance[1, 0] = slope * variance
            covariances.append(covariance)
    tiled = np.broadcast_to(np.stack(covariances), (len(patients), len(covariances), 3, 3))
    return _Posterior(np.log(np.stack(weights, axis=1)), np.stack(means, axis=1), tiled.copy())


def _session_weights(course: Course, landmark: int) -> Floats:
    """Probability of 1 to 6 sessions in all given the record at the landmark, shape (n, 6)."""
    sessions = np.arange(1, mechanism.MAXIMUM_SESSIONS + 1, dtype=np.int64)
    hazard, planned = course.hazard[:, None], course.planned[:, None]
    stays = (1.0 - hazard) ** (sessions - 1)
    weights = np.where(sessions == planned, stays, stays * hazard) * (sessions <= planned)
    if landmark < 3:
        weights = weights * (sessions >= landmark)
    else:
        weights = weights * _third_session_likelihood(course, sessions)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


def _third_session_likelihood(course: Course, sessions: Integers) -> Floats:
    """Likelihood of the number of sessions given the day of the landmark, up to a factor of each patient.

    Without session 3 the landmark is on the latest day; with it, on the day of session 3 if that is earlier. Before the
    latest day only a session can be the reason.
    """
    latest = mechanism.LANDMARK_DAYS_AFTER_SESSION_2
    on_latest = (third_landmark_day(course) == course.session_day[:, 1] + latest)[:, None]
    share = sum(share for gap, share in mechanism.SESSION_GAP_DAYS.items() if gap >= latest)
    return np.where(sessions == 2, on_latest, (sessions > 2) * np.where(on_latest, share, 1.0))


def third_landmark_day(course: Course) -> Integers:
    """The day of session 3, at the latest ``LANDMARK_DAYS_AFTER_SESSION_2`` after session 2, shape (patients,)."""
    latest = course.session_day[:, 1] + mechanism.LANDMARK_DAYS_AFTER_SESSION_2
    return np.where(course.received >= 3, np.minimum(course.session_day[:, 2], latest), latest)


def _by_residual_level(patients: SyntheticPatients, course: Course, posterior: _Posterior, sessions: Floats) -> Floats:
    """Probability of remission at each residual level with too few and enough sessions for maintenance, (n, levels, 2).

    The sum is the probability of remission.
    """
    bounds = residual_bounds(patients.scales, course.baseline)
    weights = posterior.weights()
    below = np.zeros((*bounds.shape, 2))
    for count in range(1, mechanism.MAXIMUM_SESSIONS + 1):
        reached = np.broadcast_to(reached_table()[:, count], (len(patients), len(mechanism.TRAJECTORIES)))
        loading = _loading(reached, phq9=False)
        mean = np.einsum("nmi,nmi->nm", posterior.mean, loading)
        variance = np.einsum("nmij,nmi,nmj->nm", posterior.covariance, loading, loading)
        deviation = np.sqrt(variance + mechanism.COURSE_SD**2 + mechanism.NOISE_SD**2)
        share = weights * sessions[:, count - 1, None]
        for level in range(bounds.shape[1]):
            below[:, level, int(count >= mechanism.MAINTENANCE_AFTER_SESSIONS)] += (
                share * ndtr((bounds[:, level, None] - mean) / deviation)
            ).sum(axis=1)
    return np.diff(below, axis=1, prepend=0.0)


def _relapse_curve(patients: SyntheticPatients, course: Course, sites: Sites, levels: Floats) -> Floats:
    """Cumulative probability of relapse by week given remission, over residual levels and maintenance."""
    total = np.maximum(levels.sum(axis=(1, 2)), 1e-300)
    free = np.zeros((len(patients), WEEKS))
    days = 7.0 * np.arange(1, WEEKS + 1, dtype=np.float64)
    for level in range(levels.shape[1]):
        here = np.full(len(patients), level)
        maintained = maintenance_probability(patients, sites, here)
        with_maintenance = levels[:, level, 1] * maintained
        without = levels[:, level].sum(axis=1) - with_maintenance
        for maintenance, weight in ((True, with_maintenance), (False, without)):
            flags = np.full(len(patients), maintenance)
            free += (weight / total)[:, None] * relapse_free(days, patients, course, here, flags)
    return 1.0 - free


def true_risks(patients: SyntheticPatients, course: Course, sites: Sites) -> tuple[Truth, Truth, Truth]:
    """True risks before sessions 1, 2 and 3."""
    posterior = _prior(patients, sites)
    truths = []
    for landmark in (1, 2, 3):
        for rating in course.ratings:
            if rating.stage == landmark:
                posterior.update(rating, patients.phq9 if rating.phq9 else patients.scales)
        day = third_landmark_day(course) if landmark == 3 else course.session_day[:, landmark - 1]
        levels = _by_residual_level(patients, course, posterior, _session_weights(course, landmark))
        reached = course.received >= min(landmark, 2)
        curve = _relapse_curve(patients, course, sites, levels)
        truths.append(Truth(reached, day.astype(float), levels.sum(axis=(1, 2)), curve))
    return truths[0], truths[1], truths[2]
