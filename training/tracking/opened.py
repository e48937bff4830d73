"""The run of a training from its start on, so that others see that it is running, and whether it still is.

MLflow calls a run running until somebody ends it, also when its process is long gone. The tag ``process`` says which
process ends this one.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import mlflow
import psutil
from mlflow.entities import Param, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from features.protocol.problems import InputRefusedError, Problem
from training.failures import EvidenceFailedError
from training.held_signals import signals_held
from training.provenance import account_name
from training.registry.release import store_undisturbed, use_store
from training.registry.seal import SEAL_DIGEST
from training.stores.store_answers import unreachable
from training.tracking.links import experiment_of_model

PROCESS = "process"
RUNNING = "RUNNING"
"""MLflow's word for a run that nobody has ended."""
NOT_ENDED = "not ended"
CLOCK_SECONDS = 60
"""The start of a process moves with corrections of the machine's clock; its number is not used again so soon."""
_MADE_BY = {"mlflow.source.name": "kap train", "mlflow.source.type": "LOCAL"}


def require_no_active_run() -> None:
    """Raise ``InputRefusedError`` if this process has a run of MLflow active: a training opens one of its own."""
    if mlflow.active_run() is not None:
        required = "no active run: end it first, by mlflow.end_run(), or train with record=False"
        raise InputRefusedError([Problem("MLflow", None, None, required, "one that is active")])


def open_run(model: str, protocol: str, source: str, started: float) -> str:
    """Open the run of a training of a registered model, and return its id.

    ``source`` names the cohort, and ``started`` is when the training began (seconds since the epoch).
    """
    use_store()
    experiment, client = experiment_of_model(model, protocol), MlflowClient()
    tags = _MADE_BY | {"level": "training", PROCESS: _this_process(), "mlflow.user": account_name()}
    name = f"{source[:200]} · training"
    opened = str(client.create_run(experiment, int(started * 1000), tags, run_name=name).info.run_id)
    client.log_batch(opened, params=[Param("cohort", source), Param("protocol", protocol)])
    return opened


@contextmanager
def opened_run(model: str, protocol: str, source: str, started: float) -> Iterator[str]:
    """The id of a run as `open_run` opens it: failed if the training fails, and deleted if the training is refused."""
    run_id = ""
    try:
        with ExitStack() as stack:
            with signals_held():  # a stop in between would leave a run that nobody ends
                run_id = open_run(model, protocol, source, started)
                stack.enter_context(failed_with_all_below(run_id))
            yield run_id
    except MlflowException as error:
        raise unreachable(error, "record a run") from error
    except (InputRefusedError, EvidenceFailedError):
        with suppress(MlflowException):
            MlflowClient().delete_run(run_id)
        raise


@contextmanager
def failed_with_all_below(run_id: str) -> Iterator[None]:
    """If the block fails or is stopped, end the run and those below it that are still running as failed.

    MLflow's own ``with`` leaves a run running that a signal met between its start and its block, or at its end. The run
    itself is failed until it is sealed, also if it was ended before.
    """
    try:
        yield
    except BaseException:
        client = MlflowClient()
        with suppress(MlflowException):
            for run in _with_all_below(client, client.get_run(run_id)):
                unsealed = run.info.run_id == run_id and SEAL_DIGEST not in run.data.tags
                if run.info.status == RUNNING or unsealed:
                    with suppress(MlflowException):
                        client.set_terminated(run.info.run_id, "FAILED")
        raise


def withdraw_unsealed(model: str, run_id: str | None) -> None:
    """End what a failed recording left active, and delete the versions that it registered and could not seal."""
    while mlflow.active_run() is not None:
        with suppress(MlflowException):
            mlflow.end_run("FAILED")
    client = MlflowClient()
    with suppress(MlflowException):
        for version in client.search_model_versions(f"name = '{model}' and run_id = '{run_id}'") if run_id else ():
            if SEAL_DIGEST not in version.tags:
                client.delete_model_version(model, version.version)


@contextmanager
def recorded_run(name: str) -> Iterator[Run]:
    """A new run, active within the block, written undisturbed, and failed with all below it if the block fails."""
    with (
        store_undisturbed(),
        mlflow.start_run(run_name=name) as run,
        failed_with_all_below(run.info.run_id),
    ):
        yield run


def _with_all_below(client: MlflowClient, run: Run) -> Iterator[Run]:
    yield run
    below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
    for child in client.search_runs([run.info.experiment_id], below):
        yield from _with_all_below(client, child)


def status_of(run: Run) -> str:
    """MLflow's status in small letters; ``NOT_ENDED`` for a running one whose process is gone or on another machine."""
    if run.info.status != RUNNING or _is_alive(run.data.tags.get(PROCESS, "")):
        return str(run.info.status).lower()
    return NOT_ENDED


def _this_process() -> str:
    """Machine, number and start: numbers of processes are used again."""
    process = psutil.Process(os.getpid())
    return f"{platform.node()} {process.pid} {process.create_time():.0f}"


def _is_alive(process: str) -> bool:
    machine, number, begun = ["", "", "", *process.rsplit(" ", 2)][-3:]
    if machine != platform.node() or not number.isdigit() or not begun.isdigit():
        return False
    try:
        return abs(psutil.Process(int(number)).create_time() - int(begun)) <= CLOCK_SECONDS
    except psutil.Error:
        return False
