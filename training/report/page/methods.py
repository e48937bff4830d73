"""The methods and the appendix of a report as sections: study, outcome rules, candidates, features, environment."""

from collections.abc import Iterable, Mapping

from training.report.content.blocks import (
    Bullets,
    Checklist,
    ChecklistEntry,
    Figures,
    FoldedBlocks,
    Paragraph,
    ReportSection,
    with_content,
)
from training.report.facts import ReportContent
from training.report.figures.model_figures import CANDIDATES_PART
from training.report.figures.report_figures import ReportFigure
from training.report.kinds import choice_text, selection_level
from training.report.page import tables
from training.report.page.candidates import candidate_notes
from training.report.templating import Table


def study_section(content: ReportContent) -> ReportSection:
    """What the study is about, and its outcome rules."""
    about, evidence = content.about, content.evidence
    rows = list(vars(about.study).items())
    return ReportSection(
        "definitions",
        "Study and outcome rules",
        [
            Table("Study", ("what", "by the protocol"), rows, "prose"),
            _mapping("Outcomes", about.outcomes),
            Paragraph(f"Protocol {evidence.protocol}, digest {evidence.protocol_digest}.", note=True),
        ],
    )


def candidates_section(content: ReportContent, report_figures: Iterable[ReportFigure]) -> ReportSection:
    """How the model came about: the rule, the differences of losses, and on a screen all numbers behind them."""
    evidence = content.evidence
    compared = [figure for figure in report_figures if figure.part == CANDIDATES_PART]
    table = tables.candidates_table(evidence, selection_level(content.about.settings))
    in_full = [FoldedBlocks("In full: candidates", [table], printed=False)] if table.rows else [table]
    rule = Paragraph(choice_text(evidence.kind, content.about.settings))
    blocks = with_content([rule, Bullets(list(candidate_notes(evidence))), Figures(compared), *in_full])
    return ReportSection("candidates", "Candidates and choice", blocks)


def sample_size_section(content: ReportContent) -> ReportSection:
    """Whether there are enough patients."""
    return ReportSection("sample-size", "Sample size", with_content([tables.sample_size_table(content.evidence)]))


def dictionary_section(content: ReportContent) -> ReportSection:
    """Every feature: unit and range, meaning, signs expected, and the source of the idea."""
    entries = [
        ChecklistEntry(
            row.name, f"({row.unit}, {row.range})", "", f"{row.meaning} Expected: {row.expected}. {row.source}"
        )
        for row in content.about.features
    ]
    lists = [FoldedBlocks("Feature dictionary", [Checklist("All features", entries)])] if entries else []
    nothing = [] if entries else [Paragraph("No feature dictionary was given.", note=True)]
    return ReportSection("dictionary", "Feature dictionary", [*lists, *nothing])


def environment_section(content: ReportContent) -> ReportSection:
    """Where the figures come from: run, settings, code."""
    about, evidence = content.about, content.evidence
    run = {
        "run": about.run_id,
        "model version": about.model_version or "not registered",
        "bundle": about.bundle_digest,
        "cohort": evidence.cohort.source,
        "cohort digest": evidence.cohort.digest,
        "held out": evidence.folds,
        "intervals": f"{evidence.resampled}, {evidence.draws:,} draws",
        "seed": str(about.seed),
        "study.toml": _study_file(content),
    }
    settings = [_mapping("Settings", about.settings), _mapping("Environment", about.provenance)]
    folded = FoldedBlocks("Settings and environment", with_content(settings))
    return ReportSection("environment", "Run, settings and environment", [_mapping("Run", run), folded])


def _study_file(content: ReportContent) -> str:
    answers = content.about.answers
    if answers.digest is None:
        return "none"
    return f"digest {answers.digest}" + (
        ", given for this report and not recorded with the training"
        if answers.later
        else ", recorded with the training"
    )


def _mapping(caption: str, values: Mapping[str, str]) -> Table:
    return Table(caption, ("name", "value"), list(values.items()), "prose")
