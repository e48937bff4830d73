"""A registered model in Python, and its predictions for a cohort."""

import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from models.bundle import Bundle
from training.api.cohorts import require_cohort
from training.api.refusals import CohortWarning, argument_error, explained
from training.api.trained_model import TrainedModel
from training.seen_cohorts import IN_SAMPLE, has_seen
from training.telemetry import turn_off_telemetry

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LoadedModel:
    """A registered version, downloaded and checked against its digest."""

    bundle: Bundle
    version: str

    def __repr__(self) -> str:
        """Counts only."""
        patients, name = self.bundle.training.get("patients", "?"), self.protocol.name
        landmarks, columns = len(self.bundle.models), len(self.bundle.features)
        return (
            f"<LoadedModel, version {self.version}, protocol {name!r}: fitted on {patients} patients, "
            f"{landmarks} landmarks, {columns} features>"
        )

    @property
    def protocol(self) -> Protocol:
        """The rules under which a cohort must be read for this model: ``read_cohort(folder, model.protocol)``."""
        return self.bundle.protocol

    @property
    def landmarks(self) -> tuple[str, ...]:
        """Names of the moments at which the model predicts."""
        return tuple(model.landmark.name for model in self.bundle.models)


@explained
def load_model(version: str | int = "champion") -> LoadedModel:
    """Load a registered version from MLflow's registry, at MLFLOW_TRACKING_URI or in ./mlflow.db.

    Parameters
    ----------
    version : str or int, default "champion"
        A version's number, or an alias; "champion" is the version that `kap promote` made it.

    Returns
    -------
    LoadedModel
        ``predict`` takes it. ``protocol`` are the rules under which to read a cohort for it.

    Raises
    ------
    InputRefusedError
        If there is no such version, or no registry here.
    BundleRefusedError
        If the model is damaged, or this installation would answer differently.
    StoreUnreachableError
        If the registry does not answer.

    Examples
    --------
    >>> from training import load_model
    >>> load_model(1)
    <LoadedModel, version 1, protocol 'kap-synthetic': fitted on 150 patients, 3 landmarks, ... features>
    """
    turn_off_telemetry()
    from training.registry.release import load_registered

    if isinstance(version, bool) or not isinstance(version, str | int):
        raise argument_error("version", "a version's number, or an alias such as champion", "another object")
    return LoadedModel(*load_registered(str(version)))


def _kind(given: object) -> str:
    return "a version or a path" if isinstance(given, str | int | os.PathLike) else "another object"


@explained
def predict(model: LoadedModel | TrainedModel | Bundle, cohort: Cohort) -> "pd.DataFrame":
    """Predict for every patient of a cohort at every landmark reached, as `kap score` does.

    Parameters
    ----------
    model : LoadedModel, TrainedModel or Bundle
        What ``load_model`` or ``train`` gave.
    cohort : Cohort
        Read under the model's own protocol: ``read_cohort(folder, model.protocol)``.

    Returns
    -------
    DataFrame, one row per patient and landmark reached
        ``patient_id``, ``landmark``, ``landmark_day`` (day), ``applicability`` ("inside", "at_the_edge", "outside"),
        ``reason`` (why there is no prediction; missing if there is one), then probabilities from 0 to 1: ``remission``,
        ``relapse_84`` and so on (given remission, by that many days after it), ``sustained_84`` and so on, and the
        limits of their 90% intervals, ``_low`` and ``_high``. Without a prediction they are NaN.

    Raises
    ------
    InputRefusedError
        If the cohort was read under another protocol: its features and outcomes would be others than the model's. If
        the model is research only, because a winner has no form that a bundle can hold.

    Warns
    -----
    CohortWarning
        If the model was fitted on this very cohort: figures from such predictions are no validation.

    Examples
    --------
    >>> from training import load_model, predict
    >>> predictions = predict(load_model(1), cohort)
    >>> predictions.columns[:6].tolist()
    ['patient_id', 'landmark', 'landmark_day', 'applicability', 'reason', 'remission']
    >>> bool(predictions["remission"].dropna().between(0, 1).all())
    True
    """
    import pyarrow as pa

    from training.exports.cohort_predictions import prediction_schema, prediction_tables

    if not isinstance(model, LoadedModel | TrainedModel | Bundle):
        required = "a model, as load_model(version) or train gives it"
        raise argument_error("model", required, _kind(model))
    require_cohort(cohort)
    bundle = model if isinstance(model, Bundle) else model.bundle
    if bundle.research_only:
        required = "a model whose every winner is in its bundle; train again with candidates that can be exported"
        raise argument_error("model", required, f"one that is research only: {bundle.research_only}")
    if cohort.protocol.document != bundle.protocol.document:
        required = "a cohort read under the model's protocol: read_cohort(folder, model.protocol)"
        raise argument_error("cohort", required, "one read under another protocol")
    if has_seen(bundle, cohort):
        named = f"version {model.version}" if isinstance(model, LoadedModel) else "the model"
        warnings.warn(IN_SAMPLE.format(version=named), CohortWarning, stacklevel=3)
    table = pa.concat_tables([prediction_schema(bundle).empty_table(), *prediction_tables(cohort, bundle)])
    return table.to_pandas().astype(dict.fromkeys(("patient_id", "landmark", "applicability", "reason"), "str"))
