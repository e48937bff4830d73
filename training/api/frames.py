"""Features and outcomes of a cohort at one landmark as pandas frames, one row per patient who reached it."""

from typing import TYPE_CHECKING

import numpy as np

from features.build import build_features
from features.protocol.document import Landmark, Protocol
from features.protocol.nearest_word import did_you_mean
from features.records.cohort import Cohort
from training.api.cohorts import require_cohort
from training.api.refusals import argument_error, explained
from training.outcomes.table import outcomes_at

if TYPE_CHECKING:
    import pandas as pd


@explained
def feature_frame(cohort: Cohort, landmark: str | int) -> "pd.DataFrame":
    """Give what is known about every patient at a landmark, as the models see it.

    Parameters
    ----------
    cohort : Cohort
        As ``read_cohort`` gives it.
    landmark : str or int
        Its name in the protocol, such as "before session 3", or its number there, counted from 1.

    Returns
    -------
    DataFrame, shape (patients who reached the landmark, features)
        Index ``patient_id``; a column of floats per feature of the catalogue, with the units of
        ``features/README.md``, NaN where not recorded. Its rows are those of ``outcome_frame`` at the same landmark.
        Some of these patients are not analysed: ``outcome_frame(...)["eligible"]`` says which, and ``reason`` why.

    Raises
    ------
    InputRefusedError
        If the protocol has no such landmark.

    Examples
    --------
    >>> from training import feature_frame
    >>> features = feature_frame(cohort, "before session 3")
    >>> features.index.name, features["age_years"].dtype
    ('patient_id', dtype('float64'))
    >>> features.equals(feature_frame(cohort, 3))
    True
    """
    import pandas as pd

    require_cohort(cohort)
    rows = build_features(cohort, landmark_of(cohort.protocol, landmark))
    reached = np.flatnonzero(~np.isnan(rows.day))
    index = pd.Index(cohort.patient_ids[reached], name="patient_id", dtype="str")
    return pd.DataFrame(rows.values[reached], index=index, columns=list(rows.names))


@explained
def outcome_frame(cohort: Cohort, landmark: str | int) -> "pd.DataFrame":
    """Give the outcome of every patient as seen from a landmark, by the rules of the protocol.

    Parameters
    ----------
    cohort : Cohort
        As ``read_cohort`` gives it.
    landmark : str or int
        Its name in the protocol, or its number there, counted from 1.

    Returns
    -------
    DataFrame, shape (patients who reached the landmark, 11 + horizons)
        Index ``patient_id``, rows as in ``feature_frame``. Days count from day 0; a value that does not apply is NaN.

        * ``landmark_day``: when the patient reached the landmark (float, day).
        * ``eligible``, ``reason``: whether the patient is analysed (bool), and why not (text).
        * ``instrument``, ``baseline``: the scale of the outcome, and the score before treatment in its points.
        * ``remission``: 1.0 yes, 0.0 no, NaN not observed. ``remission_day``: the day of the deciding rating.
        * ``risk_start_day``: when the time at risk of relapse began, NaN without remission.
        * ``followed_days``, ``ended_by``: days from there to the end, and the end: "relapse", "competing" or
          "censored". Both are missing without remission.
        * ``sustained_84`` and so on, one per horizon: 1.0 remission without relapse to that day, 0.0 not, NaN not
          observed.

    Raises
    ------
    InputRefusedError
        If the protocol has no such landmark.

    Examples
    --------
    >>> from training import outcome_frame
    >>> outcomes = outcome_frame(cohort, 1)
    >>> sorted(outcomes.loc[outcomes["eligible"], "remission"].dropna().unique().tolist())
    [0.0, 1.0]
    """
    require_cohort(cohort)
    found = outcomes_at(cohort, landmark_of(cohort.protocol, landmark))
    found = found[found["landmark_day"].notna()].drop(columns="landmark").set_index("patient_id")
    answers = [name for name in found.columns if name == "remission" or name.startswith("sustained_")]
    days = [name for name in found.columns if name.endswith(("_day", "_days"))]
    texts = ["reason", "instrument", "ended_by"]
    found = found.set_index(found.index.astype("str")).astype(
        dict.fromkeys(texts, "str") | dict.fromkeys(days, "float64")
    )
    return found.assign(**{name: found[name].astype("str").map({"yes": 1.0, "no": 0.0}) for name in answers})


def landmark_of(protocol: Protocol, landmark: str | int) -> Landmark:
    """The protocol's landmark of a name or of a number from 1; raises ``InputRefusedError`` for another one."""
    names = [known.name for known in protocol.landmarks]
    if isinstance(landmark, str) and landmark in names:
        return protocol.landmarks[names.index(landmark)]
    if isinstance(landmark, int) and not isinstance(landmark, bool) and 1 <= landmark <= len(names):
        return protocol.landmarks[landmark - 1]
    required = f"one of {', '.join(names)}, or its number from 1 to {len(names)}"
    if isinstance(landmark, str):
        raise argument_error("landmark", required, f"another name{did_you_mean(landmark, names)}")
    raise argument_error("landmark", required, "another number" if isinstance(landmark, int) else "another object")
