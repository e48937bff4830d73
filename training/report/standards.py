"""TRIPOD+AI and PROBAST+AI as a reader sees them: every item with its answer and where it can be seen."""

from collections import Counter

from markupsafe import Markup

from training.report.facts import Told
from training.report.markup import Cell, link, paragraph, section, table
from training.report.probast import Assessed, Reason, assess, replies
from training.report.tripod import Filled, fill


def tripod_section(told: Told) -> Markup:
    """Every item of TRIPOD+AI."""
    filled = fill(told)
    counted = Counter(item.status for item in filled)
    words = (
        f"{len(filled)} items and parts: {counted['from evidence']} filled from evidence, "
        f"{counted['in part']} in part, {counted['for the authors']} for the authors. "
        "Wording ours, after Collins 2024, doi:10.1136/bmj-2023-078378."
    )
    rows = [_tripod_row(item) for item in filled]
    header = ("item", "asks for", "status", "answer", "see")
    items = table("TRIPOD+AI", header, rows, "prose")
    return section("tripod", 2, "TRIPOD+AI, item by item", paragraph(words), items)


def probast_section(told: Told) -> Markup:
    """The signalling questions of PROBAST+AI, domain by domain."""
    assessed = assess(told)
    asked = len(replies(assessed))
    authors = replies(assessed).count("for the authors")
    words = (
        f"{asked} questions in four domains: {asked - authors} answered from evidence (also where it holds no "
        f"information), {authors} for the authors. A self-assessment: it does not replace that of somebody else. "
        "Wording ours, after Moons 2025, doi:10.1136/bmj-2024-082505."
    )
    parts = [_domain(number, one) for number, one in enumerate(assessed, start=1)]
    return section("probast", 2, "PROBAST+AI self-assessment", paragraph(words), *parts)


def _tripod_row(filled: Filled) -> tuple[Cell, ...]:
    answer = filled.answer
    words = Markup(" ").join(
        [
            *([Markup("{}").format(answer.words)] if answer else []),
            *([Markup("<em>For the authors:</em> {}").format(filled.authors)] if filled.authors else []),
        ]
    )
    place = link(answer.place, "see") if answer else "-"
    return (
        filled.item.number,
        filled.item.asks,
        Markup('<span class="status">{}</span>').format(filled.status),
        words,
        place,
    )


def _domain(number: int, assessed: Assessed) -> Markup:
    pairs = zip(assessed.domain.signals, assessed.reasons, strict=True)
    rows = [(signal.number, signal.asks, _reply(reason), reason.words, _see(reason)) for signal, reason in pairs]
    asked = table(assessed.domain.title, ("question", "asks", "reply", "reason", "see"), rows, "prose")
    evaluated = paragraph(f"Judgement: {assessed.judgement}.")
    return section(f"probast-{number}", 3, f"{number}. {assessed.domain.title}", evaluated, asked)


def _reply(reason: Reason) -> Markup:
    return Markup('<span class="status">{}</span>').format(reason.reply)


def _see(reason: Reason) -> Cell:
    return link(reason.place, "see") if reason.place else "-"
