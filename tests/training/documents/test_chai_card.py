"""The CHAI card is valid against the published schema, takes its figures from the evidence and invents no answer."""

import json
from pathlib import Path

import pytest
from lxml import etree

from tests.places import GOLDEN
from tests.training.documents.subjects import subject_in
from training.documents.chai_card import NAMESPACE, chai_card
from training.documents.subject import OPEN
from training.evidence.document import Evidence
from training.report.study import StudyAnswers

SCHEMA = GOLDEN / "chai-model-card" / "schema.xsd"
SIGNATURES = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://www.w3.org/2000/09/xmldsig#"><xs:element name="Signature"/></xs:schema>"""
"""In place of the schema of XML signatures, which the card's schema would fetch; a card needs no signature."""
pytestmark = pytest.mark.skipif(not SCHEMA.is_file(), reason="the shared folder with CHAI's schema is not here")


class LocalSchemas(etree.Resolver):
    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        return self.resolve_string(SIGNATURES, context) if "xmldsig" in system_url else None


def objections_to(card: bytes) -> list[str]:
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    schema = etree.XMLSchema(etree.parse(str(SCHEMA), parser))
    return [] if schema.validate(etree.fromstring(card)) else [error.message for error in schema.error_log]


def text_of(card: bytes, element: str) -> str:
    return "\n".join(part.text or "" for part in etree.fromstring(card).iter(f"{{{NAMESPACE}}}{element}"))


def test_the_card_is_valid_against_the_published_schema(tmp_path: Path) -> None:
    assert objections_to(chai_card(subject_in(tmp_path))) == []


def test_a_card_without_any_figure_is_valid_too(tmp_path: Path, no_questions: Evidence) -> None:
    assert objections_to(chai_card(subject_in(tmp_path, no_questions, decisions=(), succession=()))) == []


def test_the_schema_refuses_a_card_with_a_part_missing(tmp_path: Path) -> None:
    card = chai_card(subject_in(tmp_path))
    assert objections_to(card.replace(b"ModelName", b"NameOfModel"))


def test_what_only_people_know_is_said_to_be_open(tmp_path: Path) -> None:
    card = chai_card(subject_in(tmp_path))
    for element in ("DeveloperContact", "FundingSource", "ClinicalRiskLevel", "StakeholdersConsulted"):
        assert OPEN in text_of(card, element), element


def test_what_the_authors_answered_stands_in_its_place(tmp_path: Path) -> None:
    answers = StudyAnswers({"funding": "A <public> fund & others.", "data_source": "A registry."})
    card = chai_card(subject_in(tmp_path, answers=answers))
    assert text_of(card, "FundingSource") == "A <public> fund & others."
    assert "A registry." in text_of(card, "InputDataSource")
    assert objections_to(card) == []


def test_the_figures_are_those_of_the_evidence(tmp_path: Path) -> None:
    subject = subject_in(tmp_path)
    card = etree.fromstring(chai_card(subject))
    results = {result[0].text: json.loads(result[1].text) for result in card.iter(f"{{{NAMESPACE}}}MetricResult")}
    landmark = subject.evidence.landmarks[0]
    question = landmark.questions[0]
    label = f"{landmark.name}, {question.name}: c-statistic (AUC)"
    assert results[label] == {"kind": "single", "value": 0.71, "unit": "c-statistic"}
    assert results[f"{label}, lower 95% limit"]["value"] == question.measures["auc"].low
    assert results[f"{landmark.name}, {question.name}, sex: female: in the large"]["value"] == 0.03


def test_an_override_and_the_synthetic_cohort_are_in_the_release_stage(tmp_path: Path) -> None:
    stage = text_of(chai_card(subject_in(tmp_path)), "ReleaseStage")
    assert stage.startswith("SYNTHETIC")
    assert "OVERRIDE" in stage
    assert "2 of 3 checks of the policy were not met: sample size (2)" in stage


def test_the_same_version_gives_the_same_bytes(tmp_path: Path) -> None:
    first = chai_card(subject_in(tmp_path, written_on="2030-01-01"))
    assert first == chai_card(subject_in(tmp_path, written_on="2031-02-03"))
