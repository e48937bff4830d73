"""Renders documents as HTML from plain values and figures, with the templates of a package and the shared ones.

Every value is escaped, so no name or note can become a tag; a missing value is an error. Templates decide what a
document says and in which order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from training.report.wording import count, in_a_sentence, patients

SHARED = ("training.report", "training.report.models")
"""The packages whose templates every document may use."""


@dataclass(frozen=True)
class Table:
    """What the macro ``table`` draws; the first cell of a row heads it. ``kind`` is a class of the stylesheet."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    kind: str = ""


def rendered(package: str, template: str, **values: object) -> str:
    """The document of a template in a package's folder ``templates``; the same values give the same text."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, *SHARED))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"count": count, "in_a_sentence": in_a_sentence, "patients": patients}
    return environment.get_template(template).render(values)
