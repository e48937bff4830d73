"""The wheel of the client works beside httpx and pydantic alone, on every Python from 3.10 on that is found."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT
from tests.serving.client import wheel
from tests.serving.requests import EXAMPLE
from tests.serving.servers import Server

UV = (sys.executable, "-m", "uv")
PROGRAM = """
import json, sys
from importlib.metadata import distributions
from serving.client import CallRefusedError, KapClient
with KapClient(sys.argv[1]) as kap:
    record = json.loads(sys.argv[2])
    answer = kap.predict(record)
    (in_batch,) = kap.predict_batch([record])
    model, scales, ready = kap.model(), kap.instruments(), kap.readiness()
    try:
        kap.predict({**record, "as_of_day": "14"})
    except CallRefusedError as refused:
        problems = [problem.path for problem in refused.problems]
found = sorted(one.metadata["Name"].lower().replace("_", "-") for one in distributions())
same = in_batch.remission == answer.remission and model.version == answer.model.version == ready.model_version
print(json.dumps([answer.remission.probability, same, len(scales.instruments), problems, found]))
"""
ALLOWED = {
    "kap-outcomes-client", "httpx", "pydantic", "annotated-types", "anyio", "certifi", "exceptiongroup", "h11",
    "httpcore", "idna", "pydantic-core", "sniffio", "typing-extensions", "typing-inspection", "pip", "setuptools",
}  # fmt: skip
"""What httpx and pydantic bring, and what a new environment may have."""


def pythons() -> list[str]:
    """One interpreter of each minor version from 3.10 on; pyenv starts those that a variable names."""
    versions = [path.name for path in (Path.home() / ".pyenv" / "versions").glob("3.*")]
    chosen = {"PYENV_VERSION": ":".join(versions)} if versions else {}
    found = []
    for name in (f"python3.{minor}" for minor in range(10, 20)):
        if shutil.which(name):
            command = [name, "-c", "import sys; print(sys.executable)"]
            asked = subprocess.run(command, env=os.environ | chosen, capture_output=True, text=True, check=False)
            found += asked.stdout.split() if asked.returncode == 0 else []
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"))


def _project(path: Path) -> Any:
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]


def test_it_has_the_version_of_the_project_and_needs_httpx_and_pydantic_only() -> None:
    project, client = _project(ROOT / "pyproject.toml"), _project(wheel.PROJECT)
    assert client["version"] == project["version"]
    assert {one for one in project["dependencies"] if one.startswith(("httpx", "pydantic>"))} == set(
        client["dependencies"]
    )
    assert client["requires-python"] == ">=3.10"


def test_it_has_the_client_and_what_that_imports_and_no_part_of_the_service() -> None:
    found = wheel.client_modules()
    assert {"serving.client.api", "serving.contract.response", "features.protocol.columns"} <= found
    packages = {"serving", "serving.client", "serving.contract", "features", "features.protocol", "models"}
    assert {name.rpartition(".")[0] for name in found} - {""} <= packages
    assert len(found) < 30


def test_there_is_a_python_to_test_it_with() -> None:
    assert pythons()


@pytest.mark.long
@pytest.mark.parametrize("python", pythons())
def test_it_gets_answers_in_a_bare_environment(python: str, built: Path, server: Server, tmp_path: Path) -> None:
    subprocess.run([*UV, "venv", "--quiet", "--python", python, str(tmp_path / "bare")], check=True)
    own = tmp_path / "bare" / "bin" / "python"
    install = [*UV, "pip", "install", "--quiet", "--system-certs", "--python", str(own), str(built)]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode and "client error" in installed.stderr:
        pytest.skip("no registry with httpx and pydantic can be reached")
    assert installed.returncode == 0, installed.stderr
    command = [str(own), "-I", "-c", PROGRAM, str(server.client.base_url), json.dumps(EXAMPLE)]
    asked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert asked.returncode == 0, asked.stderr
    probability, same, scales, problems, found = json.loads(asked.stdout)
    assert 0 < probability < 1
    assert (same, scales > 3, problems) == (True, True, ["as_of_day"])
    assert set(found) <= ALLOWED
    assert {"kap-outcomes-client", "httpx", "pydantic"} <= set(found)
