"""The request in the guide gets the answer in the guide, and the guide names every field of the answer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from features.eligibility.eligibility import Ineligible
from models.applicability import WORDS
from models.bundle import save_bundle
from serving.contract.reading import read_record, read_request
from serving.contract.response import Prediction
from serving.prediction.predictor import Predictor
from tests.places import ROOT
from tests.serving.bundles import toy_bundle, wavering, with_applicability
from tests.serving.requests import problems

README = (ROOT / "serving" / "README.md").read_text(encoding="utf-8")
REQUEST, DATED, ANSWER, REFUSED, REFUSAL = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)
DIFFERS_EACH_TIME = {"prediction_id", "bundle_digest"}


def _shown_in(shown: Any, found: Any) -> None:
    """Every value that is shown is the one found; a list may be shown by its first entries."""
    if isinstance(shown, dict):
        assert shown.keys() == found.keys()
        for name in shown.keys() - DIFFERS_EACH_TIME:
            _shown_in(shown[name], found[name])
    elif isinstance(shown, list):
        assert len(shown) <= len(found)
        for one, other in zip(shown, found, strict=False):
            _shown_in(one, other)
    elif isinstance(shown, float):
        assert found == pytest.approx(shown, abs=5e-4)
    else:
        assert found == shown


def test_the_request_gets_the_answer() -> None:
    response = Predictor(wavering(with_applicability(toy_bundle())), "3").predict(read_request(REQUEST))
    _shown_in(json.loads(ANSWER), response.model_dump(mode="json"))


def test_the_request_in_dates_is_the_same_and_gets_the_same_answer_with_the_date_of_the_landmark() -> None:
    predictor = Predictor(wavering(with_applicability(toy_bundle())), "3")
    assert read_request(DATED) == read_request(REQUEST)
    shown = json.loads(ANSWER)
    shown["landmark"]["date"] = "2026-10-21"
    _shown_in(shown, predictor.predict(read_record(DATED)).model_dump(mode="json"))


def test_the_refused_request_gets_the_refusal() -> None:
    shown = json.loads(REFUSAL)["problems"]
    assert shown == [vars(problem) for problem in problems(REFUSED)]


def test_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    save_bundle(toy_bundle(), tmp_path / "bundle")
    (tmp_path / "patient.json").write_text(REQUEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    assert names["answer"].root.remission.probability == pytest.approx(
        json.loads(ANSWER)["remission"]["probability"], abs=5e-4
    )


@pytest.mark.parametrize("field", Prediction.model_fields)
def test_every_field_of_the_answer_is_explained(field: str) -> None:
    assert f"| `{field}" in README


@pytest.mark.parametrize(
    "code",
    [*sorted(reason.name.lower() for reason in Ineligible), "not_learned", "outside_training", *WORDS],
)
def test_every_reason_is_explained(code: str) -> None:
    assert f"| `{code}`" in README
