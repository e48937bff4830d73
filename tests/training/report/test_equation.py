"""Ten patients computed by hand, from the report alone, have the probabilities that the service answers."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

import numpy as np
import openpyxl
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.records.timeline import Floats
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.score import LinearScore
from serving.contract.reading import read_request
from serving.prediction.predictor import PredictionReply, Predictor
from tests.serving.requests import request_of
from tests.training.evidence_examples import about
from tests.training.evidences import good_evidence
from tests.training.report.spreadsheet import calculated, labelled, relapse_of, remission_of
from training.description.model_description import DescribedHead, describe_models
from training.evaluation.case_mix import case_mix
from training.evidence.document import Evidence, read_evidence
from training.experiment.train import LandmarkFit, Training
from training.report.models.workbook import equation_workbook
from training.report.page.page import render_report

PATIENTS = 10
EXACT = 1e-9
HORIZONS = (84, 100, 182)
"""One of them is no whole number of weeks."""


@pytest.fixture(scope="module")
def bundle(trained: Training) -> Bundle:
    """The training's models, each with heads that have terms: remission, relapse and competing events, recalibrated."""
    models = [_with_terms(model, fit) for model, fit in zip(trained.bundle.models, trained.landmarks, strict=True)]
    return replace(trained.bundle, models=tuple(models))


def _with_terms(model: OutcomeModel, fit: LandmarkFit) -> OutcomeModel:
    assert fit.remission is not None
    remission = fit.remission.candidates["logistic"].head
    relapse = fit.relapse.candidates["logistic"].head
    assert isinstance(relapse, RelapseHead)
    assert isinstance(remission.score, LinearScore)
    competing = replace(remission.score, weight=0.3 * remission.score.weight)
    relapse = replace(relapse, competing_score=competing, competing_hazard=0.002 + 0 * relapse.competing_hazard)
    return replace(
        model,
        horizons_days=HORIZONS,
        remission=replace(remission, slope=0.8),  # type: ignore[arg-type]
        relapse=replace(relapse, slope=1.3),
        refits=None,
    )


@pytest.fixture(scope="module")
def evidence(trained: Training, bundle: Bundle) -> Evidence:
    """Evidence about these models, written and read again."""
    declared, site = catalogue(trained.cohort.protocol), trained.cohort.site
    heads = [
        {name: DescribedHead(fit.task.training_data.rows[fit.task.fitted_on], site) for name, fit in mark.heads.items()}
        for mark in trained.landmarks
    ]
    found = good_evidence(trained.cohort.protocol)
    landmarks = [
        one.model_copy(update={"case_mix": case_mix(mark.features.values, declared, mark.outcomes.eligible)})
        for one, mark in zip(found.landmarks, trained.landmarks, strict=True)
    ]
    described = describe_models(landmarks, bundle.models, heads, declared, 7)
    return read_evidence(found.model_copy(update={"landmarks": described}).as_json())


@pytest.fixture(scope="module")
def answers(trained: Training, bundle: Bundle) -> list[PredictionReply]:
    """Ten patients' answers from the code behind POST /v1/predict, at each of the three landmarks in turn."""
    predictor, cohort = Predictor(bundle, "1"), trained.cohort
    found: list[PredictionReply] = []
    for number, model in enumerate(bundle.models):
        rows = build_features(cohort, model.landmark)
        known = [patient for patient, why in enumerate(rows.ineligible) if why is None][number::7][:8]
        requests = [read_request(json.dumps(request_of(cohort, each, int(rows.day[each])))) for each in known]
        replies = predictor.answer_many(requests, [str(each) for each in known])
        predicted = [
            reply for reply in replies if isinstance(reply, PredictionReply) and reply.answer["outcome"] == "predicted"
        ]
        found += [reply for reply in predicted if reply.landmark == model.landmark.name][: 4 if number == 0 else 3]
    assert len(found) == PATIENTS
    assert {reply.landmark for reply in found} == {model.landmark.name for model in bundle.models}
    return found


def served(reply: PredictionReply) -> list[float]:
    """Remission, then relapse and sustained remission by each horizon."""
    answer = reply.answer
    relapse = {one["days"]: one["probability"] for one in answer["relapse"]["at_horizons"]}
    sustained = {one["horizon_days"]: one["probability"] for one in answer["sustained_remission"]}
    assert list(relapse) == list(sustained) == list(HORIZONS)
    return [answer["remission"]["probability"], *relapse.values(), *sustained.values()]


def values_of(reply: PredictionReply) -> dict[str, float]:
    """The patient's recorded features by name."""
    assert reply.row is not None
    row: Mapping[str, float] = json.loads(reply.row)
    return dict(row)


def test_ten_patients_by_hand_are_the_ten_answers_of_the_service(
    evidence: Evidence, answers: list[PredictionReply]
) -> None:
    """From nothing but the table that the report links, with spreadsheet arithmetic."""
    (address,) = re.findall(r'download="equation.csv" href="data:,([^"]*)"', render_report(evidence, about(), ()))
    lines = list(csv.DictReader(io.StringIO(unquote(unescape(address)))))
    some_missing = 0
    for reply in answers:
        patient = values_of(reply)
        mine = [line for line in lines if line["landmark"] == reply.landmark]
        remission, relapse = ([line for line in mine if line["head"] == name] for name in ("remission", "relapse"))
        p, by_day = remission_of(remission, patient), [relapse_of(relapse, patient, day) for day in HORIZONS]
        by_hand = [p, *(relapsed for relapsed, _ in by_day), *(p * free for _, free in by_day)]
        assert by_hand == pytest.approx(served(reply), abs=EXACT, rel=0)
        some_missing += any(line["feature"] not in patient for line in remission if line["part"] == "term")
    assert some_missing


def test_the_workbook_computes_the_same_ten_patients_when_their_values_are_written_in(
    evidence: Evidence, answers: list[PredictionReply]
) -> None:
    content = equation_workbook(evidence)
    names = [landmark.name for landmark in evidence.landmarks]
    for reply in answers:
        book, patient = openpyxl.load_workbook(io.BytesIO(content)), values_of(reply)
        number = names.index(str(reply.landmark)) + 1
        models = {head.head: head.model for head in evidence.landmarks[number - 1].heads}
        for name, model in models.items():
            assert model is not None
            sheet, features = book[f"{number} {name}"], [term.feature for term in model.terms]
            competing = [term.feature for term in model.competing_terms]
            places = [*enumerate(features, start=5), *enumerate(competing, start=5 + len(features) + 2)]
            for row, feature in places:
                sheet.cell(row, 3).value = patient.get(feature)
        known: dict[tuple[str, str], float] = {}
        labels = [(f"{number} remission", "probability of remission")]
        labels += [(f"{number} relapse", f"relapse by day {day}") for day in HORIZONS]
        labels += [(f"{number} relapse", f"sustained remission to day {day}") for day in HORIZONS]
        found = [calculated(book, sheet, labelled(book, sheet, label), known) for sheet, label in labels]
        assert found == pytest.approx(served(reply), abs=EXACT, rel=0)


def test_the_worked_example_of_the_report_is_what_the_model_answers(evidence: Evidence, bundle: Bundle) -> None:
    """The made-up patient in the report has the probability that the fitted model itself gives for this row."""
    page = unescape(render_report(evidence, about(), ()))
    shown = [float(number) for number in re.findall(r"probability of remission ([0-9.e-]+)\.", page)]
    assert len(shown) == len(bundle.models)
    for model, landmark, printed in zip(bundle.models, evidence.landmarks, shown, strict=True):
        row = [_typical(summary.q50, summary.mean) for summary in landmark.case_mix]
        assert model.predict(_rows(row)).remission[0] == pytest.approx(printed, abs=EXACT)


def _typical(median: float | None, mean: float | None) -> float:
    return median if median is not None else float("nan") if mean is None else float(mean >= 0.5)


def _rows(row: list[float]) -> Floats:
    return np.array([row])


def test_where_no_head_has_an_equation_the_report_says_so_and_links_none() -> None:
    page = render_report(good_evidence(), about(), ())
    assert "equation.csv" not in page
    assert "none can be computed by hand" in " ".join(page.split())
