"""A training on a Dask cluster is the training on this machine, byte for byte, also if a worker ends in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from features.protocol.problems import InputRefusedError
from models.bundle import save_bundle
from tests.places import ROOT
from tests.training.cli.test_evidence_commands import SETTINGS, made_up
from tests.training.commands import Workplace
from tests.training.lost_worker import worker_lost_at_work
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.execution import cluster, equal_workers
from training.execution.cluster import on_cluster
from training.execution.dask_engine import JOBS_OF_A_WORKER
from training.execution.side_by_side import side_by_side
from training.experiment.evidence import build_evidence
from training.experiment.train import Training, quietly, train
from training.failures import ClusterFailedError
from training.provenance import collect_provenance

pytestmark = pytest.mark.slow


def doubled(number: int, shared: list[int]) -> tuple[int, int, int]:
    return 2 * number, len(shared), os.getpid()


def slowly(number: int, shared: bytes) -> int:
    time.sleep(0.2)
    return number + len(shared)


def noted(number: int, folder: str) -> int:
    with (Path(folder) / str(number)).open("ab") as file:
        file.write(b".")
    time.sleep(0.1)
    return number


def added(shared: list[int], number: int) -> int:
    time.sleep(0.05)
    return len(shared) + number


def failing(number: int) -> int:
    raise ValueError(f"job {number}")


@contextmanager
def scheduler_and_worker(*options: str) -> Iterator[str]:
    """The address of a cluster that others have started, on loopback."""
    bin_folder = Path(sys.executable).parent
    words = [str(bin_folder / "dask"), "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # of this file, whose functions are the jobs
    begun = []
    try:
        scheduler = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
        begun.append(scheduler)
        assert scheduler.stderr is not None
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        threading.Thread(target=scheduler.stderr.read, daemon=True).start()
        with worker_at(address, *options):
            yield address
    finally:
        for one in begun:
            one.send_signal(signal.SIGTERM)
            one.wait(30)


@contextmanager
def worker_at(address: str, *options: str) -> Iterator[None]:
    """Within the block, another worker of that scheduler."""
    dask = str(Path(sys.executable).with_name("dask"))
    words = [dask, "worker", address, "--host", "127.0.0.1", "--no-dashboard"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([*words, *options], stderr=subprocess.DEVNULL, env=environment)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


def test_jobs_run_on_the_workers_in_order_and_share_what_they_have_in_common() -> None:
    shared = list(range(1000))
    with on_cluster("local", 2):
        found = list(side_by_side(doubled, [(number, shared) for number in range(20)], 1))
    assert [(number, size) for number, size, _ in found] == [(2 * number, 1000) for number in range(20)]
    assert os.getpid() not in {pid for *_, pid in found}
    assert next(side_by_side(doubled, [(1, shared)], 1))[2] == os.getpid()  # the cluster was left


def test_the_jobs_of_a_worker_that_is_killed_are_run_again() -> None:
    with on_cluster("local", 2) as engine:
        found = side_by_side(slowly, [(number, b"shared" * 1000) for number in range(20)], 1)
        first = next(found)
        os.kill(next(iter(engine.client.run(os.getpid).values())), signal.SIGKILL)
        assert [first, *found] == [number + 6000 for number in range(20)]


def test_what_a_worker_had_finished_is_not_lost_with_it() -> None:
    """Each job is run once, except those that the worker had when it was killed."""
    with on_cluster("local", 2) as engine, TemporaryDirectory() as folder:
        found = side_by_side(noted, [(number, folder) for number in range(16)], 1)
        first = [next(found) for _ in range(6)]
        os.kill(next(iter(engine.client.run(os.getpid).values())), signal.SIGKILL)
        assert [*first, *found] == list(range(16))
        runs = [len(path.read_bytes()) for path in Path(folder).iterdir()]
    assert len(runs) == 16
    assert sum(runs) <= 16 + JOBS_OF_A_WORKER


def test_jobs_are_taken_from_an_iterator_as_workers_have_room_for_them() -> None:
    """They may be portions of a log that is larger than memory."""
    taken = []

    def jobs() -> Generator[tuple[int], None, None]:
        for number in range(1000):
            taken.append(number)
            yield (number,)

    with on_cluster("local", 2):
        found = side_by_side(partial(added, 1000 * [1]), jobs(), 1)
        assert [next(found), next(found)] == [1000, 1001]
        assert len(taken) < 1000


def test_a_cluster_without_jobs_is_never_asked() -> None:
    with on_cluster("tcp://127.0.0.1:9", 1) as cluster:
        pass
    assert not cluster.is_connected


def test_an_error_of_a_job_is_that_error() -> None:
    with on_cluster("local", 1), pytest.raises(ValueError, match="job 0"):
        list(side_by_side(failing, [(0,), (1,)], 1))


def test_a_training_on_a_cluster_is_the_same_byte_for_byte(trained: Training, simulated: Path, tmp_path: Path) -> None:
    """One worker is killed while heads are fitted."""
    with on_cluster("local", 2) as engine:
        with worker_lost_at_work(engine.client, after_seconds=2):
            again = train(read_cohort(simulated), QUICK, collect_provenance(), quietly, workers=1)
        config = replace(QUICK, quick=True, draws=3)
        evidence = build_evidence(replace(again, config=config), "simulated", quietly, workers=1)
    assert save_bundle(again.bundle, tmp_path / "again") == save_bundle(trained.bundle, tmp_path / "here")
    here = build_evidence(replace(trained, config=config), "simulated", quietly, workers=1)
    assert evidence.model_dump_json() == here.model_dump_json()


def test_a_cluster_that_others_have_started_is_used() -> None:
    with scheduler_and_worker("--nthreads", "1") as address, on_cluster(address, 1):
        (found,) = side_by_side(doubled, [(1, [])], 1)
    assert found[2] != os.getpid()


def test_a_worker_with_several_threads_is_refused() -> None:
    """Linear algebra is held to one thread for a whole process."""
    said = pytest.raises(ClusterFailedError, match=r"one job at a time \(--nthreads 1\)")
    with scheduler_and_worker("--nthreads", "2") as address, said, on_cluster(address, 1):
        next(side_by_side(doubled, [(1, [])], 1))


def test_a_worker_with_several_threads_that_joins_later_is_refused() -> None:
    with scheduler_and_worker("--nthreads", "1") as address, on_cluster(address, 1) as engine:
        assert list(side_by_side(slowly, [(1, b"")], 1)) == [1]
        with worker_at(address, "--nthreads", "4"):
            engine.client.wait_for_workers(2, timeout=60)
            with pytest.raises(ClusterFailedError, match=r"one job at a time \(--nthreads 1\); tcp://.* runs several"):
                list(side_by_side(slowly, [(number, b"") for number in range(30)], 1))


def test_a_cluster_whose_workers_all_end_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 2)
    with scheduler_and_worker("--nthreads", "1", "--no-nanny") as address, on_cluster(address, 1) as engine:
        found = side_by_side(slowly, [(number, b"") for number in range(30)], 1)
        assert next(found) == 0
        os.kill(next(iter(engine.client.run(os.getpid).values())), signal.SIGKILL)
        with pytest.raises(ClusterFailedError, match="no worker for 2 s; start workers and repeat"):
            list(found)


def test_several_threads_that_ask_first_connect_one_cluster() -> None:
    with on_cluster("local", 1) as engine, ThreadPoolExecutor(4) as threads:
        assert len({id(client) for client in threads.map(lambda _: engine.client, range(4))}) == 1


def test_a_worker_that_would_give_other_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = collect_provenance()
    other = SimpleNamespace(**{name: getattr(own, name) for name in ("python", "machine", "packages")})
    other.sources_digest, other.blas = "another", "another"
    monkeypatch.setattr(equal_workers, "collect_provenance", lambda: other)
    equal_workers.own_arithmetic.cache_clear()
    try:
        said = pytest.raises(ClusterFailedError, match="other numbers: the code, the linear algebra; install")
        with said, on_cluster("local", 1):
            next(side_by_side(doubled, [(1, [])], 1))
    finally:
        monkeypatch.undo()
        equal_workers.own_arithmetic.cache_clear()


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    with (
        pytest.raises(ClusterFailedError, match="no scheduler answers within 1 s; start it"),
        on_cluster("tcp://127.0.0.1:9", 1),
    ):
        next(side_by_side(doubled, [(1, [])], 1))


def test_tcp_to_another_machine_is_warned_of_before_anything_travels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    for address, said in (("tcp://192.0.2.1:8786", cluster.EXPOSED), ("tcp://127.0.0.1:9", "")):
        with pytest.raises(ClusterFailedError), on_cluster(address, 1):
            next(side_by_side(doubled, [(1, [])], 1))
        assert capsys.readouterr().err == said


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputRefusedError) as said, on_cluster("http//nonsense", 1):
        pass
    assert "tls://host:8786" in said.value.problems[0].required


@pytest.mark.long
def test_the_command_trains_on_a_cluster_and_an_audit_retrains_the_same_model_here(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    (tmp_path / "quick.toml").write_text(SETTINGS)
    cohort = made_up(tmp_path / "cohort", 250, 2, 5)
    trained = place.kap("train", cohort, "--quick", "--config", "quick.toml", "--cluster", "local", "--workers", "2")
    assert trained.returncode == 0, trained.stderr
    verified = place.kap("audit", "verify", "1", "--data", cohort, "--workers", "1")
    assert "the same bundle byte for byte" in verified.stdout, verified.stderr
    nobody = place.kap("train", cohort, "--quick", "--config", "quick.toml", "--cluster", "nonsense")
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "option --cluster: required local, or the address of a scheduler" in nobody.stderr


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputRefusedError) as said, on_cluster("local", 1):
        pass
    assert "kap-outcomes[cluster]" in said.value.problems[0].required


def test_a_host_that_nobody_knows_is_said_at_once() -> None:
    with (
        pytest.raises(ClusterFailedError, match="the host in --cluster is not known"),
        on_cluster("tcp://no-such-host.invalid:8786", 1),
    ):
        list(side_by_side(str, [(1,)], 1))
