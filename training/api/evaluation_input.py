"""The arguments of `evaluate_predictions`, checked: contradictory ones are refused in one sentence each."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from training.api.refusals import argument_error
from training.metrics.incidence import answer_by
from training.metrics.question_data import followed_to
from training.metrics.reliability import CLOSEST_TO_CERTAIN, ClippedWarning

ENDS = {"censored": 0.0, "relapse": 1.0, "competing": 2.0}
"""Words of ``outcome_frame`` for how the time at risk ended, and their codes."""
ALL = "all"
"""The name of the group of all patients."""


@dataclass(frozen=True, eq=False)
class FollowUpData:
    """Days followed, cut at the ``horizon``, and how they ended there (0 censored, 1 event, 2 competing), both (n,)."""

    days: Floats
    ended_by: NDArray[np.int8]
    horizon: float

    def subset(self, kept: Mask) -> "FollowUpData":
        """Of some patients only."""
        return FollowUpData(self.days[kept], self.ended_by[kept], self.horizon)


@dataclass(frozen=True, eq=False)
class EvaluationInput:
    """The patients with a prediction and an outcome, arrays (n,). ``left_out`` counts the others by reason.

    ``y_observed`` is 1 or 0 with the ``weights`` of those lost before the horizon; ``follow_up`` is ``None`` for an
    outcome without time. ``groups`` flags the patients of each group.
    """

    y_predicted: Floats
    y_observed: Floats
    weights: Floats
    follow_up: FollowUpData | None
    groups: Mapping[str, Mask]
    left_out: Mapping[str, int]


def evaluation_input(outcome: Any, probability: Any, time: Any, event: Any, groups: Any) -> EvaluationInput:
    """Check the arguments; raises ``InputRefusedError``."""
    _refuse_other_order(
        {"outcome": outcome, "probability": probability, "time": time, "event": event, "groups": groups}
    )
    predicted = _numbers("probability", probability)
    if ((predicted < 0) | (predicted > 1)).any():
        raise argument_error(
            "probability", "probabilities from 0 to 1", "a number outside; percentages are divided by 100"
        )
    if (time is None) != (event is None):
        raise argument_error("time", "both time and event, or neither", "one of the two")
    if time is None:
        y_observed, follow_up = _answers(outcome, len(predicted)), None
        weights, reason = np.ones(len(predicted)), "outcome not observed"
        observed = ~np.isnan(y_observed)
    else:
        follow_up, observed = _follow_up(outcome, time, event, len(predicted))
        reason, y_observed, weights = "not at risk", np.empty(0), np.empty(0)
    kept = observed & ~np.isnan(predicted)
    left_out = {reason: int((~observed).sum()), "no prediction": int((observed & np.isnan(predicted)).sum())}
    labels = _labels(groups, len(predicted))
    if follow_up is not None:
        follow_up = follow_up.subset(kept)
        _refuse_short_follow_up(follow_up)
        y_observed, weights = answer_by(follow_up.days, follow_up.ended_by, follow_up.horizon)
    else:
        y_observed, weights = y_observed[kept], weights[kept]
    if len(np.unique(y_observed[weights > 0])) < 2:
        raise argument_error(
            "outcome", "patients with the outcome and patients without it", "only one of the two, or none"
        )
    found = {ALL: np.ones(len(y_observed), dtype=np.bool_)} | {name: flags[kept] for name, flags in labels.items()}
    return EvaluationInput(predicted[kept], y_observed, weights, follow_up, found, left_out)


def warn_of_certainty(y_predicted: Floats) -> None:
    """Warn once of predictions of 0 or 1, at the line that called the calling public function."""
    number = int(((y_predicted == 0) | (y_predicted == 1)).sum())
    if number:
        many = f"{number:,} predictions are" if number > 1 else "1 prediction is"
        said = f"{many} 0 or 1, which no outcome can correct; figures on log-odds take {CLOSEST_TO_CERTAIN} instead"
        warnings.warn(f"{said}, or 1 minus that", ClippedWarning, stacklevel=4)


def _refuse_other_order(arguments: Mapping[str, Any]) -> None:
    """Series in different orders would be compared row by row, and give a wrong figure that looks right."""
    indexed = {name: value.index for name, value in arguments.items() if isinstance(value, pd.Series | pd.DataFrame)}
    first = next(iter(indexed), "")
    for name, index in indexed.items():
        if not index.equals(indexed[first]):
            required = f"the same index as {first}, in the same order; or arrays without an index"
            raise argument_error(name, required, "another index")


def _numbers(name: str, values: Any, length: int | None = None) -> Floats:
    """A one-dimensional argument as floats, NaN where missing."""
    _refuse_shape(name, values, length)
    series = pd.Series(values).convert_dtypes()
    if not (pd.api.types.is_numeric_dtype(series) or series.isna().all()):
        raise argument_error(name, "numbers", "other values")
    found = series.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(found).any():
        raise argument_error(name, "finite numbers", "an infinite one")
    return np.asarray(found)


def _refuse_shape(name: str, values: Any, length: int | None) -> None:
    if values is None or np.ndim(values) != 1:
        raise argument_error(
            name, "one value per patient, in one dimension", "none" if values is None else "another shape"
        )
    if length is not None and len(values) != length:
        raise argument_error(name, "as many values as probability has", "another number of values")


def _answers(outcome: Any, length: int) -> Floats:
    if outcome is not None and np.ndim(outcome) == 0:
        raise argument_error("outcome", "one outcome per patient; a day needs time and event", "a single value")
    found = _numbers("outcome", outcome, length)
    if not np.isin(found[~np.isnan(found)], (0, 1)).all():
        raise argument_error("outcome", "1 with the outcome, 0 without, NaN where not observed", "another number")
    return found


def _follow_up(outcome: Any, time: Any, event: Any, length: int) -> tuple[FollowUpData, Mask]:
    """The follow-up to the horizon, and who was at risk."""
    is_number = isinstance(outcome, int | float | np.number) and not isinstance(outcome, bool)
    if not is_number or not 0 < float(outcome) < np.inf:
        required = "with time and event, the day by which the event was predicted, one number above 0"
        raise argument_error("outcome", required, "none" if outcome is None else "another value")
    days, ended_by = _numbers("time", time, length), _ends(event, length)
    if (days < 0).any():
        raise argument_error("time", "days from 0 on", "a negative number")
    if (np.isnan(days) != np.isnan(ended_by)).any():
        raise argument_error("event", "both time and event of a patient, or neither", "one of the two")
    at_risk = np.asarray(days > 0)
    horizon = float(outcome)
    seen = np.where(at_risk & (days <= horizon), np.nan_to_num(ended_by), 0).astype(np.int8)
    return FollowUpData(np.minimum(np.nan_to_num(days), horizon), seen, horizon), at_risk


def _ends(event: Any, length: int) -> Floats:
    _refuse_shape("event", event, length)
    series = pd.Series(event)
    words = series.map(ENDS, na_action="ignore")
    found = _numbers("event", words if (words.notna() == series.notna()).all() else series, length)
    if not np.isin(found[~np.isnan(found)], (0, 1, 2)).all():
        raise argument_error("event", "0 censored, 1 the event, 2 a competing event", "another number")
    return found


def _refuse_short_follow_up(follow_up: FollowUpData) -> None:
    if len(follow_up.days) and not followed_to(follow_up.days, follow_up.ended_by, follow_up.horizon):
        raise argument_error("outcome", "a day to which ten patients were followed", "a later day")


def _labels(groups: Any, length: int) -> dict[str, Mask]:
    """Flags of the patients of each group, by its label; those without a label are a group too."""
    if groups is None:
        return {}
    _refuse_shape("groups", groups, length)
    labels = pd.Series(groups).astype("object")
    texts = np.array(["not recorded" if missing else str(label) for label, missing in
                      zip(labels, labels.isna(), strict=True)], dtype=object)  # fmt: skip
    names = list(dict.fromkeys(sorted(texts.tolist())))
    if ALL in names:
        raise argument_error("groups", f'labels other than "{ALL}", which names all patients', "this label")
    return {name: np.asarray(texts == name) for name in names}
