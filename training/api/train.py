"""`training.train`: a training from Python, recorded as that of `kap train` is."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from features.records.cohort import Cohort
from training.api.cohorts import loaded
from training.api.refusals import CohortWarning, argument_error, explained
from training.api.settings import Settings, training_config
from training.api.trained_model import TrainedModel, described
from training.config import CANDIDATES, quickened
from training.execution.local_processes import end_processes
from training.leakage.acknowledgement import acknowledgements
from training.learning.own_candidates.resolution import require_own_candidates
from training.report.authors.reader import study_of_folder
from training.telemetry import turn_off_telemetry


@explained
def train(
    cohort: Cohort,
    *,
    settings: Settings = None,
    candidates: Sequence[str | type] | None = None,
    seed: int | None = None,
    quick: bool = False,
    workers: int | None = None,
    source: str | None = None,
    model_name: str | None = None,
    record: bool = True,
    acknowledge: Sequence[str] = (),
    by: str | None = None,
    reason: str | None = None,
    verbose: bool = False,
) -> TrainedModel:
    """Fit a model to a cohort, evaluate it on held-out patients, and register it as a new version, as `kap train` does.

    The same cohort, settings and seed give the same model and the same figures as the command.

    Parameters
    ----------
    cohort : Cohort
        As ``read_cohort`` gives it. Its check is recorded, with ``import.json`` if it was imported, and the authors'
        answers in the ``study.toml`` of its folder.
    settings : str, Path or mapping, optional
        A TOML file that overrides default.toml of `training`, or a dictionary of the same shape, such as
        ``{"training": {"draws": 50}}``.
    candidates : sequence of str or class, optional
        Learners to compare, in place of those in the settings: names of built-in ones, or your own as
        "package.module:ClassName" or as the class. Other processes must be able to import it: a class defined in a
        notebook is refused. "no_model" must be among them.
    seed : int, optional
        From 0 to 2**31 - 1; the same seed gives the same model. Default: that of the settings.
    quick : bool, default False
        Leave out xgboost and parts of the evaluation; a promotion then needs an override.
    workers : int, optional
        Processes. Default: all cores.
    source : str, optional
        The cohort's name in runs and reports. Default: that of ``read_cohort``.
    model_name : str, optional
        The registered model that gets the version. Default: "kap-outcomes" for the protocol of KAP, else a name made of
        the protocol's.
    record : bool, default True
        Record the run in MLflow, at MLFLOW_TRACKING_URI or in ./mlflow.db, and register the model. False leaves nothing
        behind, and the model can't be promoted.
    acknowledge : sequence of str, optional
        Names of leakage checks to train in spite of, such as "duplicated patients"; needs ``by`` and ``reason``.
    by, reason : str, optional
        Who trains, by default the account, and is responsible for what is acknowledged; and why that is no leak. Both
        are recorded with the model.
    verbose : bool, default False
        Print each stage to standard error.

    Returns
    -------
    TrainedModel
        ``run_id``, ``model_version``, ``report``, ``evidence``, ``bundle``, ``warnings`` and ``summary()``, a frame of
        every candidate's figures.

    Raises
    ------
    InputRefusedError
        For wrong settings, for a cohort with nothing to fit on, or with findings that falsify outcomes.
    LeakageFoundError
        If outcomes leak into the features, or patients are duplicated.
    StoreUnreachableError
        If MLflow's store does not answer.

    Warns
    -----
    CohortWarning
        For each finding of the cohort's check.

    Examples
    --------
    >>> from training import train
    >>> trained = train(cohort, quick=True, candidates=["no_model", "one_variable"], record=False, workers=1)
    >>> trained
    <TrainedModel, not recorded: 150 patients of 2 sites, 3 landmarks, 6 heads, quick>
    >>> trained.summary()["candidate"].unique().tolist()
    ['no_model', 'one_variable']
    >>> train(cohort, settings={"training": {"folds": 1}})
    Traceback (most recent call last):
    features.protocol.problems.InputRefusedError: settings, key folds: required a whole number from 2...
    """
    turn_off_telemetry()
    from training.api.recipe import TrainingRequest, run_training

    config = replace(
        training_config(settings, candidates, seed), acknowledged=acknowledgements(acknowledge, by, reason, "train")
    )
    require_own_candidates(config)
    if set(config.candidates) - set(CANDIDATES):
        end_processes()  # those of an earlier training hold the code of its candidates as it was then
    if workers is not None and workers < 1:
        raise argument_error("workers", "a whole number from 1", "a smaller one")
    known = loaded(cohort)
    study = None if known.folder is None else study_of_folder(known.folder)
    check = known.check()
    for sentence in described(check):
        warnings.warn(sentence, CohortWarning, stacklevel=3)
    request = TrainingRequest(
        cohort=known,
        check=check,
        config=quickened(config) if quick else config,
        source=source or known.source,
        workers=workers or os.cpu_count() or 1,
        recorded=record,
        model_name=model_name,
        study=study,
        by=by,
    )
    return run_training(request, _PrintedStageDisplay() if verbose else _SilentStageDisplay())


class _SilentStageDisplay:
    """Shows nothing."""

    def step(self, description: str) -> None:
        """Begin a stage."""

    def count(self, description: str, pieces: int) -> Callable[[], None]:  # noqa: ARG002 - the protocol's signature
        """Begin a stage; the result does nothing."""
        return lambda: None


class _PrintedStageDisplay(_SilentStageDisplay):
    """Prints a line per stage to standard error."""

    def step(self, description: str) -> None:
        """Begin a stage."""
        sys.stderr.write(f"{description} ...\n")

    def count(self, description: str, pieces: int) -> Callable[[], None]:
        """Begin a stage."""
        self.step(description)
        return super().count(description, pieces)
