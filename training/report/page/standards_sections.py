"""TRIPOD+AI and PROBAST+AI as sections: every item with its answer, and what the authors must still answer."""

from collections.abc import Sequence

from training.report.content.blocks import Checklist, ChecklistEntry, Paragraph, ReportSection
from training.report.standards.probast import DomainAssessment, replies
from training.report.standards.tripod import CompletedItem


def tripod_section(filled: Sequence[CompletedItem]) -> ReportSection:
    """All items of TRIPOD+AI."""
    status = [one.status for one in filled]
    words = (
        f"{len(filled)} items and parts: {status.count('from evidence')} filled from evidence, "
        f"{status.count('by the authors')} by the authors, {status.count('in part')} in part, "
        f"{status.count('open')} open. In our own words, after Collins 2024, doi:10.1136/bmj-2023-078378."
    )
    entries = [
        ChecklistEntry(
            one.item.number,
            one.item.asks,
            one.status,
            " ".join(words for words in (one.answer.words if one.answer else "", one.said) if words),
            one.authors,
            one.answer.place if one.answer else "",
        )
        for one in filled
    ]
    return ReportSection("tripod", "TRIPOD+AI, item by item", [Paragraph(words), Checklist("TRIPOD+AI", entries)])


def probast_section(assessed: Sequence[DomainAssessment]) -> ReportSection:
    """All questions of PROBAST+AI."""
    every = replies(assessed)
    waiting = every.count("open")
    words = (
        f'{len(every)} questions in four domains: {len(every) - waiting} answered (also with "no information"), '
        f"{waiting} open. This is a self-assessment and does not replace an independent one. In our own words, after "
        "Moons 2025, doi:10.1136/bmj-2024-082505."
    )
    lists = [
        Checklist(f"{number}. {one.domain.title}: {one.judgement}", _entries(one))
        for number, one in enumerate(assessed, start=1)
    ]
    return ReportSection("probast", "PROBAST+AI self-assessment", [Paragraph(words), *lists])


def _entries(assessed: DomainAssessment) -> list[ChecklistEntry]:
    pairs = zip(assessed.domain.signals, assessed.reasons, strict=True)
    return [
        ChecklistEntry(
            signal.number,
            signal.asks,
            reason.reply,
            "" if reason.reply == "open" else reason.words,
            reason.words if reason.reply == "open" else "",
            reason.place,
        )
        for signal, reason in pairs
    ]
