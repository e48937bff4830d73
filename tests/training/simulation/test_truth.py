"""The posterior behind the true risks is the textbook one."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, truncnorm

from training.simulation import mechanism
from training.simulation.course import draw_course
from training.simulation.patients import draw_patients, draw_sites
from training.simulation.truth import _prior


def test_updating_rating_by_rating_is_conditioning_on_all_ratings_at_once():
    rng = np.random.Generator(np.random.PCG64(3))
    sites = draw_sites(3, rng)
    patients = draw_patients(400, sites, rng)
    course = draw_course(patients, sites, rng)
    known = [rating for rating in course.ratings if rating.stage <= 3]
    scales = [patients.phq9 if rating.phq9 else patients.scales for rating in known]
    inside = [(s.minimum < r.score) & (r.score < s.maximum) for r, s in zip(known, scales, strict=True)]
    row = int(np.argmax(sum((r.present & i).astype(int) for r, i in zip(known, inside, strict=True))))
    posterior = _prior(patients, sites)
    prior_mean, prior_covariance = posterior.mean[row, 0].copy(), posterior.covariance[row, 0].copy()
    loadings, scores, noise = [], [], []
    log_weight = posterior.log_weight[row, 0]
    for rating, scale, within in zip(known, scales, inside, strict=True):
        posterior.update(rating, scale)
        if rating.present[row]:
            assert within[row], "the reference below knows no ends of a scale"
            slope, reached = (mechanism.PHQ9_LOADING if rating.phq9 else 1.0), rating.reached[row, 0]
            loadings.append([slope, -slope * reached, float(rating.phq9)])
            scores.append(scale.in_units(rating.score)[row])
            noise.append(mechanism.NOISE_SD**2 + 1 / 12 / scale.change[row] ** 2)
    design = np.array(loadings)
    spread = design @ prior_covariance @ design.T + np.diag(noise)
    gain = prior_covariance @ design.T @ np.linalg.inv(spread)
    expected_mean = prior_mean + gain @ (np.array(scores) - design @ prior_mean)
    np.testing.assert_allclose(posterior.mean[row, 0], expected_mean)
    np.testing.assert_allclose(posterior.covariance[row, 0], prior_covariance - gain @ design @ prior_covariance)
    likelihood = multivariate_normal(design @ prior_mean, spread).logpdf(scores)
    np.testing.assert_allclose(posterior.log_weight[row, 0], log_weight + likelihood)


def test_a_score_at_the_top_of_its_scale_is_known_only_to_lie_beyond_it():
    rng = np.random.Generator(np.random.PCG64(4))
    sites = draw_sites(3, rng)
    patients = draw_patients(4000, sites, rng)
    rating = draw_course(patients, sites, rng).ratings[0]
    posterior = _prior(patients, sites)
    row = np.flatnonzero(rating.present & (rating.score == patients.scales.maximum))[0]
    spread = np.sqrt(posterior.covariance[row, 0, 0, 0] + mechanism.NOISE_SD**2)
    edge = (patients.scales.maximum[row] - 0.5 - patients.scales.cut[row]) / patients.scales.change[row]
    above = truncnorm((edge - posterior.mean[row, 0, 0]) / spread, np.inf, posterior.mean[row, 0, 0], spread)
    share = posterior.covariance[row, 0, 0, 0] / spread**2
    mean = posterior.mean[row, 0, 0] + share * (above.mean() - posterior.mean[row, 0, 0])
    variance = posterior.covariance[row, 0, 0, 0] - share**2 * (spread**2 - above.var())
    log_weight = posterior.log_weight[row, 0] + norm.logsf(edge, posterior.mean[row, 0, 0], spread)
    posterior.update(rating, patients.scales)
    assert posterior.log_weight[row, 0] == pytest.approx(log_weight)
    assert posterior.mean[row, 0, 0] == pytest.approx(mean)
    assert posterior.covariance[row, 0, 0, 0] == pytest.approx(variance)
