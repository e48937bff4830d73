"""Three independent readers of what the service sends: fhir-resources, FHIRPath in Python, and npm's fhir and fhirpath.

`invariants.json` has the rules of FHIR R4 (4.0.1) for the resources that are sent, each with the elements that it is
about; ``source`` names the definition, http://hl7.org/fhir/StructureDefinition/SOURCE. Both engines of FHIRPath
evaluate all of them. R4B models read R4: the resources that are sent are the same in both.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirpathpy import compile as compiled
from fhirpathpy.models import models
from pydantic import ValidationError

from tests.places import NODE_MODULES, ROOT

SCRIPT = ROOT / "tests" / "node" / "read.js"
Document = dict[str, Any]
_XHTML = "{http://www.w3.org/1999/xhtml}"
SECONDS = 300


def objections(resources: Sequence[bytes]) -> list[str]:
    """What any reader objects to in resources as they are sent; node's readers only where node is."""
    documents = [json.loads(one) for one in resources]
    found = [text for one in documents for text in (*by_models(one), *by_invariants(one), *by_narrative(one))]
    return found + [text for texts in by_node(documents) for text in texts]


def by_models(resource: Document) -> list[str]:
    """Objections of fhir-resources: unknown elements, wrong types, missing elements, codes outside required lists."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [f"model: {one['loc']}: {one['msg']}" for one in error.errors()]
    return []


def by_invariants(resource: Document) -> list[str]:
    """The invariants that a resource, or one in it, breaks."""
    return [
        f"invariant: {one['resourceType']}: {key}"
        for one in (resource, *(entry["resource"] for entry in resource.get("entry", ())))
        for key, holds in rules()
        if holds(one, {"resource": one}) != [True]
    ]


def by_narrative(resource: Document) -> list[str]:
    """txt-1 and txt-2, which no engine of FHIRPath evaluates: a narrative is XHTML with plain paragraphs and words."""
    parts = [resource, *(entry["resource"] for entry in resource.get("entry", ()))]
    return [
        f"narrative: {part['resourceType']}" for part in parts if "text" in part and not _is_narrative(part["text"])
    ]


def by_node(resources: Sequence[Document]) -> list[list[str]]:
    """Objections of npm's fhir and fhirpath to each resource; none where node is not installed."""
    if shutil.which("node") is None:
        return [[] for _ in resources]
    assert NODE_MODULES.is_dir(), "the readers that run in node are required: make node-tools"
    sent = json.dumps({"invariants": invariants(), "resources": resources})
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=sent,
        env=os.environ | {"NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def require_node() -> None:
    """Skip a test of node's readers where node is not installed."""
    if shutil.which("node") is None:
        pytest.skip("node is required (apt-get install nodejs npm)")


@cache
def invariants() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(Path(__file__).with_name("invariants.json").read_text("utf-8"))
    return found


@cache
def rules() -> list[tuple[str, Callable[..., list[Any]]]]:
    """Each invariant, ready to be evaluated."""
    return [
        (one["key"], compiled(f"({one['elements']}).all({one['expression']})", models["r4"], _FUNCTIONS))
        for one in invariants()
    ]


def _has_value(collection: list[Any]) -> list[bool]:
    """FHIR's own function, which fhirpathpy leaves to its callers: whether this is one primitive value."""
    values = [getattr(node, "data", node) for node in collection]
    return [len(values) == 1 and isinstance(values[0], str | int | float | bool | Decimal)]


_FUNCTIONS = {"userInvocationTable": {"hasValue": {"fn": _has_value, "arity": {0: []}}}}


def _is_narrative(text: Document) -> bool:
    div = ET.fromstring(text["div"])  # noqa: S314 - our own answer
    tags = {element.tag for element in div.iter()}
    return div.tag == f"{_XHTML}div" and tags <= {f"{_XHTML}div", f"{_XHTML}p"} and bool(re.search(r"\w", _words(div)))


def _words(div: ET.Element) -> str:
    return " ".join(div.itertext())


def resources_in(bundle: Document, kind: str) -> Iterator[Document]:
    """The resources of one type in an answer."""
    return (entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)
