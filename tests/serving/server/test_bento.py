"""The Bento that `make bento` builds: what is in it, how its image would run, and that it answers on its own."""

import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving.certificates import make_certificate
from tests.serving.requests import EXAMPLE
from tests.serving.server.bento import container_file, image_context, image_environment, make_bento, setup_script
from tests.serving.server.test_fhir import EXAMPLE as FHIR_EXAMPLE
from tests.serving.servers import ROOT, Server, environment_in, promote_toy, running

BENTOML = Path(sys.executable).with_name("bentoml")
BARE = Path(__file__).parents[1] / "bare"
LOCK = ROOT / "requirements-serving.lock"
MARKERS = {"KAP_LOG_PASSWORD": "XPASSWORDX", "KAP_STATE": "/XSTATEX"}


@dataclass(frozen=True)
class BuiltBento:
    """A built Bento: the folder of its store, the output of `make bento`, and the content of its image."""

    folder: Path
    said: str
    context: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltBento:
    """Built with a password in the environment, from a store where two versions were promoted."""
    folder = tmp_path_factory.mktemp("built")
    environment = environment_in(folder)
    promote_toy(environment, "3")
    promote_toy(environment, "4")
    made = make_bento(environment | MARKERS)
    assert made.returncode == 0, made.stderr
    return BuiltBento(folder, made.stdout, image_context(environment, folder / "context"))


def bare_environment(built: BuiltBento, path: str) -> dict[str, str]:
    """Where nothing but what the Bento and its lock hold can be imported, and nothing compiled is left behind."""
    environment = environment_in(built.folder, KAP_TEST_LOCK=str(LOCK), PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}


@pytest.fixture(scope="module")
def served(built: BuiltBento) -> Iterator[Server]:
    """The built Bento over TLS, in a process that can import nothing but what the Bento and its lock hold."""
    pair = make_certificate(built.folder / "certificate")
    environment = bare_environment(built, str(BARE)) | pair.settings()
    command = (str(BENTOML), "serve", "kap-outcomes:latest")
    trusting = ssl.create_default_context(cafile=str(pair.certificate))
    with running(
        built.folder,
        environment=environment,
        command=command,
        scheme="https",
        verify=trusting,
        headers={"Connection": "close"},
    ) as server:
        yield server


def test_the_built_bento_answers_without_anything_else(served: Server) -> None:
    answer = served.client.post("/v1/predict", json=EXAMPLE)
    assert answer.json()["outcome"] == "predicted"
    assert answer.headers["strict-transport-security"]
    assert served.client.get("/readyz").json()["model_version"] == "4"
    assert "kap_answers_total" in served.client.get("/metrics").text


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_built_bento_has_what_pages_cards_and_fhir_need(served: Server, language: str) -> None:
    page = served.client.post("/decide", json=EXAMPLE, headers={"Accept": "text/html", "Accept-Language": language})
    assert (page.status_code, f'<html lang="{language}">' in page.text) == (201, True)
    assert len(served.client.get("/cds-services").json()["services"]) == 2
    assert served.client.get("/fhir/metadata").json()["resourceType"] == "CapabilityStatement"
    assert served.client.post("/fhir/$predict", json=FHIR_EXAMPLE).json()["resourceType"] == "Bundle"


def bare(built: BuiltBento, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the Bento's source folder, where nothing but what the Bento and its lock hold can be imported."""
    source = built.context / "src"
    environment = bare_environment(built, f"{BARE}:{source}")
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, cwd=source, capture_output=True, text=True, check=False)


def test_no_module_of_the_bento_needs_more(built: BuiltBento) -> None:
    source = built.context / "src"
    modules = [".".join(path.relative_to(source).with_suffix("").parts) for path in source.rglob("*.py")]
    modules.remove("serving.log.migrations.env")  # Alembic alone can run it
    assert len(modules) > 40
    done = bare(built, "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)", *modules)
    assert done.returncode == 0, done.stderr


def test_a_head_of_trees_needs_no_more_either(built: BuiltBento) -> None:
    """XGBoost uses pandas and scikit-learn if they are installed, and must work without them."""
    script = """
import numpy as np, xgboost
from models.score import Trees
rows = np.random.default_rng(1).normal(size=(50, 2))
trees = xgboost.train({"max_depth": 2}, xgboost.DMatrix(rows, rows[:, 0]), 3)
start, added = Trees(bytes(trees.save_raw()), 2).explain(rows)
assert np.ptp(start + added.sum(axis=1)) > 0.5
"""
    done = bare(built, script)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["mlflow", "matplotlib", "pandas", "sklearn", "pytest", "training", "tests"])
def test_what_the_bento_must_not_need_is_really_kept_from_it(built: BuiltBento, module: str) -> None:
    assert "ModuleNotFoundError" in bare(built, f"import {module}").stderr


def test_it_holds_what_answers_and_nothing_else(built: BuiltBento) -> None:
    files = [path.relative_to(built.context / "src") for path in (built.context / "src").rglob("*") if path.is_file()]
    assert {path.parts[0] for path in files} == {"features", "models", "serving", "LICENSE", "bentofile.yaml"}
    others = {path.name for path in files if len(path.parts) > 1 and path.suffix != ".py"}
    page = ROOT / "serving" / "decision"
    of_page = {path.name for name in ("static", "templates", "texts") for path in (page / name).iterdir()}
    assert others == {"answer_texts_1.json", "terminology.toml", *of_page}
    assert Path("models/fitting/learners.py") not in files


def test_it_holds_the_model_that_was_promoted_last_and_no_other(built: BuiltBento) -> None:
    (label,) = (built.context / "models/kap-outcomes").glob("*/model.yaml")
    assert "mlflow_version: '4'" in label.read_text(encoding="utf-8")
    assert label.parent.name in (built.context / "bento.yaml").read_text(encoding="utf-8")


def test_its_dependencies_are_those_of_the_lock(built: BuiltBento) -> None:
    """BentoML adds its own version once more; uv checks the hashes that are there."""
    wanted = (built.context / "env/python/requirements.txt").read_text(encoding="utf-8")
    pins, hashes = re.compile(r"(?m)^[\w.-]+==[\w.]+"), re.compile(r"sha256:\w+")
    assert set(pins.findall(wanted)) == set(pins.findall(LOCK.read_text(encoding="utf-8")))
    assert set(hashes.findall(wanted)) == set(hashes.findall(LOCK.read_text(encoding="utf-8")))
    assert "://" not in wanted


def test_its_image_does_not_run_as_root(built: BuiltBento) -> None:
    written = container_file(built.context)
    assert re.findall(r"(?m)^USER (\S+)", written) == ["bentoml"]
    assert re.search(r"(?m)^ARG BENTO_USER_UID=([1-9]\d*)$", written)
    assert written.index("USER bentoml") > written.rindex("\nRUN ")


def test_its_image_compiles_while_it_is_built(built: BuiltBento) -> None:
    """As root, with the packages and the sources there: on a read-only root nobody can keep machine code."""
    written = container_file(built.context)
    steps = [
        "COPY --chown=bentoml:bentoml ./src/features ./src/features",
        "COPY --chown=bentoml:bentoml ./src/models ./src/models",
        "pip install -r",
        setup_script(built.context).name,
        "USER bentoml",
    ]
    assert [written.count(step) for step in steps] == [1, 1, 1, 2, 1]  # the script is made executable and run
    assert sorted(steps, key=written.index) == steps
    assert setup_script(built.context).read_bytes() == (ROOT / "serving/server/setup_image.sh").read_bytes()
    assert written.count("apt-get install") == 1


def test_its_image_keeps_nothing_of_its_builder(built: BuiltBento) -> None:
    """No variables except those declared, and no password, path or person's name in any of its files."""
    environment = image_environment(built.context)
    assert {name for name in environment if name.startswith("KAP_")} == {"KAP_STATE"}
    assert environment["KAP_STATE"] == "/var/lib/kap"
    assert environment["BENTOML_DO_NOT_TRACK"] == "True"
    for path in built.context.rglob("*"):
        written = path.read_bytes() if path.is_file() else b""
        assert not [one for one in (*MARKERS.values(), str(ROOT), str(built.folder)) if one.encode() in written]


def test_it_is_built_with_its_commit_and_said_how_to_go_on(built: BuiltBento) -> None:
    assert re.search(r"built kap-outcomes:\w+; make the image with: bentoml containerize kap-outcomes:\w+", built.said)
    assert re.search(r"(?m)^  commit: \S+$", (built.context / "bento.yaml").read_text(encoding="utf-8"))


def test_without_a_promoted_model_nothing_is_built(tmp_path: Path) -> None:
    made = make_bento(environment_in(tmp_path))
    assert made.returncode != 0
    assert "a promoted model in BentoML's model store is required" in made.stderr
    assert not list((tmp_path / "bentoml/bentos").iterdir())
