"""The bill of materials is valid in strict mode; model, data, code and each locked package with licence are in it."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.places import ROOT
from tests.training.documents.subjects import subject_in
from training.documents.bill_of_materials import bill_of_materials
from training.documents.locked_packages import parsed_lock
from training.evidence.document import Evidence
from training.provenance import PACKAGES

Document = dict[str, Any]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Document:
    made: Document = json.loads(bill_of_materials(subject_in(tmp_path_factory.mktemp("bill"))))
    return made


def components(bill: Document, kind: str) -> dict[str, Document]:
    return {one["name"]: one for one in bill["components"] if one["type"] == kind}


def few_packages(bill: Document) -> Document:
    """The same with five packages: the validator needs many seconds for three hundred."""
    packages = [one for one in bill["components"] if one["type"] == "library"]
    return bill | {"components": [one for one in bill["components"] if one not in packages[5:]]}


def objection_to(bill: Document) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))


@pytest.mark.slow
def test_it_is_valid_against_the_schema_in_strict_mode(bill: Document) -> None:
    assert bill["specVersion"] == "1.6"
    assert objection_to(bill) is None


def test_the_schema_refuses_an_element_that_it_does_not_know(bill: Document) -> None:
    assert objection_to(few_packages(bill)) is None
    assert objection_to(few_packages(bill) | {"patients": 3}) is not None


def test_every_locked_package_has_version_purl_and_the_hashes_of_its_files(bill: Document) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock.strip())
    named = {(one["name"], one["version"]): one for one in bill["components"] if one["type"] == "library"}
    assert len(named) == len(entries) > 200
    for entry in entries:
        name, number = re.match(r"([^=]+)==(\S+)", entry).groups()  # type: ignore[union-attr]
        found = named[name, number]
        assert found["purl"] == f"pkg:pypi/{name.lower()}@{number}"
        (files,) = found["externalReferences"]
        assert {one["content"] for one in files["hashes"]} == set(re.findall(r"sha256:(\w+)", entry))


def test_a_package_says_on_which_systems_it_is_installed() -> None:
    found = {one.name: one for one in parsed_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))}
    assert found["uvloop"].marker == "sys_platform != 'win32'"
    assert found["click"].marker == ""


def test_every_package_has_a_licence_or_says_that_none_is_known(bill: Document) -> None:
    packages = {one["bom-ref"]: one for one in bill["components"] if one["type"] == "library"}
    stated = {one["name"]: one for one in packages.values() if one.get("licenses")}
    unknown = {
        name: [each["value"] for each in one.get("properties", ()) if each["name"] == "kap:licence"]
        for name, one in packages.items()
        if not one.get("licenses")
    }
    assert all(unknown.values()), unknown
    assert len(stated) > 200
    assert stated["numpy"]["licenses"][0].get("expression") or stated["numpy"]["licenses"][0]["license"]
    assert stated["pydantic"]["licenses"] == [{"license": {"id": "MIT"}}]


def test_the_model_has_its_digest_status_and_card(bill: Document, tmp_path: Path) -> None:
    model = bill["metadata"]["component"]
    subject = subject_in(tmp_path)
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": subject.bundle.digest}]
    assert "OVERRIDE" in json.dumps(model["properties"])
    assert model["description"].startswith("SYNTHETIC")
    landmark = subject.evidence.landmarks[0]
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert {
        "type": "auc",
        "value": "0.71",
        "slice": f"{landmark.name}, remission",
        "confidenceInterval": {"lowerBound": "0.66", "upperBound": "0.75"},
    } in metrics


def test_data_are_named_by_digest_and_no_patient_is_in_it(bill: Document) -> None:
    (cohort,) = components(bill, "data").values()
    assert cohort["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    assert bill["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"] == [{"ref": cohort["bom-ref"]}]
    assert "synthetic cohort of 2,500 patients" in cohort["description"]
    assert "contents" not in cohort["data"][0]


def test_code_and_python_are_those_of_the_training(bill: Document) -> None:
    assert components(bill, "platform")["Python"]["version"].startswith("3.")
    code = components(bill, "application")["kap-outcomes"]
    assert code["version"] == version("kap-outcomes")
    assert re.fullmatch("[0-9a-f]{40}", code["pedigree"]["commits"][0]["uid"])


def test_time_and_serial_number_follow_from_the_training(bill: Document, tmp_path: Path) -> None:
    assert bill["metadata"]["timestamp"].startswith("2026-09-30T07:00:00")
    first, second = (bill_of_materials(subject_in(tmp_path, written_on=day)) for day in ("2030-01-01", "2031-01-01"))
    assert first == second
    assert json.loads(first)["serialNumber"] == bill["serialNumber"]


def test_without_the_lock_of_the_training_only_what_the_run_names_is_listed(tmp_path: Path) -> None:
    bill = json.loads(bill_of_materials(subject_in(tmp_path, tags={"lock_digest": "0" * 64})))
    assert objection_to(bill) is None
    assert "mlflow" in components(bill, "library")
    assert components(bill, "library").keys() <= set(PACKAGES)
    (said,) = [one["value"] for one in bill["metadata"]["properties"] if one["name"] == "kap:packages"]
    assert said.startswith("only the packages that the run names")


def test_evidence_without_a_question_gives_a_valid_document(tmp_path: Path, no_questions: Evidence) -> None:
    bill = json.loads(bill_of_materials(subject_in(tmp_path, no_questions)))
    assert objection_to(few_packages(bill)) is None
