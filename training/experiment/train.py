"""One training, from a cohort to a bundle: the recipe, top to bottom. Recording it is left to `tracking`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.build import FeatureRows, build_features
from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.applicability import ApplicabilityDomain, fit_applicability
from models.bundle import Bundle, HeadRecord
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.uncertainty import OutcomeRefits
from training.arithmetic import on_one_thread
from training.config import TrainingConfig
from training.evidence.document import LeakageCheck
from training.leakage.checks import leakage_checks, refuse_leakage
from training.learning.candidates import origins_of
from training.learning.cohort_tasks import tasks_of
from training.learning.competing_events import with_competing
from training.learning.fit import HeadFit, fit_heads, number_of_fits
from training.learning.refits import fit_refits, number_of_refitted
from training.learning.splits import Folds, draw_folds
from training.learning.used_features import used_features
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes
from training.provenance import Provenance
from training.simulation.marks import is_synthetic

Announce = Callable[[str, int], Callable[[], None]]
"""Takes the step that begins and its number of pieces, and returns what to call after each piece."""


def quietly(_step: str, _pieces: int) -> Callable[[], None]:
    """Announces nothing."""
    return lambda: None


@dataclass(frozen=True, eq=False)
class LandmarkFit:
    """The fits of one landmark; ``remission`` is ``None`` if everyone is in remission at the landmark."""

    features: FeatureRows
    outcomes: Outcomes
    remission: HeadFit | None
    relapse: HeadFit

    @property
    def fitted_on(self) -> NDArray[np.intp]:
        """The patients that a head was fitted on; those of the relapse head are among those of the remission head."""
        if self.remission is not None:
            return np.flatnonzero(self.remission.task.fitted_on)
        return np.flatnonzero(self.outcomes.at_risk)

    @property
    def heads(self) -> dict[str, HeadFit]:
        """The heads that the protocol has, by name."""
        heads = {"remission": self.remission, "relapse": self.relapse}
        return {name: fit for name, fit in heads.items() if fit is not None}


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training. ``models`` answer with every winner; ``bundle`` lacks those that are research only."""

    cohort: Cohort
    config: TrainingConfig
    provenance: Provenance
    folds: Folds
    leakage: tuple[LeakageCheck, ...]
    landmarks: tuple[LandmarkFit, ...]
    models: tuple[OutcomeModel, ...]
    bundle: Bundle


@on_one_thread
def train(
    cohort: Cohort, config: TrainingConfig, provenance: Provenance, announce: Announce, workers: int = 2
) -> Training:
    """Derive outcomes, build features, evaluate and fit every head at every landmark, and bundle the winners.

    Raises ``InputRefusedError`` if a candidate can't be used or there is nothing to fit on, ``LeakageFoundError`` if
    outcomes leak.
    """
    provenance = with_candidates(provenance, config)
    landmarks = cohort.protocol.landmarks
    features = [build_features(cohort, landmark) for landmark in landmarks]
    outcomes = [derive_outcomes(cohort, landmark) for landmark in landmarks]
    tasks = tasks_of(cohort, features, outcomes, config)
    if not any(task.patients for group in tasks for task in group):
        problem = Problem(
            "cohort", None, None, "patients with an outcome after a landmark", "none; see kap cohort check"
        )
        raise InputRefusedError([problem])
    folds = draw_folds(outcome_class(cohort, outcomes), cohort.site, cohort.site_names, config)
    announce("leakage checks", 1)
    leakage = leakage_checks(cohort, features, outcomes, tasks, folds, (config, workers))
    refuse_leakage(leakage)
    flat = with_competing([task for group in tasks for task in group], folds, config, workers)
    progress = announce("evaluating the candidates", number_of_fits(flat, folds, config))
    fits = iter(fit_heads(flat, folds, config, progress, workers))
    fitted = tuple(
        _landmark_fit(rows, outcome, [next(fits) for _ in group])
        for rows, outcome, group in zip(features, outcomes, tasks, strict=True)
    )
    heads = [fit.heads for fit in fitted]
    progress = announce("refitting for intervals", number_of_refitted(heads))
    refits = fit_refits(heads, cohort.site, config, progress, workers)
    models = [_outcome_model(cohort, config, fit, refitted) for fit, refitted in zip(fitted, refits, strict=True)]
    bundle = _bundle(cohort, config, provenance, fitted, models)
    return Training(cohort, config, provenance, folds, tuple(leakage), fitted, tuple(models), bundle)


def with_candidates(provenance: Provenance, config: TrainingConfig) -> Provenance:
    """The provenance with the origin of each candidate of another package, unless it has them.

    Raises ``InputRefusedError`` if a candidate can't be used.
    """
    origins = origins_of(config)
    return provenance if provenance.candidates else replace(provenance, candidates=tuple(origins.items()))


def outcome_class(cohort: Cohort, outcomes: list[Outcomes]) -> NDArray[np.intp]:
    """1 with the outcome that the first head predicts (remission, else relapse), 0 without, -1 not observed.

    The outcome is the same at every landmark; a patient who is eligible at any of them is counted.
    """
    first = outcomes[0]
    eligible = np.any([outcome.eligible for outcome in outcomes], axis=0)
    relapse = np.where(np.isnan(first.followed_days), np.nan, first.ended_by == EndedBy.RELAPSE)
    event = relapse if cohort.protocol.remission.at_landmark else first.remission
    return np.where(eligible & ~np.isnan(event), event, -1).astype(np.intp)


def _landmark_fit(features: FeatureRows, outcomes: Outcomes, fits: list[HeadFit]) -> LandmarkFit:
    by_name = {fit.task.name: fit for fit in fits}
    return LandmarkFit(features, outcomes, by_name.get("remission"), by_name["relapse"])


def _bundle(
    cohort: Cohort,
    config: TrainingConfig,
    provenance: Provenance,
    landmarks: tuple[LandmarkFit, ...],
    models: list[OutcomeModel],
) -> Bundle:
    own = {"candidates": dict(provenance.candidates)} if provenance.candidates else {}
    return Bundle(
        protocol=cohort.protocol,
        models=tuple(_servable(model, fit) for model, fit in zip(models, landmarks, strict=True)),
        records=tuple({name: _record(head) for name, head in fit.heads.items()} for fit in landmarks),
        training={
            "cohort_digest": cohort.digest,
            "synthetic": is_synthetic(cohort),
            "patients": len(cohort),
            "settings": config.as_parameters(),
            **_cut_short(landmarks),
            "code": {key: value for key, value in asdict(provenance).items() if key in CODE},
            **own,
        },
    )


CUT_SHORT = "searches_cut_short"
"""In a bundle's record, how many searches for parameters a time limit ended; absent if none was."""


def _cut_short(landmarks: tuple[LandmarkFit, ...]) -> dict[str, int]:
    fits = (found for fit in landmarks for head in fit.heads.values() for found in head.candidates.values())
    number = sum(found.cut_short for found in fits)
    return {CUT_SHORT: number} if number else {}


def _servable(model: OutcomeModel, fit: LandmarkFit) -> OutcomeModel:
    """The model without winners that are research only: nobody gets an answer that the evidence is not about."""
    absent = {name: None for name, head in fit.heads.items() if head.research_only}
    return replace(model, **absent)  # type: ignore[arg-type]


CODE = ("commit", "modified", "lock_digest", "sources_digest")


def _outcome_model(cohort: Cohort, config: TrainingConfig, fit: LandmarkFit, refits: OutcomeRefits) -> OutcomeModel:
    remission = fit.remission.head if fit.remission else None
    relapse = fit.relapse.head
    assert remission is None or isinstance(remission, RemissionHead)  # noqa: S101 - its task made it
    assert relapse is None or isinstance(relapse, RelapseHead)  # noqa: S101 - its task made it
    return OutcomeModel(
        landmark=fit.outcomes.landmark,
        horizons_days=cohort.protocol.horizons_days,
        in_remission_at_landmark=cohort.protocol.remission.at_landmark,
        remission=remission,
        relapse=relapse,
        refits=refits,
        applicability=applicability_of(fit.relapse.task.training_data.rows[fit.fitted_on], cohort, config),
    )


def applicability_of(rows: Floats, cohort: Cohort, config: TrainingConfig) -> ApplicabilityDomain | None:
    """The applicability domain of feature rows as candidates see them; one thread, so that sums keep their order."""
    with threadpool_limits(limits=1):
        return fit_applicability(rows, used_features(cohort.protocol, config), config.applicability)


def _record(fit: HeadFit) -> HeadRecord:
    return HeadRecord(fit.task.patients, fit.task.events, fit.winner, fit.note, fit.research_only)
