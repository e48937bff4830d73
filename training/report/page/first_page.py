"""The first page as plain sections, for a document that has no layout of its own; the HTML page has a template."""

from collections.abc import Iterator

from training.report.content.blocks import Block, Bullets, Figures, Paragraph, ReportSection
from training.report.page.page import ReportDocument


def first_page_sections(report: ReportDocument) -> Iterator[ReportSection]:
    """The questions of the first page in its order, after what every reader must see first."""
    summary, about, evidence = report.summary, report.content.about, report.content.evidence
    version = f"version {about.model_version}" if about.model_version else "not registered"
    where = f"{version}, run {about.run_id}, bundle {about.bundle_digest[:12]}, {about.written_on}"
    said = [Paragraph(where, note=True), *(Paragraph(words) for words in warnings(report))]
    cohort = f"Cohort: {evidence.cohort.source}, {evidence.cohort.patients:,} patients, {evidence.cohort.sites} sites."
    yield ReportSection(
        "predicts", "What it predicts", [*said, Paragraph(f"{summary.predicts} {report.figures_are} {cohort}")]
    )
    yield ReportSection("for-whom", "For whom it is", [Bullets(summary.for_whom)])
    yield ReportSection("not-for", "Who it is not for", [Bullets(summary.not_for)])
    figure = [Figures([summary.figure])] if summary.figure else []
    table: list[Block] = [summary.longest, Paragraph(summary.terms, note=True)] if summary.longest.rows else []
    yield ReportSection("how-well", "How good it is", [Bullets(summary.how_good), *table, *figure])
    yield ReportSection("how-sure", "How sure that is", [Bullets(summary.how_sure)])
    yield ReportSection("use", "What to do with it", [Bullets(summary.use)])
    yield ReportSection("checked", "Who checked", [Bullets(summary.checked)])


def warnings(report: ReportDocument) -> Iterator[str]:
    """What the banners of the HTML page say."""
    evidence = report.content.evidence
    if evidence.cohort.synthetic:
        yield "SYNTHETIC: a program drew this cohort. Its patients do not exist."
    elif evidence.model_synthetic:
        yield "SYNTHETIC MODEL: the development cohort is synthetic. The validation cohort is not."
    if report.summary.research_only:
        yield "RESEARCH ONLY: a winner can't be exported. This version answers for no patient and can't be promoted."
    if evidence.quick:
        yield "QUICK: parts of the evaluation were skipped."
    yield "NOT A MEDICAL DEVICE: for research only. Not cleared for the care of patients."
