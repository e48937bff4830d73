"""The figures that other processes draw are those that this one would draw, also when a process is lost."""

import gc

import pytest

from tests.training.evidence_examples import bare_evidence, external_evidence
from training.evidence.document import Evidence
from training.execution.local_processes import kill_processes, running_executor
from training.report.figures.pending_figures import PendingFigures
from training.report.figures.report_figures import draw


@pytest.mark.slow
@pytest.mark.parametrize("evidence", [external_evidence(), bare_evidence()], ids=["external", "bare"])
@pytest.mark.parametrize("workers", [1, 2])
def test_other_processes_draw_the_same_bytes(evidence: Evidence, workers: int) -> None:
    pending = PendingFigures(evidence, workers)
    assert pending.figures == draw(evidence)
    assert pending.figures is pending.figures, "drawn once, also for a record that is written again"


@pytest.mark.slow
def test_figures_that_nobody_asks_for_are_left_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    """As when a recording is stopped."""
    with PendingFigures(external_evidence(), 2):
        pass
    gc.collect()
    assert not [one for one in recwarn if "tasks" in str(one.message)]


@pytest.mark.slow
def test_a_training_keeps_its_figures_when_a_process_is_lost_while_it_draws() -> None:
    evidence = external_evidence()
    pending = PendingFigures(evidence, 2)
    assert running_executor() is not None
    kill_processes()
    assert pending.figures == draw(evidence)
