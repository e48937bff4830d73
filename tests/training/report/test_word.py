"""The Word document holds what the page prints, with captions and texts for screen readers."""

import io
import zipfile
from dataclasses import replace
from functools import cache

import docx
import pytest
from docx.document import Document
from PIL import Image

from tests.training.evidence_examples import NASTY, about, bare_evidence, external_evidence
from training.report.figures.report_figures import ReportFigure, draw
from training.report.page.page import ReportDocument, compose_report
from training.report.study import StudyAnswers
from training.report.word.document import word_report
from training.report.word.pictures import picture_of

EMUS_PER_MM = 36_000


@cache
def figures() -> tuple[ReportFigure, ...]:
    return draw(external_evidence())


@cache
def composed() -> ReportDocument:
    answers = StudyAnswers({"title": "A title of ours", "authors": "A. Author"}, {}, "ab" * 32)
    return compose_report(external_evidence(), replace(about(), answers=answers), figures())


@cache
def written() -> bytes:
    return word_report(composed())


@cache
def document() -> Document:
    return docx.Document(io.BytesIO(written()))


def headings() -> list[str]:
    return [one.text for one in document().paragraphs if str(one.style.name).startswith("Heading")]


def test_it_begins_with_the_questions_of_the_first_page_and_has_the_sections_of_the_page() -> None:
    assert headings()[:7] == [
        "What it predicts", "For whom it is", "Who it is not for", "How good it is", "How sure that is",
        "What to do with it", "Who checked",
    ]  # fmt: skip
    assert [section.title for section in composed().sections] == headings()[7:]
    assert document().paragraphs[0].text == "A title of ours"


def test_it_is_a4_with_page_numbers() -> None:
    section = document().sections[0]
    assert (section.page_width, section.page_height) == pytest.approx((210 * EMUS_PER_MM, 297 * EMUS_PER_MM), abs=500)
    assert "PAGE" in section.footer._element.xml


def test_every_figure_has_a_caption_and_a_text_for_who_cannot_see_it() -> None:
    described = [shape._inline.docPr for shape in document().inline_shapes]
    assert len(described) > 3
    assert all(len(one.get("descr")) > 20 for one in described)
    captions = [one.text for one in document().paragraphs if one.style.name == "Caption"]
    assert [words.split(".")[0] for words in captions if words.startswith("Figure")] == [
        f"Figure {number}" for number in range(1, len(described) + 1)
    ]
    assert len([words for words in captions if words.startswith("Table")]) == len(document().tables)


def test_what_the_authors_have_not_answered_is_marked_in_the_checklist() -> None:
    cells = [cell.text for table in document().tables for row in table.rows for cell in row.cells]
    assert any(cell.startswith("[to be answered by the authors]") for cell in cells)


def test_the_same_report_gives_the_same_parts() -> None:
    def parts(content: bytes) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(content)) as held:
            return {name: held.read(name) for name in held.namelist()}

    assert parts(word_report(composed())) == parts(written())


def test_names_from_outside_do_not_break_the_document() -> None:
    found = docx.Document(io.BytesIO(word_report(compose_report(bare_evidence(), about(NASTY)))))
    assert '<script>alert("1")</script>' in found.paragraphs[0].text


def test_every_figure_of_a_report_can_be_drawn_as_a_picture() -> None:
    kinds = {figure.caption.name.split("-")[0]: figure for figure in figures()}
    assert kinds.keys() >= {"flow", "missing", "sites", "subgroups", "calibration", "decision", "incidence", "learning"}
    for figure in kinds.values():
        with Image.open(io.BytesIO(picture_of(figure.svg))) as picture:
            assert min(picture.size) > 200
            darkest, lightest = picture.convert("L").getextrema()
            assert darkest < 100
            assert lightest == 255


def test_a_picture_has_each_element_in_its_place_and_colour() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 72 36">'
        '<defs><path id="a" d="M0 0h9v9h-9z"/></defs><rect x="0" y="0" width="18" height="18" fill="#ff0000"/>'
        '<use xlink:href="#a" x="54" y="18" style="fill: #0000ff"/><path d="M 18 18 L 36 18 L 36 36 L 18 36 z" '
        'style="fill: #00ff00"/></svg>'
    )
    with Image.open(io.BytesIO(picture_of(svg))) as drawn:
        picture = drawn.convert("RGB")
    assert picture.size == (200, 100)
    seen = [picture.getpixel(place) for place in ((25, 25), (160, 60), (75, 75), (120, 25))]
    assert seen == [(255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)]


@pytest.mark.parametrize("element", ['<ellipse cx="1"/>', '<path d="M 0 0 A 1 1 0 0 0 3 3"/>', '<image href="a"/>'])
def test_an_element_that_would_be_lost_is_an_error(element: str) -> None:
    with pytest.raises(ValueError, match="can't be drawn for Word"):
        picture_of(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{element}</svg>')
