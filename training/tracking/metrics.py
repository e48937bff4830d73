"""Metrics in MLflow: a dozen headline figures for the list of runs, and every estimate under a plain name.

The run of a head has all its measures (``auc``, ``auc.low``, ``auc.high``); the run above all has the headline figures.
"""

import re
import time
from collections.abc import Mapping, Sequence

import numpy as np
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from training.evidence.document import Estimate, Evidence, LandmarkEvidence
from training.settings.values import flattened

AT_EVERY_LANDMARK = {"remission": ("auc",), "relapse": ("c_index",)}
OVERALL = {
    "remission": ("auc", "brier", "calibration_slope"),
    "relapse": ("c_index", "integrated_brier"),
}
"""Headline measures by head [judgement]: how well patients are ranked, and how far off the answers are."""
METRICS_AT_ONCE, OTHERS_AT_ONCE = 800, 100
"""What a server takes at once: a hundred parameters, a hundred tags, together with the metrics a thousand."""


def headline(evidence: Evidence) -> dict[str, float]:
    """The headline figures by name: at a landmark ``remission_auc.before_session_3``, overall ``remission_auc``.

    The overall figure is that of the last landmark at which it is defined: the prediction that knows most.
    """
    overall: dict[str, float] = {}
    at_landmarks: dict[str, float] = {}
    slugs = slugs_of([landmark.name for landmark in evidence.landmarks])
    for head, measures in OVERALL.items():
        for slug, landmark in zip(slugs, evidence.landmarks, strict=True):
            seen = measures_of(landmark, head)
            values = {name: seen[name].estimate for name in measures if name in seen}
            defined = {name: value for name, value in values.items() if value is not None}
            overall |= {f"{head}_{name}": value for name, value in defined.items()}
            shown = AT_EVERY_LANDMARK[head]
            at_landmarks |= {f"{head}_{name}.{slug}": value for name, value in defined.items() if name in shown}
    return overall | at_landmarks


def slugs_of(names: Sequence[str]) -> list[str]:
    """Names of landmarks as parts of a metric's name, such as ``before_session_3``; all different."""
    slugs: list[str] = []
    for place, name in enumerate(names, start=1):
        slug = re.sub(r"\W+", "_", name).strip("_").lower() or f"landmark_{place}"
        slugs.append(f"{slug}_{place}" if slug in slugs else slug)
    return slugs


def measures_of(landmark: LandmarkEvidence, head: str) -> dict[str, Estimate]:
    """The measures of a head: of its curve, and of its questions. Those of one day have it in the name (``oe_84``).

    Without a day, ``oe`` of relapse is that of the longest horizon reached.
    """
    found = {name: estimate for one in landmark.heads if one.head == head for name, estimate in one.measures.items()}
    for question in landmark.questions:
        if question.head == head:
            suffix = "" if question.horizon_days is None else f"_{question.horizon_days}"
            found |= {f"{name}{suffix}": estimate for name, estimate in question.measures.items()}
    longest = [question for question in landmark.questions if question.head == head and question.horizon_days]
    if longest and "oe" in longest[-1].measures:
        found["oe"] = longest[-1].measures["oe"]
    return found


def setting_parameters(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings as parameters of a run: ``setting.KEY``, and ``setting.SECTION.KEY`` for those in a section."""
    return {f"setting.{key}": value for key, value in flattened(settings).items()}


def with_limits(found: Mapping[str, Estimate]) -> dict[str, float]:
    """Estimates as metrics: NAME, ``NAME.low`` and ``NAME.high``; undefined ones are left out."""
    return {
        f"{name}{part}": value
        for name, estimate in found.items()
        for part, value in (("", estimate.estimate), (".low", estimate.low), (".high", estimate.high))
        if value is not None
    }


def sustained_measures(landmark: LandmarkEvidence) -> dict[str, float]:
    """The measures of sustained remission, which both heads make: ``sustained_auc_84`` and so on, with limits."""
    return {f"sustained_{name}": value for name, value in with_limits(measures_of(landmark, "sustained")).items()}


def log_run(
    run_id: str,
    *,
    metrics: Mapping[str, float] | None = None,
    parameters: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    per_fold: Sequence[Mapping[str, float]] = (),
    model_id: str | None = None,
) -> None:
    """Log to a run in few requests; a measure that is not defined is left out, not logged as a number.

    ``model_id`` is that of a logged model which the metrics are about.
    """
    now = int(time.time() * 1000)
    logged = [Metric(name, value, now, 0, model_id) for name, value in (metrics or {}).items() if not np.isnan(value)]
    for fold, values in enumerate(per_fold):
        logged += [Metric(f"fold.{name}", value, now, fold) for name, value in values.items() if not np.isnan(value)]
    fixed = [Param(name, str(value)) for name, value in (parameters or {}).items()]
    marks = [RunTag(name, value) for name, value in (tags or {}).items()]
    client = MlflowClient()
    while logged or fixed or marks:
        at_once = (logged[:METRICS_AT_ONCE], fixed[:OTHERS_AT_ONCE], marks[:OTHERS_AT_ONCE])
        client.log_batch(run_id, *at_once)
        logged, fixed, marks = logged[METRICS_AT_ONCE:], fixed[OTHERS_AT_ONCE:], marks[OTHERS_AT_ONCE:]
