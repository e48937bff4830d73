"""The report as people meet it: one sheet of A4 first, at most 25 sheets, and a telephone that scrolls one way."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.serving.decision.browser import CHROMIUM, WatchedPage, axe_source
from tests.training.evidence_examples import about, external_evidence, training_evidence
from training.report.page.page import render_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
]
MOST_SHEETS = 25
A4_PIXELS = {"width": round(184 / 25.4 * 96), "height": round(273 / 25.4 * 96)}
"""A sheet of A4 less the margins of the stylesheet, at 96 pixels an inch."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(training_evidence(), about()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Browser, address: str, viewport: dict[str, int]) -> Page:
    page = browser.new_page(viewport={"width": viewport["width"], "height": viewport["height"]})
    page.goto(address)
    return page


@pytest.fixture(scope="module")
def fullest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A quick training with a winner that can't be exported: every banner, and every sentence that may stand."""
    evidence = training_evidence()
    last = evidence.landmarks[-1]
    noted = last.heads[0].model_copy(update={"note": "research only: it has no form without code"})
    changed = last.model_copy(update={"heads": [noted, *last.heads[1:]]})
    quick = evidence.model_copy(update={"quick": True, "landmarks": [*evidence.landmarks[:-1], changed]})
    path = tmp_path_factory.mktemp("fullest") / "report.html"
    refused = (
        "Promotion (may it answer for patients?): A. Tester asked for it on 2026-03-01, and it was refused: 5 of 23 "
        "checks of the policy failed: sample size (3), calibration in the large, net benefit."
    )
    path.write_text(render_report(quick, replace(about(), decisions=(refused,))), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("name", ["address", "fullest"])
def test_the_first_page_fits_one_sheet_of_a4(browser: Browser, name: str, request: pytest.FixtureRequest) -> None:
    page = opened(browser, str(request.getfixturevalue(name)), A4_PIXELS)
    page.emulate_media(media="print")
    bottom = page.evaluate("document.querySelector('.first-page').getBoundingClientRect().bottom")
    assert bottom <= A4_PIXELS["height"]


def test_three_landmarks_take_at_most_25_sheets(browser: Browser, address: str, tmp_path: Path) -> None:
    written = tmp_path / "report.pdf"
    opened(browser, address, A4_PIXELS).pdf(path=str(written), prefer_css_page_size=True)
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", written.read_bytes()))
    assert 5 < sheets <= MOST_SHEETS


def test_print_shows_folded_tables_and_leaves_out_what_only_a_screen_shows(browser: Browser, address: str) -> None:
    page = opened(browser, address, A4_PIXELS)
    table = page.locator("details:not(.screen) table").first
    assert not table.is_visible()
    page.emulate_media(media="print")
    assert table.is_visible()
    assert not page.locator("details.screen").first.is_visible()


def test_a_telephone_never_scrolls_sideways_also_with_everything_unfolded(browser: Browser, address: str) -> None:
    page = opened(browser, address, PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 391 && "
    wide += "!e.closest('svg') && !e.closest('thead')).map(e => e.tagName)"
    assert page.evaluate(wide) == []
    cell = page.locator("table.stacking td").first
    label = cell.evaluate("e => getComputedStyle(e, '::before').content")
    assert label == f'"{cell.get_attribute("data-column")}"'


@pytest.mark.long
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1400, "height": 900}], ids=["phone", "desktop"])
def test_axe_finds_nothing(browser: Browser, viewport: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_report(external_evidence(), about()), encoding="utf-8")
    page = opened(browser, path.as_uri(), viewport)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate(axe_source())
    assert WatchedPage(page).violations() == []
