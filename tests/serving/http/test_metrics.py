"""Metrics: how many, how fast and which outcome, for each version; never a value of a record."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving.contract.refusal import RequestProblem
from serving.http.metrics import Metrics
from serving.prediction.predictor import Predictor
from tests.serving.bundles import toy_bundle, with_applicability
from tests.serving.requests import EXAMPLE, changed, example, problems, read


def answers(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    found = Predictor(with_applicability(toy_bundle()), "3").answer_many(
        [read(document) for document in documents], [f"p{number}" for number in range(len(documents))]
    )
    return [one.summary for one in found]  # type: ignore[union-attr]


def value(page: bytes, name: str, **labels: str) -> float:
    """The value of a metric with exactly these labels."""
    for line in page.decode().splitlines():
        found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
        if found and found.group(1) == name and dict(re.findall(r'(\w+)="(.*?)"', found.group(2) or "")) == labels:
            return float(found.group(3))
    raise AssertionError(f"no {name} {labels} in\n{page.decode()}")


def test_answers_are_counted_by_outcome_version_and_landmark() -> None:
    metrics = Metrics(shared=False)
    metrics.given("3", answers(EXAMPLE, EXAMPLE, example(assessments=[])))
    metrics.given("4", answers(EXAMPLE))
    page = metrics.page()
    landmark = "before session 3"
    assert value(page, "kap_answers_total", outcome="predicted", version="3", landmark=landmark) == 2
    assert value(page, "kap_answers_total", outcome="predicted", version="4", landmark=landmark) == 1
    assert value(page, "kap_answers_total", outcome="not_predictable", version="3", landmark="") == 1
    assert value(page, "kap_not_predictable_total", code="no_baseline", version="3") == 1


def test_missing_and_out_of_range_features_are_counted_by_name() -> None:
    metrics = Metrics(shared=False)
    older = changed(("patient", "age_years"), 65)
    metrics.given("3", answers(EXAMPLE, older))
    page = metrics.page()
    assert value(page, "kap_features_missing_total", feature="benzodiazepine_mg", version="3") == 2
    assert value(page, "kap_features_out_of_range_total", feature="age_years", version="3") == 1
    assert value(page, "kap_applicability_total", verdict="at_the_edge", version="3") == 1


def test_every_probability_falls_into_one_tenth() -> None:
    metrics = Metrics(shared=False)
    (answer,) = answers(EXAMPLE)
    metrics.given("3", [answer])
    page = metrics.page().decode()
    counted = re.findall(r'kap_probabilities_total\{from="(.*?)",question="(.*?)",version="3"\} 1.0', page)
    given = {"remission": answer["remission"]["probability"]}
    given |= {f"relapse_{risk['days']}": risk["probability"] for risk in answer["relapse"]["at_horizons"]}
    given |= {f"sustained_{one['horizon_days']}": one["probability"] for one in answer["sustained_remission"]}
    assert {question: float(tenth) for tenth, question in counted} == {
        question: pytest.approx(int(probability * 10) / 10) for question, probability in given.items()
    }


def test_the_processes_of_a_server_are_added_up(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from serving.http.metrics import Metrics\n"
        "metrics = Metrics(shared=True)\n"
        "metrics.answered('/v1/model', 'GET', 200, 0.01)\n"
        "sys.stdout.buffer.write(metrics.page())\n"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    pages = [
        subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    for number, page in enumerate(pages, start=1):
        assert value(page, "kap_requests_total", path="/v1/model", method="GET", status="200") == number


def test_refusals_are_counted_by_field_whichever_row_it_was_in() -> None:
    metrics = Metrics(shared=False)
    document = changed(("assessments", 1, "score"), "x", changed(("assessments", 0, "score"), "x"))
    for refused in (document, changed(("patient", "Jane"), 1)):
        metrics.refused(problems(refused))
    page = metrics.page()
    assert value(page, "kap_answers_total", outcome="refused", version="", landmark="") == 2
    assert value(page, "kap_refusals_total", field="assessments.score") == 1
    assert value(page, "kap_refusals_total", field="patient.?") == 1


def test_however_deep_a_refused_part_lies_the_number_of_fields_stays_small() -> None:
    metrics = Metrics(shared=False)
    for depth in range(1, 40):
        path = "prefetch.questionnaireResponses.entry[0].resource" + ".item[1]" * depth + ".linkId"
        metrics.refused([RequestProblem(path, "a text", "another type")])
    counted = re.findall(r'kap_refusals_total\{field="(.*?)"\}', metrics.page().decode())
    assert len(counted) <= 2
    assert all(field.startswith("prefetch.questionnaireResponses.entry.resource.item") for field in counted)
