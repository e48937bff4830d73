"""The arguments of the leakage checks as in a training, and cohorts with a leak."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.build import FeatureRows, build_features
from features.catalogue import catalogue
from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Covariate
from features.records.cohort import Cohort
from features.records.timeline import Floats, Indices, Rows
from tests.training.trainings import QUICK
from training.evidence.document import LeakageCheck
from training.leakage.checks import leakage_checks
from training.learning.relapse_task import relapse_task
from training.learning.splits import Folds
from training.learning.tasks import Task, remission_task
from training.outcomes.labels import Outcomes, derive_outcomes


@dataclass(frozen=True, eq=False)
class LeakageArguments:
    """The arguments of ``leakage_checks``."""

    cohort: Cohort
    features: Sequence[FeatureRows]
    outcomes: Sequence[Outcomes]
    tasks: Sequence[Sequence[Task]]
    folds: Folds

    def checks(self, workers: int = 1) -> dict[str, LeakageCheck]:
        found = leakage_checks(self.cohort, self.features, self.outcomes, self.tasks, self.folds, (QUICK, workers))
        return {check.name: check for check in found}


def leakage_arguments(cohort: Cohort) -> LeakageArguments:
    """As in a training, with weights of 1 and five folds."""
    features = [build_features(cohort, landmark) for landmark in cohort.protocol.landmarks]
    outcomes = [derive_outcomes(cohort, landmark) for landmark in cohort.protocol.landmarks]
    tasks = [_tasks(cohort, *pair) for pair in zip(features, outcomes, strict=True)]
    fold = np.random.default_rng(2).integers(0, 5, len(cohort))[None, :]
    return LeakageArguments(cohort, features, outcomes, tasks, Folds("patients", fold, tuple("12345"), cohort.site))


def _tasks(cohort: Cohort, rows: FeatureRows, outcomes: Outcomes) -> list[Task]:
    declared = catalogue(cohort.protocol)
    relapse = relapse_task(rows, declared, outcomes, max(cohort.protocol.horizons_days), QUICK)
    if cohort.protocol.remission.at_landmark:
        return [relapse]
    return [remission_task(rows, declared, outcomes, np.ones(len(cohort)), 7), relapse]


def with_covariate(cohort: Cohort, values: Floats) -> Cohort:
    """The cohort with a covariate ``leak`` of these values, shape (patients,)."""
    leak = Covariate("leak", "number", "what leaks", minimum=-1e6, maximum=1e6)
    protocol = replace(cohort.protocol, covariates=(*cohort.protocol.covariates, leak))
    return replace(cohort, protocol=protocol, patients=dict(cohort.patients) | {"leak": values})


def with_category(cohort: Cohort, covariate: Covariate, codes: Indices) -> Cohort:
    """The cohort with a category covariate of these codes, shape (patients,)."""
    protocol = replace(cohort.protocol, covariates=(*cohort.protocol.covariates, covariate))
    held = dict(cohort.patients) | {covariate.name: codes.astype(np.int16)}
    return replace(cohort, protocol=protocol, patients=held)


def with_copy(cohort: Cohort, patient: int) -> Cohort:
    """The cohort with the record of one patient once more, under an id that comes last."""
    count = len(cohort)
    tables: dict[str, Any] = {}
    for name in CHILD_TABLES:
        rows: Rows = cohort.table(name)
        again = np.flatnonzero(rows.patient == patient)
        order = np.append(np.arange(len(rows)), again)
        columns = {column: values[order] for column, values in rows.columns.items()}
        tables[name] = Rows(count + 1, np.append(rows.patient, np.full(len(again), count)), columns)
    everybody = np.append(np.arange(count), patient)
    return replace(
        cohort,
        patient_ids=np.append(cohort.patient_ids, "~"),
        site=cohort.site[everybody],
        patients={name: values[everybody] for name, values in cohort.patients.items()},
        **tables,
    )


def with_rows(cohort: Cohort, table: str, **columns: Floats) -> Cohort:
    """The cohort with other values in some columns of a table."""
    rows = cohort.table(table)
    changed = Rows(rows.patients, rows.patient, dict(rows.columns) | columns)
    return replace(cohort, **{table: changed})  # type: ignore[arg-type]  # one of the four tables
