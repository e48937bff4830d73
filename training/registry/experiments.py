"""Experiments of MLflow, marked so that its pages open them as model development, with a note on what is in them."""

from mlflow.tracking import MlflowClient

KIND, MODELS = "mlflow.experimentKind", "custom_model_development"
NOTE = "mlflow.note.content"


def open_experiment(client: MlflowClient, name: str, note: str) -> str:
    """The id of an experiment, which is made if there is none; a kind and a note that somebody set stay."""
    found = client.get_experiment_by_name(name)
    experiment_id = str(found.experiment_id) if found else str(client.create_experiment(name))
    there = found.tags if found else {}
    for key, value in ((KIND, MODELS), (NOTE, note)):
        if key not in there:
            client.set_experiment_tag(experiment_id, key, value)
    return experiment_id
