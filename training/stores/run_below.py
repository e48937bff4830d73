"""A run below another one, in three requests to a server: it is made with its tags, logged to, and ended."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME


@contextmanager
def run_below(above: Run, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """A new run below another, with what MLflow notes of user and source; it ends with the block, failed if that fails.

    It does not become MLflow's active run: log to it by its id.
    """
    client = MlflowClient()
    own = {MLFLOW_PARENT_RUN_ID: above.info.run_id, MLFLOW_RUN_NAME: name, **tags}
    run = client.create_run(above.info.experiment_id, tags=resolve_tags(own), run_name=name)
    try:
        yield run
    except BaseException:
        with suppress(MlflowException):
            client.set_terminated(run.info.run_id, "FAILED")
        raise
    client.set_terminated(run.info.run_id)


def log_json(run: Run, content: Mapping[str, Any], name: str) -> None:
    """Log a file of JSON to a run that was made here: MLflow's client would ask where its artifacts are."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
        get_artifact_repository(run.info.artifact_uri).log_artifact(str(path))
