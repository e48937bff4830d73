"""A training is seen from its start on, and no run is called running that nobody will end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from features.protocol.problems import InputRefusedError
from tests.training.commands import SameProcess, refused
from training import read_cohort, train
from training.api.recipe import TrainingRequest, run_training
from training.api.settings import training_config
from training.config import quickened
from training.tracking.opened import NOT_ENDED, PROCESS, open_run, opened_run
from training.tracking.runs import list_trainings

STARTED = 1_770_000_000.0
RUN = ("kap-outcomes", "kap", "north", STARTED)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[SameProcess]:
    found = SameProcess(tmp_path)
    with found.in_use():
        yield found


def status() -> list[str]:
    return [one.status for one in list_trainings(5)]


def test_a_running_training_is_listed_with_its_start_and_its_name(place: SameProcess) -> None:
    open_run(*RUN)
    said = place.kap("runs").stdout
    assert "no version (running)  north  2026-02-02 02:40" in said
    assert 'running since 2026-02-02 02:40 as "north · training"' in said
    assert "kap promote" not in said


@pytest.mark.parametrize("process", ["elsewhere 17 1770000000", "", "{same} 17 1", None])
def test_a_run_whose_process_is_gone_or_unknown_is_not_called_running(place: SameProcess, process: str | None) -> None:
    run_id, client = open_run(*RUN), MlflowClient()
    machine = client.get_run(run_id).data.tags[PROCESS].split(" ")[0]
    if process is None:
        client.delete_tag(run_id, PROCESS)
    else:
        client.set_tag(run_id, PROCESS, process.format(same=machine))
    assert status() == [NOT_ENDED]
    assert "no version (not ended)" in place.kap("runs").stdout
    assert "running since" not in place.kap("runs").stdout


def test_a_running_training_stays_running_when_the_clock_of_the_machine_is_corrected(
    place: SameProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, client = open_run(*RUN), MlflowClient()
    monkeypatch.setattr("platform.node", lambda: "a machine")
    _, number, begun = client.get_run(run_id).data.tags[PROCESS].rsplit(" ", 2)
    client.set_tag(run_id, PROCESS, f"a machine {number} {int(begun) + 2}")
    assert status() == ["running"]


@pytest.mark.usefixtures("place")
def test_a_training_that_is_stopped_before_its_seal_is_failed_though_its_run_had_ended() -> None:
    with pytest.raises(SystemExit), opened_run(*RUN) as run_id:
        _stop_while_sealing(run_id)
    assert status() == ["failed"]


def _stop_while_sealing(run_id: str) -> None:
    MlflowClient().set_terminated(run_id)
    raise SystemExit(143)


def test_a_deleted_experiment_is_refused_with_how_to_restore_it(place: SameProcess, simulated: Path) -> None:
    client = MlflowClient()
    experiment = client.get_run(open_run("kap-outcomes", "kap-synthetic", "north", STARTED)).info.experiment_id
    client.delete_experiment(experiment)
    said = refused(place.kap("train", simulated, "--quick", "--workers", "1"), 2)
    assert f"mlflow experiments restore --experiment-id {experiment}" in said


@pytest.mark.usefixtures("place")
def test_a_run_that_is_active_is_refused_before_any_work(simulated: Path) -> None:
    cohort = read_cohort(simulated)
    with mlflow.start_run(experiment_id="0"), pytest.raises(InputRefusedError, match="end it first"):
        train(cohort, quick=True, workers=1)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("error", "left"), [(InputRefusedError([]), []), (RuntimeError(), ["failed"]), (SystemExit(143), ["failed"])]
)
def test_a_refused_training_leaves_no_run_and_one_that_fails_a_failed_one(
    error: BaseException, left: list[str]
) -> None:
    seen: list[str] = []
    with pytest.raises(type(error)):
        _open_and_raise(error, seen)
    assert seen == ["running"]
    assert status() == left


def _open_and_raise(error: BaseException, seen: list[str]) -> None:
    with opened_run(*RUN):
        seen += status()
        raise error


@pytest.mark.usefixtures("place")
def test_a_stop_leaves_no_run_below_running_though_mlflow_would() -> None:
    """MLflow's own ``with`` does not see a stop between the start of a run and its block, nor one at its end."""
    with pytest.raises(SystemExit):
        _stop_with_runs_begun()
    client = MlflowClient()
    experiments = [one.experiment_id for one in client.search_experiments()]
    statuses = {run.info.run_name: run.info.status for run in client.search_runs(experiments)}
    assert statuses == {"north · training": "FAILED", "landmark": "FINISHED", "head": "FAILED", "trial": "FAILED"}


def _stop_with_runs_begun() -> None:
    with opened_run(*RUN) as opened:
        client = MlflowClient()
        experiment = client.get_run(opened).info.experiment_id
        above = opened
        for name in ("landmark", "head", "trial"):
            above = client.create_run(experiment, tags={MLFLOW_PARENT_RUN_ID: above}, run_name=name).info.run_id
            if name == "landmark":
                client.set_terminated(above)
        raise SystemExit(143)


class _ListsRuns:
    """Lists the trainings of the store at every stage."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    def step(self, description: str) -> None:
        self.seen[description] = [] if description == "opening the store" else status()

    def count(self, description: str, pieces: int) -> Callable[[], None]:
        self.step(description)
        return lambda: None


@pytest.mark.usefixtures("place")
def test_a_training_is_running_while_it_fits_and_finished_afterwards(simulated: Path) -> None:
    cohort = read_cohort(simulated)
    config = quickened(training_config({"training": {"candidates": ["no_model", "one_variable"], "folds": 2}}))
    listing = _ListsRuns()
    trained = run_training(TrainingRequest(cohort, cohort.check(), config, "north", 1), listing)
    assert listing.seen["evaluating the candidates"] == ["running"]
    assert status() == ["finished"]
    assert MlflowClient().get_run(str(trained.run_id)).data.params["cohort"] == "north"
