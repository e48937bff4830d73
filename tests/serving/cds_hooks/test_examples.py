"""Every example of the specification is read as what it is, or refused with a path, and none ends in a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest

from features.protocol.document import Protocol
from serving.cds_hooks.card import CardSource, CardsResponse
from serving.cds_hooks.consultation import ConsultationReader
from serving.cds_hooks.feedback import read_feedback
from serving.cds_hooks.prefetch import PrefetchMissingError
from serving.cds_hooks.services import SERVICES, CdsServices
from serving.contract.refusal import RequestRefusedError
from serving.terminology.codes import load_terminology
from tests.places import GOLDEN
from tests.serving.cds_hooks.calls import TODAY
from tests.serving.cds_hooks.rules import broken

FOLDER = GOLDEN / "cds-hooks"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the examples of CDS Hooks are not here")
READER = ConsultationReader(lambda _: TODAY, None, Protocol(), load_terminology())
NEEDED = ["prefetch.patient", "prefetch.observations", "prefetch.questionnaireResponses"]
NO_CALL = ["hook", "hookInstance", "context"]
AS_CALL: dict[str, list[str]] = {
    "01-discovery-example": NO_CALL,
    "02-example": NEEDED,
    "03-prefetch-template": NO_CALL,
    "04-example-prefetch-token": ["hook", "hookInstance", "context.userId"],
    "05-example-prefetch-token": ["hook", "hookInstance", "context.userId", "context.patientId"],
    "06-example-prefetch-token": ["hook", "hookInstance", "context.userId", "context.patientId"],
    "07-example-prefetch-templates": NO_CALL,
    "08-example-prefetch-data": NO_CALL,
    "09-passing-the-access-token-to-the-cds-serv": NO_CALL,
    "10-http-response": NO_CALL,
    "11-source": NO_CALL,
    "12-action": NO_CALL,
}
"""By example, the paths at which a call of patient-view is refused, or asks for more prefetch; the second is one."""


def content(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def paths_as_call(body: bytes) -> list[str]:
    try:
        assert READER.read(body, SERVICES[0]) is not None
    except (RequestRefusedError, PrefetchMissingError) as refused:
        return [problem.path for problem in refused.problems]
    return []


@pytest.mark.parametrize("name", AS_CALL)
def test_each_example_as_a_call_is_read_or_refused_with_a_path(name: str) -> None:
    assert paths_as_call((FOLDER / f"{name}.json").read_bytes()) == AS_CALL[name]


@pytest.mark.parametrize("name", AS_CALL)
def test_each_example_as_feedback_is_refused_with_a_path(name: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read_feedback((FOLDER / f"{name}.json").read_bytes())
    assert [problem.path for problem in refused.value.problems] == ["feedback"]


def test_no_example_is_left_out() -> None:
    assert sorted(AS_CALL) == sorted(path.stem for path in FOLDER.glob("*.json"))


def test_the_examples_of_answers_are_of_the_types_that_this_service_sends() -> None:
    assert CdsServices.model_json_schema(by_alias=True)["properties"].keys() == content("01-discovery-example").keys()
    assert CardsResponse.model_validate(content("10-http-response")) == CardsResponse()
    assert CardSource.model_validate(content("11-source")["source"]).topic.code == "12345"
    assert broken("action", content("12-action")) == []


@pytest.mark.parametrize("folder", ["fhir-r4"])
def test_no_example_of_a_resource_ends_in_a_traceback(folder: str) -> None:
    for path in sorted((GOLDEN / folder).glob("*.json")):
        call = content("02-example")
        call["prefetch"] = {"patient": call["prefetch"]["patientToGreet"], "observations": read(path)}
        call["prefetch"]["administrations"] = read(path)
        assert all(paths_or_quiet(call))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def paths_or_quiet(call: Any) -> list[str]:
    try:
        READER.read(json.dumps(call).encode(), SERVICES[0])
    except (RequestRefusedError, PrefetchMissingError) as refused:
        return [problem.path for problem in refused.problems]
    return []
