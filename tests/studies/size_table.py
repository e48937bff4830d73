"""What each candidate and the choice among them reach by size of the training cohort.

On the two mechanisms the share of the attainable information; on a real cohort, of which training takes a sample, the
gain in log-likelihood over the no-model of the same training on the patients left out. What the rule reaches comes
from the trained bundle, what a candidate reaches from its head fitted on all.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from features.build import build_features
from features.records.cohort import Cohort
from models.outcome_model import OutcomeModel
from tests.studies.answers import TrainingRefusedError, answered, models_by_candidate, trained
from tests.studies.attainable import share_rows
from tests.studies.held_out import log_likelihood
from tests.studies.markdown import mean_over, plain, refusals, shown, table
from tests.studies.settings import Pieces, Row, StudySettings
from tests.studies.sources import MECHANISMS, FreshPatients, at_landmarks, fresh_patients, sample_of, training_cohort
from training.cohort.reader import read_cohort
from training.experiment.train import Training
from training.outcomes.labels import derive_outcomes

RULE = "the rule's choice"


def size_table(settings: StudySettings) -> str:
    """The table over sizes, mechanisms and seeds."""
    pieces = Pieces(settings.out / "size_table.jsonl")
    rows: list[Row] = []
    there = [name for name in settings.mechanisms if name in MECHANISMS or (settings.cohorts / name).is_dir()]
    for mechanism, seed, patients in product(there, settings.seeds, settings.patients):
        about: Row = {"mechanism": mechanism, "seed": seed, "patients": patients}
        compute = partial(_piece, settings, mechanism, seed, patients)
        rows += [about | row for row in pieces.get(settings.key(missing=settings.missing[0], **about), compute)]
    absent = [name for name in settings.mechanisms if name not in there]
    return _table(rows) + "".join(f"\n* {name} is left out: there is no such folder of a cohort\n" for name in absent)


def _piece(settings: StudySettings, mechanism: str, seed: int, patients: int) -> list[Row]:
    try:
        if mechanism not in MECHANISMS:
            return _held_out(settings, mechanism, seed, patients)
        cohort = at_landmarks(training_cohort(mechanism, patients, seed, settings.missing[0]), settings.landmarks)
        training = trained(cohort, settings, seed)
    except TrainingRefusedError as refused:
        return [{"refused": str(refused)}]
    return list(attained_by_candidate(training, fresh_patients(mechanism, settings.fresh, seed, settings.draws)))


def _held_out(settings: StudySettings, name: str, seed: int, patients: int) -> list[Row]:
    """A real cohort, of which training takes a sample; nothing where as many would leave nobody out."""
    whole = read_cohort(settings.cohorts / name)
    if patients >= len(whole):
        return []
    cohort, rest = sample_of(whole, patients, seed)
    return list(held_out_rows(trained(cohort, settings, seed), rest))


def attained_by_candidate(training: Training, fresh: FreshPatients) -> Iterator[Row]:
    """Proportions of the attainable information by candidate and of the rule's choice."""
    for answers in answered(training, fresh):
        models = {RULE: answers.model} | models_by_candidate(answers.model, training.landmarks[answers.landmark])
        for name, model in models.items():
            found = model.predict(answers.rows, with_curve=False)
            for row in share_rows(answers, found.remission, found.relapse, found.sustained):
                if not str(row["answer"]).startswith("sustained"):
                    figure = row["share"]
                    yield _row(answers.model, str(row["answer"]), name, figure, answers.winners)


def held_out_rows(training: Training, rest: Cohort) -> Iterator[Row]:
    """Mean gain in log-likelihood over the no-model, by candidate and of the rule's choice, for relapse."""
    for model, fit, records in zip(training.bundle.models, training.landmarks, training.bundle.records, strict=True):
        outcomes = derive_outcomes(rest, model.landmark)
        at_risk = np.flatnonzero(outcomes.at_risk)
        rows = build_features(rest, model.landmark).values[at_risk]
        models = {RULE: model} | models_by_candidate(model, fit)
        gains = {}
        for name, each in models.items():
            curve = each.predict(rows).curve
            if curve is not None:
                gains[name] = log_likelihood(curve, outcomes.followed_days[at_risk], outcomes.ended_by[at_risk])
        winners = {name: record.winner for name, record in records.items()}
        for name, gain in gains.items():
            yield _row(model, "relapse", name, float((gain - gains["no_model"]).mean()), winners)


def _row(
    model: OutcomeModel, answer: str, candidate: str, figure: float | int | str | None, winners: dict[str, str | None]
) -> Row:
    chosen = winners.get(answer.split(" ", maxsplit=1)[0]) if candidate == RULE else None
    return {
        "landmark": model.landmark.name,
        "answer": answer,
        "candidate": candidate,
        "figure": figure,
        "kept": None if candidate != RULE else float(chosen == "no_model"),
        "winner": chosen,
    }


def _table(rows: Sequence[Row]) -> str:
    by = ("mechanism", "landmark", "answer", "patients", "candidate")
    fitted = [row for row in rows if "refused" not in row]
    header = [*by, "seeds", "share of the attainable, or gain in nats (s.e.)", "overall rate kept"]
    lines = [
        [*(plain(row[name]) for name in by), plain(row["n"]), shown(row, "figure", 4), shown(row, "kept", 2)]
        for row in mean_over(fitted, by, ("figure", "kept"))
    ]
    return f"{table(header, lines)}\n{refusals(rows)}"
