"""Optuna's search for parameters: the tree-structured Parzen estimator, seeded; the same trials for the same losses.

Sources: Akiba 2019, doi:10.1145/3292500.3330701; Bergstra 2011 [recalled].
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import optuna

Scale = Literal["linear", "logarithmic", "whole"]


@dataclass(frozen=True)
class SearchRange:
    """The range of one parameter, both bounds included."""

    name: str
    low: float
    high: float
    scale: Scale = "linear"


@dataclass(frozen=True)
class TuningTrial:
    """Parameters that were tried, and their mean loss on the inner folds, in nats per patient; smaller is better."""

    number: int
    parameters: Mapping[str, float]
    loss: float


Tried = tuple[float, Mapping[str, float]]
"""The loss of parameters, and further parameters that follow from them."""


def search_by_optuna(
    ranges: list[SearchRange],
    loss: Callable[[Mapping[str, float]], Tried],
    trials: int,
    seed: int,
    time_limit_seconds: float = 0.0,
) -> tuple[TuningTrial, ...]:
    """Every trial in order, at least one; none begins after the time limit (0: none)."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would write a line for every study
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="minimize")
    began, found = time.monotonic(), list[TuningTrial]()
    while len(found) < trials:
        if found and time_limit_seconds and time.monotonic() - began >= time_limit_seconds:
            break
        trial = study.ask()
        parameters = {one.name: _suggested(trial, one) for one in ranges}
        value, further = loss(parameters)
        study.tell(trial, value)
        found.append(TuningTrial(trial.number, {**parameters, **further}, value))
    return tuple(found)


def _suggested(trial: optuna.Trial, wanted: SearchRange) -> float:
    if wanted.scale == "whole":
        return trial.suggest_int(wanted.name, int(wanted.low), int(wanted.high))
    return trial.suggest_float(wanted.name, wanted.low, wanted.high, log=wanted.scale == "logarithmic")
