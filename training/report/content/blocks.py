"""The blocks of a report: paragraphs, lists, files, tables, figures, checklists, and what is folded away on a screen.

A block says what is shown, not how: the template ``blocks.html`` writes it as HTML, `word.document` as Word. ``form``
is the name under which both find it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from training.report.figures.report_figures import ReportFigure
from training.report.templating import Table


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a ``note`` is set smaller."""

    form: ClassVar[str] = "paragraph"
    words: str
    note: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences; steps of which the order counts are ``numbered``."""

    form: ClassVar[str] = "bullets"
    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True)
class Download:
    """A sentence around the name of a file, whose ``address`` holds the whole of it; on paper only its name stands."""

    form: ClassVar[str] = "download"
    before: str
    file: str
    after: str
    address: str


@dataclass(frozen=True)
class Figures:
    """Figures side by side, where there is room; a wide one takes the width of the page."""

    form: ClassVar[str] = "figures"
    shown: Sequence[ReportFigure]


@dataclass(frozen=True)
class ChecklistEntry:
    """An item of a reporting guideline: ``open_words`` is what the authors must still answer, empty if nothing.

    ``place`` is an anchor of the report, empty where there is nothing to see.
    """

    number: str
    asks: str
    status: str
    words: str
    open_words: str = ""
    place: str = ""


@dataclass(frozen=True)
class Checklist:
    """Items in small type, in two columns where there is room."""

    form: ClassVar[str] = "checklist"
    caption: str
    entries: Sequence[ChecklistEntry]


@dataclass(frozen=True)
class FoldedBlocks:
    """Blocks behind their title on a screen. In print they stand open if ``printed``, else they are left out."""

    form: ClassVar[str] = "folded"
    title: str
    blocks: "Sequence[Block]"
    printed: bool = True


Block = Paragraph | Bullets | Download | Table | Figures | Checklist | FoldedBlocks


@dataclass(frozen=True)
class ReportSection:
    """A section under a heading; ``anchor`` is unique in the report, ``level`` that of the heading."""

    anchor: str
    title: str
    blocks: Sequence[Block]
    level: int = 2
    new_page: bool = False


def with_content(blocks: Iterable[Block], without: str = "Nothing to show in this run") -> list[Block]:
    """The blocks that say something; the names of empty tables follow in one sentence."""
    found = list(blocks)
    empty = [block.caption for block in found if isinstance(block, Table) and not block.rows]
    kept = [block for block in found if not _is_empty(block)]
    return [*kept, Paragraph(f"{without}: {'; '.join(empty)}.", note=True)] if empty else kept


def _is_empty(block: Block) -> bool:
    if isinstance(block, Table):
        return not block.rows
    if isinstance(block, Bullets):
        return not block.items
    return isinstance(block, Figures) and not block.shown
