"""Writes a report for Word: headings, Word's own tables, figures with captions and texts for screen readers.

A4, with page numbers. What the HTML page folds away and does not print is left out here too.
"""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from training.report.content.blocks import (
    Block,
    Bullets,
    Checklist,
    Download,
    Figures,
    FoldedBlocks,
    Paragraph,
    ReportSection,
)
from training.report.figures.report_figures import ReportFigure
from training.report.page.first_page import first_page_sections
from training.report.page.page import ReportDocument
from training.report.study import OPEN
from training.report.templating import Table
from training.report.word.pictures import picture_of

_MARGIN_MM, _WIDTH_MM, _HEIGHT_MM = 18, 210, 297
_FIGURE_MM = 120
_GRID = "Light List"
_SMALL, _SMALLEST = Pt(8), Pt(6.5)
_MANY_COLUMNS = 6
_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
"""The date in the file's properties: the same report gives the same properties."""


def word_report(report: ReportDocument) -> bytes:
    """The document as a ``.docx`` file."""
    document = docx.Document()
    writer = _WordWriter(document)
    _set_page(document)
    _set_styles(document)
    about = report.content.about
    title = about.answers.text("title") or about.title
    _set_properties(document, title, about.answers.text("authors"))
    document.add_heading(_clean(title), level=0)
    for section in (*first_page_sections(report), *report.sections):
        writer.section(section)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


class _WordWriter:
    """Adds sections to a document; it numbers tables and figures as it goes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.numbers = {"Table": 0, "Figure": 0}
        self.writers: dict[str, Callable[[Any], None]] = {
            Paragraph.form: self._paragraph,
            Bullets.form: self._bullets,
            Download.form: self._download,
            Table.form: self._table,
            Figures.form: self._figures,
            Checklist.form: self._checklist,
            FoldedBlocks.form: self._folded,
        }

    def section(self, section: ReportSection) -> None:
        """A heading with its blocks."""
        heading = self.document.add_heading(_clean(section.title), level=min(section.level - 1, 9))
        heading.paragraph_format.page_break_before = section.new_page
        self._blocks(section.blocks)

    def _blocks(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            self.writers[block.form](block)

    def _paragraph(self, block: Paragraph) -> None:
        written = self.document.add_paragraph(_clean(block.words))
        if block.note:
            _resize(written, _SMALL)

    def _bullets(self, block: Bullets) -> None:
        for number, item in enumerate(block.items, start=1):
            if block.numbered:
                self.document.add_paragraph(_clean(f"{number}. {item}"), style="List")
            else:
                self.document.add_paragraph(_clean(item), style="List Bullet")

    def _download(self, block: Download) -> None:
        self.document.add_paragraph(_clean(f"{block.before} {block.file}{block.after}"))

    def _table(self, block: Table) -> None:
        self._caption("Table", block.caption)
        table = self.document.add_table(rows=1, cols=len(block.header), style=_GRID)
        _repeat_header(table.rows[0])
        size = _SMALLEST if len(block.header) > _MANY_COLUMNS else _SMALL
        for cell, words in zip(table.rows[0].cells, block.header, strict=True):
            _fill(cell, words, size)
        for row in block.rows:
            for cell, words in zip(table.add_row().cells, row, strict=True):
                _fill(cell, words, size)
        self.document.add_paragraph()

    def _figures(self, block: Figures) -> None:
        for figure in block.shown:
            self._figure(figure)

    def _figure(self, figure: ReportFigure) -> None:
        width = Mm(_WIDTH_MM - 2 * _MARGIN_MM if figure.is_wide else _FIGURE_MM)
        picture = self.document.add_picture(io.BytesIO(picture_of(figure.svg)), width=width)
        caption = figure.caption
        described = picture._inline.docPr  # noqa: SLF001 - python-docx has no alternative text of its own
        described.set("name", caption.name)
        described.set("title", _clean(caption.title))
        described.set("descr", _clean(f"{caption.description} {caption.numbers}".rstrip()))
        self.document.paragraphs[-1].paragraph_format.keep_with_next = True
        self._caption("Figure", f"{caption.title}. {caption.description}")

    def _checklist(self, block: Checklist) -> None:
        rows = []
        for entry in block.entries:
            waiting = f"[{OPEN}] {entry.open_words}" if entry.open_words else ""
            words = " ".join(part for part in (entry.words, waiting) if part)
            rows.append((f"{entry.number} {entry.asks}", entry.status, words))
        self._table(Table(block.caption, ("item", "status", "answer"), rows))

    def _folded(self, block: FoldedBlocks) -> None:
        if block.printed:
            self._blocks(block.blocks)

    def _caption(self, kind: str, words: str) -> None:
        self.numbers[kind] += 1
        written = self.document.add_paragraph(_clean(f"{kind} {self.numbers[kind]}. {words}"), style="Caption")
        written.paragraph_format.keep_with_next = kind == "Table"


def _set_page(document: Document) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(_WIDTH_MM), Mm(_HEIGHT_MM)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    footer = section.footer.paragraphs[0]
    footer.alignment = 2  # right
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = footer.add_run()
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)  # noqa: SLF001 - python-docx has no field for page numbers


def _set_styles(document: Document) -> None:
    styles = document.styles
    styles["Normal"].font.size = Pt(9.5)
    styles["Normal"].paragraph_format.space_after = Pt(3)
    styles["Caption"].font.size = _SMALL


def _set_properties(document: Document, title: str, authors: str) -> None:
    properties = document.core_properties
    properties.title, properties.author = _clean(title)[:255], _clean(authors)[:255]
    properties.created = properties.modified = _EPOCH
    properties.comments, properties.language = "", "en"


def _repeat_header(row: Any) -> None:
    """The header of a table stands again on each page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001 - python-docx has no such property


def _fill(cell: Any, words: str, size: Pt) -> None:
    cell.text = _clean(words)
    _resize(cell.paragraphs[0], size)


def _resize(paragraph: WordParagraph, size: Pt) -> None:
    paragraph.paragraph_format.space_after = Pt(0)
    for run in paragraph.runs:
        run.font.size = size


def _clean(words: str) -> str:
    """A text without letters that XML does not hold."""
    return "".join(letter if letter.isprintable() else " " for letter in words)
