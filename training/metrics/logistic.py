"""Logistic regression for every bootstrap draw at once, for calibration slopes and smooth curves."""

import numpy as np

from features.records.timeline import Floats
from models.outcomes import expit
from training.metrics.intervals import blocks_of_draws


def fit_logistic(design: Floats, y_observed: Floats, weights: Floats, offset: Floats, ridge: float = 0.0) -> Floats:
    """Coefficients by maximum likelihood, one row per draw: (draws, columns).

    ``design`` (n, columns) holds the intercept as its first column, ``offset`` (n,) is added to the log-odds,
    ``weights`` have shape (draws, n). ``ridge`` times half the squared coefficients, the intercept's left out, is
    added to the negative log-likelihood. A draw that holds one outcome only, or in which a column separates the
    outcomes so that no maximum exists, has NaN throughout.
    """
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0
    # The draws resemble the data, so their search starts at the solution of the data.
    start = np.nan_to_num(_fit_block(design, y_observed, weights[:1], offset, (penalty, np.zeros(len(penalty)))))
    blocks = [
        _fit_block(design, y_observed, weights[rows], offset, (penalty, start[0])) for rows in blocks_of_draws(weights)
    ]
    return np.concatenate(blocks)


def _fit_block(
    design: Floats, y_observed: Floats, weights: Floats, offset: Floats, prior: tuple[Floats, Floats]
) -> Floats:
    """Newton's method; draws that have converged stay in the block, because further steps don't change them."""
    columns = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), columns**2)
    penalty, start = prior
    total, events = weights.sum(axis=1), weights @ y_observed
    defined = (events > 0) & (events < total)
    coefficients = np.tile(start, (len(weights), 1))
    step = coefficients
    for _ in range(50):
        fitted = expit(coefficients @ design.T + offset)
        gradient = (weights * (y_observed - fitted)) @ design - penalty * coefficients
        curvature = ((weights * (fitted * (1 - fitted))) @ products).reshape(-1, columns, columns)
        curvature = curvature + np.diag(penalty)
        # A small number on the diagonal keeps the system solvable; at the solution it changes nothing.
        diagonal = np.maximum(np.einsum("dcc->dc", curvature), 1e-12 * np.maximum(total, 1e-300)[:, None])
        curvature = curvature + 1e-12 * diagonal[:, :, None] * np.eye(columns)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        step = step * np.minimum(1.0, 3 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        coefficients = coefficients + np.where(defined[:, None], step, 0.0)
        if np.abs(step[defined]).max(initial=0) < 1e-7:  # the step after it would be of the square of that
            break
    settled = defined & (np.abs(step).max(axis=1) < 1e-6)
    return np.where(settled[:, None], coefficients, np.nan)
