"""The product's own mechanism: cohorts of the same sites, and the truth of what is asked, by Monte Carlo.

`truth.parquet` holds the onset of relapse as if nothing competed. Asked is relapse as the outcome rules date it at
visits, beside competing events. So the exact posterior of the latent values given the record at a landmark is drawn
from, draws are kept as often as they end in remission, and the mechanism's own follow-up is drawn for them with nobody
lost. A monotone map of the onset's probability would be simpler but is not the probability given the
record: when a relapse is noticed depends on more than its onset.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri

from tests.mechanisms.relapse_rule import NEVER, rated_relapse
from tests.mechanisms.resampling import TRIED_PER_DRAW, resampled
from tests.mechanisms.rows import rows_of
from tests.mechanisms.true_risks import HORIZONS_DAYS, Floats, TrueRisks
from training.simulation import mechanism, tables
from training.simulation import truth as exact
from training.simulation.cohort import LANDMARKS, PROTOCOL_TOML, SyntheticCohort, write_cohort
from training.simulation.course import Course, draw_course, reached_table
from training.simulation.follow_up import FollowUp, draw_follow_up
from training.simulation.patients import (
    Integers,
    LatentValues,
    Scales,
    Sites,
    SyntheticPatients,
    choose,
    draw_patients,
    draw_sites,
)
from training.simulation.relapse import residual_bounds

SITES = 8
PATIENTS_AT_ONCE = 50


@dataclass(frozen=True)
class OwnCohort:
    """Patients of the product's mechanism, their sites, course and follow-up."""

    sites: Sites
    patients: SyntheticPatients
    course: Course
    follow_up: FollowUp
    rng: np.random.Generator


def draw_own(patients: int, sites_seed: int, seed: int | None = None, missing: float | None = None) -> OwnCohort:
    """So many patients of the sites that ``sites_seed`` draws; without ``seed`` those that `simulate_cohort` gives.

    ``missing`` is the mean share of the end-of-course ratings not seen, 0 for a complete follow-up; ``None`` leaves
    it as it comes.
    """
    rng = np.random.Generator(np.random.PCG64(sites_seed))
    sites = draw_sites(SITES, rng)
    if seed is not None:
        rng = np.random.default_rng([5, seed])
    drawn = draw_patients(patients, sites, rng)
    course = draw_course(drawn, sites, rng)
    if missing is not None:
        sites = _losing(sites, missing, drawn, course)
    return OwnCohort(sites, drawn, course, draw_follow_up(drawn, course, sites, rng), rng)


def _losing(sites: Sites, missing: float, patients: SyntheticPatients, course: Course) -> Sites:
    """Sites at which that share is not seen at the end of the course; with 0 nobody is lost later either."""
    if missing == 0:
        return replace(sites, observed=np.ones(SITES), lost_per_visit=np.zeros(SITES))

    def shifted(by: float) -> Sites:
        return replace(sites, observed=expit(logit(sites.observed) + by))

    def excess(by: float) -> float:
        seen = draw_follow_up(patients, course, shifted(by), np.random.default_rng(0)).deciding_observed
        return missing - float(1 - seen.mean())

    return shifted(brentq(excess, -8, 8, xtol=0.01))


def write_own(cohort: OwnCohort, directory: Path) -> None:
    """Writes the five tables and the protocol, as `simulate_cohort` and `write_cohort` do."""
    drawn, course, follow_up, rng = cohort.patients, cohort.course, cohort.follow_up, cohort.rng
    ids = tables.synthetic_ids(len(drawn))
    simulated = SyntheticCohort(
        patients=tables.patients_table(drawn, ids),
        prior_treatments=tables.prior_treatments_table(drawn, ids, rng),
        sessions=tables.identified(
            tables.sessions_table(drawn, course, follow_up, cohort.sites, rng), ids, ("kind", "day")
        ),
        assessments=tables.identified(tables.assessments_table(drawn, course, follow_up), ids, ("day", "instrument")),
        events=tables.identified(tables.events_table(course, follow_up, rng), ids, ("day", "event")),
        truth=pd.DataFrame(),
        would_be=pd.DataFrame(),
        protocol_toml=PROTOCOL_TOML,
        readme="SYNTHETIC: invented patients.\n",
    )
    write_cohort(simulated, directory, "parquet")


def true_probabilities(cohort: OwnCohort, draws: int = 400, seed: int = 0) -> tuple[TrueRisks, ...]:
    """True probabilities at every landmark: remission exactly, the others from so many draws per patient."""
    posterior = exact._prior(cohort.patients, cohort.sites)
    truths = []
    for landmark, risks in enumerate(exact.true_risks(cohort.patients, cohort.course, cohort.sites), start=1):
        for rating in cohort.course.ratings:
            if rating.stage == landmark:
                posterior.update(rating, cohort.patients.phq9 if rating.phq9 else cohort.patients.scales)
        relapse, event_free = np.full((2, len(cohort.patients), len(HORIZONS_DAYS)), np.nan)
        patients = np.flatnonzero(risks.reached)
        sessions = exact._session_weights(cohort.course, landmark)
        rng = np.random.default_rng([6, seed, landmark])
        for start in range(0, len(patients), PATIENTS_AT_ONCE):
            some = patients[start : start + PATIENTS_AT_ONCE]
            relapse[some], event_free[some] = _noticed(cohort, posterior, sessions, some, draws, rng)
        truths.append(TrueRisks(np.where(risks.reached, risks.remission, np.nan), relapse, event_free))
    assert len(truths) == len(LANDMARKS)
    return tuple(truths)


def _noticed(
    cohort: OwnCohort, posterior: Any, sessions: Floats, some: Integers, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Incidence of noticed relapse, and that nothing happened, by the horizons given remission: (some, horizons)."""
    rows = np.repeat(some, TRIED_PER_DRAW * draws)
    latent = _latent(posterior, rows, rng)
    received = 1 + choose(sessions[rows], rng)
    final = latent.severity - latent.amplitude * reached_table()[latent.trajectory, received] + latent.later_course
    remits = _remits(rows_of(cohort.patients.scales, rows), cohort.course.baseline[rows], final)
    tried = remits.reshape(len(some), -1)
    kept = (np.arange(len(some))[:, None] * tried.shape[1] + resampled(tried, draws, rng)).ravel()
    patients = replace(rows_of(cohort.patients, rows[kept]), latent=rows_of(latent, kept))
    course = replace(
        rows_of(replace(cohort.course, ratings=()), rows[kept]), received=received[kept], final_level=final[kept]
    )
    course = replace(course, deciding_score=_score_in_remission(patients, course, remits[kept], rng))
    complete = replace(cohort.sites, observed=np.ones(SITES), lost_per_visit=np.zeros(SITES))
    follow_up = draw_follow_up(patients, course, complete, rng)
    relapse, competing = _ended(patients, course, follow_up, rng)
    horizons = np.array(HORIZONS_DAYS)
    relapsed = (relapse[:, None] <= horizons).reshape(len(some), draws, -1)
    free = (np.minimum(relapse, competing)[:, None] > horizons).reshape(len(some), draws, -1)
    return relapsed.mean(axis=1), free.mean(axis=1)


def _latent(posterior: Any, rows: Integers, rng: np.random.Generator) -> LatentValues:
    """One draw of the latent values given the record for every row."""
    component = choose(posterior.weights()[rows], rng)
    spread = np.linalg.cholesky(posterior.covariance[rows, component] + 1e-12 * np.eye(3))
    drawn = posterior.mean[rows, component] + np.einsum("nij,nj->ni", spread, rng.standard_normal((len(rows), 3)))
    classes = len(mechanism.TRAJECTORIES)
    return LatentValues(
        stratum=component // classes,
        trajectory=component % classes,
        severity=drawn[:, 0],
        amplitude=drawn[:, 1],
        phq9_offset=drawn[:, 2],
        later_course=rng.normal(0.0, mechanism.COURSE_SD, len(rows)),
    )


def _remits(scales: Scales, baseline: Floats, final: Floats) -> Floats:
    """Probability of a deciding score in remission after a final level."""
    return ndtr((residual_bounds(scales, baseline)[:, -1] - final) / mechanism.NOISE_SD)


def _score_in_remission(
    patients: SyntheticPatients, course: Course, remits: Floats, rng: np.random.Generator
) -> Floats:
    """A deciding score given remission."""
    scales = patients.scales
    share = np.clip(rng.random(len(remits)) * remits, 1e-300, None)
    score = scales.rating(course.final_level + mechanism.NOISE_SD * ndtri(share))
    return np.minimum(score, np.minimum(scales.cut, course.baseline - scales.change))


def _ended(
    patients: SyntheticPatients, course: Course, follow_up: FollowUp, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Days from the deciding reading to the relapse and to a competing event by the outcome rules."""
    visits = [visit for visit in follow_up.visits if not visit.phq9][1:]
    day, score, seen = (np.stack([getattr(v, name) for v in visits], axis=1) for name in ("day", "score", "present"))
    scales = patients.scales
    relapse = rated_relapse(day, score, seen, course.deciding_score, scales.relapse, scales.change)
    events = tables.events_table(course, follow_up, rng)
    dates = events["event"].isin(list(tables.RELAPSE_EVENTS))
    relapse = np.minimum(relapse, _first_day(events[dates], len(patients)))
    competing = _first_day(events[events["event"].isin(["new_treatment", "death"])], len(patients))
    relapse = np.where(relapse <= competing, relapse, NEVER)
    competing = np.where(competing < relapse, competing, NEVER)
    return relapse - course.deciding_day, competing - course.deciding_day


def _first_day(events: pd.DataFrame, count: int) -> Floats:
    first = np.full(count, NEVER)
    np.minimum.at(first, events["patient"].to_numpy(), events["day"].to_numpy(dtype=np.float64))
    return first
