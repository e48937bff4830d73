"""How well predictions tell patients apart. Larger is better; 0.5 is no better than chance."""

import numpy as np
import pandas as pd
from hazardous.metrics import concordance_index_incidence
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from features.timeline import Floats


def auc(y_observed: Floats, y_predicted: Floats, weights: Floats) -> float:
    """Area under the ROC curve: chance that a patient with the outcome was given more than one without; NaN if none.

    All shapes (n,). Source: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    if len(np.unique(y_observed)) < 2:
        return float("nan")
    return float(roc_auc_score(y_observed, y_predicted, sample_weight=weights))


def c_index(followed_days: Floats, ended_by: NDArray[np.int8], y_predicted: Floats) -> float:
    """Harrell's C for relapse: chance that of two patients the one with more predicted risk relapsed first.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event; who had a competing event first never relapses and stays
    comparable (Wolbers 2009, doi:10.1097/EDE.0b013e3181a39056). All shapes (n,); NaN where no pair can be compared.
    """
    if not (ended_by == 1).any() or len(ended_by) < 2:
        return float("nan")
    observed = pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed_days})
    (value,) = concordance_index_incidence(observed, y_predicted[:, None], ipcw_estimator=None)
    return float(value)
