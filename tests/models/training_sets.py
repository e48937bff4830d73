"""Training data for tests: feature rows with known effects, and one binomial count per patient."""

import numpy as np

from models.calibration import BinomialCounts
from models.fitting.learners import TrainingData
from models.outcomes import Floats, expit


def single_counts(outcome: Floats, weights: Floats | None = None) -> BinomialCounts:
    """One count per patient, 1 a success and 0 a failure; patients with NaN have none."""
    weights = np.ones(len(outcome)) if weights is None else weights
    patient = np.flatnonzero(~np.isnan(outcome))
    yes, weight = outcome[patient] == 1, weights[patient]
    return BinomialCounts(
        patient=patient,
        band=np.zeros(len(patient), dtype=np.intp),
        successes=np.where(yes, weight, 0.0),
        failures=np.where(yes, 0.0, weight),
        patients=len(outcome),
        bands=1,
    )


def training_data_of(
    rows: Floats, outcome: Floats, *, signs: tuple[int, ...] | None = None, seed: int = 7
) -> TrainingData:
    names = tuple(f"x{column}" for column in range(rows.shape[1]))
    return TrainingData(rows, single_counts(outcome), names, signs or (0,) * rows.shape[1], seed)


def drawn_training_data(
    seed: int, patients: int, weights: tuple[float, ...], *, missing: float = 0.0, signs: tuple[int, ...] | None = None
) -> TrainingData:
    """Standard normal features whose log-odds weigh ``weights``; a share of the values is then not recorded."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, len(weights)))
    outcome = (rng.random(patients) < expit(rows @ np.array(weights) - 0.3)).astype(np.float64)
    rows[rng.random(rows.shape) < missing] = np.nan
    return training_data_of(rows, outcome, signs=signs)
