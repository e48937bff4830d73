"""Held-out figures and time of both searches for parameters: `python -m tests.benchmarks.tuning_search COHORT`.

Prints a row of a Markdown table for each head, candidate and search, at the last landmark of the cohort.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from features.build import build_features
from training.cohort.reader import read_cohort
from training.config import TrainingConfig, load_config
from training.experiment.train import outcome_class
from training.learning.cohort_tasks import tasks_of
from training.learning.fit import fit_heads
from training.learning.splits import draw_folds
from training.outcomes.labels import derive_outcomes

CONFIG = replace(load_config(), folds=5, site_events=10**9, fewest_repeats=1, most_repeats=1)
MEASURES = {"remission": ("auc", "brier"), "relapse": ("c_index", "integrated_brier")}


def rows(folder: Path) -> Iterator[str]:
    """Head, candidate, search, held-out loss, discrimination, Brier score, seconds of all fits."""
    cohort = read_cohort(folder)
    landmark = cohort.protocol.landmarks[-1]
    features, outcomes = [build_features(cohort, landmark)], [derive_outcomes(cohort, landmark)]
    (tasks,) = tasks_of(cohort, features, outcomes, CONFIG)
    folds = draw_folds(outcome_class(cohort, outcomes), cohort.site, cohort.site_names, CONFIG)
    for name in ("logistic", "xgboost"):
        for search in ("grid", "optuna"):
            config: TrainingConfig = replace(
                CONFIG, candidates=("no_model", name), tuning=replace(CONFIG.tuning, search=search)
            )
            for task in tasks:
                began = time.perf_counter()
                (fit,) = fit_heads([task], folds, config, lambda: None, 1)
                found = fit.candidates.get(name)
                if found is not None:
                    figures = " | ".join(f"{found.measures[measure]:.4f}" for measure in MEASURES[task.name])
                    seconds = time.perf_counter() - began
                    yield f"| {task.name} | {name} | {search} | {found.loss:.4f} | {figures} | {seconds:.0f} |"


if __name__ == "__main__":
    for row in rows(Path(sys.argv[1])):
        print(row, flush=True)
