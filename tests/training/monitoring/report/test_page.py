"""The page needs no other file, discloses no patient, and shows the newest version first."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from models.bundle import Bundle
from tests.training.monitoring.clinics import clinic_log, hashed
from training.experiment.train import Training
from training.monitoring.monitor import KnownModel, MonitoringRequest, OutcomeSource, UnknownModel, monitor
from training.monitoring.report.figures import Figure, draw
from training.monitoring.report.page import render_page
from training.monitoring.statistics.document import Monitoring
from training.monitoring.statistics.reference import reference_of_update

NOW = datetime(2027, 6, 1, tzinfo=UTC)
MARKED_AGE = 47.618033


@pytest.fixture(scope="module")
def found(trained: Training) -> Monitoring:
    """Two versions in one log, the second in use; a patient's age is a number that can be searched for."""
    bundles = [replace(trained.bundle, digest=digit * 64) for digit in "01"]
    patients = trained.cohort.take(np.arange(240, 400))
    reference = reference_of_update(trained.cohort.take(np.arange(240)), bundles[0].models)
    log = [
        one for bundle, part in zip(bundles, halves(), strict=True) for one in clinic_log(bundle, patients.take(part))
    ]
    log = [
        replace(one, model_version=one.model_digest[0], row=dict(one.row or {}) | {"age_years": MARKED_AGE})
        if number % 40 == 0
        else replace(one, model_version=one.model_digest[0])
        for number, one in enumerate(log)
    ]
    known: dict[str, Bundle] = {bundle.digest: bundle for bundle in bundles}

    def find(digest: str) -> KnownModel | UnknownModel:
        return KnownModel(known[digest], reference)

    return monitor(log, MonitoringRequest(find, OutcomeSource(lambda _: patients, hashed), NOW))


def halves() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(58), np.arange(58, 160)


@pytest.fixture(scope="module")
def figures(found: Monitoring) -> list[list[Figure]]:
    return [draw(model) for model in found.models]


@pytest.fixture(scope="module")
def page(found: Monitoring, figures: list[list[Figure]]) -> str:
    return render_page(found, figures)


def test_the_page_needs_nothing_else(page: str) -> None:
    """Nothing is fetched and nothing is run: addresses name only a vocabulary of SVG."""
    assert "<script" not in page
    addresses = set(re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]+)', page))
    assert all(address.startswith(("#", "data:,")) for address in addresses), addresses


def test_the_page_discloses_no_patient(page: str, found: Monitoring, trained: Training) -> None:
    shown = page + found.as_json()
    assert "hash of" not in shown
    assert str(MARKED_AGE)[:7] not in shown
    assert not [name for name in trained.cohort.patient_ids.tolist() if str(name) in shown]
    assert not re.search(r"before session \d \d+", shown)  # ids of predictions


def test_every_version_has_its_place_the_newest_first(page: str, found: Monitoring) -> None:
    titles = re.findall(r'<h2 id="version-\d">(.*?)</h2>', page)
    assert titles == [f"Version {model.version}: {model.state}" for model in found.models]
    assert [model.version for model in found.models] == ["1", "0"]


def test_every_reason_stands_on_the_page(page: str, found: Monitoring) -> None:
    words = re.sub(r"\s+", " ", page.replace("&#39;", "'"))
    assert all(reason in words for model in found.models for reason in model.reasons)


def test_figures_have_names_of_their_own_and_say_in_sentences_what_they_show(
    page: str, figures: list[list[Figure]]
) -> None:
    names = [figure.file_name for drawn in figures for figure in drawn]
    assert len(set(names)) == len(names) > 6
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(ids)) == len(ids)
    assert page.count("<desc") == len(names)


def test_the_page_is_well_formed(page: str) -> None:
    class Nesting(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "link", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

    nesting = Nesting()
    nesting.feed(page)
    assert not nesting.open


def test_months_of_one_to_four_patients_are_not_shown(found: Monitoring) -> None:
    numbers = [number for model in found.models for asked in model.asked for number in asked.patients]
    assert None in numbers
    assert not [number for number in numbers if number is not None and 0 < number < 5]
