"""The first page of a dossier is one sheet of A4, also with the longest texts that it may have."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from models.promotion import Granted
from tests.serving.decision.browser import CHROMIUM
from tests.training.documents.subjects import decision_with, subject_in
from tests.training.evidences import good_evidence
from training.dossier.page import dossier_page
from training.verdicts import failed, not_checked

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
]
SHEET = {"width": round(180 / 25.4 * 96), "height": round(267 / 25.4 * 96)}
"""A4 less the margins of the dossier, at 96 pixels an inch."""
EVERYTHING: Granted = {
    f"before session {number}": dict.fromkeys(("remission", "relapse_84", "relapse_182", "sustained_84"), "shadow")
    for number in (1, 2, 3)
}


@pytest.fixture
def fullest(tmp_path: Path) -> str:
    """Every question, long caveats, approvals, tiers and checks that were not made."""
    caveats = [f"caveat {number}: what is said of other clinics is likely to be too good" for number in range(20)]
    evidence = good_evidence().model_copy(update={"caveats": caveats})
    decision = decision_with(tier="shadow", granted=EVERYTHING, approved_by=("Bob", "Cleo"))
    verdicts = tuple(not_checked(name, "the store gave no answer") for name in ("served", "registry", "import"))
    verdicts += (failed("code", "the present sources differ from those of the training"),)
    subject = subject_in(tmp_path, evidence, decisions=(decision,), succession=(decision,), verdicts=verdicts)
    path = tmp_path / "dossier.html"
    path.write_text(dossier_page(subject.dossier), encoding="utf-8")
    return path.as_uri()


def test_the_first_page_is_one_sheet_of_a4(fullest: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport=SHEET)  # type: ignore[arg-type]
        page.goto(fullest)
        page.emulate_media(media="print")
        box = page.locator(".cover").bounding_box()
        broken = page.evaluate("getComputedStyle(document.querySelector('.cover')).breakAfter")
        browser.close()
    assert box is not None
    assert box["height"] <= SHEET["height"]
    assert broken == "page"
