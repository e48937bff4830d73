"""The report of a run as one HTML document; the template orders its figures and tables."""

from training.evaluation.case_mix_comparison import NOTABLE
from training.evidence.document import Evidence
from training.report.facts import ReportContent, ReportFacts
from training.report.figures.report_figures import ReportFigure, draw
from training.report.kinds import SAID, choice_text
from training.report.models.baseline_views import baseline_views
from training.report.models.model_views import equation_link, model_views, reading
from training.report.page import tables
from training.report.page.question_tables import question_tables
from training.report.page.summary import summarise
from training.report.standards.probast import assess, replies
from training.report.standards.tripod import fill
from training.report.templating import rendered


def render_report(
    evidence: Evidence, about: ReportFacts, report_figures: tuple[ReportFigure, ...] | None = None
) -> str:
    """The document; the same evidence and facts give the same text. It makes no request and runs no script.

    ``report_figures`` are those of the evidence if they are already drawn, which takes nearly all of the time.
    """
    content = ReportContent(evidence, about)
    assessed = assess(content)
    landmarks = [
        (one, tables.landmark_tables(one), [(asked, question_tables(asked)) for asked in one.questions])
        for one in evidence.landmarks
    ]
    return rendered(
        "training.report",
        "report.html",
        about=about,
        evidence=evidence,
        figures_are=SAID[evidence.kind],
        choice=choice_text(evidence.kind, about.settings),
        summary=summarise(evidence),
        landmarks=landmarks,
        report_figures=draw(evidence) if report_figures is None else report_figures,
        compared=tables.compared_tables(about.case_mix),
        notable=NOTABLE,
        leakage=tables.leakage_table(evidence),
        directions=tables.directions_table(evidence),
        dictionary=tables.dictionary_table(about),
        baseline=baseline_views(evidence),
        models=model_views(evidence),
        equation_link=equation_link(evidence),
        reading=reading(evidence),
        tripod=fill(content),
        probast=assessed,
        replies=replies(assessed),
    )
