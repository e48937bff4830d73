"""When a synthetic patient in remission relapses: gamma frailty with a declining hazard, and planned maintenance.

The survival function over the frailty is S(t) = (1 + v L(t) exp(eta))^(-1/v), with v the frailty variance, L a
Weibull cumulative hazard, and eta the recorded columns, site, baseline and residual severity and maintenance.
"""

import numpy as np
from scipy.special import expit, logit

from training.simulation import mechanism
from training.simulation.course import Course
from training.simulation.patients import Flags, Floats, Integers, Scales, Sites, SyntheticPatients


def residual_bounds(scales: Scales, baseline: Floats) -> Floats:
    """Upper bounds of the residual levels that count as remission, shape (patients, 4), in reliable-change units.

    They lie half a point above the highest whole score of the level; the last is the threshold of remission. If no
    score can be remission, because the baseline is too low or not recorded, every bound is minus infinity.
    """
    threshold = np.minimum(scales.cut, baseline - scales.change)
    edges = np.array([*mechanism.RESIDUAL_EDGES, 0.0])
    highest = np.floor(scales.cut[:, None] + edges * scales.change[:, None] + 1e-9)
    bounds = scales.in_units_of(np.minimum(highest, threshold[:, None]) + 0.5)
    return np.where((threshold >= scales.minimum)[:, None], bounds, -np.inf)


def residual_level(scales: Scales, score: Floats) -> Integers:
    """Residual level 0 (lowest) to 3 of a deciding score; 3 above the remission cut-off as well."""
    return np.searchsorted(np.array(mechanism.RESIDUAL_EDGES) + 1e-9, scales.in_units(score))


def maintenance_probability(patients: SyntheticPatients, sites: Sites, level: Integers) -> Floats:
    """Probability of planned maintenance in remission at that residual level."""
    by_level = np.array(mechanism.MAINTENANCE_LOG_ODDS_BY_LEVEL)[level]
    return expit(logit(sites.maintenance[patients.site]) + by_level)


def _log_hazard(patients: SyntheticPatients, course: Course, level: Integers, maintenance: Flags) -> Floats:
    severity = np.nan_to_num(patients.scales.in_units(course.baseline) - mechanism.SEVERITY_CENTRE)
    return (
        patients.log_hazard
        + np.log(mechanism.RELAPSE_HAZARD_RATIO_PER_SEVERITY) * severity
        + np.log(mechanism.RESIDUAL_HAZARD_RATIOS)[level]
        + np.log(mechanism.MAINTENANCE_HAZARD_RATIO) * maintenance
    )


def relapse_free(
    days: Floats, patients: SyntheticPatients, course: Course, level: Integers, maintenance: Flags
) -> Floats:
    """Probability that no relapse has begun, shape (patients, days)."""
    cumulative = (days / mechanism.HAZARD_SCALE_DAYS) ** mechanism.HAZARD_SHAPE
    relative = np.exp(_log_hazard(patients, course, level, maintenance))
    scaled = mechanism.FRAILTY_VARIANCE * relative[:, None] * cumulative
    return (1.0 + scaled) ** (-1.0 / mechanism.FRAILTY_VARIANCE)


def draw_onset(
    patients: SyntheticPatients, course: Course, level: Integers, maintenance: Flags, rng: np.random.Generator
) -> Floats:
    """Days from the deciding reading to the onset of relapse, were the patient in remission."""
    free = rng.random(len(patients))
    cumulative = (free**-mechanism.FRAILTY_VARIANCE - 1.0) / mechanism.FRAILTY_VARIANCE
    cumulative /= np.exp(_log_hazard(patients, course, level, maintenance))
    return mechanism.HAZARD_SCALE_DAYS * cumulative ** (1.0 / mechanism.HAZARD_SHAPE)
