"""What version 0.4.0 wrote is still read: a bundle, a prediction log, the registry's decisions, and its MLflow model.

`version_0_4_0` holds what that version made: the bundle of trees of `tests.serving.bundles`; the log of a service that
answered three requests under one key, after one patient was erased (as SQL; the secret is the one of
`tests.serving.logs`); the tags of its registered model after a promotion by an override; and the code of its MLflow
model, which imports modules by the names they had then. No later version writes these files anew.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.catalogue import catalogue
from models import bundle as bundles
from models.bundle import BundleRefusedError, load_bundle
from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.log.upgrade import upgrade
from serving.storage.keys import list_keys
from tests.places import ROOT
from tests.serving.logs import SECRET, log_in
from training.registry.decisions import Head, read_decisions, verify_chain
from training.tracking.pyfunc import OutcomePredictions

EARLIER = ROOT / "tests" / "version_0_4_0"
CODE = EARLIER / "pyfunc_model.py"
REMEDY = "train again with this version, or answer with the version that made the bundle"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    with tarfile.open(EARLIER / "bundle.tar.xz") as packed:
        packed.extractall(tmp_path / "bundle", filter="data")
    return tmp_path / "bundle"


def test_a_bundle_gives_the_answers_it_was_saved_with(bundle: Path) -> None:
    """Its reference inputs are asked when it is loaded; an answer that differs would refuse it."""
    assert [model.can_answer for model in load_bundle(bundle).models] == [True] * 3


@pytest.mark.parametrize(("name", "value"), [("FORMAT", 4), ("fingerprint", lambda _: "another")])
def test_a_bundle_of_another_format_or_catalogue_is_refused_saying_what_to_do(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(bundles, name, value)
    with pytest.raises(BundleRefusedError, match=REMEDY):
        load_bundle(bundle)


def test_an_upgraded_log_is_whole_and_its_keys_hold(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "predictions.db")) as made:
        made.executescript((EARLIER / "predictions.sql").read_text(encoding="utf-8"))
    log = log_in(tmp_path)
    try:
        assert upgrade(log, SECRET) == 4
        checked = check_log(log, SECRET)
        assert (checked.predictions, checked.erased, checked.erasures) == (3, 1, 1)
        assert checked.findings == ()
        assert [key.name for key in list_keys(log)] == ["ward 3"]
        held = [entry.answer for entry in read_entries(log, SECRET) if entry.answer is not None]
        answers = [json.loads(answer)["outcome"] for answer in held]
        assert answers == ["predicted", "not_predictable"]
    finally:
        log.dispose()


def test_the_chain_of_decisions_holds() -> None:
    kept = json.loads((EARLIER / "registered_model.json").read_text(encoding="utf-8"))
    head = Head("version 1", "1", kept["decision_head"], latest=True)
    assert verify_chain(kept["tags"], kept["champion"], [head]) == []
    (decision,) = read_decisions(kept["tags"])
    assert (decision.action, decision.by, decision.version) == ("override", "A Tester", "1")
    assert len(decision.checks) == 23


def rows_for(bundle: Path, patients: int = 40) -> pd.DataFrame:
    protocol = load_bundle(bundle).protocol
    names = [feature.name for feature in catalogue(protocol)]
    rows = np.random.default_rng(5).normal(1, 1, (patients, len(names)))
    return pd.DataFrame(rows, columns=names).assign(landmark=protocol.landmarks[0].name)


def test_an_mlflow_model_answers_also_where_this_project_was_imported_before_its_own_code(
    bundle: Path, tmp_path: Path
) -> None:
    """MLflow then takes the modules that are there; by their names of then they must be found."""
    mlflow.pyfunc.save_model(str(tmp_path / "model"), python_model=str(CODE), artifacts={"bundle": str(bundle)})
    now = OutcomePredictions()
    now.load_context(SimpleNamespace(artifacts={"bundle": str(bundle)}))
    rows = rows_for(bundle)
    answers = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(rows)
    pd.testing.assert_frame_equal(answers, now.predict(None, rows))
    assert answers["remission"].notna().any()


FRESH = """
import sys, mlflow
mlflow.pyfunc.load_model(sys.argv[1])
import features
print(features.__file__)
"""


@pytest.mark.parametrize("within", [True, False], ids=["within the project", "elsewhere"])
def test_in_a_process_of_its_own_an_mlflow_model_runs_its_own_code(bundle: Path, tmp_path: Path, within: bool) -> None:
    """Its `features` and `models` are those recorded with it, also where this project is installed or lies beside."""
    code = [str(shutil.copytree(ROOT / name, tmp_path / name)) for name in ("features", "models")]
    model = tmp_path / "model"
    mlflow.pyfunc.save_model(str(model), python_model=str(CODE), artifacts={"bundle": str(bundle)}, code_paths=code)
    words = [sys.executable, "-c", FRESH, str(model)]
    cwd = ROOT if within else tmp_path / "bundle"
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(model / "code")
