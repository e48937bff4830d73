"""The report of a run: its sections in the order of a paper, and the whole as one HTML document."""

from dataclasses import dataclass

from training.evidence.document import Evidence
from training.report.content.blocks import ReportSection
from training.report.facts import ReportContent, ReportFacts
from training.report.figures.report_figures import ReportFigure, draw
from training.report.kinds import SAID
from training.report.models.sections import equation_section
from training.report.page import methods, results
from training.report.page.standards_sections import probast_section, tripod_section
from training.report.page.summary import ReportSummary, summarise
from training.report.standards.probast import assess
from training.report.standards.tripod import fill
from training.report.templating import rendered


@dataclass(frozen=True)
class ReportDocument:
    """A report before it is written as HTML or for Word: the first page, then sections."""

    content: ReportContent
    figures_are: str
    summary: ReportSummary
    sections: tuple[ReportSection, ...]


def compose_report(
    evidence: Evidence, about: ReportFacts, report_figures: tuple[ReportFigure, ...] | None = None
) -> ReportDocument:
    """The report; the same evidence and facts give the same one.

    ``report_figures`` are those of the evidence if they are already drawn, which takes nearly all of the time.
    """
    content = ReportContent(evidence, about)
    figures = draw(evidence) if report_figures is None else report_figures
    summary = summarise(content, figures)
    sections = (
        *results.update_section(content),
        methods.study_section(content),
        methods.candidates_section(content, figures),
        methods.sample_size_section(content),
        results.patients_section(content),
        *results.compared_section(content),
        *results.landmark_sections(content, figures, summary.figure),
        equation_section(evidence),
        *results.whole_model_sections(content),
        tripod_section(fill(content)),
        probast_section(assess(content)),
        methods.dictionary_section(content),
        methods.environment_section(content),
    )
    return ReportDocument(content, SAID[evidence.kind], summary, sections)


def render_report(
    evidence: Evidence, about: ReportFacts, report_figures: tuple[ReportFigure, ...] | None = None
) -> str:
    """The report as one HTML document, which makes no request and runs no script."""
    report = compose_report(evidence, about, report_figures)
    anchors = {"top", *FIRST_PAGE, *(section.anchor for section in report.sections)}
    return rendered(
        "training.report",
        "report.html",
        about=about,
        evidence=evidence,
        figures_are=report.figures_are,
        summary=report.summary,
        sections=report.sections,
        anchors=anchors,
    )


FIRST_PAGE = ("predicts", "for-whom", "not-for", "how-well", "how-sure", "use", "checked")
"""Anchors of the first page."""
