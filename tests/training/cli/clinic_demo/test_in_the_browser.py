"""A person's way through the mock EHR in Chromium: patient, card, page for the decision, feedback, order, FHIR.

The pages ask no other address than those of the two servers, and the browser's console stays empty.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.serving.decision.browser import CHROMIUM, PHONE, WatchedPage, axe_source
from tests.training.cli.clinic_demo.running_demo import RunningDemo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def watched(browser: Browser, demo: RunningDemo) -> Iterator[WatchedPage]:
    context = browser.new_context()
    found = WatchedPage(context.new_page())
    own = (f"{demo.ehr}/", f"{demo.service}/")

    def note_request(request: Request) -> None:
        if not request.url.startswith((*own, "data:", "about:")):
            found.outside.append(request.url)

    def note_line(message: ConsoleMessage) -> None:
        found.console.append(message.text)

    context.on("request", note_request)
    context.on("console", note_line)
    context.on("weberror", lambda error: found.console.append(str(error.error)))
    found.page.goto(demo.ehr)
    yield found
    context.close()


def opened(watched: WatchedPage, letter: str) -> Page:
    watched.follow(watched.page.get_by_role("link", name=f"Synthetic Patient {letter}"))
    return watched.page


def test_the_whole_way(watched: WatchedPage) -> None:
    page = opened(watched, "A")
    cards = page.get_by_role("article")
    assert cards.count() >= 1
    assert "%" in cards.first.inner_text()

    with page.expect_popup() as popup:
        page.get_by_role("article").get_by_role("link").first.click()
    decision = popup.value
    decision.wait_for_load_state()
    assert "/decide" in decision.url
    assert decision.get_by_role("heading", level=1).count() == 1
    decision.close()

    watched.follow(page.get_by_role("button", name="Dismiss this card").first)
    assert page.get_by_text("Feedback sent: overridden").count() == 1

    watched.follow(page.get_by_role("button", name="Sign a ketamine order"))
    assert page.get_by_text("Hook order-sign").count() >= 1
    assert page.get_by_role("article").count() > 1

    watched.follow(page.get_by_role("button", name="Ask over FHIR"))
    table = page.get_by_role("table", name="The predictions of every RiskAssessment that came back")
    assert table.get_by_role("row").count() > 1
    assert (watched.console, watched.outside) == ([], [])


def test_the_raw_calls_are_shown_for_each_click(watched: WatchedPage) -> None:
    page = opened(watched, "A")
    call = page.locator("details", has_text="Hook patient-view").first
    assert not call.get_by_role("heading", name="Request").is_visible()
    call.locator("summary").click()
    request, answer = call.locator("pre").all_inner_texts()
    assert '"iss"' in request
    assert '"prefetch"' in request
    assert '"cards"' in answer


def test_cautions_are_warnings(watched: WatchedPage) -> None:
    page = opened(watched, "B")
    assert page.locator(".card.warning").count() >= 1


def test_a_patient_without_a_prediction_has_a_card_that_says_why(watched: WatchedPage) -> None:
    page = opened(watched, "C")
    assert page.get_by_role("article").count() == 1
    assert "%" not in page.get_by_role("article").first.get_by_role("heading").inner_text()


def test_every_call_of_every_patient_is_accepted(watched: WatchedPage) -> None:
    for letter in "ABC":
        page = opened(watched, letter)
        watched.follow(page.get_by_role("button", name="Sign a ketamine order"))
        watched.follow(page.get_by_role("button", name="Ask over FHIR"))
        states = page.locator("summary .about").all_inner_texts()
        assert all(state.startswith("200,") for state in states), (letter, states)
        watched.follow(page.get_by_role("link", name="Patients"))
    assert (watched.console, watched.outside) == ([], [])


def test_it_works_by_keyboard_alone(watched: WatchedPage) -> None:
    page = watched.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Synthetic Patient A").wait_for()


def test_every_page_is_accessible(watched: WatchedPage) -> None:
    page = watched.page
    for letter in "ABC":
        page.evaluate(axe_source())
        assert not watched.violations()
        opened(watched, letter)
        watched.follow(page.get_by_role("button", name="Sign a ketamine order"))
        watched.follow(page.get_by_role("button", name="Ask over FHIR"))
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate(axe_source())
        assert not watched.violations(), letter
        watched.follow(page.get_by_role("link", name="Patients"))


def test_no_page_is_wider_than_a_telephone(watched: WatchedPage) -> None:
    page = watched.page
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    opened(watched, "B")
    watched.follow(page.get_by_role("button", name="Ask over FHIR"))
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
