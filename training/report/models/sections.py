"""What describes patients and models as blocks of the report: Table 1, each model in full, and the equation."""

from collections.abc import Iterator, Sequence

from training.evidence.document import Evidence, LandmarkEvidence
from training.report.content.blocks import (
    Block,
    Bullets,
    Download,
    Figures,
    FoldedBlocks,
    Paragraph,
    ReportSection,
)
from training.report.figures.report_figures import ReportFigure
from training.report.models.baseline_views import baseline_views
from training.report.models.equation import EQUATION
from training.report.models.model_views import HeadView, equation_link, head_views, reading

READING_TABLE_1 = (
    'Counts are rounded to 5. "few": suppressed, because a figure would show one to nine patients, here or by '
    "subtraction. In brackets: patients without a value. A standardised difference is the first group minus the "
    "second, in pooled standard deviations."
)
STEPS = (
    (
        "Each term: clip the value to its range, subtract the centre, multiply by the weight. A missing value adds the "
        "weight for missing values instead. Add up the terms: s."
    ),
    "Remission: p = 1 / (1 + exp(-(intercept + s))).",
    (
        "Relapse in a week, for each week, with the intercept of its band: h = 1 / (1 + exp(-(intercept + s))). A "
        "competing event in a week without relapse: c, the competing hazard of the band; with competing terms, whose "
        "sum is z: c exp(z) / (1 - c + c exp(z))."
    ),
    (
        "From free = 1 and relapsed = 0, week by week: relapsed grows by free h; then free becomes free (1 - h) "
        "(1 - c). For k days of a week: the new free is free ((1 - h) (1 - c))^(k/7), and relapsed grows by the loss "
        "of free times h / (1 - (1 - h) (1 - c))."
    ),
    "Sustained remission: p times free.",
)
"""One patient by hand."""


def baseline_blocks(evidence: Evidence) -> list[Block]:
    """Table 1 and how to read it; a sentence where the evidence has none, as that of earlier versions."""
    views = baseline_views(evidence)
    if not views:
        return [Paragraph("Table 1: not part of this evidence.", note=True)]
    said = [READING_TABLE_1, *(found.note for found in evidence.baseline if found.note)]
    return [*views, Paragraph(" ".join(dict.fromkeys(said)), note=True)]


def models_section(landmark: LandmarkEvidence, position: int, mine: Sequence[ReportFigure]) -> Iterator[ReportSection]:
    """The models of a landmark in full, below its section; nothing where no head was fitted or updated here."""
    blocks = [block for view in head_views(landmark) for block in _of_head(view, mine)]
    if blocks:
        yield ReportSection(f"models-{position + 1}", f"Models in full: {landmark.name}", blocks, level=3)


def _of_head(view: HeadView, mine: Sequence[ReportFigure]) -> Iterator[Block]:
    """Sentences, intercepts and figures; a screen also shows every number in full, with one patient by hand."""
    figures = [figure for figure in mine if figure.part == view.head]
    wide = [figure for figure in figures if figure.is_wide]
    narrow = [figure for figure in figures if not figure.is_wide]
    yield Paragraph(f"{view.head.capitalize()}. {' '.join(view.sentences)}")
    if view.intercepts:
        yield view.intercepts
    yield from (Figures(shown) for shown in (wide, narrow) if shown)
    if view.example:
        title = f"In full: all numbers of {view.head}, and one made-up patient computed by hand (medians)"
        yield FoldedBlocks(title, [view.example, Paragraph(view.example_text)], printed=False)


def equation_section(evidence: Evidence) -> ReportSection:
    """How coefficients are read, and one patient by hand; a sentence where nobody can compute one from this report."""
    blocks: list[Block] = [Paragraph(sentence) for sentence in reading(evidence)]
    address = equation_link(evidence)
    if address:
        after = (
            ", with all its digits; the run also has it as equation.xlsx, a workbook with live formulas. "
            "For one patient:"
        )
        blocks.append(Download("Each number that a prediction needs is in", EQUATION, after, address))
        blocks.append(Bullets(STEPS, numbered=True))
    elif evidence.kind == "external":
        blocks.append(Paragraph("The models in full stand in the report of the training or update that made them."))
    else:
        blocks.append(Paragraph("No model of this report is a sum of terms, so that none can be computed by hand."))
    return ReportSection("equation", "How to read a model, and one patient by hand", blocks)
