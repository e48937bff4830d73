"""The report opens offline, shows every figure, says what the evidence says, and lets no name become a tag."""

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

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
from training.average_risk import AVERAGE_RISK
from training.evaluation.case_mix_comparison import compare_case_mix
from training.evidence.document import Evidence, Subgroup
from training.report.facts import ReportFacts
from training.report.figures.natural_frequencies import frequencies, natural_frequencies
from training.report.figures.report_figures import ReportFigure, draw, figures
from training.report.kinds import choice_text
from training.report.page.page import render_report
from training.report.page.question_tables import subgroups_table
from training.report.standards.tripod import ITEMS
from training.report.wording import interval, number

VOID = {"meta", "link", "br", "img", "hr", "wbr"}
EVIDENCE = {"training": training_evidence(), "external": external_evidence(), "bare": bare_evidence()}
CASE_MIX = tuple(compare_case_mix(EVIDENCE["training"], EVIDENCE["training"]))
every_report = pytest.mark.parametrize("name", list(EVIDENCE))


@cache
def drawn(name: str) -> tuple[ReportFigure, ...]:
    """The figures of an example, drawn once."""
    return draw(EVIDENCE[name])


@cache
def report(name: str) -> str:
    """The report of an example."""
    return render_report(EVIDENCE[name], about(NASTY), drawn(name))


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
    assert Elements(report(name)).open == []


@every_report
def test_nothing_is_fetched_and_nothing_runs(name: str) -> None:
    elements = Elements(report(name)).found
    addresses = [
        value
        for _, attributes in elements
        for key, value in attributes.items()
        if key in ("src", "href", "xlink:href", "action", "data", "srcset")
    ]
    assert addresses
    assert all(address and address.startswith(("#", "data:,")) for address in addresses)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", report(name)))
    assert "@import" not in report(name)
    assert not {tag for tag, _ in elements} & {"script", "iframe", "object", "embed", "form", "img"}
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]


@every_report
def test_every_link_in_the_page_leads_somewhere_and_no_name_is_used_twice(name: str) -> None:
    elements = Elements(report(name)).found
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert [one for one, times in Counter(names).items() if times > 1] == []
    links = [a[key] for _, a in elements for key in ("href", "xlink:href") if str(a.get(key)).startswith("#")]
    assert {str(link)[1:] for link in links} <= set(names)
    labels = [word for _, a in elements for word in str(a.get("aria-labelledby") or "").split()]
    assert set(labels) <= set(names)


@every_report
def test_every_figure_is_in_the_report_with_a_title_and_a_description_for_who_cannot_see_it(name: str) -> None:
    report_figures = re.findall(r"<svg.*?</svg>", report(name), flags=re.DOTALL)
    assert len(report_figures) == len(drawn(name)) > 0
    for report_figure in report_figures:
        assert 'role="img"' in report_figure
        assert re.search(r"<title [^>]*>[^<]+</title>", report_figure)
        assert re.search(r"<desc [^>]*>[^<]{20,}</desc>", report_figure)


def test_a_training_of_three_landmarks_has_every_kind_of_figure_and_stays_below_three_megabytes() -> None:
    kinds = Counter(report_figure.file_name.split("-before-")[0] for report_figure in drawn("training"))
    of_questions = dict.fromkeys(("calibration", "decision", "sites", "subgroups"), 15)
    of_landmarks = dict.fromkeys(("flow", "outcomes", "missing", "incidence", "candidates"), 3)
    of_models = {"coefficients": 1, "importance": 4, "dependence": 4}
    assert kinds == of_questions | of_landmarks | of_models | {"learning": 6}
    assert "calibration-before-session-3-remission.svg" in {
        report_figure.file_name for report_figure in drawn("training")
    }
    assert len(report("training").encode()) < 3e6


def test_the_same_evidence_gives_the_same_bytes() -> None:
    again = figures(EVIDENCE["external"])
    assert again == {report_figure.file_name: report_figure.svg for report_figure in drawn("external")}
    assert render_report(EVIDENCE["external"], about(NASTY), drawn("external")) == report("external")


@every_report
def test_names_from_outside_stay_text(name: str) -> None:
    assert "<script" not in report(name)
    assert '<script>alert("1")</script>' in Elements(report(name)).text()


@every_report
def test_every_item_of_tripod_is_there(name: str) -> None:
    named = [data for tag, data in Elements(report(name)).texts if tag == "dt"]
    assert [item.number for item in ITEMS if f"{item.number} {item.asks} " not in named] == []


@every_report
def test_a_screen_reader_finds_the_language_the_headings_in_order_and_headed_tables(name: str) -> None:
    elements = Elements(report(name)).found
    assert ("html", {"lang": "en"}) in elements
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")
    assert sum(tag == "table" for tag, _ in elements) == sum(tag == "caption" for tag, _ in elements)


def test_the_banner_says_synthetic_quick_and_no_medical_device_only_where_it_is_so() -> None:
    synthetic, external, quick = (text_of(EVIDENCE[name]) for name in ("training", "external", "bare"))
    assert "SYNTHETIC A program drew this cohort" in synthetic
    assert "SYNTHETIC" not in external
    assert "QUICK Parts of the evaluation were skipped" in quick
    assert "QUICK" not in synthetic
    assert all("Not a medical device" in text for text in (synthetic, external, quick))


def test_a_winner_that_cannot_be_exported_marks_the_report_research_only() -> None:
    evidence = EVIDENCE["training"]
    assert "RESEARCH ONLY" not in text_of(evidence)
    first = evidence.landmarks[0]
    noted = [first.heads[0].model_copy(update={"note": "research only: it has no form without code"}), *first.heads[1:]]
    marked = [first.model_copy(update={"heads": noted}), *evidence.landmarks[1:]]
    assert "This version answers for no patient and can't be promoted." in text_of(
        evidence.model_copy(update={"landmarks": marked})
    )


def test_the_first_screen_says_how_well_in_sentences_with_numbers_and_intervals() -> None:
    text = text_of(EVIDENCE["training"])
    assert "74 of 100 pairs (95% interval 72 to 76) are in the right order; 50 is chance." in text
    assert f"{AVERAGE_RISK}. No candidate predicted held-out patients better than the average." in text
    assert "External validation" in text_of(EVIDENCE["external"])


def test_with_too_few_outcomes_the_first_screen_does_not_blame_the_candidates() -> None:
    few = "the rarer outcome has 7 of 400 patients, and a model needs 20"
    average = head("relapse", "no_model").model_copy(update={"note": f"{few}: {AVERAGE_RISK}"})
    mark = EVIDENCE["external"].landmarks[0].model_copy(update={"heads": [average]})
    text = text_of(EVIDENCE["external"].model_copy(update={"landmarks": [mark]}))
    assert (
        f"Relapse after surgery: {AVERAGE_RISK}. The rarer outcome has 7 of 400 patients, and a model needs 20." in text
    )
    assert "No candidate" not in text


def test_chance_within_the_interval_is_said() -> None:
    chance = head("relapse", "logistic").model_copy(update={"measures": {"c_index": around(0.52, 0.04)}})
    mark = EVIDENCE["external"].landmarks[0].model_copy(update={"heads": [chance]})
    evidence = EVIDENCE["external"].model_copy(update={"landmarks": [mark]})
    assert (
        "52 of 100 pairs (95% interval 48 to 56) are in the right order; 50 is chance. "
        "The interval includes chance." in text_of(evidence)
    )


def test_a_head_without_a_model_and_undefined_figures_are_said_and_never_invented() -> None:
    text = text_of(EVIDENCE["bare"])
    assert ": nothing is predicted." in text
    assert "not defined" in text
    assert "nan" not in text.lower().replace("finance", "")
    assert "All patients: leakage checks failed" in text


def test_whose_answer_moves_against_a_declared_sign_stands_in_the_report() -> None:
    text = text_of(EVIDENCE["training"])
    assert "The latest rating is worse." in text
    row = text[text.index("The latest rating is worse.") :].split()
    assert row[5:11] == ["remission", "less", "900", "419", "21.3%", "-4.0%"]
    assert "Not checked: directions are checked on the cohort" in text_of(EVIDENCE["external"])


def test_evidence_of_no_landmark_still_makes_a_report() -> None:
    nothing = EVIDENCE["external"].model_copy(update={"landmarks": [], "leakage": []})
    document = render_report(nothing, about())
    elements = Elements(document)
    assert "No question could be evaluated" in elements.text()
    names = {a["id"] for _, a in elements.found if "id" in a}
    assert {str(a["href"])[1:] for tag, a in elements.found if tag == "a"} <= names


def test_a_curve_of_which_nothing_is_defined_is_not_drawn() -> None:
    kinds = {report_figure.caption.name.split("-")[0] for report_figure in drawn("bare")}
    assert kinds == {"flow", "outcomes", "sites", "subgroups"}


def test_suppressed_groups_have_no_figures() -> None:
    row = re.search(r'<th scope="row">diagnosis: agoraphobia</th>(.*?)</tr>', report("training"))
    assert row
    assert set(re.findall(r"<td[^>]*>(.*?)</td>", row[1])) == {"fewer than 10", "-"}


@pytest.mark.parametrize(
    ("proportions", "counts"),
    [
        ((1 / 3, 1 / 3, 1 / 3), [34, 33, 33]),  # equal remainders: the first
        ((0.164, 0.148, 0.688), [16, 15, 69]),  # remainders .4 .8 .8: 98 whole, two more
        ((0.0, 0.0, 1.0), [0, 0, 100]),
        ((0.005, 0.005, 0.99), [1, 0, 99]),
    ],
)
def test_the_natural_frequencies_of_100_patients_add_up(proportions: tuple[float, ...], counts: list[int]) -> None:
    assert frequencies(proportions) == counts
    assert sum(counts) == 100


def test_the_100_patients_are_split_by_the_observed_weighted_proportions() -> None:
    found = natural_frequencies(EVIDENCE["training"].landmarks[0])
    assert found
    assert [count for _, count in found.counts] == [16, 15, 69]  # sustained 0.16, remission 0.31 - 0.16, rest
    assert "weighted" in found.basis
    relapse_only = natural_frequencies(EVIDENCE["external"].landmarks[0])
    assert relapse_only
    assert relapse_only.among == "patients in remission"
    assert [count for _, count in relapse_only.counts] == [55, 45]  # relapse by day 182: 0.45


def test_numbers_are_written_one_way() -> None:
    assert (number(-0.001), number(None), interval(around(0.5, 0.1))) == ("0.00", "-", "0.50 (0.40 to 0.60)")


def of_kind(kind: str, **changes: object) -> Evidence:
    return EVIDENCE["external"].model_copy(update={"kind": kind} | changes)


def test_an_update_says_first_what_it_did_to_each_head_and_that_its_figures_are_cross_fitted() -> None:
    done = ["before session 1, remission: intercept (shift -0.213, slope 1.000)", "before session 1, relapse: nothing"]
    first_screen = text_of(of_kind("updated", caveats=done)).split("How well it predicts")[0]
    assert all(line in first_screen for line in done)
    assert "Figures are cross-fitted" in first_screen
    assert "What the update did" not in text_of(EVIDENCE["external"])


def test_what_is_true_of_a_training_is_not_said_of_another_kind() -> None:
    chosen = choice_text("held out", {})
    assert chosen in text_of(of_kind("held out"))
    for kind in ("external", "updated"):
        assert chosen not in text_of(of_kind(kind))
    assert "reweighting" not in text_of(of_kind("external"))


def test_patients_of_development_and_validation_stand_side_by_side_with_large_differences_in_sentences() -> None:
    rows = [
        row.model_copy(update={"standardised_difference": difference})
        for row, difference in zip(CASE_MIX, (0.0999, 0.1, -0.1, None), strict=False)
    ]
    facts = replace(about(), case_mix=tuple(rows))
    document = render_report(EVIDENCE["external"], facts, ())
    table = document.split("<caption>Development and validation: before session 1</caption>")[1].split("</table>")[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row)[-1] for row in table.split("</tr>")[1:-1]]
    assert cells == ["0.10", "0.10, notable", "-0.10, notable", "-"]
    assert "standardised differences of 0.1 or more in 2 of 3 features" in Elements(document).text()
    assert 'id="compared"' not in report("external")


def test_a_feature_that_nobody_has_yet_is_named_and_not_called_missing() -> None:
    mark = EVIDENCE["external"].landmarks[0]
    later = mark.case_mix[0].model_copy(update={"recorded": 0, "missing_share": 1.0, "mean": None})
    mark = mark.model_copy(update={"case_mix": [later, *mark.case_mix[2:4]], "questions": [], "heads": []})
    text = text_of(EVIDENCE["external"].model_copy(update={"landmarks": [mark]}))
    assert f"Features that are missing for all patients after surgery: {later.name}." in text
    assert "1 of 2 features, at most 1%" in text  # the two others miss 34 of 2,416 and none


def test_few_events_of_a_group_are_not_counted_in_the_table() -> None:
    question = EVIDENCE["external"].landmarks[0].questions[0]
    groups = [
        Subgroup(variable="sex", group="female", n=50, events=5),
        Subgroup(variable="sex", group="male", n=50),
        Subgroup(variable="sex", group="intersex", n=None),
    ]
    rows = subgroups_table(question.model_copy(update={"subgroups": groups})).rows
    assert [row[1:3] for row in rows] == [("50", "5"), ("50", "fewer than 5"), ("fewer than 10", "-")]


def test_the_first_screen_names_a_few_groups_and_questions_off_for_all_only_once() -> None:
    mark = EVIDENCE["external"].landmarks[0]
    groups = [
        Subgroup(variable="diagnosis", group=f"number {n}", n=50, calibration_in_the_large=around(-1.0, 0.5))
        for n in range(7)
    ]
    right = mark.questions[0].model_copy(update={"subgroups": groups, "name": "first"})
    off = right.measures | {"calibration_intercept": around(0.5, 0.1)}
    wrong = right.model_copy(update={"measures": off, "name": "second"})
    mark = mark.model_copy(update={"questions": [right, wrong]})
    text = text_of(EVIDENCE["external"].model_copy(update={"landmarks": [mark]}))
    assert "questions whose predictions are off on average: second is too low after surgery." in text
    assert "diagnosis: number 3 (too high for 1 of 1); and 3 more" in text


CHROMIUM = pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
OWN = {"clients2.google.com", "update.googleapis.com", "accounts.google.com", "clientservices.googleapis.com"}
"""Whom the browser asks by itself for the time, its updates and its extensions, whatever page is open."""


def opened(page: Path) -> tuple[str, str, set[str]]:
    """The document as a browser has built it, its messages, and the addresses that the page asked for."""
    log = page.with_suffix(".net.json")
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
        f"--user-data-dir={page.with_suffix('.profile')}",
        f"--log-net-log={log}",
        "--timeout=20000",
        "--dump-dom",
    ]
    done = subprocess.run(["chromium", *flags, page.as_uri()], capture_output=True, text=True, timeout=300, check=False)
    events = [event.get("params", {}) for event in json.loads(log.read_text(encoding="utf-8"))["events"]]
    requests = [params for params in events if "url" in params and "initiator" in params]
    asked = {
        str(params["url"])
        for params in requests
        if params["initiator"] != "not an origin" or urlsplit(params["url"]).hostname not in OWN
    }
    return done.stdout, done.stderr, asked - {page.as_uri()}


@CHROMIUM
def test_a_browser_opens_it_without_an_error_or_a_request(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report("training"), encoding="utf-8")
    built, said, asked = opened(page)
    assert built.count("<svg") == len(drawn("training"))
    assert "CONSOLE" not in said
    assert asked == set()


@CHROMIUM
def test_a_page_that_fetches_from_the_makers_of_the_browser_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "fetching.html"
    addresses = {"https://fonts.googleapis.com/a.png", "https://update.googleapis.com/b.png"}
    page.write_text("".join(f'<img src="{address}">' for address in sorted(addresses)), encoding="utf-8")
    assert opened(page)[2] == addresses
