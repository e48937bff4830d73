"""The pages of the mock EHR as HTML: the list of patients, and a visit with its cards, risks and calls.

A card's detail is Markdown of a stranger, so tags, images and addresses other than of the web do not come through.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from training.cli.clinic_demo.cards import INDICATORS
from training.cli.clinic_demo.fhir_search import Resource
from training.cli.clinic_demo.patients import ABOUT
from training.cli.clinic_demo.risks import read_reply
from training.cli.clinic_demo.service_calls import Exchange
from training.cli.clinic_demo.visits import EhrVisit
from training.report.templating import rendered

PACKAGE = "training.cli.clinic_demo"


@dataclass(frozen=True)
class RecordLine:
    """A resource of the record in one line."""

    day: str
    kind: str
    words: str


def patient_list(patients: Sequence[Resource], service: str) -> str:
    """The first page."""
    rows = [(one["id"], one["name"][0]["text"], _about(one), ABOUT[one["id"]]) for one in patients]
    return rendered(PACKAGE, "list.html", title="Patients", patients=rows, service=service)


def visit_page(visit: EhrVisit, record: Sequence[Resource]) -> str:
    """What happened since a patient's record was opened."""
    patient, *others = record
    answer = None if visit.fhir_answer is None else visit.fhir_answer.body
    return rendered(
        PACKAGE,
        "visit.html",
        title=patient["name"][0]["text"],
        about=_about(patient),
        visit=visit,
        lines=sorted((_line(one) for one in others), key=lambda line: line.day, reverse=True),
        indicators=INDICATORS,
        markdown=markdown,
        reply=read_reply(answer),
        request_of=_request,
    )


def markdown(text: str) -> Markup:
    """Markdown as safe HTML: tags come out as text, images as links, and links lead to the web only."""
    return Markup(_markdown().render(text))  # noqa: S704 - the renderer escapes every tag


def stylesheet() -> str:
    """The one stylesheet."""
    return files(PACKAGE).joinpath("templates", "style.css").read_text(encoding="utf-8")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("js-default", {"html": False}).disable("image")


def _about(patient: Resource) -> str:
    return f"{patient['gender']}, born {patient['birthDate'][:4]}"


def _request(exchange: Exchange) -> str:
    """A call as text; of its token the parts that people can read."""
    lines = [f"{exchange.method} {exchange.address}"]
    if exchange.token is not None:
        lines += ["", "Authorization: Bearer JWT, of which the header and the claims are:"]
        lines += [json.dumps(part, indent=2) for part in (exchange.token.header, exchange.token.claims)]
    if exchange.sent is not None:
        lines += ["", json.dumps(exchange.sent, indent=2, ensure_ascii=False)]
    return "\n".join(lines)


def _line(resource: Resource) -> RecordLine:
    moments = [resource.get(name) for name in ("effectiveDateTime", "authored", "onsetDateTime")]
    periods = [resource.get(name, {}).get("start") for name in ("effectivePeriod", "performedPeriod")]
    day = next((moment for moment in (*moments, *periods) if moment), "")
    return RecordLine(day[:10], resource["resourceType"], _words(resource))


def _words(resource: Resource) -> str:
    concept = resource.get("code") or resource.get("medicationCodeableConcept") or {}
    name = next((coding["display"] for coding in concept.get("coding", [])), resource.get("questionnaire", ""))
    values = [resource.get("valueQuantity"), resource.get("dosage", {}).get("dose")]
    values += [part["valueQuantity"] for part in resource.get("component", [])]
    given = ", ".join(_quantity(value) for value in values if value)
    answered = f"{len(resource['item'])} items answered" if "item" in resource else ""
    return ": ".join(part for part in (name, given or answered) if part)


def _quantity(value: Mapping[str, Any]) -> str:
    return f"{value['value']:g} {value['unit']}".replace(" {score}", " points")
