"""Answers to a drafted mapping, as a person types them: each a change of the draft's text."""

import re
from collections.abc import Mapping

from tests.training.intake.clinic_sources import omop_concepts as concepts

KEEP_IDS = {"pseudonyms = true": "pseudonyms = false"}
"""Keeps the clinic's ids."""
PROTOCOL = {"[dates]": '[protocol]\nfile = "protocol.toml"\n\n[dates]'}
"""Names the study's protocol, which lies beside the mapping."""
_CATEGORIES = (
    concepts.SEXES,
    concepts.SCALES,
    concepts.EVENTS,
    concepts.DIAGNOSES,
    concepts.DRUGS,
    concepts.PROCEDURES,
    concepts.RESULTS,
)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """The text with each part replaced; a part that is not there fails the test."""
    for drafted, answer in changes.items():
        assert drafted in text, drafted
        text = text.replace(drafted, answer)
    return text


def answered_concepts(text: str) -> str:
    """Every open concept with the category that its name says, and the only candidate where there is one."""
    meanings = {concepts.YES: "true", concepts.NO: "false"}
    meanings |= {number: f'"{name}"' for names in _CATEGORIES for name, number in names.items()}
    for number, meaning in meanings.items():
        text = text.replace(f'{number} = "?"', f"{number} = {meaning}")
    only = r'(column|value) = "\?"(, [^{}]*?candidates = \["([^"]+)"\])'
    text = re.sub(only, r'\1 = "\3"\2', text)
    return changed(text, {'id = "person_id"': 'id = "person_source_value"'})
