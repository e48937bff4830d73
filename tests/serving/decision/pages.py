"""Pages for tests: of any bundle and record, without a server, and what they say as text."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np

from models.bundle import Bundle
from models.relapse import RelapseHead
from models.remission import RemissionHead
from serving.decision.page import render_page
from serving.decision.study import study_facts
from serving.decision.view import DecisionView, decision_view
from serving.storage.launches import Launch
from tests.serving.answers import answered
from tests.serving.bundles import linear, refitted, toy_bundle, with_applicability
from tests.serving.requests import EXAMPLE, example, read

Document = dict[str, Any]
TOKEN = "T" * 96
FIRST_DOSE = "2026-10-01"
WEIGHTS = {
    "baseline_severity_share": -0.8, "baseline_distance_to_remission": -0.2, "illness_duration_years": -0.01,
    "adequate_failures": -0.1, "change_share": 0.9, "change_reliable": 0.3, "distance_to_criterion": -0.3,
    "latest_severity_share": -0.5, "dosing_sessions": 0.05, "days_since_last_dose": -0.01,
    "dose_relative_to_usual": 0.1, "age_years": -0.01, "sex_female": 0.1, "comorbid_depression": -0.1,
    "benzodiazepine_mg": -0.01, "prior_antidepressants_not_failed": 0.02, "working_alliance": 0.1,
}  # fmt: skip
"""As many features as a model that was fitted on a cohort uses."""


def usual_bundle() -> Bundle:
    """A bundle with intervals and verdicts, whose heads use many features."""
    toy = refitted(with_applicability(toy_bundle()))
    against = {name: -weight for name, weight in WEIGHTS.items()}
    remission = RemissionHead(linear(toy.protocol, WEIGHTS), 0.3, 1.1)
    relapse = RelapseHead(
        linear(toy.protocol, against), np.array([0, 8, 26]), np.array([-4.0, -4.5]), np.array([0.002, 0.002]), 0.9
    )
    models = tuple(replace(model, remission=remission, relapse=relapse) for model in toy.models)
    return replace(toy, models=models, digest="c5e99e9f9d5a" * 5 + "abcd")


def usual_record() -> Document:
    """A record of which two facts give cautions."""
    document = example()
    document["patient"] |= {"mania_history": True, "resting_systolic_mmhg": 150}
    return document


def launch_of(bundle: Bundle, document: Document | None = None, first_dose_date: str | None = FIRST_DOSE) -> Launch:
    request = read(EXAMPLE if document is None else document)
    (answer,) = answered(bundle, [request])
    return Launch("id-0", request.model_dump_json().encode(), first_dose_date, answer.body)


def view_of(bundle: Bundle, document: Document | None = None, token: str | None = TOKEN) -> DecisionView:
    return decision_view(launch_of(bundle, document), study_facts(bundle), token, 15)


def page_of(bundle: Bundle, document: Document | None = None, language: str = "en", token: str | None = TOKEN) -> str:
    return render_page(view_of(bundle, document, token), language)


class _Words(HTMLParser):
    """The text of a page or of one section of it; each block ends a line."""

    HEADS = ("h1", "h2", "h3", "h4", "th", "caption", "figcaption", "label", "button", "summary", "dt")
    BLOCKS = frozenset((*HEADS, "p", "li", "td", "tr", "div", "section", "dd"))
    VOID = frozenset(["meta", "input", "line", "circle", "path", "use", "br"])
    SILENT = frozenset(("style", "script", "svg", "option"))

    def __init__(self, section: str | None) -> None:
        super().__init__()
        self.section = section
        self.lines: list[str] = [""]
        self._open: list[tuple[str, bool, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside, silent = self._open[-1][1:] if self._open else (self.section is None, False)
        if tag not in self.VOID:
            here = inside or dict(attrs).get("id") == self.section
            self._open.append((tag, here, silent or tag in self.SILENT))
        if tag in self.BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop()[0] == tag, f"{tag} is not closed"
        if tag in self.BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][1] and not self._open[-1][2]:
            self.lines[-1] += data


def lines_of(page: str, section: str | None = None) -> list[str]:
    """The lines of text of a page, or of its section with an id: ``patient`` or ``clinician``."""
    words = _Words(section)
    words.feed(page)
    return [text for line in words.lines if (text := " ".join(line.split()))]


def text_of(page: str, section: str | None = None) -> str:
    return "\n".join(lines_of(page, section))
