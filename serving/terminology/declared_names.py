"""The names that a terminology may use: every scale, column, category and item count has its declaration elsewhere."""

from collections.abc import Iterator

from features.protocol.columns import DIAGNOSES, ROUTES, SESSION_KINDS, TABLES, TREATMENTS
from features.protocol.instruments import INSTRUMENTS
from features.protocol.scale_items import ITEM_SCORINGS
from serving.terminology.groups import TerminologyDocument

_FLAGS = frozenset(column.name for column in TABLES["patients"] if column.kind == "flag")


def undeclared_names(document: TerminologyDocument) -> list[str]:
    """The names in the document that no declaration has, each with its kind."""
    return sorted({*_scales(document), *_conditions(document), *_others(document)})


def _scales(document: TerminologyDocument) -> Iterator[str]:
    for scale in document.instruments:
        if scale.name not in INSTRUMENTS:
            yield f"instrument {scale.name}"
        due = ITEM_SCORINGS[scale.name].items if scale.name in ITEM_SCORINGS else 0
        if any(len(codes) != due for codes in scale.items.values()):
            yield f"items of {scale.name} other than its {due}"
    for group in document.answers:
        yield from (f"instrument {name}" for name in group.instruments if name not in INSTRUMENTS)


def _conditions(document: TerminologyDocument) -> Iterator[str]:
    for group in document.conditions:
        if group.diagnosis is not None and group.diagnosis not in DIAGNOSES:
            yield f"diagnosis {group.diagnosis}"
        yield from (f"column {name}" for name in group.flags if name not in _FLAGS)
    yield from (f"column {name}" for name in document.ever if name not in _FLAGS)
    yield from (f"column {answer.column}" for answer in document.coded_answers if answer.column not in _FLAGS)


def _others(document: TerminologyDocument) -> Iterator[str]:
    for group in document.treatments:
        if group.treatment is not None and group.treatment not in TREATMENTS:
            yield f"treatment {group.treatment}"
        if group.session is not None and group.session not in SESSION_KINDS:
            yield f"kind of session {group.session}"
    yield from (f"route {one.route}" for one in document.routes if one.route not in ROUTES)
