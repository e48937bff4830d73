"""Draws synthetic sites and synthetic patients before session 1: recorded and latent values.

Missing values of the record are drawn here too. Latent values depend on recorded ones only, so that the posterior of
``truth`` can start from the same prior.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from features.protocol.instruments import INSTRUMENTS
from training.simulation import mechanism

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SCALES = ("gad7", "hama", "lsas", "pdss", "pcl5", "ybocs")
"""Primary instruments in the order of the protocol."""

MISSING = {
    "age_years": 0.01,
    "sex": 0.01,
    "illness_duration_years": 0.12,
    "comorbid_depression": 0.05,
    "comorbid_ptsd": 0.08,
    "comorbid_substance_use": 0.08,
    "comorbid_personality_disorder": 0.15,
    "family_history_alcohol": 0.20,
    "body_mass_index": 0.15,
    "benzodiazepine_mg": 0.08,
    "expectancy": 0.10,
    "working_alliance": 0.30,
}
"""Share of the synthetic patients without that value [judgement]."""


@dataclass(frozen=True)
class Sites:
    """One value per site; the last of three or more sites loses most patients."""

    share: Floats
    planned_sessions: Integers
    route: Integers
    severe_share: Floats
    amplitude: Floats
    log_hazard: Floats
    dropout: Floats
    observed: Floats
    lost_per_visit: Floats
    called: Floats
    maintenance: Floats


@dataclass(frozen=True)
class Scales:
    """Cut-offs of one rating scale per patient, shape (patients,), in points."""

    minimum: Floats
    maximum: Floats
    cut: Floats
    relapse: Floats
    change: Floats

    @staticmethod
    def from_index(names: tuple[str, ...], index: Integers) -> "Scales":
        """The scale ``names[index]`` of every patient."""
        rows = [INSTRUMENTS[name] for name in names]
        table = np.array(
            [[r.minimum, r.maximum, r.remission_at_most, r.relapse_at_least, r.reliable_change] for r in rows], float
        )
        return Scales(*table[index].T)

    def in_units(self, score: Floats) -> Floats:
        """Points as reliable-change units above the remission cut-off."""
        return (score - self.cut) / self.change

    def in_units_of(self, scores: Floats) -> Floats:
        """The same for several scores per patient, shape (patients, scores)."""
        return (scores - self.cut[:, None]) / self.change[:, None]

    def rating(self, level: Floats) -> Floats:
        """The whole-number score, within the range, of a level in reliable-change units."""
        return np.clip(np.rint(self.cut + level * self.change), self.minimum, self.maximum)


@dataclass(frozen=True)
class LatentValues:
    """The unobserved values: stratum, class, and the Gaussian values of every rating, each of shape (patients,)."""

    stratum: Integers
    trajectory: Integers
    severity: Floats
    amplitude: Floats
    phq9_offset: Floats
    later_course: Floats


@dataclass(frozen=True)
class SyntheticPatients:
    """Synthetic patients before session 1.

    ``recorded`` holds one float array per numeric or yes/no column (NaN: not recorded). ``advantage`` is the log odds
    of remission and ``log_hazard`` the log hazard of relapse from the recorded columns and the site.
    """

    site: Integers
    sex: Integers
    diagnosis: Integers
    scale: Integers
    scales: Scales
    has_phq9: Flags
    phq9: Scales
    history_recorded: Flags
    treatments: Integers
    recorded: dict[str, Floats]
    advantage: Floats
    log_hazard: Floats
    latent: LatentValues

    def __len__(self) -> int:
        return len(self.site)


def draw_sites(count: int, rng: np.random.Generator) -> Sites:
    """``count`` synthetic sites."""
    share = rng.gamma(4.0, size=count)
    routes = np.array(list(mechanism.ROUTES.values()))
    observed = expit(rng.normal(logit(0.77), 0.25, count))
    lost_per_visit = expit(rng.normal(logit(0.035), 0.4, count))
    if count >= 3:
        share[-1] = 0.11 * share[:-1].sum()
        observed[-1], lost_per_visit[-1] = mechanism.CLINIC_OBSERVED, mechanism.CLINIC_DROPOUT_PER_VISIT
    share /= share.sum()

    def differences(spread: float) -> Floats:
        drawn = rng.normal(0.0, spread, count)
        return drawn - share @ drawn

    return Sites(
        share=share,
        planned_sessions=_draw_key(mechanism.PLANNED_SESSIONS, count, rng),
        route=rng.choice(len(routes), count, p=routes),
        severe_share=np.clip(mechanism.SEVERE_SHARE + differences(0.08), 0.3, 0.95),
        amplitude=differences(mechanism.SITE_AMPLITUDE_SD),
        log_hazard=differences(mechanism.SITE_RELAPSE_SD),
        dropout=differences(0.25),
        observed=observed,
        lost_per_visit=lost_per_visit,
        called=rng.uniform(*mechanism.CALLED_AFTER_DOSE, count),
        maintenance=rng.uniform(0.12, 0.45, count),
    )


def _draw_key(proportions: dict[int, float], count: int, rng: np.random.Generator) -> Integers:
    return rng.choice(np.array(list(proportions)), count, p=np.array(list(proportions.values())))


def choose(probabilities: Floats, rng: np.random.Generator) -> Integers:
    """One category per row of ``probabilities`` (rows, categories)."""
    draws = rng.random(len(probabilities))[:, None]
    return (draws > np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1)


def _draw_columns(count: int, treatments: Integers, rng: np.random.Generator) -> dict[str, Floats]:
    age = np.clip(np.rint(rng.normal(41, 12, count)), 18, 85)
    onset = np.clip(rng.gamma(3.0, 8.0, count) + 6, 6, None)
    personality, depression = rng.random(count) < 0.15, rng.random(count) < 0.45
    columns = {
        "age_years": age,
        "illness_duration_years": np.round(np.clip(age - onset, 0.5, None) * rng.uniform(0.4, 1.0, count), 1),
        "comorbid_depression": depression * 1.0,
        "comorbid_ptsd": (rng.random(count) < 0.15) * 1.0,
        "comorbid_substance_use": (rng.random(count) < 0.10) * 1.0,
        "comorbid_personality_disorder": personality * 1.0,
        "family_history_alcohol": (rng.random(count) < 0.25) * 1.0,
        "body_mass_index": np.round(np.clip(rng.normal(27, 5, count), 15, 60), 1),
        "benzodiazepine_mg": np.where(rng.random(count) < 0.22, 2.5 * rng.integers(1, 9, count), 0.0),
        "expectancy": np.clip(np.rint(rng.normal(6, 2, count)), 0, 10),
        "working_alliance": np.round(np.clip(rng.normal(7.1, 1.7, count) - 0.6 * personality, 0, 10), 1),
    }
    for name, values in columns.items():
        values[rng.random(count) < MISSING[name]] = np.nan
    columns["failed_treatments"] = treatments * 1.0
    return columns


def _linear(recorded: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Log odds of remission and log hazard of relapse from the recorded columns; a missing value adds nothing."""
    count = len(next(iter(recorded.values())))
    odds, hazard = np.zeros(count), np.zeros(count)
    for effect in mechanism.EFFECTS:
        standardised = np.nan_to_num((recorded[effect.column] - effect.centre) / effect.scale)
        odds += np.log(effect.remission_odds_ratio) * standardised
        hazard += np.log(effect.relapse_hazard_ratio) * standardised
    return odds, hazard


def class_probabilities(advantage: Floats) -> Floats:
    """Prior probability of each trajectory class, shape (patients, 3), given the recorded log odds of remission."""
    weights = np.stack(
        [
            trajectory.share * np.exp(-mechanism.CLASS_LOG_ODDS_PER_RISK.get(trajectory.name, 0.0) * advantage)
            for trajectory in mechanism.TRAJECTORIES
        ],
        axis=1,
    )
    return weights / weights.sum(axis=1, keepdims=True)


def amplitude_mean(trajectory: mechanism.Trajectory, advantage: Floats, stratum_mean: float) -> Floats:
    """Mean amplitude in one class and stratum, shape (patients,), in reliable-change units."""
    shift = trajectory.covariate_weight * mechanism.ODDS_TO_AMPLITUDE * advantage
    return trajectory.amplitude + shift + trajectory.amplitude_per_severity * (stratum_mean - mechanism.SEVERITY_CENTRE)


def phq9_offset_mean(recorded: dict[str, Floats]) -> Floats:
    """Mean offset of the PHQ-9 from the primary scale; a depressive disorder that is not recorded counts as average."""
    without, with_depression = mechanism.PHQ9_OFFSET
    share = np.where(np.isnan(recorded["comorbid_depression"]), 0.45, recorded["comorbid_depression"])
    return without + (with_depression - without) * share


def _draw_latent(
    severe_share: Floats, advantage: Floats, recorded: dict[str, Floats], rng: np.random.Generator
) -> LatentValues:
    count = len(advantage)
    stratum = (rng.random(count) >= severe_share).astype(np.int64)
    trajectory = choose(class_probabilities(advantage), rng)
    means, spreads = np.array(mechanism.STRATA).T
    severity = rng.normal(means[stratum], spreads[stratum])
    amplitude = np.empty(count)
    for index, kind in enumerate(mechanism.TRAJECTORIES):
        members = trajectory == index
        centre = amplitude_mean(kind, advantage[members], mechanism.SEVERITY_CENTRE)
        slope = kind.amplitude_per_severity * (severity[members] - mechanism.SEVERITY_CENTRE)
        amplitude[members] = rng.normal(centre + slope, kind.amplitude_sd)
    return LatentValues(
        stratum=stratum,
        trajectory=trajectory,
        severity=severity,
        amplitude=amplitude,
        phq9_offset=rng.normal(phq9_offset_mean(recorded), mechanism.PHQ9_OFFSET_SD),
        later_course=rng.normal(0.0, mechanism.COURSE_SD, count),
    )


def _draw_scale(diagnosis: Integers, rng: np.random.Generator) -> Integers:
    by_diagnosis = [mechanism.PRIMARY_INSTRUMENT[name] for name in mechanism.DIAGNOSES]
    table = np.array([[row.get(scale, 0.0) for scale in SCALES] for row in by_diagnosis])
    return choose(table[diagnosis], rng)


def draw_patients(count: int, sites: Sites, rng: np.random.Generator) -> SyntheticPatients:
    """``count`` synthetic patients of the given synthetic sites."""
    site = rng.choice(len(sites.share), count, p=sites.share)
    proportions, odds_ratios = np.array(list(mechanism.DIAGNOSES.values())).T
    diagnosis = rng.choice(len(proportions), count, p=proportions)
    history_recorded = rng.random(count) < 0.85
    treatments = rng.poisson(1.9, count) * history_recorded
    failed = np.where(history_recorded, rng.binomial(treatments, 0.8), np.nan)
    recorded = _draw_columns(count, failed, rng)
    advantage, log_hazard = _linear(recorded)
    advantage += np.log(odds_ratios)[diagnosis] + sites.amplitude[site] / mechanism.ODDS_TO_AMPLITUDE
    scale = _draw_scale(diagnosis, rng)
    sex = np.where(rng.random(count) < MISSING["sex"], -1, choose(np.tile([0.58, 0.415, 0.005], (count, 1)), rng))
    return SyntheticPatients(
        site=site,
        sex=sex,
        diagnosis=diagnosis,
        scale=scale,
        scales=Scales.from_index(SCALES, scale),
        has_phq9=rng.random(count) < mechanism.WITH_PHQ9,
        phq9=Scales.from_index(("phq9",), np.zeros(count, np.int64)),
        history_recorded=history_recorded,
        treatments=treatments,
        recorded=recorded,
        advantage=advantage,
        log_hazard=log_hazard + sites.log_hazard[site],
        latent=_draw_latent(sites.severe_share[site], advantage, recorded, rng),
    )
