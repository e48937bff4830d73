"""Renders the page's templates from values; every value is escaped, and a missing one is an error."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("serving.decision"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(template: str, **values: object) -> str:
    """The text of a template; the same values give the same text."""
    return _environment().get_template(template).render(values)


@cache
def static_text(name: str) -> str:
    """A stylesheet or script of the package, to stand in a page as it is."""
    return files("serving.decision").joinpath(f"static/{name}").read_text(encoding="utf-8")


def source_hash(name: str) -> str:
    """The hash of a stylesheet or script, as a content security policy names it."""
    digest = hashlib.sha256(static_text(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
