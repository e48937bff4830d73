"""The report opens offline, shows every figure, says what the evidence says, and lets no name become a tag."""

import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.training.evidence_examples import (
    NASTY,
    about,
    around,
    bare_evidence,
    external_evidence,
    head,
    training_evidence,
)
from training.evidence import Evidence
from training.report import ReportFacts, draw, figures, render_report
from training.report.hundred import hundred, outcomes_per_hundred
from training.report.tripod import ITEMS
from training.report.wording import interval, number

VOID = {"meta", "link", "br", "img", "hr"}
EVIDENCE = {"training": training_evidence(), "external": external_evidence(), "bare": bare_evidence()}
DRAWN = {name: draw(found) for name, found in EVIDENCE.items()}
REPORTS = {name: render_report(found, about(NASTY), DRAWN[name]) for name, found in EVIDENCE.items()}
every_report = pytest.mark.parametrize("name", list(EVIDENCE))


class Elements(HTMLParser):
    """Reads a document and keeps its elements; fails where one is closed that is not open."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self) -> str:
        """What a reader sees, in one line."""
        return " ".join(" ".join(data for tag, data in self.texts if tag not in ("style", "desc")).split())


def text_of(evidence: Evidence, facts: ReportFacts | None = None) -> str:
    return Elements(render_report(evidence, facts or about(), ())).text()


@every_report
def test_every_element_that_is_opened_is_closed(name: str) -> None:
    assert Elements(REPORTS[name]).open == []


@every_report
def test_nothing_is_fetched_and_nothing_runs(name: str) -> None:
    elements = Elements(REPORTS[name]).found
    addresses = [
        value
        for _, attributes in elements
        for key, value in attributes.items()
        if key in ("src", "href", "xlink:href", "action", "data", "srcset")
    ]
    assert addresses
    assert all(address and address.startswith(("#", "data:,")) for address in addresses)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", REPORTS[name]))
    assert "@import" not in REPORTS[name]
    assert not {tag for tag, _ in elements} & {"script", "iframe", "object", "embed", "form", "img"}
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]


@every_report
def test_every_link_in_the_page_leads_somewhere_and_no_name_is_used_twice(name: str) -> None:
    elements = Elements(REPORTS[name]).found
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert [one for one, times in Counter(names).items() if times > 1] == []
    links = [a[key] for _, a in elements for key in ("href", "xlink:href") if str(a.get(key)).startswith("#")]
    assert {str(link)[1:] for link in links} <= set(names)
    labels = [word for _, a in elements for word in str(a.get("aria-labelledby") or "").split()]
    assert set(labels) <= set(names)


@every_report
def test_every_figure_is_in_the_report_with_a_title_and_a_description_for_who_cannot_see_it(name: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", REPORTS[name], flags=re.DOTALL)
    assert len(drawings) == len(DRAWN[name]) > 0
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r"<title [^>]*>[^<]+</title>", drawing)
        assert re.search(r"<desc [^>]*>[^<]{20,}</desc>", drawing)


def test_a_training_of_three_landmarks_has_every_kind_of_figure_and_stays_below_three_megabytes() -> None:
    kinds = Counter(drawing.file_name.split("-before-")[0] for drawing in DRAWN["training"])
    of_questions = dict.fromkeys(("calibration", "decision", "sites", "subgroups"), 15)
    of_landmarks = dict.fromkeys(("flow", "outcomes", "missing", "event-free"), 3)
    assert kinds == of_questions | of_landmarks | {"learning": 6}
    assert "calibration-before-session-3-remission.svg" in {drawing.file_name for drawing in DRAWN["training"]}
    assert len(REPORTS["training"].encode()) < 3e6


def test_the_same_evidence_gives_the_same_bytes() -> None:
    once = render_report(EVIDENCE["external"], about(NASTY))
    assert once == REPORTS["external"]
    assert figures(EVIDENCE["external"]) == {drawing.file_name: drawing.svg for drawing in DRAWN["external"]}


@every_report
def test_names_from_outside_stay_text(name: str) -> None:
    assert "<script" not in REPORTS[name]
    assert '<script>alert("1")</script>' in Elements(REPORTS[name]).text()


@every_report
def test_every_item_of_tripod_is_there(name: str) -> None:
    headings = [data for tag, data in Elements(REPORTS[name]).texts if tag == "th"]
    assert [item.number for item in ITEMS if item.number not in headings] == []


@every_report
def test_a_screen_reader_finds_the_language_the_headings_in_order_and_headed_tables(name: str) -> None:
    elements = Elements(REPORTS[name]).found
    assert ("html", {"lang": "en"}) in elements
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")
    assert sum(tag == "table" for tag, _ in elements) == sum(tag == "caption" for tag, _ in elements)


def test_the_banner_says_synthetic_quick_and_no_medical_device_only_where_it_is_so() -> None:
    synthetic, external, quick = (text_of(EVIDENCE[name]) for name in ("training", "external", "bare"))
    assert "SYNTHETIC The cohort was drawn by a program" in synthetic
    assert "SYNTHETIC" not in external
    assert "QUICK Parts of the evaluation were skipped" in quick
    assert "QUICK" not in synthetic
    assert all("Not a medical device" in text for text in (synthetic, external, quick))


def test_the_first_screen_says_how_well_in_words_with_numbers_and_intervals() -> None:
    text = text_of(EVIDENCE["training"])
    assert "74 of 100 pairs (95% interval 72 to 76) put in the right order; 50 is chance." in text
    assert "everybody is given the same overall rate; patients are not told apart." in text
    assert "External validation" in text_of(EVIDENCE["external"])


def test_chance_within_the_interval_is_said() -> None:
    chance = head("relapse", "logistic").model_copy(update={"measures": {"c_index": around(0.52, 0.04)}})
    mark = EVIDENCE["external"].landmarks[0].model_copy(update={"heads": [chance]})
    evidence = EVIDENCE["external"].model_copy(update={"landmarks": [mark]})
    assert (
        "52 of 100 pairs (95% interval 48 to 56) put in the right order; 50 is chance. The interval includes chance."
        in text_of(evidence)
    )


def test_a_head_without_a_model_and_undefined_figures_are_said_and_never_invented() -> None:
    text = text_of(EVIDENCE["bare"])
    assert "Relapse: nothing is predicted." in text
    assert "not defined" in text
    assert "nan" not in text.lower().replace("finance", "")
    assert "Nobody, until this is mended: leakage checks failed" in text


def test_evidence_of_no_landmark_still_makes_a_report() -> None:
    nothing = EVIDENCE["external"].model_copy(update={"landmarks": [], "leakage": []})
    document = render_report(nothing, about())
    elements = Elements(document)
    assert "no question could be judged" in elements.text()
    names = {a["id"] for _, a in elements.found if "id" in a}
    assert {str(a["href"])[1:] for tag, a in elements.found if tag == "a"} <= names


def test_a_curve_of_which_nothing_is_defined_is_not_drawn() -> None:
    kinds = {drawing.caption.name.split("-")[0] for drawing in DRAWN["bare"]}
    assert kinds == {"flow", "outcomes", "sites", "subgroups"}


def test_suppressed_groups_have_no_figures() -> None:
    row = re.search(r'<th scope="row">diagnosis: agoraphobia</th>(.*?)</tr>', REPORTS["training"])
    assert row
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["fewer than 10", *["-"] * 6]


@pytest.mark.parametrize(
    ("shares", "counts"),
    [
        ((1 / 3, 1 / 3, 1 / 3), [34, 33, 33]),  # equal remainders: the first
        ((0.164, 0.148, 0.688), [16, 15, 69]),  # remainders .4 .8 .8: 98 whole, two more
        ((0.0, 0.0, 1.0), [0, 0, 100]),
        ((0.005, 0.005, 0.99), [1, 0, 99]),
    ],
)
def test_a_hundred_patients_are_a_hundred(shares: tuple[float, ...], counts: list[int]) -> None:
    assert hundred(shares) == counts
    assert sum(counts) == 100


def test_the_hundred_patients_are_split_by_the_observed_weighted_shares() -> None:
    found = outcomes_per_hundred(EVIDENCE["training"].landmarks[0])
    assert found
    assert [count for _, count in found.counts] == [16, 15, 69]  # sustained 0.16, remission 0.31 - 0.16, rest
    assert "weighted" in found.basis
    relapse_only = outcomes_per_hundred(EVIDENCE["external"].landmarks[0])
    assert relapse_only
    assert relapse_only.among == "patients in remission"
    assert [count for _, count in relapse_only.counts] == [55, 45]  # relapse by day 182: 0.45


def test_numbers_are_written_one_way() -> None:
    assert (number(-0.001), number(None), interval(around(0.5, 0.1))) == ("0.00", "-", "0.50 (0.40 to 0.60)")


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.parametrize("name", ["training", "bare"])
def test_a_browser_opens_it_without_an_error_or_a_request(name: str, tmp_path: Path) -> None:
    page, log = tmp_path / "report.html", tmp_path / "net.json"
    page.write_text(REPORTS[name], encoding="utf-8")
    flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--enable-logging=stderr",
        "--v=0",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--log-net-log={log}",
        "--timeout=20000",
        "--dump-dom",
    ]
    command = ["chromium", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.count("<svg") == len(DRAWN[name])
    assert "CONSOLE" not in done.stderr
    requests = re.findall(r'"url":"((?:https?|ftp|wss?|file)://[^"]*)"', log.read_text(encoding="utf-8"))
    # The browser asks its maker for updates; that the page names no other address is tested above.
    own = r"https?://[a-z0-9.-]*(google|gstatic|googleapis)\.com/"
    of_the_page = {url for url in requests if not re.match(own, url)}
    assert of_the_page <= {page.as_uri()}
