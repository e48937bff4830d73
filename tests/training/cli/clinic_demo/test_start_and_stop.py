"""`kap demo clinic` starts with the model that is there, listens on this machine only, and leaves nothing running."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.places import ROOT
from tests.serving.servers import KAP, environment_in, promote_toy
from tests.training.cli.clinic_demo.running_demo import running_demo
from training.cli.clinic_demo.run import _settings
from training.cli.clinic_demo.signing import EhrSigningKey
from training.cli.clinic_demo.stages import REFUSED_BY_POLICY, Stages, own_environment, why_refused
from training.cli.clinic_demo.stop_signal import StopRequestError
from training.cli.options.errors import EVIDENCE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with running_demo(tmp_path) as demo:
        others = demo.descendants()
        assert others, "the service runs in processes of its own"
        assert httpx.get(demo.ehr).status_code == 200
        assert demo.stop(number) == 0
        _, alive = psutil.wait_procs(others, timeout=5)
        assert not alive
        for address in (demo.ehr, demo.service):
            with pytest.raises(httpx.ConnectError):
                httpx.get(address)
        assert demo.printed().endswith("Stopped; nothing is left running.\n")
        assert "Traceback" not in demo.printed()


def test_both_servers_listen_on_this_machine_only(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        processes = [psutil.Process(demo.process.pid), *demo.descendants()]
        connections = [one for process in processes for one in process.net_connections("inet")]
        listening = {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
        port = int(demo.ehr.rpartition(":")[2])
        assert httpx.get(demo.ehr, headers={"Host": f"clinic.example:{port}"}).status_code == 400


def test_the_model_of_make_demo_is_used(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        demo.stop()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo-clinic" / "model").rename(tmp_path / "demo" / "unused")
    (tmp_path / "demo" / "unused" / "bentoml").rename(tmp_path / "demo" / "bentoml")
    with running_demo(tmp_path, "--folder", "other") as demo:
        assert "The model is in demo." in demo.printed()
        assert (tmp_path / "other" / "service.log").is_file()


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    promote_toy(environment_in(tmp_path / "demo-clinic" / "model"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [KAP, "demo", "clinic", "--port", port],
            cwd=tmp_path,
            env=environment_in(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"port {port} is in use: choose another with --port, or leave it out\n"


def test_a_service_that_ends_by_itself_ends_the_demonstration(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        service = next(one for one in demo.descendants() if "serve" in one.cmdline())
        service.terminate()
        assert demo.process.wait(timeout=60) == 1
        assert "the service has stopped by itself" in demo.printed()


def test_a_command_that_is_running_ends_with_the_demonstration(tmp_path: Path) -> None:
    """A training that goes on after Ctrl-C would fill the folder that the next start removes."""

    def pause(seconds: float) -> None:
        raise StopRequestError

    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    script = tmp_path / "long"
    script.write_text(f"#!{sys.executable}\n{code}\ntime.sleep(600)\n", encoding="utf-8")
    script.chmod(0o755)
    before = set(psutil.Process().children(recursive=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.cli.clinic_demo.stages.kap_command", lambda: str(script))
        with pytest.raises(StopRequestError):
            Stages(tmp_path, {"PYTHONPATH": str(ROOT)}, pause).kap("train", "cohort")
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(script) in (one.info["cmdline"] or [])]
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("passed  evidence\n", ""),
        ("FAILED  sample size, before session 1\nFAILED  sample size, before session 2\n", " (too few patients)"),
        ("FAILED  sample size, before session 1\nFAILED  directions\n", " (too few patients, directions not met)"),
    ],
)
def test_the_demonstration_says_why_the_policy_refused(printed: str, why: str) -> None:
    assert why_refused(printed) == why


def test_the_guide_names_the_stores_of_the_demonstration(tmp_path: Path) -> None:
    (tmp_path / "demo-clinic").mkdir()
    guide = (ROOT / "serving" / "README.md").read_text(encoding="utf-8")
    own = own_environment(tmp_path / "demo-clinic" / "model")
    state = _settings(tmp_path / "demo-clinic", EhrSigningKey.new("http://127.0.0.1:1"), 2)["KAP_STATE"]
    for name, path in (("BENTOML_HOME", own["BENTOML_HOME"]), ("KAP_STATE", state)):
        assert f"export {name}=$PWD{path.removeprefix(str(tmp_path.resolve()))} " in guide
    assert "export MLFLOW_TRACKING_URI=sqlite:///$PWD/demo-clinic/model/mlflow.db " in guide


def test_the_exit_code_of_a_refused_promotion_is_that_of_the_command() -> None:
    assert REFUSED_BY_POLICY == EVIDENCE
