"""Renders documents as HTML from plain values and figures, with the templates of a package and the shared ones.

Every value is escaped, so no name or note can become a tag; a missing value is an error. Templates decide what a
document says and in which order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from training.report.wording import count, in_a_sentence, patients

SHARED = "training.report"
"""The package whose templates every document may use."""


@dataclass(frozen=True)
class Table:
    """What the macro ``table`` draws; the first cell of a row heads it. ``kind`` is a class of the stylesheet."""

    form: ClassVar[str] = "table"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    kind: str = ""


def rendered(package: str, template: str, **values: object) -> str:
    """The document of a template in a package's folder ``templates``; the same values give the same text."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(SHARED)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"breakable": _breakable, "count": count}
    environment.filters |= {"in_a_sentence": in_a_sentence, "patients": patients}
    return environment.get_template(template).render(values)


def _breakable(name: str) -> Markup:
    """A name that a line may break after each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))
