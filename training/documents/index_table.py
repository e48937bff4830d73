"""Tables that say of each point of a rule where it is met and what is open: how they are declared and written as HTML.

An index shows where to look. It is no claim that anything conforms to the rule.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from training.documents.subject import DocumentSubject
from training.dossier.content import Artifact
from training.provenance import ROOT
from training.report.templating import rendered


@dataclass(frozen=True)
class MeetingPlace:
    """Where a point is met: words, and an artifact of the record or a section of a guide, if there is one."""

    words: str
    artifact: str = ""
    guide: str = ""
    section: str = ""


@dataclass(frozen=True)
class IndexPoint:
    """A point of a rule: what it asks in our own words, where it is met, and what is open; empty: nothing is."""

    number: str
    asks: str
    met: tuple[MeetingPlace, ...] = ()
    open: str = ""


@dataclass(frozen=True)
class IndexPart:
    """Points under one caption; ``columns`` names the four columns."""

    caption: str
    points: Sequence[IndexPoint]
    columns: tuple[str, str, str, str] = ("point", "asks for", "where it is met", "open")


@dataclass(frozen=True)
class IndexDocument:
    """A document of such tables; ``notes`` are its first paragraphs, the source of the points among them."""

    title: str
    notes: Sequence[str]
    parts: Sequence[IndexPart]


@dataclass(frozen=True)
class ShownPlace:
    """A place as the page shows it: words, name and digest."""

    words: str
    name: str
    digest: str | None


def record(words: str, artifact: str) -> MeetingPlace:
    """A place in the record of the training."""
    return MeetingPlace(words, artifact=artifact)


def guide(path: str, section: str, words: str = "") -> MeetingPlace:
    """A section of one of the project's guides."""
    return MeetingPlace(words, guide=path, section=section)


def index_page(document: IndexDocument, subject: DocumentSubject) -> bytes:
    """The document as one HTML file that fetches nothing; the same record gives the same bytes."""
    page = rendered(
        "training.documents",
        "index.html",
        document=document,
        subject=subject,
        shown=[(part, [(point, _shown(point, subject)) for point in part.points]) for part in document.parts],
    )
    return page.encode()


def _shown(point: IndexPoint, subject: DocumentSubject) -> list[ShownPlace]:
    return [_place(one, subject) for one in point.met]


def _place(place: MeetingPlace, subject: DocumentSubject) -> ShownPlace:
    if place.artifact:
        found: Artifact = subject.source(place.artifact)
        return ShownPlace(place.words, found.name, found.digest)
    if place.guide:
        return ShownPlace(place.words, f"{place.guide}, {place.section}", _guide_digest(place.guide))
    return ShownPlace(place.words, "", "")


def _guide_digest(path: str) -> str | None:
    """SHA-256 of a guide of this installation; ``None`` where guides are not installed."""
    file = ROOT / path
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
