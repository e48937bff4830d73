"""Each fitted head in full: its equation, or what it depends on if it has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.catalogue import Feature
from features.definitions.feature import Sign
from features.records.timeline import Floats
from models.fitting.design import NONE, Design
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Constant, LinearScore
from training.description.dependence import Probability, dependences
from training.description.importance import importances
from training.description.linear_terms import (
    FROM_BOOTSTRAP,
    LIMITS_PERCENT,
    WeightLimits,
    limits_from_refits,
    terms_of,
)
from training.evidence.descriptions import FeatureImportance, ModelSpecification
from training.evidence.document import LandmarkEvidence
from training.learning.fit import HeadFit
from training.learning.refits import draw_within_sites, training_data_of

MOST_CURVES = 6
"""Curves of partial dependence per head: those of the most important features."""
BOOTSTRAPS = 200
"""Bootstrap samples for the limits of a model of one variable."""


@dataclass(frozen=True, eq=False)
class DescribedHead:
    """What a description needs beside the model: the ``rows`` (patients, features) fitted on, and the training's fit.

    Without a fit, as for an update, there is no loss of held-out patients, and no limits for a model of one variable.
    ``site`` (patients of the cohort,) holds codes, of the bootstrap samples.
    """

    rows: Floats
    site: NDArray[np.integer]
    fit: HeadFit | None = None


def describe_models(
    landmarks: Sequence[LandmarkEvidence],
    models: Sequence[OutcomeModel],
    heads: Sequence[Mapping[str, DescribedHead]],
    declared: tuple[Feature, ...],
    seed: int,
) -> list[LandmarkEvidence]:
    """The evidence of every landmark, with its fitted heads in full; one thread, so that sums keep their order."""
    described = []
    with threadpool_limits(limits=1):
        for landmark, model, known in zip(landmarks, models, heads, strict=True):
            found = [
                head.model_copy(update={"model": _described(head.head, model, known.get(head.head), declared, seed)})
                for head in landmark.heads
            ]
            described.append(landmark.model_copy(update={"heads": found}))
    return described


def _described(
    name: str, model: OutcomeModel, known: DescribedHead | None, declared: tuple[Feature, ...], seed: int
) -> ModelSpecification | None:
    head = model.remission if name == "remission" else model.relapse
    if head is None or known is None:
        return None
    limits = _limits(name, model, known)
    forms = {Constant: "average", LinearScore: "linear"}
    parts: dict[str, object] = {
        "head": name,
        "form": forms.get(type(head.score), "other"),
        "intercepts": np.atleast_1d(head.baseline).tolist(),
        "terms": [],
        "recalibration_slope": head.slope,
        "limits_from": "" if limits is None else limits.source,
    }
    if isinstance(head.score, LinearScore):
        signs = [one.remission_sign if name == "remission" else one.relapse_sign for one in declared]
        parts["terms"] = terms_of(head.score, head.slope, declared, signs, known.rows, limits)
    if isinstance(head, RelapseHead):
        parts |= _competing(head, model.horizons_days, declared, known.rows)
    if parts["form"] == "other":
        found = importances(head.score, known.fit, declared, seed)
        parts |= {"importances": found} | _dependence(model, head, found, declared, known.rows)
    return ModelSpecification.model_validate(parts)


def _competing(
    head: RelapseHead, horizons_days: Sequence[int], declared: tuple[Feature, ...], rows: Floats
) -> dict[str, object]:
    """What a relapse head has beside its terms: bands, horizons within reach, and the hazard of competing events."""
    score = head.competing_score
    without: list[Sign] = [0] * len(declared)  # competing events have no declared signs
    return {
        "weeks": head.edges.tolist(),
        "horizons_days": [day for day in horizons_days if day <= head.days[-1]],
        "competing_hazards": head.competing_hazard.tolist(),
        "competing_terms": terms_of(score, 1.0, declared, without, rows, None)
        if isinstance(score, LinearScore)
        else [],
        "competing_by_hand": score is None or isinstance(score, Constant | LinearScore),
    }


def _limits(name: str, model: OutcomeModel, known: DescribedHead) -> WeightLimits | None:
    """By the refits of the head; of a model of one variable, whose refits have all features, by its own."""
    head = model.remission if name == "remission" else model.relapse
    if head is None or not isinstance(head.score, LinearScore):
        return None
    if known.fit is not None and known.fit.winner == "one_variable":
        return _one_variable(known, head, head.score)
    refits = None if model.refits is None else getattr(model.refits, name)
    return limits_from_refits(head.score, refits)


def _one_variable(known: DescribedHead, head: RemissionHead | RelapseHead, score: LinearScore) -> WeightLimits:
    """Refits of the one variable to bootstrap samples of patients within sites, recalibrated as the head is."""
    assert known.fit is not None  # noqa: S101 - looked at by the caller
    training_data = training_data_of(known.fit.task, head)
    tuning = known.fit.candidates[str(known.fit.winner)].tuning
    design = Design.from_data(training_data, tuning, score.used.tolist())
    regression, strengths = design.regression(training_data), design.strengths(NONE)
    drawn = draw_within_sites(known.site, BOOTSTRAPS, training_data.seed)
    weights = [design.score(regression.fit(strengths, None, counts)).weight for counts in drawn]
    low, high = head.slope * np.percentile(np.array(weights), LIMITS_PERCENT, axis=0)
    return WeightLimits(low, high, f"{FROM_BOOTSTRAP} ({BOOTSTRAPS} samples)")


def _dependence(
    model: OutcomeModel,
    head: RemissionHead | RelapseHead,
    found: Sequence[FeatureImportance],
    declared: tuple[Feature, ...],
    rows: Floats,
) -> dict[str, object]:
    """Curves on P(remission), or on the risk of relapse by the longest horizon that the head reaches."""
    names = [one.name for one in declared]
    columns = [names.index(one.feature) for one in found[:MOST_CURVES]]
    if isinstance(head, RemissionHead):
        return {"dependence": dependences(head.probability, columns, declared, rows, model.applicability)}
    within = [day for day in model.horizons_days if day <= head.days[-1]]
    day = max(within, default=int(head.days[-1]))
    curves = dependences(_risk_by(head, day), columns, declared, rows, model.applicability)
    return {"dependence": curves, "dependence_day": day}


def _risk_by(head: RelapseHead, day: int) -> Probability:
    """The risk of relapse by a day."""
    days = np.array([day], dtype=np.int64)
    return lambda rows: head.curve(rows, days).relapse[:, 0]
