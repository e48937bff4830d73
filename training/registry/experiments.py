"""Experiments of MLflow, marked so that its pages open them as model development, with a note on what is in them."""

from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.registry.moved_store import location_of_new, settle_moved_store

KIND, MODELS = "mlflow.experimentKind", "custom_model_development"
NOTE = "mlflow.note.content"


def open_experiment(client: MlflowClient, name: str, note: str) -> str:
    """The id of an experiment, which is made if there is none; a kind and a note that somebody set stay.

    Raises ``InputRefusedError`` if somebody has deleted it: MLflow keeps its name.
    """
    settle_moved_store()  # a run in a copy must not write into the original
    found = client.get_experiment_by_name(name)
    if found and found.lifecycle_stage == "deleted":
        required = f"one that is not deleted: mlflow experiments restore --experiment-id {found.experiment_id}"
        raise InputRefusedError([Problem(f"experiment {name}", None, None, required, "a deleted one")])
    experiment_id = str(found.experiment_id) if found else str(client.create_experiment(name, location_of_new(name)))
    there = found.tags if found else {}
    for key, value in ((KIND, MODELS), (NOTE, note)):
        if key not in there:
            client.set_experiment_tag(experiment_id, key, value)
    return experiment_id
