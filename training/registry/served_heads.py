"""The hashes of decisions that BentoML's store keeps with its copies: they show that the end of a chain is lost."""

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.registry.decision_log import HEAD, STORE
from training.registry.decisions import Head
from training.stores.model_store import store_entries, store_entry


def served_heads(client: MlflowClient, name: str) -> tuple[Head, ...]:
    """The hashes in BentoML's store of decisions on this registry's versions; other entries are ignored.

    A copy is this registry's if it names one of its versions with its run, or the decision store of the model. If the
    registry does not have the model, every copy of this name counts.
    """
    try:
        store = client.get_registered_model(name).tags.get(STORE)
        runs = {(str(one.version), str(one.run_id)) for one in client.search_model_versions(f"name = '{name}'")}
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        store, runs = None, None
    heads = []
    for model in store_entries():
        version, run_id = model.info.labels.get("mlflow_version", ""), model.info.labels.get("run_id", "")
        in_store = store is not None and model.info.metadata.get(STORE) == store
        own = model.tag.name == name if runs is None else in_store or (version, run_id) in runs
        if own and HEAD in model.info.metadata:
            kept, decided_in = str(model.info.metadata[HEAD]), model.info.metadata.get(STORE) or None
            heads.append(Head(str(model.tag), version, kept, latest=False, store=decided_in))
    return tuple(heads)


def latest_copy(name: str) -> str | None:
    """The tag of the copy that the service answers with by default; ``None`` if there is none that can be read."""
    model, _ = store_entry(f"{name}:latest")
    return None if model is None else str(model.tag)
