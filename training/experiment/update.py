"""Updates a registered model on another cohort, and evaluates the update on held-out patients.

A closed test decides how much of a head changes (`updating`). It is repeated in every fold, for evidence on it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from features.build import build_features
from features.catalogue import catalogue
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from models.bundle import Bundle, HeadRecord
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.remission import RemissionHead
from training.cohort.event_records import missing_events
from training.config import TrainingConfig
from training.description.baseline_table import baseline_tables
from training.description.model_description import DescribedHead, describe_models
from training.evaluation.direction import directions
from training.evaluation.gather import gather_landmarks
from training.evaluation.head_evidence import updated_head
from training.evaluation.predictions import EvaluatedPredictions, HeldOutPart, evaluate_parts, weights_of
from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence, LeakageCheck, RefitCheck
from training.experiment.external import refuse_its_own, used
from training.experiment.train import CODE, Announce, outcome_class
from training.experiment.updated_refits import with_updated_refits
from training.leakage.checks import leakage_checks, refuse_leakage
from training.learning.cohort_tasks import tasks_of
from training.learning.competing_events import with_competing
from training.learning.fit import notes_on_curve
from training.learning.refit_check import bytes_of
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, draw_folds, held_out
from training.learning.tasks import Task
from training.learning.updating import NOTHING, REFIT, HeadUpdate, as_text, competing_kept, update_head
from training.metrics.draws import Draws, draw
from training.outcomes.digests import bundle_digest
from training.outcomes.labels import derive_outcomes
from training.provenance import Provenance
from training.registry.names import MODEL_NAME
from training.seen_cohorts import seen_cohort_digests
from training.settings.sections import FeatureSettings
from training.settings.values import from_values
from training.simulation.marks import has_synthetic_patients


@dataclass(frozen=True, eq=False)
class UpdateRequest:
    """The model to update with its version, the cohort read under its protocol, and the settings."""

    bundle: Bundle
    version: str
    cohort: Cohort
    source: str
    config: TrainingConfig
    provenance: Provenance
    model_name: str = MODEL_NAME


@dataclass(frozen=True, eq=False)
class UpdatedModel:
    """An updated model, a sentence about the update of each head, and the evidence."""

    bundle: Bundle
    said: list[str]
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class _UpdateEvidence:
    """The parts of an update's evidence that are no measures."""

    folds: Folds
    leakage: list[LeakageCheck]
    said: list[str]
    updates: list[dict[str, HeadUpdate]]
    refit_check: RefitCheck
    caveats: list[str]


@dataclass(frozen=True, eq=False)
class _Landmark:
    """One landmark's model before the update, and the tasks of its heads on the new cohort.

    ``recorded`` (patients, features) has every feature, also those that a refit does not see.
    """

    model: OutcomeModel
    tasks: dict[str, Task]
    config: TrainingConfig
    recorded: Floats

    def updates(self, fitted_on: Mask) -> dict[str, HeadUpdate]:
        """The updates that some of the patients support; a head that was never fitted stays absent."""
        heads = {"remission": self.model.remission, "relapse": self.model.relapse}
        return {
            name: update_head(self.tasks[name], head, fitted_on, self.config, self.recorded)
            for name, head in heads.items()
            if head is not None and name in self.tasks
        }

    def updated(self, updates: dict[str, HeadUpdate]) -> OutcomeModel:
        """The model with updated heads."""
        remission, relapse = (updates[name].head if name in updates else None for name in ("remission", "relapse"))
        return replace(
            self.model,
            remission=remission if isinstance(remission, RemissionHead) else self.model.remission,
            relapse=relapse if isinstance(relapse, RelapseHead) else self.model.relapse,
        )


def update_model(wanted: UpdateRequest, announce: Announce, workers: int) -> UpdatedModel:
    """The updated model.

    Raises ``InputRefusedError`` for the development cohort, ``LeakageFoundError`` if outcomes leak.
    """
    wanted = replace(wanted, config=_with_parents_features(wanted.bundle, wanted.config))
    bundle, cohort, config = wanted.bundle, wanted.cohort, wanted.config
    refuse_its_own(bundle, cohort)
    landmarks = [model.landmark for model in bundle.models]
    features = [build_features(cohort, landmark) for landmark in landmarks]
    outcomes = [derive_outcomes(cohort, landmark) for landmark in landmarks]
    tasks = tasks_of(cohort, features, outcomes, config)
    folds = draw_folds(outcome_class(cohort, outcomes), cohort.site, cohort.site_names, config)
    announce("leakage checks", 1)
    leakage = leakage_checks(cohort, features, outcomes, tasks, folds, (config, workers))
    refuse_leakage(leakage)
    chosen = iter(with_competing([task for group in tasks for task in group], folds, config, workers))
    tasks = [[next(chosen) for _ in group] for group in tasks]
    parts = [
        _Landmark(model, {task.name: task for task in group}, config, rows.values)
        for model, group, rows in zip(bundle.models, tasks, features, strict=True)
    ]
    everyone = np.ones(len(cohort), dtype=np.bool_)
    updates = [part.updates(everyone) for part in parts]
    progress = announce("updating without each fold", len(parts))
    evaluated = []
    for part, rows, outcome in zip(parts, features, outcomes, strict=True):
        weights = weights_of(list(part.tasks.values()))
        evaluated.append(evaluate_parts(rows, outcome, weights, _held_out(part, outcome.eligible, folds)))
        progress()
    made = _bundle(wanted, parts, updates)
    each = [(m.name, *one) for m, found in zip(landmarks, updates, strict=True) for one in found.items()]
    said = as_text(each, config.recalibration.significance)
    again = [part.updates(everyone) for part in parts]
    caveats = _competing_kept(parts, updates)
    evidence_parts = _UpdateEvidence(folds, leakage, said, updates, _refit_check(updates, again), caveats)
    evidence = _evidence(wanted, made, evidence_parts, evaluated, (announce, workers))
    return UpdatedModel(made, said, evidence)


def _with_parents_features(bundle: Bundle, config: TrainingConfig) -> TrainingConfig:
    """The settings with the features that the parent's candidates saw, unless they name features themselves.

    The candidate one_variable, which an update does not fit, is no reason to keep its feature.
    """
    recorded = bundle.training.get("settings", {}).get("features", {})
    features = config.features if config.features != FeatureSettings() else from_values(FeatureSettings, recorded)
    if features == FeatureSettings():
        return config
    candidates = tuple(name for name in config.candidates if name != "one_variable")
    return replace(config, features=features, candidates=candidates)


def _held_out(part: _Landmark, eligible: Mask, folds: Folds) -> list[HeldOutPart]:
    """For every fold its patients, and the model updated without them."""
    parts: list[HeldOutPart] = []
    for repeat, number in np.ndindex(folds.repeats, len(folds.names)):
        held = held_out(folds, repeat, number)
        parts.append((np.flatnonzero(held & eligible), repeat, number, part.updated(part.updates(~held))))
    return parts


def _bundle(wanted: UpdateRequest, parts: Sequence[_Landmark], updates: Sequence[dict[str, HeadUpdate]]) -> Bundle:
    """The updated bundle, which names its parent version and the update of each head."""
    bundle, cohort = wanted.bundle, wanted.cohort
    return Bundle(
        protocol=bundle.protocol,
        models=tuple(
            with_updated_refits(part.updated(found), found, part.tasks, cohort, wanted.config)
            for part, found in zip(parts, updates, strict=True)
        ),
        records=tuple(
            {name: _record(record, found.get(name), part.tasks.get(name)) for name, record in records.items()}
            for records, found, part in zip(bundle.records, updates, parts, strict=True)
        ),
        training={
            "parent": {"version": wanted.version, "bundle_digest": bundle.digest} | _named(wanted.model_name),
            "cohort_digest": cohort.digest,
            "seen_cohort_digests": seen_cohort_digests(bundle),
            "synthetic": bundle.training.get("synthetic") is True or has_synthetic_patients(cohort),
            "patients": len(cohort),
            "settings": wanted.config.as_parameters(),
            "code": {key: value for key, value in asdict(wanted.provenance).items() if key in CODE},
        },
    )


def _named(model: str) -> dict[str, str]:
    """The name of the parent's registered model, unless it is the usual one."""
    return {} if model == MODEL_NAME else {"model_name": model}


def _record(record: HeadRecord, update: HeadUpdate | None, task: Task | None) -> HeadRecord:
    """What is said of a head after its update; after a refit nothing of what was said of the former one."""
    if update is None or task is None or update.method == NOTHING:
        return record
    done = "refitted on another cohort" if update.method == REFIT else f"{update.method} updated on another cohort"
    if update.method != REFIT:
        return replace(record, note="; ".join(filter(None, (record.note, done))))
    return replace(record, winner="logistic", note="; ".join((*notes_on_curve(task, average=False), done)))


def _evidence(
    wanted: UpdateRequest,
    made: Bundle,
    evidence_parts: _UpdateEvidence,
    evaluated: list[EvaluatedPredictions],
    running: tuple[Announce, int],
) -> Evidence:
    cohort, config, folds = wanted.cohort, wanted.config, evidence_parts.folds
    announce, workers = running
    draws = draw(cohort, folds.kind == "sites", config.draws, config.seed)
    progress = announce("measuring", len(evaluated))
    heads = [partial(_heads, made.records[number], found) for number, found in enumerate(evidence_parts.updates)]
    landmarks = gather_landmarks(cohort, evaluated, heads, draws, config.evaluation, (progress, workers))
    return Evidence(
        kind="updated",
        quick=config.quick,
        bundle_digest=bundle_digest(made),
        model_synthetic=made.training.get("synthetic") is True,
        cohort=used(cohort, wanted.source, synthetic=has_synthetic_patients(cohort)),
        protocol=cohort.protocol.name,
        protocol_digest=cohort.protocol.digest,
        folds=f"{folds.kind}: {', '.join(folds.names)}, {folds.repeats} times",
        resampled=draws.words,
        draws=config.draws,
        seed=config.seed,
        landmarks=_described(made, cohort, evaluated, landmarks, config.seed),
        leakage=evidence_parts.leakage,
        directions=directions(cohort, made.models, config.evaluation.direction_margin),
        refit_check=evidence_parts.refit_check,
        caveats=[
            "Updated on this cohort, and evaluated on held-out folds of it.",
            *filter(None, [missing_events(cohort)]),
            *evidence_parts.caveats,
            *evidence_parts.said,
        ],
        baseline=baseline_tables(cohort, evaluated[0].features, evaluated[0].outcomes),
    )


def _described(
    made: Bundle,
    cohort: Cohort,
    evaluated: Sequence[EvaluatedPredictions],
    landmarks: Sequence[LandmarkEvidence],
    seed: int,
) -> list[LandmarkEvidence]:
    """The landmarks with their updated heads in full; standard deviations are those of this cohort."""
    heads = []
    for seen in evaluated:
        known = {"remission": seen.outcomes.eligible & ~np.isnan(seen.outcomes.remission)}
        known["relapse"] = seen.outcomes.at_risk
        heads.append({name: DescribedHead(seen.features.values[rows], cohort.site) for name, rows in known.items()})
    return describe_models(landmarks, made.models, heads, catalogue(cohort.protocol), seed)


def _competing_kept(parts: Sequence[_Landmark], updates: Sequence[dict[str, HeadUpdate]]) -> list[str]:
    """A caveat about the landmarks at which the hazard of competing events was not updated; none without any."""
    kept = []
    for part, found in zip(parts, updates, strict=True):
        head, task = part.model.relapse, part.tasks.get("relapse")
        known = task if isinstance(task, RelapseTask) else None
        if head is not None and competing_kept(known, head, found.get("relapse")):
            kept.append(part.model.landmark.name)
    said = "the hazard of competing events is still that of the development cohort."
    return [f"{', '.join(kept)}: {said}"] if kept else []


def _refit_check(first: list[dict[str, HeadUpdate]], again: list[dict[str, HeadUpdate]]) -> RefitCheck:
    pairs = [
        (update.head, repeated[name].head)
        for found, repeated in zip(first, again, strict=True)
        for name, update in found.items()
    ]
    same = [bytes_of(one) == bytes_of(two) for one, two in pairs]
    return RefitCheck(heads=len(pairs), identical=bool(same) and all(same))


def _heads(
    records: Mapping[str, HeadRecord], updates: dict[str, HeadUpdate], evaluated: EvaluatedPredictions, draws: Draws
) -> list[HeadEvidence]:
    return [
        updated_head(name, record, evaluated, draws, updates[name].parameters if name in updates else 0.0)
        for name, record in records.items()
    ]
