"""The figures of a report, drawn by other processes while this one does something else."""

from concurrent.futures.process import BrokenProcessPool
from functools import cached_property
from typing import Self

from training.evidence.document import Evidence
from training.execution.local_processes import drop
from training.execution.side_by_side import meanwhile
from training.report.figures.report_figures import ReportFigure, draw, draw_landmark, named_captions, report_figures


class PendingFigures:
    """The figures of some evidence, which are being drawn; they are those of `draw`."""

    def __init__(self, evidence: Evidence, workers: int) -> None:
        """Begin to draw on so many processes, as `meanwhile` does."""
        self._evidence = evidence
        self._named = named_captions(evidence)
        jobs = list(zip(evidence.landmarks, self._named, strict=True))
        self._drawn = meanwhile(draw_landmark, jobs, workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What is not drawn yet is not needed any more."""
        drop(self._drawn)

    @cached_property
    def figures(self) -> tuple[ReportFigure, ...]:
        """Every figure, once all are drawn; this process draws them if another one was lost."""
        try:
            return report_figures(self._evidence, self._named, list(self._drawn))
        except BrokenProcessPool:
            return draw(self._evidence)
