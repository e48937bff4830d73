"""The examples in the guides of FHIR and of its codes run, and give what the guides say."""

import datetime as dt
import json
import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from features.protocol.document import Protocol
from serving.fhir.answer.elements import write
from serving.fhir.answer.offline import predict_fhir
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from tests.places import ROOT
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import digested
from tests.serving.fhir.readers import objections
from tests.serving.prediction.test_no_prediction import sparing
from training.cli.clinic_demo.fhir_server import FhirStore
from training.cli.clinic_demo.patients import synthetic_resources


def blocks(package: str, language: str) -> list[str]:
    """The examples of one language in a package's guide."""
    guide = (ROOT / "serving" / package / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", guide, flags=re.DOTALL)


def test_the_patient_of_the_guide_gets_a_prediction() -> None:
    (patient,) = blocks("fhir", "json")
    bundle = digested(refitted(toy_bundle()))
    defaults = ReadingDefaults(lambda _: dt.date(2026, 11, 1), None, bundle.protocol)
    answer = predict_fhir(patient.encode(), bundle, "1", defaults, transparency=False)
    kinds = [entry["resource"]["resourceType"] for entry in answer["entry"]]
    assert kinds == ["RiskAssessment"] * 3 + ["Provenance", "Device"]
    assert objections([write(answer)]) == []


def test_a_model_of_fuller_records_gives_the_patient_of_the_guide_no_prediction() -> None:
    (patient,) = blocks("fhir", "json")
    bundle = toy_bundle()
    bundle = digested(refitted(sparing(bundle, *bundle.features)))
    defaults = ReadingDefaults(lambda _: dt.date(2026, 11, 1), None, bundle.protocol)
    answer = predict_fhir(patient.encode(), bundle, "1", defaults, transparency=False)
    kinds = {entry["resource"]["resourceType"] for entry in answer["entry"]}
    assert kinds == {"OperationOutcome", "Provenance", "Device"}
    assert "too little is recorded" in write(answer).decode()


def test_a_patient_of_the_mock_ehr_is_read_as_the_guide_fetches_it() -> None:
    fetching = blocks("fhir", "sh")[-1]
    (kinds,) = re.findall(r"^kinds='(.*)'$", fetching, flags=re.MULTILINE)
    today = dt.date(2026, 11, 29)
    store = FhirStore("http://127.0.0.1:1/fhir", synthetic_resources(today))
    addresses = ["Patient/synthetic-a", *(f"{kind}?patient=synthetic-a" for kind in kinds.split())]
    records = [{"name": "record", "resource": store.answer(address).resource} for address in addresses]
    zone = {"name": "timeZone", "valueCode": "UTC"}
    body = json.dumps({"resourceType": "Parameters", "parameter": [zone, *records]}).encode()
    record = read_fhir(body, ReadingDefaults(lambda _: today, None, Protocol()))
    assert record.request.sessions
    assert record.request.prior_treatments


def test_the_program_that_reads_prints_the_day_and_the_place() -> None:
    (program,) = blocks("fhir/reading", "python")
    printed = StringIO()
    with redirect_stdout(printed):
        exec(program, {})  # noqa: S102 - our own text
    assert printed.getvalue() == "-6 Parameters.parameter[1].resource.effective.end\n"


def test_the_look_ups_give_what_stands_beside_them() -> None:
    (program,) = blocks("terminology", "python")
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    shown = re.findall(r"^(terminology\..+?)  # (.+)$", program, flags=re.MULTILINE)
    assert len(shown) == 4
    for expression, result in shown:
        assert str(eval(expression, names)) == result  # noqa: S307 - our own text
