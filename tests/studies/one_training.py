"""What one training on one cohort shows on fresh patients: proportions, coverage, means and a Cox model beside it.

The studies of these four share their trainings: what one has computed, the others read.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from tests.studies.answers import FreshAnswers, TrainingRefusedError, answered, trained
from tests.studies.attainable import share_rows
from tests.studies.coverage import coverage_rows
from tests.studies.cox import cox_at, cox_rows
from tests.studies.mean_prediction import mean_rows
from tests.studies.settings import Pieces, Row, StudySettings
from tests.studies.sources import FreshPatients, at_landmarks, fresh_patients, training_cohort
from training.experiment.train import Training


def all_rows(settings: StudySettings) -> list[Row]:
    """One row per cohort, landmark and answer, over every mechanism, size, level of missing and seed."""
    pieces = Pieces(settings.out / "trainings.jsonl")
    rows: list[Row] = []
    for mechanism, seed, missing, patients in product(
        settings.mechanisms, settings.seeds, settings.missing, settings.patients
    ):
        lost = 0.0 if missing is None and mechanism == "second" else missing
        about: Row = {"mechanism": mechanism, "seed": seed, "missing": lost, "patients": patients}
        compute = partial(_piece, settings, mechanism, seed, lost, patients)
        rows += [about | row for row in pieces.get(settings.key(**about), compute)]
    return rows


def _piece(settings: StudySettings, mechanism: str, seed: int, missing: float | None, patients: int) -> list[Row]:
    cohort = at_landmarks(training_cohort(mechanism, patients, seed, missing), settings.landmarks)
    try:
        training = trained(cohort, settings, seed)
    except TrainingRefusedError as refused:
        return [{"refused": str(refused)}]
    return list(rows_shown(training, fresh_patients(mechanism, settings.fresh, seed, settings.draws)))


def rows_shown(training: Training, fresh: FreshPatients) -> Iterator[Row]:
    """One row per landmark and answer of a training, with every figure of it."""
    for answers in answered(training, fresh):
        cox = list(cox_rows(answers, cox_at(training.cohort, answers.model.landmark)))
        predictions = answers.predictions
        proportions = list(share_rows(answers, predictions.remission, predictions.relapse, predictions.sustained))
        for row in merged(proportions, list(coverage_rows(answers)), list(mean_rows(answers)), cox):
            about: Row = {"landmark": answers.model.landmark.name, "winner": _winner(answers, str(row["answer"]))}
            yield about | row


def merged(*parts: Sequence[Row]) -> list[Row]:
    """The rows of several parts with the same answer as one row each."""
    rows: dict[object, Row] = {}
    for row in (row for part in parts for row in part):
        rows[row["answer"]] = rows.get(row["answer"], {}) | row
    return list(rows.values())


def _winner(answers: FreshAnswers, answer: str) -> str | None:
    """The candidate behind an answer; sustained remission has two."""
    if answer.startswith("sustained"):
        return None
    return answers.winners.get(answer.split(" ", maxsplit=1)[0])
