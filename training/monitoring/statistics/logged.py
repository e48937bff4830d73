"""Predictions of the log, and those that count: the first per patient and landmark.

Repeated predictions are no new patients, so later ones of a patient at a landmark are counted and otherwise left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["inside", "at_the_edge", "not_predicted"]
REFUSED = ("outside_training", "not_promoted")
"""Codes of answers that were refused although the record could be predicted for: too unlike the training patients, or
at a landmark at which the model was not promoted."""


@dataclass(frozen=True, eq=False)
class LoggedPrediction:
    """One prediction of the log. ``at`` is UTC; ``landmark_day`` counts from day 0.

    ``patient`` is a keyed hash, ``row`` holds the recorded features by name, ``answer`` is the JSON that was given,
    with the answers in shadow; all three are ``None`` once erased, and ``row`` also where no row was built.
    """

    prediction_id: str
    at: datetime
    model_digest: str
    model_version: str
    run_id: str
    landmark: str | None
    landmark_day: int | None
    patient: str | None
    row: Mapping[str, float] | None
    answer: Mapping[str, object] | None

    @property
    def erased(self) -> bool:
        """Whether its content was erased."""
        return self.answer is None or self.patient is None

    @property
    def verdict(self) -> Verdict:
        """The applicability of the answer, or that nothing was predicted."""
        if not self.predicted:
            return "not_predicted"
        evaluated = _inside(self.answer, "applicability")
        return "at_the_edge" if evaluated.get("verdict") == "at_the_edge" else "inside"

    @property
    def predicted(self) -> bool:
        """Whether probabilities were given."""
        return self.answer is not None and self.answer.get("outcome") == "predicted"

    @property
    def has_features(self) -> bool:
        """Whether the record could be predicted for, even if its values were outside."""
        return self.row is not None and (self.predicted or any(code in REFUSED for code in self.codes))

    @property
    def codes(self) -> tuple[str, ...]:
        """Why nothing was predicted, by code."""
        reasons = None if self.answer is None else self.answer.get("reasons")
        if self.predicted or not isinstance(reasons, list):
            return ()
        return tuple(str(reason["code"]) for reason in reasons if isinstance(reason, Mapping) and "code" in reason)

    @property
    def remission(self) -> float:
        """P(remission); NaN where none was given."""
        return _number(_inside(self.answer, "remission").get("probability"))

    def relapse_by(self, days: int) -> float:
        """P(relapse within ``days`` of remission); NaN where none was given."""
        at_horizons = _inside(self.answer, "relapse").get("at_horizons")
        risks = at_horizons if isinstance(at_horizons, list) else []
        found = [risk.get("probability") for risk in risks if isinstance(risk, Mapping) and risk.get("days") == days]
        return _number(found[0]) if found else float("nan")


def _inside(answer: Mapping[str, object] | None, name: str) -> Mapping[str, object]:
    part = None if answer is None else answer.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


@dataclass(frozen=True, eq=False)
class LandmarkPredictions:
    """The predictions that count at one landmark; each list is by time and has a patient at most once.

    ``asked`` are the first about each patient, answered or not; ``with_features`` the first that a feature row was
    built for; ``answered`` the first with probabilities.
    """

    landmark: str
    asked: Sequence[LoggedPrediction]
    with_features: Sequence[LoggedPrediction]
    answered: Sequence[LoggedPrediction]


@dataclass(frozen=True)
class Counts:
    """Predictions of one model: all, and of these erased, without a landmark, repeated and counted."""

    predictions: int
    erased: int
    without_landmark: int
    repeated: int
    counted: int


@dataclass(frozen=True, eq=False)
class ModelPredictions:
    """One model's predictions: all by time, and those that count at each landmark, by name."""

    digest: str
    version: str
    run_id: str
    predictions: Sequence[LoggedPrediction]
    landmarks: Mapping[str, LandmarkPredictions]
    counts: Counts


def by_model(predictions: Iterable[LoggedPrediction]) -> list[ModelPredictions]:
    """The log by the digest of the model that answered, the one used last first."""
    groups: dict[str, list[LoggedPrediction]] = {}
    for prediction in sorted(predictions, key=lambda one: (one.at, one.prediction_id)):
        groups.setdefault(prediction.model_digest, []).append(prediction)
    newest_first = sorted(groups.values(), key=lambda group: group[-1].at, reverse=True)
    return [_of_model(group) for group in newest_first]


def _of_model(group: Sequence[LoggedPrediction]) -> ModelPredictions:
    kept = [one for one in group if not one.erased]
    names = dict.fromkeys(one.landmark for one in kept if one.landmark is not None)
    landmarks = {name: _at_landmark(name, [one for one in kept if one.landmark == name]) for name in names}
    asked = sum(len(at.asked) for at in landmarks.values())
    counts = Counts(
        predictions=len(group),
        erased=len(group) - len(kept),
        without_landmark=sum(one.landmark is None for one in kept),
        repeated=sum(one.landmark is not None for one in kept) - asked,
        counted=asked,
    )
    last = group[-1]
    return ModelPredictions(last.model_digest, last.model_version, last.run_id, group, landmarks, counts)


def _at_landmark(name: str, kept: Sequence[LoggedPrediction]) -> LandmarkPredictions:
    return LandmarkPredictions(
        landmark=name,
        asked=_first(kept),
        with_features=_first(one for one in kept if one.has_features),
        answered=_first(one for one in kept if one.predicted),
    )


def _first(predictions: Iterable[LoggedPrediction]) -> list[LoggedPrediction]:
    """The first prediction of each patient, in the order given."""
    found: dict[str | None, LoggedPrediction] = {}
    for prediction in predictions:
        found.setdefault(prediction.patient, prediction)
    return list(found.values())
