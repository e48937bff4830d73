"""The examples in the guides of FHIR and of its codes run, and give what the guides say."""

import datetime as dt
import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from serving.fhir.answer.elements import write
from serving.fhir.answer.offline import predict_fhir
from serving.fhir.reading.options import ReadingDefaults
from tests.places import ROOT
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import digested
from tests.serving.fhir.readers import objections


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
