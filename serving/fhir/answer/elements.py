"""Elements that several resources share: names of entries, references, quantities, codes, and numbers in percent.

Resources are plain values. `write` writes them as JSON and keeps every digit of a number.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import orjson

from serving.contract.response import Document

Resource: TypeAlias = dict[str, Any]
"""A FHIR resource or an element of one, as plain values for JSON."""
UCUM = "http://unitsofmeasure.org"
URI_SYSTEM = "urn:ietf:rfc:3986"
"""The system of identifiers that are URIs, such as urn:uuid (FHIR R4, Identifier registry [seen])."""
_NAMESPACE = UUID("5b6b9f2e-6f0c-5c1d-9d0e-8a4f3d2c1b0a")
"""Under which the names of an answer's entries are made from its prediction id."""


def entry_url(prediction_id: str, part: str) -> str:
    """The ``fullUrl`` of a part of an answer; the same for the same prediction, so that repeats are equal."""
    return f"urn:uuid:{uuid5(_NAMESPACE, f'{prediction_id}/{part}')}"


def uri_identifier(uri: str) -> Resource:
    """An identifier that is a URI."""
    return {"system": URI_SYSTEM, "value": uri}


def reference(to: str) -> Resource:
    """A reference to a resource of the caller or to an entry of the answer."""
    return {"reference": to}


def concept(text: str, system: str = "", code: str = "", display: str = "") -> Resource:
    """A codeable concept: a text, with a code where one fits."""
    if not code:
        return {"text": text}
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text}


def percent(probability: float) -> Decimal:
    """A probability from 0 to 1 in percent, with the same digits: dividing by 100 gives the same number, bit for bit.

    FHIR R4 has both values of ``RiskAssessment.prediction.probability[x]`` in percent ("Decimal values are expressed as
    percentages as well (max = 100)", the comment of the element [seen]; ranges by ras-1, decimals by ras-2).

    >>> percent(0.0712)
    Decimal('7.12')
    """
    return Decimal(repr(probability)).scaleb(2)


def percent_range(interval: Mapping[str, float]) -> Resource:
    """An interval of probabilities (`response.Interval`) as a range in percent."""
    return {end: _quantity(percent(interval[end]), "%", "%") for end in ("low", "high")}


def days_range(days: int) -> Resource:
    """From day 0 to a day, both ends inclusive."""
    return {"low": _quantity(0, "days", "d"), "high": _quantity(days, "days", "d")}


def _quantity(value: Decimal | int, unit: str, code: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def notes(texts: Sequence[str]) -> list[Resource]:
    """Texts as annotations."""
    return [{"text": text} for text in texts]


def write(resource: Document, *, indented: bool = False) -> bytes:
    """A resource as JSON; decimals keep their digits."""
    return orjson.dumps(resource, default=_number, option=orjson.OPT_INDENT_2 if indented else None)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    raise TypeError(f"{type(value).__name__} is no JSON value")
