"""The caller's resources that came after the landmark's day, of which an answer has the numbers by table.

A table's rows after the landmark are those of the latest days, because the cut is between two days.
"""

from collections.abc import Iterator

from serving.contract.response import Document
from serving.fhir.parts import FhirRecord, UnusedPart

WHY = "it is after the moment of the prediction, whose date is that of the risk assessment"


def later_parts(answer: Document, record: FhirRecord) -> list[UnusedPart]:
    """The resources of which an answer counts every row as not used; nothing for an answer without a prediction."""
    later = {place: record.sources[place] for place in _later_places(answer, record) if place in record.sources}
    kept = tuple(f"{source}." for place, source in record.sources.items() if place.partition(".")[0] not in later)
    return [
        UnusedPart(resource, WHY)
        for resource in dict.fromkeys(later.values())
        if not any(source.startswith(f"{resource}.") for source in kept)
    ]


def _later_places(answer: Document, record: FhirRecord) -> Iterator[str]:
    for table, number in answer.get("not_used", {}).items():
        rows = getattr(record.request, table) or ()
        by_day = sorted(range(len(rows)), key=lambda place: _known_day(rows[place]))
        yield from (f"{table}[{place}]" for place in sorted(by_day[len(by_day) - number :]))


def _known_day(row: object) -> int:
    """The day from which a row is known: a rating taken after a dose is known from the next day on."""
    cells = vars(row)
    return int(cells["day"]) + int(cells.get("after_dose") is True)
