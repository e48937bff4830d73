"""What the method makes of a cohort without signal: how often it keeps the overall rate, and what it loses if not.

Patients of the second mechanism rated with the GAD-7; the end-of-course score with the whole follow-up, and whether
these are seen, are permuted among them. Then everybody's true probability is the rate of the population, known from a
very large draw. The loss is the integrated squared distance to it, less that of the no-model of the same training: the
difference of the integrated Brier scores. Remission has one time only.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from features.build import build_features
from features.records.cohort import Cohort
from models.outcome_model import OutcomeModel
from tests.mechanisms import second
from tests.mechanisms.second import SecondCohort
from tests.mechanisms.true_risks import HORIZONS_DAYS, Floats
from tests.studies.answers import TrainingRefusedError, models_by_candidate, trained
from tests.studies.markdown import refusals, table
from tests.studies.settings import Pieces, Row, StudySettings
from tests.studies.sources import FRESH, at_landmarks
from training.cohort.reader import read_cohort
from training.experiment.train import Training

POPULATION = 60_000
WEEKS = np.arange(1, max(HORIZONS_DAYS) // 7 + 1)


@dataclass(frozen=True)
class Population:
    """True rates when nothing predicts: of remission, and of relapse by the end of each week given remission."""

    remission: float
    relapse: Floats


def population() -> Population:
    """The rates of a very large draw."""
    drawn = on_gad7(second.draw_cohort(POPULATION, seed=FRESH))
    days = drawn.ended[0][drawn.remission]
    return Population(float(drawn.remission.mean()), (days[:, None] <= 7 * WEEKS).mean(axis=0))


def on_gad7(drawn: SecondCohort) -> SecondCohort:
    """The patients rated with the GAD-7: a remission there depends on the deciding score alone."""
    return drawn.take(np.flatnonzero(drawn.people.scale_index == 0))


def permuted(drawn: SecondCohort, rng: np.random.Generator) -> SecondCohort:
    """The same patients and courses, each with the outcome and the losses of another."""
    other = drawn.take(rng.permutation(len(drawn.people)))
    course = replace(drawn.course, deciding_score=other.course.deciding_score)
    return replace(drawn, course=course, follow_up=other.follow_up, seen=other.seen)


def no_signal(settings: StudySettings) -> str:
    """Runs without signal: the table of kept overall rates and losses."""
    pieces, rates = Pieces(settings.out / "no_signal.jsonl"), population()
    rows: list[Row] = []
    seeds = range(settings.seeds[0], settings.seeds[0] + settings.runs)
    for patients, missing, seed in product(settings.patients, settings.missing, seeds):
        about: Row = {"patients": patients, "missing": missing or 0.0, "seed": seed}
        compute = partial(_run, settings, rates, patients, missing or 0.0, seed)
        rows += [about | row for row in pieces.get(settings.key(**about), compute)]
    return _table(rows)


def _run(settings: StudySettings, rates: Population, patients: int, missing: float, seed: int) -> list[Row]:
    rng = np.random.default_rng([7, seed])
    cohort = _written(permuted(on_gad7(second.draw_cohort(patients, seed, missing)), rng))
    fresh = _written(on_gad7(second.draw_cohort(settings.fresh, FRESH + seed)))
    try:
        training = trained(at_landmarks(cohort, settings.landmarks), settings, seed)
    except TrainingRefusedError as refused:
        return [{"refused": str(refused)}]
    return list(_rows(training, fresh, rates))


def _written(drawn: SecondCohort) -> Cohort:
    with tempfile.TemporaryDirectory(prefix="kap-study-") as scratch:
        second.write_cohort(drawn, Path(scratch) / "cohort")
        return read_cohort(Path(scratch) / "cohort")


def _rows(training: Training, fresh: Cohort, rates: Population) -> Iterator[Row]:
    bundle = training.bundle
    for model, fit, records in zip(bundle.models, training.landmarks, bundle.records, strict=True):
        null = models_by_candidate(model, fit)["no_model"]
        features = build_features(fresh, model.landmark)
        rows = features.values[[reason is None for reason in features.ineligible]]
        losses = [losses_of(each, rows, rates) for each in (model, null)]
        for position, head in enumerate(("remission", "relapse")):
            winner = records[head].winner if head in records else None
            lost = losses[0][position] - losses[1][position]
            choice = getattr(fit, head).choice
            p = None if choice is None else choice.differences["no_model"].p
            yield {"landmark": model.landmark.name, "head": head, "winner": winner, "loss": lost, "p": p}


def losses_of(model: OutcomeModel, rows: Floats, rates: Population) -> tuple[float, float]:
    """Mean squared distance to the true rate, of remission and of the relapse curve over weeks."""
    predictions = model.predict(rows)
    remission = float(((predictions.remission - rates.remission) ** 2).mean())
    curve = predictions.curve
    if curve is None:
        return remission, float("nan")
    columns = np.searchsorted(curve.days, 7 * WEEKS[curve.days[-1] >= 7 * WEEKS])
    return remission, float(((curve.relapse[:, columns] - rates.relapse[: len(columns)]) ** 2).mean())


def _table(rows: list[Row]) -> str:
    header = [
        "patients",
        "missing",
        "landmark",
        "head",
        "runs",
        "overall rate kept",
        "mean loss (s.e.)",
        "largest loss",
    ]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if "refused" not in row:
            groups.setdefault(tuple(str(row[name]) for name in header[:4]), []).append(row)
    lines = []
    for group, members in groups.items():
        kept = sum(row["winner"] == "no_model" for row in members)
        losses = np.array([float(str(row["loss"])) for row in members])
        error = losses.std(ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
        figures = [f"{losses.mean():.5f} ({error:.5f})", f"{losses.max():.5f}"]
        lines.append([*group, str(len(members)), f"{kept} of {len(members)}", *figures])
    return f"{table(header, lines)}\n{refusals(rows)}"
