"""Drafts ``study.toml``: each question as a comment above its key; what is answered stays, comments too."""

import tomlkit
from tomlkit.container import Container
from tomlkit.items import Table

from training.report.authors.questions import ANSWERS, BIAS, JUDGEMENTS, REASON, REPLY, STUDY
from training.report.authors.reader import parse_study
from training.report.standards.probast import AUTHORS_REPLIES

_HEAD = (
    "What only the authors of the study can answer. Numbers are those of TRIPOD+AI and PROBAST+AI.",
    "An empty answer stays open in the report. Write nothing about single patients here: the file is recorded.",
    'Beside the tables of a cohort, kap train records it. Later: kap report VERSION --study FILE. "" is open.',
)


def draft_study(existing: str = "") -> str:
    """The file with every question; ``existing`` is the text of an earlier one, whose answers and comments stay.

    Raises ``InputRefusedError`` if the existing text can't be read.
    """
    if existing:
        parse_study(existing)
    document = tomlkit.parse(existing)
    if not existing:
        for line in _HEAD:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
    study = _table(document, STUDY)
    for question in ANSWERS:
        if question.key not in study:
            study.add(tomlkit.comment(question.asks))
            study.add(question.key, "")
    bias = _table(document, BIAS, bare=True)
    for question in JUDGEMENTS:
        if question.key not in bias:
            table = tomlkit.table()
            table.add(tomlkit.comment(f"{question.asks} One of: {', '.join(AUTHORS_REPLIES)}."))
            table.add(REPLY, "")
            table.add(REASON, "")
            bias.add(question.key, table)
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def _table(document: tomlkit.TOMLDocument, name: str, *, bare: bool = False) -> Table | Container:
    """The table of a name, added where there is none; a ``bare`` one has no header of its own."""
    if name not in document:
        document.add(name, tomlkit.table(is_super_table=bare))
    found = document[name]
    assert isinstance(found, Table | Container)  # noqa: S101 - `parse_study` has refused anything else
    return found
