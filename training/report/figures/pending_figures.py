"""The figures of a report, drawn by other processes while this one does something else."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from training.evidence.document import Evidence
from training.execution.side_by_side import meanwhile
from training.report.figures.report_figures import (
    NamedCaption,
    ReportFigure,
    draw,
    draw_landmark,
    named_captions,
    report_figures,
)


class PendingFigures:
    """The figures of some evidence, which are being drawn; they are those of `draw`."""

    def __init__(self, evidence: Evidence, named: list[list[NamedCaption]], drawn: Iterator[list[str]]) -> None:
        """``drawn`` gives what `draw_landmark` does for each landmark."""
        self._evidence = evidence
        self._named = named
        self._drawn = drawn

    @cached_property
    def figures(self) -> tuple[ReportFigure, ...]:
        """Every figure, once all are drawn; this process draws them if others failed."""
        try:
            return report_figures(self._named, list(self._drawn))
        except Exception:  # noqa: BLE001 - an error of a figure itself comes again; any other must not cost a training
            return draw(self._evidence)


@contextmanager
def pending_figures(evidence: Evidence, workers: int) -> Iterator[PendingFigures]:
    """The figures, which so many processes draw while the block does something else, as `meanwhile` says."""
    named = named_captions(evidence)
    jobs = [(landmark, [one.caption for one in own]) for landmark, own in zip(evidence.landmarks, named, strict=True)]
    with meanwhile(draw_landmark, jobs, workers) as drawn:
        yield PendingFigures(evidence, named, drawn)
