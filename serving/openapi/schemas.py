"""The schemas of the OpenAPI document: those of the types, narrowed to the served protocol's scales and covariates.

The service itself checks what no schema can say: nothing is later than today, sessions are in order, no rating occurs
twice.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

from features.protocol.columns import BEFORE_DAY_0, STUDY_COLUMNS
from features.protocol.document import Covariate, Protocol
from features.protocol.instruments import SUICIDAL_THOUGHTS_SCALES
from models.applicability import WORDS
from serving.cds_hooks.card import CardsResponse
from serving.cds_hooks.feedback import FeedbackReceipt, FeedbackRequest
from serving.cds_hooks.request import OrderSignCall, PatientViewCall
from serving.cds_hooks.services import CdsServices
from serving.contract.dated_request import DatedPredictionRequest
from serving.contract.description import Instruments, ModelDescription
from serving.contract.page_link import PageLink
from serving.contract.request import BatchRequest, PredictionRequest
from serving.contract.response import BatchResponse, Document, PredictionResponse
from serving.http.readyz import ReadinessReport
from serving.openapi.problems import ProblemDocument
from serving.prediction.cautions import RULES
from serving.prediction.no_prediction import REASON_CODES

_TYPES: tuple[tuple[Any, JsonSchemaMode], ...] = (
    (PredictionRequest, "validation"),
    (DatedPredictionRequest, "validation"),
    (BatchRequest, "validation"),
    (PredictionResponse, "serialization"),
    (BatchResponse, "serialization"),
    (ModelDescription, "serialization"),
    (Instruments, "serialization"),
    (ReadinessReport, "serialization"),
    (CdsServices, "serialization"),
    (PatientViewCall, "validation"),
    (OrderSignCall, "validation"),
    (CardsResponse, "serialization"),
    (FeedbackRequest, "validation"),
    (FeedbackReceipt, "serialization"),
    (PageLink, "serialization"),
    (ProblemDocument, "validation"),  # in an answer without problems the field is absent
)

_CODES: dict[str, tuple[str, ...]] = {
    "Caution": tuple(rule.code for rule in RULES),
    "Reason": REASON_CODES,
    "UnlikeReason": tuple(WORDS),
}
"""Every code of an answer, by part. The types leave codes open, so that an older client accepts newer ones."""


RECORD = "Record"
"""The schema of a patient's record in either form."""


def reference(name: str) -> Document:
    """A reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def component_schemas(protocol: Protocol) -> dict[str, Document]:
    """Every schema of the document by name, as strict as a schema can be under the protocol."""
    inputs = [(number, mode, TypeAdapter(type_)) for number, (type_, mode) in enumerate(_TYPES)]
    _, definitions = TypeAdapter.json_schemas(
        inputs, ref_template="#/components/schemas/{model}", schema_generator=_PlainSchema
    )
    schemas: dict[str, Document] = _in_prose(definitions["$defs"])
    for name in ("Assessment", "DatedAssessment"):
        _narrow_ratings(schemas[name], protocol)
    _narrow_sessions(schemas["Session"])
    _narrow_covariates(schemas["Patient"], protocol)
    schemas["BatchRequest"]["properties"]["requests"]["items"] = reference(RECORD)
    schemas[RECORD] = {
        "description": "One patient's record up to today, in days or in dates.",
        "anyOf": [reference("PredictionRequest"), reference("DatedPredictionRequest")],
    }
    for name, codes in _CODES.items():
        schemas[name]["properties"]["code"]["enum"] = list(codes)
    return schemas


class _PlainSchema(GenerateJsonSchema):
    """Without a title for every field, which would repeat its name, and without defaults.

    Generators of clients take a field with a default for one that is always there.
    """

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False


def _narrow_ratings(schema: Document, protocol: Protocol) -> None:
    """Scales by name, each with the range of its own score.

    The ranges are conditions beside the fields. Of alternatives with fields of their own, a generator of clients would
    make one type each.
    """
    schema["properties"]["instrument"]["enum"] = list(protocol.instrument_names)
    schema["allOf"] = [
        {
            "title": scale.title,
            "if": {"properties": {"instrument": {"const": scale.name}}},
            "then": {"properties": {"score": {"minimum": scale.minimum, "maximum": scale.maximum}}},
        }
        for scale in protocol.instruments.values()
    ]
    schema["allOf"].append(
        {
            "title": "item 9 belongs to the scale that has it",
            "if": {"properties": {"instrument": {"not": {"enum": list(SUICIDAL_THOUGHTS_SCALES)}}}},
            "then": {"properties": {"suicidal_thoughts_item": {"type": "null"}}},
        }
    )


def _narrow_sessions(schema: Document) -> None:
    """Only a preparation session may be before day 0."""
    schema["if"] = {"properties": {"kind": {"not": {"const": BEFORE_DAY_0}}}}
    schema["then"] = {"properties": {"day": {"minimum": 0}}}


def _narrow_covariates(schema: Document, protocol: Protocol) -> None:
    declared: Document = {
        "type": "object",
        "properties": {covariate.name: _covariate(covariate) for covariate in protocol.covariates},
        "additionalProperties": False,
    }
    for name in STUDY_COLUMNS & {covariate.name for covariate in protocol.covariates}:
        schema["properties"][name] = {"type": "null", "description": f"sent as `covariates.{name}`"}
    described = schema["properties"]["covariates"]
    schema["properties"]["covariates"] = {
        "anyOf": [declared, {"type": "null"}],
        "description": described["description"],
    }


def _covariate(covariate: Covariate) -> Document:
    if covariate.kind == "category":
        kinds: list[Document] = [{"type": "string", "enum": list(covariate.levels)}]
    elif covariate.kind == "binary":
        kinds = [{"type": "boolean"}, {"enum": [0, 1]}]
    else:
        kinds = [{"type": "number", "minimum": covariate.minimum, "maximum": covariate.maximum}]
    return {"anyOf": [*kinds, {"type": "null"}], "description": covariate.meaning}


def _in_prose(part: Any) -> Any:
    """The schema with its descriptions as Markdown: one line for a paragraph, `code` between single marks."""
    if isinstance(part, list):
        return [_in_prose(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: _paragraphs(value) if key == "description" and isinstance(value, str) else _in_prose(value)
        for key, value in part.items()
    }


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(one.split()) for one in text.replace("``", "`").split("\n\n"))
