"""The reference of a training, with which later patients are compared (`drift`).

Recorded with every training and update as one document of counts: per landmark how many patients had each feature
recorded, its values in bins, the model's answers, and how many patients got none. No patient's row or value is in it.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import ValidationError

from features.build import FeatureRows, build_features
from features.catalogue import Feature, catalogue
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.applicability import Applicable
from models.outcome_model import OutcomeModel
from training.evaluation.case_mix import FEWEST_ALIKE
from training.evidence.parts import EvidencePart, Number
from training.experiment.train import Training
from training.metrics.disclosure import FEWEST
from training.monitoring.statistics.bins import Bins, number_bins, yes_no_bins

FORMAT = 1
ALIKE = 1e-9
"""Probabilities that differ by less are the same."""
REFERENCE = "reference.json"
REMISSION, RELAPSE = "remission", "relapse"
ANSWERS = ("inside", "at_the_edge", "not_predicted")


class Spread(EvidencePart):
    """Counts of the bins between the ``cuts``; a value on a cut is in the lower bin."""

    cuts: list[float]
    counts: list[int]

    def bins(self) -> Bins:
        """The bins that new values are ranked among."""
        return Bins(np.array(self.cuts), np.array(self.counts, dtype=np.float64))


class FeatureReference(EvidencePart):
    """One feature: how many patients had it recorded; ``spread`` is null where too few had, or too few alike."""

    name: str
    recorded: int
    spread: Spread | None


class AnswerReference(EvidencePart):
    """The probabilities that the model gives its training patients, and their mean.

    ``horizon_days`` is that of relapse, the longest that is answered: probabilities of the other horizons have the same
    order. ``spread`` is null where all patients get the same probability.
    """

    head: str
    horizon_days: int | None
    patients: int
    mean: Number
    spread: Spread | None


class AnsweredReference(EvidencePart):
    """How many patients who reached the landmark were inside, at the edge, or given no prediction.

    ``groups`` are merged where one would have fewer than five patients.
    """

    groups: list[list[str]]
    counts: list[int]


class LandmarkReference(EvidencePart):
    """The patients that could be predicted for at a landmark."""

    name: str
    patients: int
    features: list[FeatureReference]
    answers: list[AnswerReference]
    answered: AnsweredReference | None


class Reference(EvidencePart):
    """The reference of a model."""

    format: int = FORMAT
    landmarks: list[LandmarkReference]

    def landmark(self, name: str) -> LandmarkReference | None:
        """The landmark of a name; ``None`` where there is none."""
        return next((found for found in self.landmarks if found.name == name), None)

    def as_json(self) -> str:
        """The document; the same reference gives the same text."""
        return self.model_dump_json(indent=1) + "\n"


def read_reference(document: str) -> Reference | None:
    """The reference in a document; ``None`` if it is not one, or has another format."""
    try:
        found = Reference.model_validate_json(document)
    except ValidationError:
        return None
    return found if found.format == FORMAT else None


def reference_of_training(training: Training) -> Reference:
    """The reference of a finished training."""
    return _reference(
        training.cohort,
        training.bundle.models,
        [fit.features for fit in training.landmarks],
        [None if model.applicability is None else model.applicability.proportions for model in training.bundle.models],
    )


def reference_of_update(cohort: Cohort, models: Sequence[OutcomeModel]) -> Reference:
    """The reference of models updated on a cohort."""
    features = [build_features(cohort, model.landmark) for model in models]
    return _reference(
        cohort, models, features, [_proportions(model, rows) for model, rows in zip(models, features, strict=True)]
    )


def _proportions(model: OutcomeModel, rows: FeatureRows) -> Floats | None:
    """The proportions of a cohort's patients that are inside, at the edge and outside, shape (3,)."""
    values = rows.values[_predictable(rows)]
    if model.applicability is None or not len(values):
        return None
    return np.bincount(model.applicability.assess(values).verdict, minlength=len(Applicable)) / len(values)


def _predictable(rows: FeatureRows) -> np.ndarray:
    return np.asarray(rows.ineligible == None)  # noqa: E711 - elementwise


def _reference(
    cohort: Cohort,
    models: Sequence[OutcomeModel],
    features: Sequence[FeatureRows],
    proportions: Sequence[Floats | None],
) -> Reference:
    declared = catalogue(cohort.protocol)
    parts = zip(models, features, proportions, strict=True)
    return Reference(landmarks=[_landmark(model, rows, share, declared) for model, rows, share in parts])


def _landmark(
    model: OutcomeModel, rows: FeatureRows, proportions: Floats | None, declared: Sequence[Feature]
) -> LandmarkReference:
    """``proportions`` (3,) of the predicted patients are inside, at the edge and outside; ``None`` if not evaluated."""
    values = rows.values[_predictable(rows)]
    refused = int((~np.isnan(rows.day)).sum()) - len(values)
    return LandmarkReference(
        name=model.landmark.name,
        patients=len(values),
        features=[_feature(values[:, column], feature) for column, feature in enumerate(declared)],
        answers=_answers(model, values),
        answered=_answered(proportions, len(values), refused),
    )


def _feature(values: Floats, feature: Feature) -> FeatureReference:
    recorded = values[~np.isnan(values)]
    binned = yes_no_bins(recorded) if feature.unit == "no/yes" else number_bins(recorded)
    return FeatureReference(name=feature.name, recorded=len(recorded), spread=_spread(binned))


def _spread(binned: Bins | None) -> Spread | None:
    if binned is None:
        return None
    return Spread(cuts=binned.cuts.tolist(), counts=binned.counts.astype(int).tolist())


def _answers(model: OutcomeModel, values: Floats) -> list[AnswerReference]:
    """The model's own answers for its training patients.

    Not the held-out answers: the models of the folds differ from the one in use by more than a model's answers for
    training patients differ from those for others.
    """
    found = []
    if model.remission:
        found.append(_answer(REMISSION, None, model.remission.probability(values)))
    reached = [days for days in model.horizons_days if model.relapse and days <= model.relapse.days[-1]]
    if model.relapse and reached:
        curve = model.relapse.curve(values, np.array([max(reached)], dtype=np.int64))
        found.append(_answer(RELAPSE, max(reached), curve.relapse[:, 0]))
    return found


def _answer(head: str, horizon_days: int | None, probability: Floats) -> AnswerReference:
    """The spread of probabilities; none where all patients get the same, except for rounding."""
    differ = len(probability) > 0 and np.ptp(probability) > ALIKE
    return AnswerReference(
        head=head,
        horizon_days=horizon_days,
        patients=len(probability),
        mean=float(probability.mean()) if len(probability) >= FEWEST else None,
        spread=_spread(number_bins(probability)) if differ else None,
    )


def _answered(proportions: Floats | None, predictable: int, refused: int) -> AnsweredReference | None:
    """Counts per answer, neighbours merged until none has one to four patients; ``None`` where all are merged."""
    given = np.array([1.0, 0.0, 0.0]) if proportions is None else proportions
    inside, edge = (round(share * predictable) for share in given[:2].tolist())
    groups = [[name] for name in ANSWERS]
    counts = [inside, edge, predictable + refused - inside - edge]
    while len(counts) > 1 and any(0 < count < FEWEST_ALIKE for count in counts):
        smallest = next(place for place, count in enumerate(counts) if 0 < count < FEWEST_ALIKE)
        first = max(smallest - 1, 0)
        groups[first : first + 2] = [groups[first] + groups[first + 1]]
        counts[first : first + 2] = [counts[first] + counts[first + 1]]
    return AnsweredReference(groups=groups, counts=counts) if len(counts) > 1 else None
