"""Clients that others generate from the document: the types have every field, compile, and get answers."""

import datetime as dt
import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from features.protocol.columns import TABLES
from tests.places import ROOT
from tests.serving.dated_records import at_local, in_dates
from tests.serving.openapi import typescript
from tests.serving.requests import EXAMPLE
from tests.serving.servers import Server

pytestmark = pytest.mark.long
Document = dict[str, Any]
README = (ROOT / "serving" / "README.md").read_text(encoding="utf-8")
SCHEMAS = 'import type { components } from "./kap";\ntype Schemas = components["schemas"];\n'


@pytest.fixture(scope="module")
def served(server: Server) -> Document:
    found: Document = server.client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def types(served: Document) -> Iterator[Path]:
    own = typescript.generated(typescript.typescript_folder(), served)
    yield own
    shutil.rmtree(own)


def _compiled(types: Path, program: str) -> Path:
    source = types / "program.ts"
    source.write_text(program, encoding="utf-8")
    typescript.run(types.parent, "tsc", *typescript.OPTIONS, "--outDir", str(types), str(source))
    return source.with_suffix(".js")


def _examples(document: Document) -> Iterator[tuple[str, Any]]:
    """Every example of a body, with the name of its schema."""
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for body in bodies for content in body.get("content", {}).values()):
                if "$ref" in content["schema"]:
                    name = content["schema"]["$ref"].rpartition("/")[2]
                    yield from ((name, shown["value"]) for shown in content["examples"].values())


def test_every_example_of_the_document_compiles_under_the_types_of_openapi_typescript(
    types: Path, served: Document
) -> None:
    examples = list(_examples(served))
    lines = [f'const e{n}: Schemas["{name}"] = {json.dumps(value)};' for n, (name, value) in enumerate(examples)]
    assert len({name for name, _ in examples}) >= 7
    _compiled(types, SCHEMAS + "\n".join(lines) + "\nexport {};\n")


def test_a_field_that_the_document_does_not_have_does_not_compile(types: Path) -> None:
    wrong = {**EXAMPLE, "patient": {**EXAMPLE["patient"], "zip": 1}}
    with pytest.raises(AssertionError, match="zip"):
        _compiled(types, f'{SCHEMAS}export const wrong: Schemas["PredictionRequest"] = {json.dumps(wrong)};\n')


def test_the_program_of_the_guide_compiles_and_gets_an_answer_with_openapi_fetch(types: Path, server: Server) -> None:
    (program,) = re.findall(r"```ts\n(.*?)```", README, flags=re.DOTALL)
    program = program.replace("http://127.0.0.1:3000", str(server.client.base_url).rstrip("/"))
    answer = typescript.run(types.parent, "node", str(_compiled(types, program)))
    assert 0 < float(answer) < 1


@pytest.fixture(scope="module")
def generated(served: Document, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that openapi-python-client makes of the document."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(served), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("openapi-python-client")),
        "generate",
        *("--path", "openapi.json", "--output-path", "kap_generated", "--meta", "none", "--fail-on-warning"),
    ]
    (folder / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    made = subprocess.run(
        [*command, "--config", "config.yml"], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("kap_generated")
    sys.path.remove(str(folder))


def _class(package: ModuleType, name: str) -> Any:
    return getattr(importlib.import_module(f"{package.__name__}.models"), name)


def test_every_type_of_openapi_python_client_has_every_field(generated: ModuleType, served: Document) -> None:
    for name, schema in served["components"]["schemas"].items():
        if "properties" in schema:
            fields = {field.name.rstrip("_") for field in _class(generated, name).__attrs_attrs__}
            assert {re.sub("[A-Z]", lambda one: f"_{one[0].lower()}", key) for key in schema["properties"]} <= fields, (
                name
            )
    declared = {column.name for column in TABLES["assessments"]} - {"patient_id"}
    assert declared <= {field.name for field in _class(generated, "Assessment").__attrs_attrs__}


def test_the_client_of_openapi_python_client_gets_an_answer_in_dates(generated: ModuleType, server: Server) -> None:
    client = importlib.import_module("kap_generated.client").Client(base_url=str(server.client.base_url))
    predict = importlib.import_module("kap_generated.api.predictions.predict")
    dates = in_dates(EXAMPLE, dt.date(2026, 10, 7), at_local(dt.time(23, 30), ZoneInfo("Europe/Berlin")))
    record = _class(generated, "DatedPredictionRequest").from_dict(dates)
    assert record.to_dict() == dates  # a client that made dates of the times would lose their offset
    assert predict.sync(client=client, body=record).landmark.date == "2026-10-21"


def test_the_client_of_openapi_python_client_gets_an_answer(generated: ModuleType, server: Server) -> None:
    client = importlib.import_module("kap_generated.client").Client(base_url=str(server.client.base_url))
    predict = importlib.import_module("kap_generated.api.predictions.predict")
    record = _class(generated, "PredictionRequest").from_dict(EXAMPLE)
    assert record.to_dict() == EXAMPLE
    answer = predict.sync(client=client, body=record)
    assert isinstance(answer, _class(generated, "Prediction"))
    assert 0 < answer.remission.probability < 1
