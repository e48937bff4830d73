"""The results of a report as sections: the patients, each landmark, and what is about the model as a whole."""

from collections.abc import Iterable, Iterator, Sequence

from training.evaluation.case_mix_comparison import NOTABLE
from training.evidence.document import LandmarkEvidence
from training.report.content.blocks import Block, Bullets, Figures, FoldedBlocks, Paragraph, ReportSection, with_content
from training.report.facts import ReportContent
from training.report.figures.report_figures import ReportFigure
from training.report.models.sections import baseline_blocks, models_section
from training.report.page import tables
from training.report.page.landmark_tables import (
    groups_by_question,
    measures_by_question,
    sensitivities,
    sites_by_question,
)
from training.report.page.question_tables import is_fitted, longest, question_tables, questions_table
from training.report.templating import Table
from training.report.wording import count, in_a_sentence, patients

_PRINTED = ("calibration", "decision")
"""Kinds of figures that are printed for the longest horizon of each head; forests repeat a table's numbers."""


def patients_section(content: ReportContent) -> ReportSection:
    """Who was analysed: Table 1, and what nobody has."""
    unknown = {
        landmark.name: [row.name for row in landmark.case_mix if not row.recorded]
        for landmark in content.evidence.landmarks
    }
    notes = [
        Paragraph(f"Features that are missing for all patients {landmark}: {in_a_sentence(names)}.", note=True)
        for landmark, names in unknown.items()
        if names
    ]
    return ReportSection("patients", "Patients at baseline (Table 1)", [*baseline_blocks(content.evidence), *notes])


def landmark_sections(
    content: ReportContent, report_figures: Iterable[ReportFigure], first_page: ReportFigure | None
) -> Iterator[ReportSection]:
    """A section per landmark, and below it its models in full; the figure of the first page stands only there."""
    shown = [figure for figure in report_figures if figure is not first_page]
    for position, landmark in enumerate(content.evidence.landmarks):
        of_landmark = [figure for figure in shown if figure.landmark == position]
        mine = [figure for figure in of_landmark if not figure.part]
        elsewhere = first_page is not None and first_page.landmark == position
        blocks = with_content([*_overview(landmark, mine), *_by_question(landmark, mine, on_first_page=elsewhere)])
        yield ReportSection(f"landmark-{position + 1}", landmark.name, blocks)
        yield from models_section(landmark, position, of_landmark)


def _overview(landmark: LandmarkEvidence, mine: list[ReportFigure]) -> list[Block]:
    return [
        Figures(_of_kind(mine, "flow", "outcomes")),
        questions_table(landmark),
        tables.heads_table(landmark),
        tables.gains_table(landmark),
    ]


def _by_question(landmark: LandmarkEvidence, mine: list[ReportFigure], *, on_first_page: bool) -> Iterator[Block]:
    main = [landmark.questions.index(question) for question in longest(landmark) if is_fitted(landmark, question)]
    printed = [one for one in _of_kind(mine, *_PRINTED) if one.question in main]
    alike = [question.name for question in landmark.questions if not is_fitted(landmark, question)]
    if alike:
        yield Paragraph(f"Every patient gets the average risk, so that no curve is shown: {in_a_sentence(alike)}.")
    elif not printed and not on_first_page:
        yield Paragraph("No figure: too few outcomes were observed.", note=True)
    yield Figures(printed)
    yield measures_by_question(landmark)
    yield from folded_tables(sites_by_question(landmark), groups_by_question(landmark), sensitivities(landmark))
    fitted = [head.head for head in landmark.heads if head.winner not in (None, "no_model")]
    curves = [one for one in _of_kind(mine, "learning") if one.caption.title.startswith(_learning_titles(fitted))]
    late = [*_of_kind(mine, "incidence"), *curves]
    yield Figures(late)
    yield from _in_full(landmark, [one for one in mine if one not in (*printed, *late)])


def _learning_titles(heads: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"Learning curve: {head}" for head in heads)


def folded_tables(*found: Table) -> Iterator[Block]:
    """Each table behind its caption on a screen; an empty one is left for `with_content`."""
    return (FoldedBlocks(table.caption, [table]) if table.rows else table for table in found)


def _in_full(landmark: LandmarkEvidence, others: list[ReportFigure]) -> Iterator[Block]:
    """What a screen shows on demand, and print leaves out: each question by itself, and the patients in full."""
    for position, question in enumerate(landmark.questions):
        known = f"{patients(question.n)} with an observed outcome, {count(question.events)} of them with the event"
        of_question: list[Block] = [
            Paragraph(f"{known}; {count(question.not_observed)} not observed."),
            Figures([one for one in others if one.question == position]),
            *question_tables(question).values(),
        ]
        yield FoldedBlocks(f"In full: {question.name}, {landmark.name}", with_content(of_question), printed=False)
    mix: list[Block] = [Figures(_of_kind(others, "missing", "learning")), tables.case_mix_table(landmark)]
    yield FoldedBlocks(f"In full: patients and learning curves, {landmark.name}", with_content(mix), printed=False)


def _of_kind(figures: Iterable[ReportFigure], *kinds: str) -> list[ReportFigure]:
    """Figures whose name begins with one of the kinds."""
    return [one for one in figures if one.caption.name.startswith(tuple(f"{kind}-" for kind in kinds))]


def compared_section(content: ReportContent) -> Iterator[ReportSection]:
    """Patients of development and validation side by side, for an external evaluation."""
    if content.about.case_mix:
        words = (
            f"Standardised difference: validation minus development, in pooled standard deviations; notable from "
            f"{NOTABLE} on (Austin 2009, doi:10.1002/sim.3697). The largest differences come first."
        )
        found = tables.compared_tables(content.about.case_mix)
        yield ReportSection("compared", "Development and validation cohort", [Paragraph(words), *found])


def whole_model_sections(content: ReportContent) -> Iterator[ReportSection]:
    """Instability, directions, and the leakage and refit checks; what says nothing is left to one sentence."""
    evidence = content.evidence
    blocks: list[Block] = []
    instability = tables.instability_table(evidence)
    if instability.rows:
        yield ReportSection("instability", "Instability", [instability])
    else:
        blocks.append(Paragraph("Instability: not measured in this run.", note=True))
    yield ReportSection("leakage", "Leakage and refit check", [tables.leakage_table(evidence), *_refit(content)])
    if evidence.directions:
        words = (
            "The check changes each clinical fact by one step in every record that allows it, and predicts again. The "
            'column "against" counts patients whose probability moves against the declared sign by more than half a '
            "percentage point."
        )
        yield ReportSection("directions", "Directions", [Paragraph(words), tables.directions_table(evidence)])
    else:
        blocks.append(
            Paragraph(
                "Not checked: directions are checked on the cohort that the model was fitted or updated on.",
                note=True,
            )
        )
    if blocks:
        yield ReportSection("not-shown", "Not in this report", blocks)


def _refit(content: ReportContent) -> list[Block]:
    check = content.evidence.refit_check
    if check is None:
        return [Paragraph("Refit check: not made in this run.")]
    heads = f"{check.heads} head{'' if check.heads == 1 else 's'}"
    same = "gave the same bytes" if check.identical else "did NOT give the same bytes"
    return [Paragraph(f"Refit check: a second fit of {heads} {same}.")]


def update_section(content: ReportContent) -> Iterator[ReportSection]:
    """What an update did."""
    if content.evidence.kind == "updated":
        said = content.evidence.caveats
        blocks: list[Block] = [Bullets(said)] if said else [Paragraph("The update recorded no changes.")]
        yield ReportSection("updated", "What the update did", blocks)
