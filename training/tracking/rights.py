"""Before learning begins: whether a recording can end well, in the store where it will be made.

A training takes minutes or hours, and a right that is missing is found at its end unless somebody asks first. Nothing
is left behind: what is written is what stands there already, and the artifact that is written to be read is deleted.
"""

import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from training.failures import StoreUnreachableError
from training.registry.experiments import KIND, MODELS
from training.registry.registration import require_registering
from training.registry.release import make_store
from training.stores.store_answers import asking, shown_address
from training.tracking.links import experiment_of_model

OLDEST_SERVER = (3, 0)
"""The first MLflow that keeps logged models, of which a recorded version is one."""
NEXT_SERVER = (4, 0)
"""An MLflow that this software has not seen."""
WRITTEN = "rights-check-"
"""How the folder of the artifact is named that is written and read, beside those of an experiment's runs.

A random part follows, because another training may write and delete its own at the same time.
"""


def require_recording_rights(model: str, protocol: str) -> None:
    """Raise ``StoreUnreachableError`` unless a training of a registered model can be recorded in the store.

    What is asked for: the server's version, and the rights to read experiments, to write runs, to write and read
    artifacts, and to register versions.
    """
    with asking("read experiments"):
        make_store()
    _require_known_server()
    client = MlflowClient()
    with asking(f"write runs in the experiment {model}/{protocol}"):
        experiment = client.get_experiment(experiment_of_model(model, protocol))
        client.set_experiment_tag(experiment.experiment_id, KIND, experiment.tags.get(KIND, MODELS))
    _require_artifacts(str(experiment.artifact_location))
    require_registering(model)


def _require_artifacts(location: str) -> None:
    own = f"{WRITTEN}{secrets.token_hex(8)}"
    content = "whether artifacts can be written and read; may be deleted\n"
    with tempfile.TemporaryDirectory() as scratch, asking("write artifacts"):
        (Path(scratch) / "check.txt").write_text(content, encoding="utf-8")
        repository = get_artifact_repository(location)
        repository.log_artifact(str(Path(scratch) / "check.txt"), own)
        with asking("read artifacts"):
            fetched = Path(repository.download_artifacts(f"{own}/check.txt", scratch))
            if fetched.read_text(encoding="utf-8") != content:
                raise StoreUnreachableError(f"{location} gives back other artifacts than were written: see its log")
        with suppress(MlflowException, OSError, NotImplementedError):  # some users may write and not delete
            repository.delete_artifacts(own)


def _require_known_server() -> None:
    """Raise ``StoreUnreachableError`` for a server whose MLflow is older or newer than this software can record at."""
    store = str(mlflow.get_tracking_uri())
    if not store.startswith(("http://", "https://")):
        return
    with asking("read its version"):
        answer = http_request(get_default_host_creds(store), "/version", "GET", raise_on_status=False)
    number = answer.text.strip() if answer.status_code == 200 else ""
    parts = number.split(".")[:2]
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        return  # some addresses let only the interface through
    found = (int(parts[0]), int(parts[1]))
    if not OLDEST_SERVER <= found < NEXT_SERVER:
        required = f"MLflow from {_dotted(OLDEST_SERVER)} on and before {_dotted(NEXT_SERVER)}"
        raise StoreUnreachableError(f"{shown_address(store)} runs MLflow {number}; required is {required}")


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
