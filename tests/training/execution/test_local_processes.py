"""What runs side by side is the code that this process would run, also in processes that an earlier use has left."""

import importlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT
from training.execution import side_by_side
from training.execution.local_processes import end_processes, local_results, running_executor


def _named_in(module: str) -> str:
    return str(importlib.import_module(module).NAME)


@pytest.mark.slow
def test_processes_of_an_earlier_use_find_what_this_one_finds_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(local_results(len, [([0] * n,) for n in range(4)], 2)) == [0, 1, 2, 3]
    (tmp_path / "come_later.py").write_text('NAME = "found"\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert set(local_results(_named_in, [("come_later",)] * 4, 2)) == {"found"}


@pytest.mark.slow
def test_they_are_kept_until_they_are_ended() -> None:
    list(local_results(len, [("",)] * 2, 2))
    before = running_executor()
    list(local_results(len, [("",)] * 2, 2))
    assert running_executor() is before
    end_processes()
    list(local_results(len, [("",)] * 2, 2))
    assert running_executor() is not before


def _has_imported(module: str) -> bool:
    time.sleep(0.2)  # so that every process gets a job
    return module in sys.modules


IMPORTING = """
import sys

sys.path.insert(0, {root!r})
from tests.training.execution.test_local_processes import _has_imported
from training.execution import side_by_side

if __name__ == "__main__":
    with side_by_side.importing(2, {module!r}):
        {meanwhile}
    print(sorted(side_by_side.side_by_side(_has_imported, [({module!r},)] * 4, 2)))
"""


def _importing(module: str, meanwhile: str) -> "subprocess.CompletedProcess[str]":
    script = IMPORTING.format(root=str(ROOT), module=module, meanwhile=meanwhile)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize(("module", "found"), [("training.experiment.evidence", True), ("no_such_module", False)])
def test_processes_import_meanwhile_what_jobs_need_and_say_nothing(module: str, found: bool) -> None:
    done = _importing(module, "pass")
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", str([found] * 4))


@pytest.mark.slow
def test_what_is_refused_meanwhile_ends_at_once_and_says_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processes would import for a minute."""
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    begun = time.monotonic()
    done = _importing("slow_module", "sys.exit('refused')")
    assert (done.returncode, done.stderr.strip(), done.stdout) == (1, "refused", "")
    assert time.monotonic() - begun < 30


ITERATED = """
import sys, time

sys.path.insert(0, {root!r})
from training.execution.side_by_side import side_by_side

def jobs():
    for number in range(16):
        if number == 5:
            sys.path.append("/imported/meanwhile")
        yield (number,)

def slowly(number):
    time.sleep(0.1)
    return number

if __name__ == "__main__":
    print(sum(side_by_side(slowly, jobs(), 2)))
"""


@pytest.mark.slow
def test_a_job_that_is_read_may_change_where_modules_are_found(tmp_path: Path) -> None:
    """As a driver does that is imported for the first part of a cohort: the processes would wait for each other."""
    (tmp_path / "script.py").write_text(ITERATED.format(root=str(ROOT)))
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "120"), done.stderr


def test_nothing_begins_for_one_process_or_on_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(side_by_side, "begun", refuse)
    jobs = [("",), ("ab",)]
    with side_by_side.importing(1, "wave"), side_by_side.meanwhile(len, jobs, 1) as results:
        assert list(results) == [0, 2]
    with (
        side_by_side.running_on(_NoEngine()),
        side_by_side.importing(2, "wave"),
        side_by_side.meanwhile(len, jobs, 2) as results,
    ):
        assert list(results) == [0, 2]


class _NoEngine:
    """An engine that nobody may ask."""

    description = "none"

    def results(self, function: object, jobs: object) -> Iterator[object]:
        raise AssertionError("the cluster was asked")


SCRIPT = """
import importlib, sys
from pathlib import Path

sys.path.insert(0, {root!r})
from training import read_cohort, train

OWN = '''
import numpy as np
from sklearn.linear_model import LogisticRegression

class Ranked(LogisticRegression):
    def fit(self, rows, outcome, sample_weight=None):
        return super().fit(np.nan_to_num(np.asarray(rows, dtype=float)), outcome, sample_weight)

    def predict_proba(self, rows):
        return super().predict_proba(np.nan_to_num(np.asarray(rows, dtype=float)))[:, ::SIGN]
'''

def auc(sign):
    Path("edited.py").write_text(OWN.replace("SIGN", sign))
    importlib.invalidate_caches()
    if "edited" in sys.modules:
        importlib.reload(sys.modules["edited"])
    settings = {{"training": {{"draws": 20, "folds": 3}}}}
    trained = train(read_cohort("cohort"), settings=settings, candidates=["no_model", "edited:Ranked"],
                    quick=True, workers=2, record=False)
    frame = trained.summary()
    return float(frame.loc[frame["candidate"] == "edited:Ranked", "auc"].iloc[0])

if __name__ == "__main__":
    one, other = auc("+1"), auc("-1")
    print(one, other)
    assert abs(one + other - 1) < 0.05 and abs(one - 0.5) > 0.05, (one, other)
"""


@pytest.mark.long
def test_a_candidate_that_was_edited_between_two_trainings_is_the_edited_one(simulated: Path, tmp_path: Path) -> None:
    """As in a notebook: the processes of the first training would still have the candidate as it was."""
    (tmp_path / "cohort").symlink_to(simulated)
    (tmp_path / "script.py").write_text(SCRIPT.format(root=str(ROOT)))
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
