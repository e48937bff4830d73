"""The catalogue of the page's texts, one Fluent file a language, and the choice of a language.

Names that the code has already in English are read from there (`names`); the other languages have them by their code.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fluent.runtime import FluentBundle, FluentResource

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages of the page, each by its own name; the first is for readers of any other."""
_LOCALES = {"en": "en-GB", "de": "de-DE"}
"""How dates and numbers are written in each."""
FIRST = next(iter(LANGUAGES))
_PREFERENCE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
MOST_PREFERENCES = 50


class MissingTextError(LookupError):
    """A text of the page is not in the catalogue, or lacks a value: a defect of this software."""


class TextCatalogue:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        """Read the texts of one of ``LANGUAGES``."""
        self.language = language
        source = files("serving.decision").joinpath(f"texts/{language}.ftl").read_text(encoding="utf-8")
        self._bundle = FluentBundle([_LOCALES[language]], use_isolating=False)
        self._bundle.add_resource(FluentResource(source))

    def has(self, name: str) -> bool:
        """Whether there is a text of that name."""
        return self._bundle.has_message(name)

    def text(self, name: str, **values: Any) -> str:
        """A text with its values, each in the form of the language; raises ``MissingTextError``."""
        if not self.has(name):
            raise MissingTextError(name)
        pattern = self._bundle.get_message(name).value
        if pattern is None:
            raise MissingTextError(name)
        found, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise MissingTextError(name)
        return str(found)


@cache
def texts_in(language: str) -> TextCatalogue:
    """The texts of a language of ``LANGUAGES``."""
    return TextCatalogue(language)


def chosen_language(asked: str, accepted: str, languages: Mapping[str, str] = LANGUAGES) -> str:
    """The language asked for if the page has it, else the best one of a header ``Accept-Language``, else the first.

    >>> chosen_language("", "fr, de-CH;q=0.9, en;q=0.8")
    'de'
    """
    if asked in languages:
        return asked
    ranked: list[tuple[float, str]] = []
    for part in accepted.split(",")[:MOST_PREFERENCES]:
        found = _PREFERENCE.fullmatch(part)
        if found and (tag := found.group(1).lower()) in languages:
            ranked.append((float(found.group(2) or 1), tag))
    best = max(ranked, key=lambda one: one[0], default=(0.0, FIRST))
    return best[1] if best[0] > 0 else FIRST
