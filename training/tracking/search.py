"""Records the trials of a search for a candidate's parameters: one run each, below the candidate's run.

They are those of the fit on all patients, which is the one that answers. Searches within the folds are not recorded
one by one: the candidate's parameter ``trials`` says how many each made.
"""

import time
from collections.abc import Sequence

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from models.fitting.optuna_search import TuningTrial


def log_search(candidate_run_id: str, trials: Sequence[TuningTrial]) -> None:
    """A finished run for each trial, with its parameters and its mean loss on the inner folds as ``inner_loss``."""
    if not trials:
        return
    client, now = MlflowClient(), int(time.time() * 1000)
    above = client.get_run(candidate_run_id).info
    best = min(trials, key=lambda trial: trial.loss)
    for trial in trials:
        name = f"trial {trial.number + 1}: {above.run_name}"
        tags = {MLFLOW_PARENT_RUN_ID: candidate_run_id, "level": "trial", "best": str(trial is best).lower()}
        run = client.create_run(above.experiment_id, now, tags, run_name=name[:250])
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("inner_loss", trial.loss, now, 0)],
            params=[Param(key, str(value)) for key, value in trial.parameters.items()],
            tags=[RunTag("trial", str(trial.number + 1))],
        )
        client.set_terminated(run.info.run_id)
