"""What each rule of the winner reaches, on cohorts whose outcomes are drawn again from known probabilities.

From a pool, patients are drawn and their outcomes drawn again; the candidates are evaluated and refitted as the product
does it, and every rule's answer is measured on the patients of the pool left out. Heads are not recalibrated, so that
the rules alone differ. On a real cohort a sample is taken, and the gain on the patients left out stands for the share.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product

import numpy as np

from features.build import build_features
from features.records.cohort import Cohort
from models.relapse import RelapseHead
from models.remission import RemissionHead
from tests.mechanisms.true_risks import Floats
from tests.studies.answers import config_of
from tests.studies.attainable import attainable_share, expected_log_likelihood
from tests.studies.held_out import log_likelihood
from tests.studies.pools import POOLS, Pool, draw, pools
from tests.studies.rules import STACK, chosen
from tests.studies.rules_table import choice_table
from tests.studies.settings import Pieces, Row, StudySettings
from tests.studies.sources import sample_of
from tests.studies.stack import fit_stack, stacked_head
from training.cohort.reader import read_cohort
from training.config import TrainingConfig
from training.experiment.train import outcome_class
from training.learning.cohort_tasks import tasks_of
from training.learning.fit import HeadFit, fit_heads
from training.learning.splits import Folds, draw_folds
from training.learning.tasks import Head, Task
from training.outcomes.labels import derive_outcomes

AVERAGE = "no_model"
Figures = tuple[float | None, float]
"""Of one head: the share of the attainable information, where a truth is known, and the mean log-likelihood."""


def choice_rules(settings: StudySettings) -> str:
    """The tables over mechanisms, sizes and seeds."""
    pieces = Pieces(settings.out / "choice_rules.jsonl")
    rows: list[Row] = []
    there = [name for name in settings.mechanisms if name in POOLS or (settings.cohorts / name).is_dir()]
    for mechanism, patients, seed in product(there, settings.patients, settings.seeds):
        about: Row = {"mechanism": mechanism, "patients": patients, "seed": seed}
        compute = partial(_piece, settings, mechanism, patients, seed)
        rows += [about | row for row in pieces.get(settings.key(**about), compute)]
    absent = [name for name in settings.mechanisms if name not in there]
    return choice_table(rows) + "".join(
        f"\n* {name} is left out: there is no such folder of a cohort\n" for name in absent
    )


def _piece(settings: StudySettings, mechanism: str, patients: int, seed: int) -> list[Row]:
    """Nothing where as many patients would leave nobody out."""
    config = config_of(settings, seed)
    if mechanism not in POOLS:
        whole = read_cohort(settings.cohorts / mechanism)
        return list(rows_on_cohort(whole, patients, config, settings.workers)) if patients < len(whole) else []
    found = [pool for pool in pools(mechanism, settings.landmarks) if patients < len(pool.rows)]
    return [row for pool in found for row in rows_on_pool(pool, patients, config, settings.workers)]


def rows_on_pool(pool: Pool, patients: int, config: TrainingConfig, workers: int) -> Iterator[Row]:
    """One row per head and rule, for one cohort drawn from a pool."""
    drawn = draw(pool, patients, np.random.default_rng([9, config.seed, patients]), config)
    for fit in fit_heads(list(drawn.tasks), drawn.folds, config, lambda: None, workers):
        figures = partial(_on_truth, drawn.rest)
        yield from _rows(fit, drawn.folds, figures, {"landmark": pool.landmark, "events": fit.task.rarer})


def rows_on_cohort(whole: Cohort, patients: int, config: TrainingConfig, workers: int) -> Iterator[Row]:
    """One row per rule, for the relapse head of a sample of a real cohort at its first landmark."""
    cohort, rest = sample_of(whole, patients, config.seed)
    landmarks = cohort.protocol.landmarks[:1]
    features = [build_features(cohort, landmark) for landmark in landmarks]
    outcomes = [derive_outcomes(cohort, landmark) for landmark in landmarks]
    task: Task = tasks_of(cohort, features, outcomes, config)[0][-1]
    folds = draw_folds(outcome_class(cohort, outcomes), cohort.site, cohort.site_names, config)
    fit = fit_heads([task], folds, config, lambda: None, workers)[0]
    about: Row = {"landmark": landmarks[0].name, "events": task.rarer}
    yield from _rows(fit, folds, partial(_on_outcomes, rest), about)


def _rows(fit: HeadFit, folds: Folds, figures: Callable[[Head], Figures], about: Row) -> Iterator[Row]:
    if not fit.candidates:
        return
    stack = fit_stack(fit)
    heads = {name: found.head for name, found in fit.candidates.items()} | {STACK: stacked_head(fit, stack.weights)}
    rules = chosen(fit, stack.losses, folds.site)
    reached: Mapping[str, Figures] = {name: figures(heads[name]) for name in {AVERAGE, *rules.values()}}
    for rule, name in rules.items():
        share, likelihood = reached[name]
        kept = name == AVERAGE or (name == STACK and not stack.weights.any())
        gain = 1000 * (likelihood - reached[AVERAGE][1])
        yield about | {
            "head": fit.task.name,
            "rule": rule,
            "chosen": name,
            "share": share,
            "gain": gain,
            "kept": float(kept),
        }


def _on_truth(rest: Pool, head: Head) -> Figures:
    """Against the true probabilities of those left out; relapse, by the end, is asked of those in remission."""
    if isinstance(head, RemissionHead):
        truth, predicted, weights = rest.remission, head.probability(rest.rows), np.ones(len(rest.rows))
    else:
        truth, predicted, weights = rest.relapse[:, -1], _relapse_by_end(head, rest.rows), rest.remission
    return attainable_share(truth, predicted, weights), expected_log_likelihood(truth, predicted, weights)


def _relapse_by_end(head: RelapseHead, rows: Floats) -> Floats:
    return head.curve(rows, head.days[-1:]).relapse[:, 0]


def _on_outcomes(rest: Cohort, head: Head) -> Figures:
    """Against what happened to those left out; no truth is known."""
    assert isinstance(head, RelapseHead)
    landmark = rest.protocol.landmarks[0]
    outcomes = derive_outcomes(rest, landmark)
    at_risk = np.flatnonzero(outcomes.at_risk)
    curve = head.curve(build_features(rest, landmark).values[at_risk], head.days)
    return None, float(log_likelihood(curve, outcomes.followed_days[at_risk], outcomes.ended_by[at_risk]).mean())
