"""What is compiled ahead is all that is called later: nobody who asks for a prediction waits for the compiler."""

import os
import subprocess
import sys

import numpy as np
import pytest

from features.build import build_features
from features.compilation.decorator import compiled_during
from models.machine_code import build_every_kind_of_row
from serving.contract.request import PredictionRequest
from tests.cohorts import cohort_of, random_cohort, random_protocol
from tests.places import ROOT
from tests.read_only import read_only
from tests.serving.answers import answered, drawn
from tests.serving.bundles import toy_bundle

COMMAND = [sys.executable, "-m", "models.machine_code"]


@pytest.fixture(scope="module", autouse=True)
def compiled_ahead() -> None:
    build_every_kind_of_row()


@pytest.mark.parametrize("seed", range(20))
def test_no_cohort_under_any_protocol_has_something_to_compile(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    cohort = random_cohort(rng, 20, protocol)
    assert not any(compiled_during(lambda at=one: build_features(cohort, at)) for one in protocol.landmarks)  # type: ignore[misc]


def test_a_cohort_without_any_rows_has_nothing_to_compile() -> None:
    cohort = cohort_of(patients="patient_id\na")
    assert not any(compiled_during(lambda at=one: build_features(cohort, at)) for one in cohort.protocol.landmarks)  # type: ignore[misc]


@pytest.mark.parametrize("requests", [drawn(1, 0)[:1], drawn(1, 30)], ids=["one", "many"])
def test_no_request_has_something_to_compile(requests: list[PredictionRequest]) -> None:
    assert compiled_during(lambda: answered(toy_bundle(), requests)) == 0


def ask(*before: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), **more}
    return subprocess.run([*before, *COMMAND], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_second_compilation_finds_everything_beside_the_sources() -> None:
    assert ask().returncode == 0
    done = ask(XDG_CACHE_HOME="/dev/null")
    assert (done.returncode, done.stdout) == (0, "nothing to compile\n")


def test_where_the_code_can_not_be_kept_for_all_users_it_says_what_to_do() -> None:
    done = ask(*read_only(ROOT / "features"))
    assert done.returncode == 3
    assert "features/compilation" in done.stderr
    assert "can't be written; run this as its owner" in done.stderr
    assert "Traceback" not in done.stderr
