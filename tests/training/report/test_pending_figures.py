"""The figures that other processes draw are those that this one would draw, also when a process is lost."""

import gc
from collections.abc import Iterator

import matplotlib as mpl
import pytest

from tests.training.evidence_examples import bare_evidence, external_evidence
from training.evidence.document import Evidence
from training.execution import side_by_side
from training.execution.local_processes import kill_processes, running_executor
from training.report.figures.pending_figures import PendingFigures, pending_figures
from training.report.figures.report_figures import draw, named_captions


@pytest.mark.slow
@pytest.mark.parametrize("evidence", [external_evidence(), bare_evidence()], ids=["external", "bare"])
@pytest.mark.parametrize("workers", [1, 2])
def test_other_processes_draw_the_same_bytes(evidence: Evidence, workers: int) -> None:
    with pending_figures(evidence, workers) as pending:
        assert pending.figures == draw(evidence)
    assert pending.figures == draw(evidence), "also for a record that is written again"


def test_figures_do_not_take_the_style_that_somebody_set_for_others() -> None:
    """The processes that draw do not have it."""
    before = draw(external_evidence())
    with mpl.rc_context({"axes.facecolor": "black", "lines.linewidth": 9}):
        assert draw(external_evidence()) == before


@pytest.mark.slow
def test_figures_that_nobody_asks_for_are_left_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    """As when a recording is stopped."""
    with pending_figures(external_evidence(), 2):
        pass
    gc.collect()
    assert not [one for one in recwarn if "tasks" in str(one.message)]


@pytest.mark.slow
def test_a_training_keeps_its_figures_when_a_process_is_lost_while_it_draws() -> None:
    evidence = external_evidence()
    with pending_figures(evidence, 2) as pending:
        assert running_executor() is not None
        kill_processes()
        assert pending.figures == draw(evidence)


def test_a_training_keeps_its_figures_when_results_can_not_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the disk is full, when no process can be started, and when the record is written again elsewhere."""
    evidence = bare_evidence()
    pending = PendingFigures(evidence, named_captions(evidence), _full_disk())
    assert pending.figures == draw(evidence)
    monkeypatch.setattr(side_by_side, "begun", _no_process)
    with pending_figures(evidence, 2) as pending:
        assert pending.figures == draw(evidence)
    with pending_figures(evidence, 1) as pending:
        pass
    assert pending.figures == draw(evidence)


def _full_disk() -> Iterator[list[str]]:
    yield []
    raise OSError(28, "No space left on device")


def _no_process(*_: object) -> None:
    raise OSError(11, "Resource temporarily unavailable")
