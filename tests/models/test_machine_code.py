"""What is compiled ahead is all that is called later: nobody who asks for a prediction waits for the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.build import build_features
from features.compilation.decorator import CompiledFunction
from models.machine_code import call_every_function
from serving.contract.request import PredictionRequest
from serving.prediction.predictor import Predictor
from tests.cohorts import cohort_of, random_cohort, random_protocol
from tests.places import ROOT
from tests.read_only import read_only
from tests.serving.answers import drawn
from tests.serving.bundles import toy_bundle
from tests.serving.requests import changed, read

LATE = changed(("sessions", 0, "day"), 9, changed(("assessments", 1, "day"), 0))
"""A record that is refused once it is read."""
COMMAND = [sys.executable, "-m", "models.machine_code"]


@pytest.fixture(scope="module", autouse=True)
def compiled_ahead() -> None:
    call_every_function()


def compiled_functions() -> set[tuple[str, str]]:
    """Every compiled function in use, by its name and the types of its arguments, wherever its code came from."""
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith(("features.", "models."))]
    functions = {value for module in modules for value in module.values() if isinstance(value, CompiledFunction)}
    found = {(one.__qualname__, str(types)) for one in functions for types in one.dispatcher().overloads}
    assert found
    return found


@pytest.mark.parametrize("seed", range(20))
def test_no_cohort_under_any_protocol_has_something_to_compile(seed: int) -> None:
    before = compiled_functions()
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    cohort = random_cohort(rng, 20, protocol)
    for landmark in protocol.landmarks:
        build_features(cohort, landmark)
    assert compiled_functions() == before


def test_a_cohort_without_any_rows_has_nothing_to_compile() -> None:
    before = compiled_functions()
    cohort = cohort_of(patients="patient_id\na")
    build_features(cohort, cohort.protocol.landmarks[0])
    assert compiled_functions() == before


@pytest.mark.parametrize("requests", [drawn(1, 0)[:1], [*drawn(1, 30), read(LATE)]], ids=["one", "many"])
def test_no_request_has_something_to_compile_not_even_one_that_is_refused(requests: list[PredictionRequest]) -> None:
    before = compiled_functions()
    Predictor(toy_bundle(), "3").answer_many(requests, [str(place) for place in range(len(requests))], in_full=True)
    assert compiled_functions() == before


def ask(*before: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), **more}
    return subprocess.run([*before, *COMMAND], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_second_run_finds_everything_beside_the_sources() -> None:
    assert ask().returncode == 0
    done = ask(XDG_CACHE_HOME="/dev/null")
    assert (done.returncode, done.stdout) == (0, "nothing to compile\n")


def test_where_the_code_can_not_be_kept_for_all_users_it_says_what_to_do() -> None:
    done = ask(*read_only(ROOT / "features"))
    assert done.returncode == 3
    assert "features/compilation" in done.stderr
    assert "can't be written; run this as its owner" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_writing_fails_it_does_not_say_that_the_code_is_kept(tmp_path: Path) -> None:
    """As on a full disk. Other settings of the compiler have nothing kept yet."""
    nothing_can_be_written = ("bash", "-c", 'ulimit -f 0; exec "$@"', "bash")
    done = ask(*nothing_can_be_written, NUMBA_OPT="0", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 3
    assert "machine code can't be kept: writing to" in done.stderr
    assert "Traceback" not in done.stderr
