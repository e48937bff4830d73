"""Places as FHIRPath: pydantic's locations and names of JSON as expressions that find the element.

FHIRPath names a choice by its base: the element of ``valueQuantity`` is ``value``.
"""

import re
from collections.abc import Iterable
from typing import Final

_CHOICES: Final = (
    "value|effective|onset|abatement|performed|medication|deceased|multipleBirth|occurrence|dose|rate|asNeeded|"
    "reported|item|bounds|timing|product|allowed|born|age"
)
_TYPES: Final = (
    "Boolean|Integer|Decimal|String|Code|Uri|Url|Canonical|Id|Oid|Uuid|Markdown|Base64Binary|Instant|Date|DateTime|"
    "Time|PositiveInt|UnsignedInt|Address|Age|Annotation|Attachment|CodeableConcept|Coding|ContactPoint|Count|"
    "Distance|Duration|HumanName|Identifier|Money|Period|Quantity|Range|Ratio|Reference|SampledData|Signature|Timing|"
    "Dosage|Meta|Expression"
)
_CHOICE = re.compile(rf"({_CHOICES})({_TYPES})")
_KEYWORDS = frozenset({"as", "and", "contains", "div", "in", "is", "mod", "or", "xor", "implies"})


def element_name(name: str) -> str:
    """The FHIRPath name of a JSON property.

    >>> element_name("valueQuantity"), element_name("_birthDate"), element_name("referenceRange")
    ('value', 'birthDate', 'referenceRange')
    """
    plain = name.removeprefix("_").removesuffix("__ext").removesuffix("_fhir")
    choice = _CHOICE.fullmatch(plain)
    shown = choice[1] if choice else plain
    return f"`{shown}`" if shown in _KEYWORDS else shown


def expression_at(expression: str, location: Iterable[str | int]) -> str:
    """The place below an expression.

    >>> expression_at("Bundle.entry[5].resource", ("valueQuantity", "value"))
    'Bundle.entry[5].resource.value.value'
    """
    for part in location:
        expression += f"[{part}]" if isinstance(part, int) else f".{element_name(part)}"
    return expression
