"""Where a person finds a run in MLflow's pages: its experiment, its page and the link to it."""

from urllib.parse import urlsplit, urlunsplit

import mlflow
from mlflow.tracking import MlflowClient

from training.registry.experiments import open_experiment
from training.stores.registry_client import RegistryClient
from training.tracking.evidence import report_of

RUNS_NOTE = (
    "Trainings, updates and evaluations of the registered model `{model}`; sort them by the metric `remission_auc`. "
    "Open one with [+] for its landmarks, heads and candidates; its artifacts have `report.html` and `model_card.md`."
)
LOCAL = "http://127.0.0.1:5000"
"""Where `mlflow ui` listens."""


def experiment_of_model(model: str, protocol: str) -> str:
    """The id of the experiment for the runs of a registered model under a protocol, which becomes the active one."""
    note = RUNS_NOTE.format(model=model)
    return str(
        mlflow.set_experiment(experiment_id=open_experiment(MlflowClient(), f"{model}/{protocol}", note)).experiment_id
    )


def run_page(run_id: str) -> str:
    """The page of a run within the pages of MLflow, for a link in one of them."""
    return f"#/experiments/{RegistryClient().get_run(run_id).info.experiment_id}/runs/{run_id}"


def places_of(run_id: str) -> tuple[str, str]:
    """Where a person finds a run and its report: the lines that every command prints that records one."""
    return place_lines(run_link(run_id), report_of(run_id))


def place_lines(link: str, report: str) -> tuple[str, str]:
    """The lines of `places_of`, from the address of a run's page and the path or address of its report."""
    return f"in MLflow: {link}", f"report: {report}"


def run_link(run_id: str) -> str:
    """The address of a run's page; for a store without a server, with the command that starts one.

    No password is shown: one in the address of a server is left out, and a database that needs one is named by the
    variable MLFLOW_TRACKING_URI.
    """
    store = str(mlflow.get_tracking_uri())
    page = f"/{run_page(run_id)}"
    parts = urlsplit(store)
    if parts.scheme in ("http", "https"):
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")) + page
    named = '"$MLFLOW_TRACKING_URI"' if "@" in parts.netloc else store
    return f"{LOCAL}{page} (after: mlflow ui --backend-store-uri {named})"
