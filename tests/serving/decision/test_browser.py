"""The page in headless Chromium as people meet it: desktop, telephone, paper, without script, with a keyboard alone."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from serving.decision.texts import LANGUAGES
from tests.serving.decision.browser import DESKTOP, PHONE, WatchedPage, axe_source, watched
from tests.serving.decision.pages import Document, usual_record
from tests.serving.requests import changed, example
from tests.serving.servers import Server

pytestmark = pytest.mark.slow
SMALLEST_TARGET = 24
"""CSS pixels: WCAG 2.2, 2.5.8."""
MOST_TABS = 40


def origin(server: Server) -> str:
    return str(server.client.base_url).rstrip("/")


def launch(server: Server, document: Document | None = None, language: str = "en") -> str:
    """The address of a new page."""
    made = server.client.post("/decide", json=usual_record() if document is None else document)
    assert made.status_code == 201
    return f"{origin(server)}{made.json()['path']}&lang={language}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_reader_can_use_it_and_it_asks_nobody_else(
    page_server: Server, chromium: Any, language: str, viewport: dict[str, int], scheme: str
) -> None:
    with watched(chromium, origin(page_server), viewport=viewport, color_scheme=scheme, bypass_csp=True) as opened:
        opened.page.goto(launch(page_server, language=language))
        opened.page.evaluate(axe_source())
        assert opened.violations() == []
        opened.page.get_by_role("spinbutton").first.fill("5")
        opened.page.get_by_role("button").click()
        opened.page.locator("#what-if-result > div").wait_for()
        opened.page.locator("summary").click()
        assert opened.violations() == []
        assert (opened.console, opened.outside) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("record", [usual_record(), example(assessments=[])], ids=["predicted", "no prediction"])
def test_under_its_own_policy_nothing_is_blocked_and_nothing_scrolls_sideways(
    page_server: Server, chromium: Any, language: str, record: Document
) -> None:
    for viewport in (DESKTOP, PHONE):
        with watched(chromium, origin(page_server), viewport=viewport) as opened:
            opened.page.goto(launch(page_server, record, language))
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
            assert opened.page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "the style was read"
            assert (opened.console, opened.outside) == ([], [])


BROKEN_WORDS = """
() => [...document.querySelectorAll("thead th")].filter(head => head.getClientRects().length).flatMap(head => {
  const node = head.firstChild;
  const top = place => {
    const range = document.createRange();
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    return Math.round([...range.getClientRects()].at(-1).top);
  };
  return [...node.data.matchAll(/[^\\s\\u00ad-]+/g)]
    .filter(part => top(part.index) !== top(part.index + part[0].length - 1)).map(part => part[0]);
})
"""
"""The words of table heads that go over two lines; a soft hyphen or a hyphen is where a word may be divided."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_head_of_a_table_is_broken_inside_a_word_on_a_telephone(
    page_server: Server, chromium: Any, language: str
) -> None:
    with watched(chromium, origin(page_server), viewport=PHONE) as opened:
        opened.page.goto(launch(page_server, language=language))
        opened.page.get_by_role("spinbutton").first.fill("5")
        opened.page.get_by_role("button").click()
        opened.page.locator("#what-if-result > div").wait_for()
        opened.page.locator("summary").click()
        assert opened.page.evaluate(BROKEN_WORDS) == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fields_of_another_person_that_stand_side_by_side_are_on_one_line(
    page_server: Server, chromium: Any, language: str
) -> None:
    with watched(chromium, origin(page_server)) as opened:
        opened.page.goto(launch(page_server, language=language))
        columns = opened.page.evaluate(
            "getComputedStyle(document.querySelector('.questions')).gridTemplateColumns.split(' ').length"
        )
        fields = opened.page.locator(".questions input, .questions select").all()
        tops = [field.bounding_box()["y"] for field in fields]
        assert columns > 1
        rows = [tops[start : start + columns] for start in range(0, len(tops), columns)]
        assert all(max(row) - min(row) < 1 for row in rows), rows


def test_pages_that_refuse_are_as_good(page_server: Server, chromium: Any) -> None:
    with watched(chromium, origin(page_server), bypass_csp=True) as opened:
        response = opened.page.goto(f"{origin(page_server)}/decide?launch=unknown")
        assert response.status == 404
        opened.page.evaluate(axe_source())
        assert opened.violations() == []
        assert "Open the page from the patient's record." in opened.page.inner_text("main")
        assert opened.outside == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints_on_one_sheet_of_a4(page_server: Server, chromium: Any, tmp_path: Path, language: str) -> None:
    suicidal = changed(("patient", "suicidal_intent"), True)
    for record in (usual_record(), suicidal, example(assessments=[])):
        with watched(chromium, origin(page_server)) as opened:
            opened.page.goto(launch(page_server, record, language))
            paper = opened.page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        (width, height) = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", paper)[0]
        assert (round(float(width)), round(float(height))) == (595, 842), "A4 in points"
        if shutil.which("pdftotext"):
            (tmp_path / "page.pdf").write_bytes(paper)
            text = subprocess.run(
                ["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, check=True, text=True
            ).stdout
            assert "what-if" not in text.lower()
            assert {"en": "For the clinician", "de": "Für die Behandelnden"}[language] in text


def test_without_script_everything_shows_but_what_if(page_server: Server, chromium: Any) -> None:
    address = launch(page_server)
    shown = []
    for script in (True, False):
        with watched(chromium, origin(page_server), java_script_enabled=script) as opened:
            opened.page.goto(address)
            assert opened.page.locator("#what-if").is_visible() == script
            shown.append([one.inner_text() for one in opened.page.locator("h3:visible, p:visible, li:visible").all()])
            assert (opened.console, opened.outside) == ([], [])
    with_script, without_script = map(set, shown)
    assert without_script <= with_script
    assert {line for line in with_script - without_script if "nother person" not in line} == set()


def tab_through(opened: WatchedPage) -> list[str]:
    """What has the focus after each press of the tab key, until it comes round."""
    reached = []
    for _ in range(MOST_TABS):
        opened.page.keyboard.press("Tab")
        focused = opened.page.evaluate(
            "() => {const e = document.activeElement; const box = e.getBoundingClientRect();"
            "const seen = getComputedStyle(e); return e === document.body ? null :"
            "[e.id || e.tagName.toLowerCase(), seen.outlineStyle !== 'none', box.width, box.height]}"
        )
        if focused is None:
            break
        name, has_outline, width, height = focused
        assert has_outline, f"{name} shows no focus"
        assert min(width, height) >= SMALLEST_TARGET or name == "a", f"{name} is {width} by {height}"
        reached.append(name)
    return reached


def test_with_a_keyboard_alone_everything_is_reached_in_order_and_a_what_if_answered(
    page_server: Server, chromium: Any
) -> None:
    with watched(chromium, origin(page_server)) as opened:
        opened.page.goto(launch(page_server))
        questions = [f"ask-{name}" for name in ("next_rating", "illness_duration_years", "comorbid_depression")]
        assert tab_through(opened) == ["a", "a", "a", "summary", *questions, "ask-working_alliance", "button"]
        opened.page.locator("#ask-next_rating").focus()
        opened.page.keyboard.type("5")
        opened.page.keyboard.press("Enter")
        opened.page.locator("#what-if-result > div").wait_for()
        cells = opened.page.locator("[data-outcome]").all_inner_texts()
        assert all(re.fullmatch(r"(about \d+|fewer than 1|more than 99) of 100 \(\d+ to \d+\)", cell) for cell in cells)
        assert len(cells) == 3
        assert "These are not your numbers." in opened.page.locator("#what-if-result").inner_text()
        opened.page.keyboard.press("Shift+Tab")
        assert (opened.console, opened.outside) == ([], [])


def test_a_what_if_says_what_is_wrong(page_server: Server, chromium: Any) -> None:
    with watched(chromium, origin(page_server)) as opened:
        opened.page.goto(launch(page_server))
        problem = opened.page.locator("#what-if-problem")
        opened.page.get_by_role("button").click()
        assert problem.inner_text() == "Fill in at least one answer."
        opened.page.locator("#ask-next_rating").fill("22")
        opened.page.get_by_role("button").click()
        assert problem.inner_text() == "An answer does not fit its field. Correct it."
        assert opened.page.locator("#ask-next_rating").get_attribute("aria-invalid") == "true"
        assert (opened.console, opened.outside) == ([], [])


def test_the_language_changes_by_its_link_and_follows_the_browser(page_server: Server, chromium: Any) -> None:
    with watched(chromium, origin(page_server), locale="de-AT") as opened:
        opened.page.goto(launch(page_server).removesuffix("&lang=en"))
        assert opened.page.locator("html").get_attribute("lang") == "de"
        opened.follow(opened.page.get_by_role("link", name="English"))
        assert opened.page.locator("html").get_attribute("lang") == "en"
        assert opened.page.locator("h1").inner_text() == "Getting well and staying well: numbers to talk about"


def test_nothing_is_kept_in_the_browser(page_server: Server, chromium: Any) -> None:
    with watched(chromium, origin(page_server)) as opened:
        opened.page.goto(launch(page_server))
        assert opened.page.context.cookies() == []
        kept = opened.page.evaluate("[Object.keys(localStorage).length, Object.keys(sessionStorage).length]")
        assert json.dumps(kept) == "[0, 0]"
